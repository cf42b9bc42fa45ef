import type { ProviderConf } from '../conf.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The next key of a provider; undefined when it has none. */
export type KeyRing = () => string | undefined

/** @throws Error that names the missing variable, never a value. */
export function createKeyRing(provider: string, conf: ProviderConf, env: Env): KeyRing {
  const references = [...(conf.api_key === undefined ? [] : [conf.api_key]), ...(conf.api_keys ?? [])]
  const keys = references.map((reference) => resolve(provider, reference, env))
  let turn = 0
  return () => keys[turn++ % keys.length]
}

function resolve(provider: string, reference: string, env: Env): string {
  const name = /^\$\{(\w+)\}$/.exec(reference)?.[1]
  // A reference that is not one could be the key itself: it is not repeated.
  if (name === undefined)
    throw new Error(`providers/${provider}: a key must be written "\${NAME_OF_VARIABLE}"`)
  const value = env[name]?.trim()
  if (!value) throw new Error(`providers/${provider}: the environment variable ${name} is not set`)
  if (/[^\x21-\x7e]/.test(value)) {
    throw new Error(`providers/${provider}: the value of ${name} cannot stand in a header`)
  }
  return value
}
