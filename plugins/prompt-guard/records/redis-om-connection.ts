import type { Services } from '../../../runner/plugin.ts'

type Redis = NonNullable<Services['redis']>

interface IndexField {
  readonly type: string
  readonly AS?: string
  readonly SEPARATOR?: string
  readonly SORTABLE?: true
  readonly CASESENSITIVE?: true
  readonly NOINDEX?: true
}
interface SearchOptions {
  readonly LIMIT?: { readonly from: number; readonly size: number }
  readonly SORTBY?: { readonly BY: string; readonly DIRECTION?: string }
  readonly RETURN?: readonly string[]
}

/**
 * As much of a node-redis client as redis-om uses for hashes, on the runner's own ioredis connection: a second client
 * would bring its own reconnecting and know nothing of Sentinel.
 */
export function redisOmConnection(redis: Redis) {
  return {
    get: (key: string) => redis.get(key),
    set: (key: string, value: string) => redis.set(key, value),
    unlink: (keys: string | string[]) => redis.unlink(...[keys].flat()),
    expire: (key: string, seconds: number) => redis.expire(key, seconds),
    hGetAll: (key: string) => redis.hgetall(key),
    multi: () => hashWriter(redis),
    ft: {
      create: (index: string, schema: Record<string, IndexField>, options: { ON: string; PREFIX: string }) =>
        redis.call('FT.CREATE', ...createArguments(index, schema, options)),
      dropIndex: (index: string) => redis.call('FT.DROPINDEX', index),
      search: async (index: string, query: string, options: SearchOptions = {}) =>
        toResults(await redis.call('FT.SEARCH', index, query, ...searchArguments(options))),
    },
  }
}

/** redis-om saves an entity as `multi().unlink(key).hSet(key, data).exec()`. */
function hashWriter(redis: Redis) {
  const multi = redis.multi()
  const writer = {
    unlink: (key: string) => {
      multi.unlink(key)
      return writer
    },
    hSet: (key: string, data: Record<string, string>) => {
      multi.hset(key, data)
      return writer
    },
    exec: async () => {
      for (const [error] of (await multi.exec()) ?? []) if (error) throw error
    },
  }
  return writer
}

function createArguments(
  index: string,
  schema: Record<string, IndexField>,
  { ON, PREFIX }: { ON: string; PREFIX: string },
): string[] {
  const fields = Object.entries(schema).flatMap(([name, field]) => [
    name,
    ...(field.AS === undefined ? [] : ['AS', field.AS]),
    field.type,
    ...(field.SEPARATOR === undefined ? [] : ['SEPARATOR', field.SEPARATOR]),
    ...(field.CASESENSITIVE ? ['CASESENSITIVE'] : []),
    ...(field.SORTABLE ? ['SORTABLE'] : []),
    ...(field.NOINDEX ? ['NOINDEX'] : []),
  ])
  return [index, 'ON', ON, 'PREFIX', '1', PREFIX, 'SCHEMA', ...fields]
}

function searchArguments({ LIMIT, SORTBY, RETURN }: SearchOptions): string[] {
  return [
    ...(RETURN === undefined ? [] : ['RETURN', String(RETURN.length), ...RETURN]),
    ...(SORTBY === undefined ? [] : ['SORTBY', SORTBY.BY, SORTBY.DIRECTION ?? 'ASC']),
    ...(LIMIT === undefined ? [] : ['LIMIT', String(LIMIT.from), String(LIMIT.size)]),
    'DIALECT',
    '1',
  ]
}

/** `[total, key, [field, value, ...], key, ...]` */
function toResults(reply: unknown) {
  const [total, ...rest] = reply as [number, ...(string | string[] | null)[]]
  const documents: { id: string; value: Record<string, string> }[] = []
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const fields = rest[i + 1]
    // A document that expired between the search and the reading comes as null.
    if (!Array.isArray(fields)) continue
    const value: Record<string, string> = {}
    for (let j = 0; j + 1 < fields.length; j += 2) value[fields[j] ?? ''] = fields[j + 1] ?? ''
    documents.push({ id: String(rest[i]), value })
  }
  return { total, documents }
}
