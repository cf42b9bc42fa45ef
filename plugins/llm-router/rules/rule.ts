import type { Provider } from '../catalogue/provider.ts'
import type { RuleConf, Strategy, TargetConf } from '../conf.ts'
import { candidateFinder, type FindCandidate } from '../targets/candidate.ts'
import { type Condition, compileCondition } from './condition.ts'

/** One place where a request can go. */
export interface Target {
  readonly provider: Provider
  /** undefined: the requested model. */
  readonly model: string | undefined
  readonly candidateFor: FindCandidate
}

export interface Rule {
  readonly name: string
  readonly condition: Condition
  /** Those whose provider has a key; none: requests of the rule are refused. */
  readonly targets: readonly Target[]
  readonly overflow: readonly Target[]
  readonly strategy: Strategy
  readonly sticky: 'consumer' | 'conversation' | undefined
  readonly preferLocal: boolean
  /** Model globs of the conf; empty: any model. */
  readonly models: readonly string[]
}

/** @throws Error with the place in the conf. */
export function compileRules(
  confs: readonly RuleConf[],
  providers: ReadonlyMap<string, Provider>,
  preferLocal: boolean,
): Rule[] {
  const names = new Set<string>()
  return confs.map((conf, index) => {
    const name = conf.name ?? `rule-${index + 1}`
    if (names.has(name)) throw new Error(`rules/${index}: there are two rules named ${name}`)
    names.add(name)
    if (conf.sticky && conf.strategy !== 'weighted') {
      throw new Error(`rules/${index}: sticky needs the strategy weighted`)
    }
    const compile = (targets: readonly TargetConf[], key: string) =>
      targets
        .map((target, at) => compileTarget(target, providers, `rules/${index}/${key}/${at}`))
        .filter(({ provider }) => provider.keys.usable)
    return {
      name,
      condition: located(`rules/${index}/when`, () => compileCondition(conf.when)),
      targets: compile(conf.targets, 'targets'),
      overflow: compile(conf.context_overflow ?? [], 'context_overflow'),
      strategy: conf.strategy,
      sticky: conf.sticky,
      preferLocal: conf.prefer_local ?? preferLocal,
      models: conf.when?.models ?? [],
    }
  })
}

function compileTarget(conf: TargetConf, providers: ReadonlyMap<string, Provider>, place: string): Target {
  const provider = providers.get(conf.provider)
  if (!provider) {
    throw new Error(
      `${place}: there is no provider ${conf.provider}; there are ${[...providers.keys()].join(', ')}`,
    )
  }
  return { provider, model: conf.model, candidateFor: candidateFinder(provider, conf) }
}

function located<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new Error(`${place}: ${cause instanceof Error ? cause.message : cause}`)
  }
}
