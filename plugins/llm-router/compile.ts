import { compileGlobs, type TextTest } from '../glob.ts'
import { compileProvider, type Provider } from './catalogue/provider.ts'
import type { RouterConf } from './conf.ts'
import { compileRules, type Rule } from './rules/rule.ts'
import { candidateFinder, type FindCandidate } from './targets/candidate.ts'

export interface Spill {
  readonly provider: Provider
  readonly candidateFor: FindCandidate
  readonly share: number
}

/** The conf of one route, ready to decide with. */
export interface Route {
  readonly conf: RouterConf
  readonly providers: ReadonlyMap<string, Provider>
  readonly rules: readonly Rule[]
  readonly spill: Spill | undefined
  readonly removeHeaders: readonly string[]
  /** Whether the tier may request the model. */
  mayRequest(tier: string, model: string): boolean
}

/**
 * Providers whose keys are missing are left out of every rule: a key that nobody set takes away what needs it, no more.
 * @throws Error naming the place in the conf, or the environment variables when no rule has a target left.
 */
export function compileRoute(conf: RouterConf, env: Readonly<Record<string, string | undefined>>): Route {
  const providers = new Map(
    Object.entries(conf.providers).map(([name, provider]) => [name, compileProvider(name, provider, env)]),
  )
  const rules = compileRules(conf.rules, providers, conf.prefer_local)
  if (rules.every(({ targets }) => targets.length === 0)) {
    const problems = [...providers.values()].flatMap(({ name, keys }) =>
      keys.problems.map((one) => `${name}: ${one}`),
    )
    throw new Error(`no rule has a target with a key: providers/${problems.join(', providers/')}`)
  }
  return {
    conf,
    providers,
    rules,
    spill: compileSpill(conf, providers),
    removeHeaders: conf.remove_headers.map((name) => name.toLowerCase()),
    mayRequest: compileAllowList(conf.allowed_models),
  }
}

function compileSpill(conf: RouterConf, providers: ReadonlyMap<string, Provider>): Spill | undefined {
  if (!conf.spill) return undefined
  const provider = providers.get(conf.spill.provider)
  if (!provider) throw new Error(`spill/provider: there is no provider ${conf.spill.provider}`)
  if (!provider.keys.usable) return undefined
  const candidateFor = candidateFinder(provider, { model: conf.spill.model, weight: 1 })
  return { provider, candidateFor, share: conf.spill.share }
}

function compileAllowList(lists: RouterConf['allowed_models']): Route['mayRequest'] {
  if (!lists) return () => true
  const byTier = new Map<string, TextTest>(
    Object.entries(lists).map(([tier, globs]) => [tier, compileGlobs(globs)]),
  )
  return (tier, model) => byTier.get(tier)?.(model) ?? true
}
