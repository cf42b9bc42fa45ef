import type { JsonObject } from '../../runner/json.ts'
import { type ChainItem, ChainReader, isRunnerConf } from './chains.ts'
import { checkConfs } from './check-confs.ts'
import { checkPrices } from './check-prices.ts'
import { checkReferences } from './check-references.ts'
import { checkTiers } from './check-tiers.ts'
import { type Env, expandEnv } from './expand-env.ts'
import { type RawResource, readResources } from './read-files.ts'
import { inOrder, nameOf, type Problem, type Resource } from './resource.ts'

export interface Loaded {
  /** In the order in which APISIX must get them. */
  readonly resources: readonly Resource[]
  /** Everything that is wrong, once each. */
  readonly problems: readonly Problem[]
  /** Variables that `apply` would need and the environment does not have; only with `allowUnset`. */
  readonly unset: readonly string[]
}

export interface LoadOptions {
  /** `check` runs without secrets: for a variable that is unset, `<NAME>` stands in. Else it is an error. */
  readonly allowUnset?: boolean
}

/** Reads a conf folder and checks all of it. Never throws for what stands in the files. */
export function loadResources(dir: string, env: Env, options: LoadOptions = {}): Loaded {
  const problems: Problem[] = []
  const reader = new ChainReader(dir, problems)
  const resources: Resource[] = []
  const items: ChainItem[] = []
  const unset = options.allowUnset ? new Set<string>() : undefined
  for (const raw of readResources(dir, problems)) {
    const expanded = expand(raw, env, unset, problems)
    if (!expanded) continue
    const { value, items: own } = reader.resolve(raw.file, expanded)
    items.push(...own)
    resources.push({ kind: raw.kind, id: raw.id, file: raw.file, value })
  }
  problems.push(
    ...duplicates(resources),
    ...checkConfs(items),
    ...checkReferences(resources, items),
    ...checkPrices(items),
    ...checkTiers(items),
  )
  return { resources: inOrder(resources), problems: once(problems), unset: [...(unset ?? [])].sort() }
}

/** undefined for a resource whose `$when` expands to nothing. */
function expand(
  raw: RawResource,
  env: Env,
  unset: Set<string> | undefined,
  problems: Problem[],
): JsonObject | undefined {
  const missing = (name: string, path: string) => {
    const message = `the environment has no ${name}`
    if (unset) unset.add(name)
    else problems.push({ level: 'error', file: raw.file, path, message })
    return `<${name}>`
  }
  const expansion = { env, missing, leave: isRunnerConf }
  const { $when, ...rest } = raw.value
  if ($when !== undefined && expandEnv($when, { ...expansion, missing: () => '' }) === '') return undefined
  const value = expandEnv(rest, expansion) as JsonObject
  return raw.kind === 'consumers' ? { username: raw.id, ...value } : value
}

function duplicates(resources: readonly Resource[]): Problem[] {
  const first = new Map<string, string>()
  return resources.flatMap((resource) => {
    const name = nameOf(resource)
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, resource.file)
    const message = `${name} stands in ${earlier} already`
    return earlier === undefined ? [] : [{ level: 'error' as const, file: resource.file, path: '', message }]
  })
}

/** Several routes share one conf file: what is wrong in it is said once. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
