import type { JsonObject } from '../plugins/plugin.ts'

export const KINDS = [
  'routes',
  'upstreams',
  'consumers',
  'ssls',
  'plugin_configs',
  'global_rules',
  'plugin_metadata',
] as const

export type Kind = (typeof KINDS)[number]

/** One object of the Admin API, as etcd holds it. */
export interface Resource {
  /** `/apisix/routes/1`: the etcd key with APISIX's default prefix. */
  readonly key: string
  readonly id: string
  /** What was put, with id and timestamps. */
  readonly value: JsonObject
  /** The same with every schema default filled in: what the data plane works with. */
  readonly checked: JsonObject
  readonly createdIndex: number
  readonly modifiedIndex: number
}

/** Keeps the objects in memory. `modifiedIndex` grows with every write, like etcd's revision. */
export class Store {
  #revision = 10
  readonly #kinds = new Map<Kind, Map<string, Resource>>(KINDS.map((kind) => [kind, new Map()]))
  readonly #versions = new Map<Kind, number>()

  /** Changes with every write; the data plane compiles anew when it does. */
  get revision(): number {
    return this.#revision
  }

  get(kind: Kind, id: string): Resource | undefined {
    return this.#kinds.get(kind)?.get(id)
  }

  list(kind: Kind): Resource[] {
    return [...(this.#kinds.get(kind)?.values() ?? [])]
  }

  /** `conf_version` of a whole directory, such as `consumers.conf_version`. */
  version(kind: Kind): number {
    return this.#versions.get(kind) ?? 0
  }

  nextId(): string {
    return String(this.#revision + 1).padStart(20, '0')
  }

  put(
    kind: Kind,
    id: string,
    value: JsonObject,
    checked: JsonObject,
  ): { created: boolean; resource: Resource } {
    const previous = this.get(kind, id)
    const revision = this.#touch(kind)
    const resource: Resource = {
      key: `/apisix/${kind}/${id}`,
      id,
      value,
      checked,
      createdIndex: previous?.createdIndex ?? revision,
      modifiedIndex: revision,
    }
    this.#kinds.get(kind)?.set(id, resource)
    return { created: previous === undefined, resource }
  }

  delete(kind: Kind, id: string): boolean {
    if (this.#kinds.get(kind)?.delete(id) !== true) return false
    this.#touch(kind)
    return true
  }

  #touch(kind: Kind): number {
    this.#versions.set(kind, this.version(kind) + 1)
    this.#revision += 1
    return this.#revision
  }
}
