import { RunnerError } from '../errors.ts'
import type { AnyPlugin } from '../plugin.ts'
import { compileValidator, type Validator } from '../validate.ts'
import type { Chain, Needs, Step } from './chain.ts'
import type { PrepareConf } from './codec.ts'

/** A plugin that is open in this process, with what its `open` returned. */
export interface OpenPlugin {
  readonly definition: AnyPlugin
  readonly shared: unknown
}

const BODY_RANK = { none: 0, raw: 1, json: 2 } as const

/** Turns the conf of a route into a chain. Never throws: a conf that is wrong anywhere becomes a chain that refuses. */
export class ChainFactory {
  readonly #plugins: ReadonlyMap<string, OpenPlugin>
  readonly #validators = new Map<string, Validator>()
  readonly #defaultDeadlineMs: number

  constructor(plugins: ReadonlyMap<string, OpenPlugin>, defaultDeadlineMs: number) {
    this.#plugins = plugins
    this.#defaultDeadlineMs = defaultDeadlineMs
    for (const { definition } of plugins.values()) {
      this.#validators.set(definition.name, compileValidator(definition.conf))
    }
  }

  prepare(message: Pick<PrepareConf, 'key' | 'conf'>): Chain {
    const routeId = routeIdOf(message.key)
    const steps: Step[] = []
    let needs: Needs = { body: 'none', vars: [] }
    let continuesRequest = false
    try {
      for (const { name, value } of message.conf) {
        const plugin = this.#plugins.get(name)
        if (!plugin)
          throw new Error(
            `plugin "${name}" is not installed; there are ${[...this.#plugins.keys()].join(', ')}`,
          )
        const conf = this.#parse(name, value)
        steps.push(toStep(plugin, conf, this.#defaultDeadlineMs))
        needs = widen(needs, plugin.definition.needs)
        continuesRequest ||= plugin.definition.continuesRequest?.(conf) ?? false
      }
      return { routeId, steps, needs, continuesRequest, refusal: undefined }
    } catch (cause) {
      const refusal = new RunnerError('CONF_INVALID', `the plugin conf of route ${routeId} is not valid`, {
        cause,
      })
      return { routeId, steps: [], needs: { body: 'none', vars: [] }, continuesRequest: false, refusal }
    }
  }

  #parse(name: string, text: string | undefined): unknown {
    let conf: unknown
    try {
      conf = JSON.parse(text === undefined || text.trim() === '' ? '{}' : text)
    } catch (cause) {
      throw new Error(`conf of ${name} is not JSON: ${cause instanceof Error ? cause.message : cause}`)
    }
    const result = (this.#validators.get(name) as Validator)(conf)
    if (!result.ok) throw new Error(`conf of ${name}: ${result.problems.join('; ')}`)
    return result.value
  }
}

function toStep({ definition, shared }: OpenPlugin, conf: unknown, defaultDeadlineMs: number): Step {
  let state: unknown
  try {
    state = definition.prepare(conf, shared)
  } catch (cause) {
    throw new Error(`conf of ${definition.name}: ${cause instanceof Error ? cause.message : cause}`)
  }
  const step: Step = {
    plugin: definition.name,
    onFailure: definition.onFailure,
    deadlineMs: definition.deadlineMs ?? defaultDeadlineMs,
    decide: (request, call) => definition.decide(request, state, call),
    finish: (request, outcome) => definition.finish?.(request, state, outcome),
  }
  return definition.respond ? { ...step, respond: (response) => definition.respond?.(response, state) } : step
}

function widen(needs: Needs, more: AnyPlugin['needs']): Needs {
  const body = BODY_RANK[more.body] > BODY_RANK[needs.body] ? more.body : needs.body
  return { body, vars: [...new Set([...needs.vars, ...(more.vars ?? [])])] }
}

/** The key is `route#<id>#ext-plugin-pre-req#<version>`; a consumer's or service's conf makes longer ones. */
function routeIdOf(key: string): string {
  const parts = key.split('#')
  return parts[0] === 'route' && parts[1] ? parts[1] : key
}
