import type { Redis } from 'ioredis'
import type { RedisConnection } from 'redis-om'
import type { SearchCommands } from './search-commands.ts'

interface FieldSpec {
  readonly type: string
  readonly AS?: string
  readonly SEPARATOR?: string
  readonly CASESENSITIVE?: boolean
  readonly SORTABLE?: boolean | string
  readonly NOINDEX?: boolean
}

interface SearchSpec {
  readonly LIMIT?: { readonly from: number; readonly size: number }
  readonly SORTBY?: { readonly BY: string; readonly DIRECTION?: string }
  /** Empty: ids only. */
  readonly RETURN?: readonly string[]
}

/**
 * The runner's ioredis connection as the node-redis client that redis-om wants, as far as hash entities need it: one
 * connection, with the login, TLS and Sentinel settings that it already has.
 */
export function omConnection(redis: Redis, send: SearchCommands): RedisConnection {
  const connection = {
    ft: {
      create: (index: string, schema: Record<string, FieldSpec>, options: { ON: string; PREFIX: string }) => {
        const fields = Object.entries(schema).flatMap(([name, spec]) => fieldArguments(name, spec))
        const head = ['ON', options.ON, 'PREFIX', '1', options.PREFIX]
        return send.text(['FT.CREATE', index, ...head, 'SCHEMA', ...fields])
      },
      dropIndex: (index: string) => send.text(['FT.DROPINDEX', index]),
      search: async (index: string, query: string, options: SearchSpec = {}) =>
        documentsIn(await send.text(['FT.SEARCH', index, query, ...searchArguments(options)])),
    },
    get: (key: string) => redis.get(key),
    set: (key: string, value: string) => redis.set(key, value),
    hGetAll: (key: string) => redis.hgetall(key),
    unlink: (keys: string[]) => redis.unlink(...keys),
    expire: (key: string, seconds: number) => redis.expire(key, seconds),
  }
  return connection as unknown as RedisConnection
}

function fieldArguments(name: string, spec: FieldSpec): string[] {
  return [
    name,
    ...(spec.AS === undefined ? [] : ['AS', spec.AS]),
    spec.type,
    ...(spec.SEPARATOR === undefined ? [] : ['SEPARATOR', spec.SEPARATOR]),
    ...(spec.CASESENSITIVE ? ['CASESENSITIVE'] : []),
    ...(spec.SORTABLE ? ['SORTABLE', ...(spec.SORTABLE === 'UNF' ? ['UNF'] : [])] : []),
    ...(spec.NOINDEX ? ['NOINDEX'] : []),
  ]
}

function searchArguments({ LIMIT, SORTBY, RETURN }: SearchSpec): string[] {
  return [
    ...(RETURN?.length === 0 ? ['NOCONTENT'] : []),
    ...(SORTBY ? ['SORTBY', SORTBY.BY, SORTBY.DIRECTION ?? 'ASC'] : []),
    ...(LIMIT ? ['LIMIT', String(LIMIT.from), String(LIMIT.size)] : []),
    ...['DIALECT', '2'],
  ]
}

/** `[total, key, [field, value, ...], ...]`, or `[total, key, ...]`. */
function documentsIn(reply: unknown): { total: number; documents: { id: string; value: object }[] } {
  const [total, ...rest] = Array.isArray(reply) ? (reply as unknown[]) : [0]
  const documents: { id: string; value: Record<string, string> }[] = []
  for (const item of rest) {
    if (!Array.isArray(item)) {
      documents.push({ id: String(item), value: {} })
      continue
    }
    const last = documents.at(-1)
    for (let i = 0; last && i + 1 < item.length; i += 2) last.value[String(item[i])] = String(item[i + 1])
  }
  return { total: Number(total), documents }
}
