import { parseArgs } from 'node:util'

export const HELP = `cache: looks into the semantic cache and removes from it

  stats                 entries and bytes, by scope and by model
  list    [FILTERS]     entries without their texts, newest first
  inspect KEY           one entry; question and answer only if the runner stores prompts
  purge   KEY | FILTERS | --all

FILTERS
  --scope S             consumer:NAME, tier:NAME, route:ID or global
  --model M
  --older-than T        90s, 15m, 2h, 7d;  --newer-than T
  --min-uses N          --max-uses N
  --max-similarity X    lowest similarity at which the entry was served: where wrong hits would be
  --order O             list only: stored, uses, last_used, similarity, bytes;  --limit N (50)  --offset N

  --format table|json   default table
  --url URL             of the runner's usage server (default http://127.0.0.1:9320)
  --redis URL           ask Redis itself instead, without a runner;  --prefix P  the runner's redis.key_prefix
  --identity I          with --redis: which embedder's cache, when there are several (stats names them)
  --timeout S           seconds (default 30)
  --help

Environment: LLM_RUNNER_USAGE_ADMIN_KEY for the runner; LLM_CACHE_URL and LLM_CACHE_REDIS_URL instead of --url and
--redis, so that a password need not stand on the command line.

Exit codes: 0 done; 1 there is no such entry; 2 the command is wrong; 3 runner or Redis refused or could not be reached.
`

export const EXIT = { ok: 0, missing: 1, usage: 2, unreachable: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line cannot be understood. */
export class UsageError extends Error {}

export interface Options {
  readonly method: 'GET' | 'DELETE'
  /** Of the admin API. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly format: 'table' | 'json'
  readonly url: string
  readonly adminKey: string | undefined
  readonly redisUrl: string | undefined
  readonly prefix: string
  readonly identity: string | undefined
  readonly timeoutMs: number
}

const FILTERS = [
  'scope',
  'model',
  'older-than',
  'newer-than',
  'min-uses',
  'max-uses',
  'max-similarity',
] as const
const PAGING = ['order', 'limit', 'offset'] as const
const OTHERS = ['format', 'url', 'redis', 'prefix', 'identity', 'timeout'] as const

/** undefined: --help. @throws UsageError */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [command, key, ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`what is "${rest[0]}"?`)
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const query = new URLSearchParams()
  for (const name of [...FILTERS, ...PAGING]) {
    const value = text(name)
    if (value !== undefined) query.set(name.replace('-', '_'), value)
  }
  if (values.all) query.set('all', 'true')
  const format = text('format') ?? 'table'
  if (format !== 'table' && format !== 'json') throw new UsageError('--format is table or json')
  const seconds = Number(text('timeout') ?? 30)
  if (!(seconds > 0 && seconds <= 3600)) throw new UsageError('--timeout must be seconds, up to 3600')
  return {
    ...targetOf(command, key, query),
    ...{ query, format, timeoutMs: seconds * 1000 },
    url: text('url') ?? env.LLM_CACHE_URL ?? 'http://127.0.0.1:9320',
    adminKey: env.LLM_RUNNER_USAGE_ADMIN_KEY || undefined,
    redisUrl: text('redis') ?? (env.LLM_CACHE_REDIS_URL || undefined),
    prefix: text('prefix') ?? '',
    identity: text('identity'),
  }
}

function targetOf(
  command: string | undefined,
  key: string | undefined,
  query: URLSearchParams,
): Pick<Options, 'method' | 'path'> {
  const paged = PAGING.some((name) => query.has(name))
  if (command !== 'list' && paged) throw new UsageError('--order, --limit and --offset are for list')
  if (command !== 'purge' && query.has('all')) throw new UsageError('--all is for purge')
  switch (command) {
    case 'stats':
      if (key !== undefined || query.size > 0) throw new UsageError('stats takes no filter')
      return { method: 'GET', path: ['stats'] }
    case 'list':
      if (key !== undefined) throw new UsageError('list takes no key; inspect does')
      return { method: 'GET', path: ['entries'] }
    case 'inspect':
      if (key === undefined || query.size > 0) throw new UsageError('inspect needs one key and no filter')
      return { method: 'GET', path: ['entries', key] }
    case 'purge':
      if (key !== undefined && query.size > 0) throw new UsageError('purge takes a key or filters, not both')
      if (key === undefined && query.size === 0) throw new UsageError('purge needs a key, filters or --all')
      return { method: 'DELETE', path: key === undefined ? ['entries'] : ['entries', key] }
    case undefined:
      throw new UsageError('no command')
    default:
      throw new UsageError(`unknown command "${command}"`)
  }
}

function parse(args: readonly string[]) {
  const strings = [...FILTERS, ...PAGING, ...OTHERS].map((name) => [name, { type: 'string' }] as const)
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...Object.fromEntries(strings), all: { type: 'boolean' }, help: { type: 'boolean' } },
    }) as { values: Record<string, string | boolean | undefined>; positionals: string[] }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
