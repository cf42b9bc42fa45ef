import type { ProviderConf } from '../conf.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The keys of one provider, as the environment has them. */
export interface KeyRing {
  /** The next key in turn; undefined when there is none. */
  next(): string | undefined
  /** What is wrong with each reference that gave no key: names variables, never a value. */
  readonly problems: readonly string[]
  /** false: keys are wanted and not one is there. */
  readonly usable: boolean
}

/** @throws Error when a key is no reference. */
export function createKeyRing(provider: string, conf: ProviderConf, env: Env): KeyRing {
  const references = [...(conf.api_key === undefined ? [] : [conf.api_key]), ...(conf.api_keys ?? [])]
  const found = references.map((reference) => resolve(provider, reference, env))
  const keys = found.flatMap(({ key }) => key ?? [])
  let turn = 0
  return {
    next: () => keys[turn++ % keys.length],
    problems: found.flatMap(({ problem }) => problem ?? []),
    usable: references.length === 0 || keys.length > 0,
  }
}

function resolve(provider: string, reference: string, env: Env): { key?: string; problem?: string } {
  const name = /^\$\{(\w+)\}$/.exec(reference)?.[1]
  // A reference that is not one could be the key itself: it is not repeated.
  if (name === undefined)
    throw new Error(`providers/${provider}: a key must be written "\${NAME_OF_VARIABLE}"`)
  const key = env[name]?.trim()
  if (!key) return { problem: `the environment variable ${name} is not set` }
  if (/[^\x21-\x7e]/.test(key)) return { problem: `the value of ${name} cannot stand in a header` }
  return { key }
}
