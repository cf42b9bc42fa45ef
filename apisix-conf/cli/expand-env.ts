import { isRecord } from '../../runner/llm/json.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** `${NAME}` or `${NAME:-default}`. Capitals only: `${upstream_addr}` is nginx's. */
export const REFERENCE = /\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g
const ONLY_REFERENCE = /^\$\{[A-Z_][A-Z0-9_]*(?::-[^}]*)?\}$/
/** Fields that APISIX wants as numbers; a reference can only give text. */
const NUMERIC = /^(port|weight|priority|count|time_window|rate|burst|retries|retry_timeout)$/

export interface Expansion {
  readonly env: Env
  /** Called for each variable that is unset and has no default; what it returns stands in. */
  missing(name: string, path: string): string
  /** Paths whose strings are left alone, because their `${...}` belongs to somebody else. */
  leave(path: string): boolean
}

/** `${NAME}` and `${NAME:-default}` in every string of a tree. An empty variable counts as unset, as in a shell. */
export function expandEnv(value: unknown, expansion: Expansion, path = ''): unknown {
  if (expansion.leave(path)) return value
  if (typeof value === 'string') return expandText(value, expansion, path)
  if (Array.isArray(value)) return value.map((item, i) => expandEnv(item, expansion, `${path}/${i}`))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      numberIfWanted(key, item, expandEnv(item, expansion, `${path}/${key}`)),
    ]),
  )
}

function expandText(text: string, { env, missing }: Expansion, path: string): string {
  return text.replace(REFERENCE, (_, name: string, fallback: string | undefined) => {
    const value = env[name]
    if (value !== undefined && value !== '') return value
    return fallback ?? missing(name, path)
  })
}

function numberIfWanted(key: string, before: unknown, after: unknown): unknown {
  const wanted = typeof before === 'string' && ONLY_REFERENCE.test(before) && NUMERIC.test(key)
  return wanted && typeof after === 'string' && /^-?\d+(\.\d+)?$/.test(after) ? Number(after) : after
}
