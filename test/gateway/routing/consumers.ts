import type { Resource } from '../admin/store.ts'
import { toBinary } from '../http/uri.ts'
import type { JsonObject } from '../plugins/plugin.ts'

/** A consumer as `consumer.attach_consumer` needs it. */
export interface Consumer {
  readonly name: string
  readonly username: string
  readonly customId: string | undefined
  readonly key: string
  readonly modifiedIndex: number
  readonly plugins: Record<string, JsonObject>
}

/** `/consumers` with an index per auth plugin (`create_consume_cache`). */
export class Consumers {
  /** `consumer_ver`: changes when any consumer does. */
  readonly version: number
  readonly #byKey = new Map<string, Consumer>()
  readonly #byName = new Map<string, Consumer>()

  constructor(resources: readonly Resource[], version: number) {
    this.version = version
    for (const resource of resources) {
      const consumer = compileConsumer(resource)
      this.#byName.set(consumer.name, consumer)
      const key = consumer.plugins['key-auth']?.key
      if (typeof key === 'string') this.#byKey.set(toBinary(key), consumer)
    }
  }

  findByKey(key: string): Consumer | undefined {
    return this.#byKey.get(key)
  }

  find(name: string): Consumer | undefined {
    return this.#byName.get(name)
  }
}

function compileConsumer(resource: Resource): Consumer {
  const value = resource.checked as {
    username: string
    labels?: JsonObject
    plugins?: Record<string, JsonObject>
  }
  const customId = value.labels?.custom_id
  return {
    name: resource.id,
    username: value.username,
    customId: typeof customId === 'string' ? toBinary(customId) : undefined,
    key: resource.key,
    modifiedIndex: resource.modifiedIndex,
    plugins: value.plugins ?? {},
  }
}
