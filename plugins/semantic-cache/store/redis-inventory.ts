import type { Redis } from 'ioredis'
import { EntityId, Repository, Schema } from 'redis-om'
import type {
  CacheInventory,
  CacheStats,
  EntryFilter,
  EntryMeta,
  EntryOrder,
  EntryPage,
  InspectedEntry,
  Page,
} from './inventory.ts'
import { isEmptyFilter } from './inventory.ts'
import { type CacheKeys, parseEntryId, scopeHash } from './redis/keys.ts'
import { omConnection } from './redis/om-connection.ts'
import { unpack } from './redis/pack.ts'
import { REMOVE, SWEEP } from './redis/scripts.ts'
import type { SearchCommands } from './redis/search-commands.ts'
import type { VectorIndex } from './redis/vector-index.ts'

interface Embedding {
  readonly identity: string
  readonly dimensions: number
}

const PURGE_PAGE = 500
/** Scopes that are asked about at a time: one after the other, a hundred thousand would take half a minute. */
const SCOPES_AT_ONCE = 100
/** Keys that Redis looks at in one step of a walk through all of them. */
const SCAN_STEP = '1000'
const SWEEP_LIMIT = 1000
const MAX_LISTED = 100
const STATS_TIMEOUT_MS = 1000

/**
 * The operators' side of the entries in Redis. Metadata stand in hashes of their own, entities of redis-om: counting
 * a use there does not make RediSearch index the vector again.
 */
export class RedisInventory implements CacheInventory {
  readonly #redis: Redis
  readonly #keys: CacheKeys
  readonly #send: SearchCommands
  readonly #index: Pick<VectorIndex, 'drop' | 'ensure'>
  readonly #embedding: Embedding
  readonly #entities: Repository
  readonly #metaIndex: string

  constructor(
    redis: Redis,
    store: { keys: CacheKeys; search: SearchCommands; index: Pick<VectorIndex, 'drop' | 'ensure'> },
    embedding: Embedding,
  ) {
    this.#redis = redis
    this.#keys = store.keys
    this.#index = store.index
    this.#send = store.search
    this.#embedding = embedding
    const schema = entitySchema(store.keys)
    this.#metaIndex = schema.indexName
    this.#entities = new Repository(schema, omConnection(redis, store.search))
  }

  /** Makes or changes the index of the metadata; idempotent, also when several runners start at once. */
  async prepare(): Promise<void> {
    try {
      // redis-om compares a hash of the definition and would believe it after the index alone was dropped.
      const indexes = (await this.#send.text(['FT._LIST'])) as string[]
      if (!indexes.includes(this.#metaIndex)) await this.#redis.del(`${this.#metaIndex}:hash`)
      await this.#entities.createIndex()
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('already exists'))) throw error
    }
  }

  /** Strikes expired entries out of the books, so that totals and limits stay true. @returns how many. */
  async sweep(nowMs: number): Promise<number> {
    const struck = await inTurns(await this.#redis.hkeys(this.#keys.scopes), (id) => {
      const books = [...this.#books(id), this.#keys.scopes]
      return SWEEP.run(this.#redis, books, [nowMs, SWEEP_LIMIT, id])
    })
    return struck.reduce<number>((sum, gone) => sum + Number(gone), 0)
  }

  async totals(): Promise<{ readonly entries: number; readonly bytes: number }> {
    const [entries, bytes] = await this.#redis.hmget(this.#keys.totals, 'entries', 'bytes')
    return { entries: Number(entries ?? 0), bytes: Number(bytes ?? 0) }
  }

  async stats(): Promise<CacheStats> {
    const names = Object.entries(await this.#redis.hgetall(this.#keys.scopes))
    const scopes = await inTurns(names, async ([id, scope]) => {
      const [entries, bytes] = await Promise.all([
        this.#redis.zcard(this.#keys.used(id)),
        this.#redis.hget(this.#keys.bytes(id), ''),
      ])
      return { scope, entries, bytes: Number(bytes ?? 0) }
    })
    return {
      store: 'redis',
      embedder: this.#embedding.identity,
      dimensions: this.#embedding.dimensions,
      ...(await this.totals()),
      scopes: scopes.sort((a, b) => b.entries - a.entries).slice(0, MAX_LISTED),
      models: await this.#models(),
    }
  }

  async list(filter: EntryFilter, { order, offset, limit }: Page): Promise<EntryPage> {
    const search = this.#search(filter)
    const { field, descending } = ORDERS[order]
    const sorted = descending ? search.sortDescending(field) : search.sortAscending(field)
    const [total, entities] = await Promise.all([
      this.#search(filter).return.count(),
      sorted.return.page(offset, limit),
    ])
    return { total, entries: entities.flatMap((entity) => metaOf(entity) ?? []) }
  }

  async inspect(id: string): Promise<InspectedEntry | undefined> {
    const known = parseEntryId(id)
    if (!known) return undefined
    const meta = metaOf(await this.#entities.fetch(id))
    if (!meta) return undefined
    const packed = await this.#redis.hgetBuffer(this.#entryKey(known), 'd')
    const entry = packed && unpack(packed)
    return { meta, choices: meta.prompt === undefined ? undefined : entry?.choices }
  }

  async remove(id: string): Promise<boolean> {
    const known = parseEntryId(id)
    if (!known) return false
    const keys = [...this.#books(known.scopeId), this.#entryKey(known), this.#keys.meta(id)]
    return (await REMOVE.run(this.#redis, keys, [known.key])) === 1
  }

  async purge(filter: EntryFilter): Promise<number> {
    if (isEmptyFilter(filter)) return this.#purgeAll()
    const { scope, ...others } = filter
    if (scope !== undefined && isEmptyFilter(others)) return this.#purgeScope(scopeHash(scope))
    let gone = 0
    for (;;) {
      const ids = await this.#search(filter).return.pageOfIds(0, PURGE_PAGE)
      const removed = await this.#removeAll(ids)
      gone += removed
      if (ids.length < PURGE_PAGE || removed === 0) return gone
    }
  }

  async #purgeScope(scopeId: string): Promise<number> {
    return (await this.#purgeBooked(scopeId)) + (await this.#purgeUnbooked(`${scopeId}:`))
  }

  /** By the books: quick, and complete even while the index is still being built. */
  async #purgeBooked(scopeId: string): Promise<number> {
    let gone = 0
    for (;;) {
      const keys = await this.#redis.zrange(this.#keys.used(scopeId), 0, PURGE_PAGE - 1)
      if (keys.length === 0) return gone
      gone += await this.#removeAll(keys.map((key) => `${scopeId}:${key}`))
    }
  }

  /** What a Redis that is short of memory has thrown the books of away would be served on: walks through all keys. */
  async #purgeUnbooked(idPrefix: string): Promise<number> {
    let gone = 0
    for (const keyPrefix of [this.#keys.entryPrefix, this.#keys.meta('')]) {
      let cursor = '0'
      do {
        const pattern = `${escapeGlob(keyPrefix + idPrefix)}*`
        const scan = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_STEP]
        const [next, found] = (await this.#send.text(scan)) as [string, string[]]
        cursor = next
        gone += await this.#removeAll(found.map((key) => key.slice(keyPrefix.length)))
      } while (cursor !== '0')
    }
    return gone
  }

  /** Without the index first: it would otherwise take every vector out of the graph one by one. */
  async #purgeAll(): Promise<number> {
    let gone = 0
    await this.#index.drop()
    try {
      for (const id of await this.#redis.hkeys(this.#keys.scopes)) gone += await this.#purgeBooked(id)
      gone += await this.#purgeUnbooked('')
      await this.#redis.del(this.#keys.scopes, this.#keys.totals)
    } finally {
      await this.#index.ensure()
    }
    return gone
  }

  async #removeAll(ids: readonly string[]): Promise<number> {
    const removed = await Promise.all(ids.map((id) => this.remove(id)))
    return removed.filter(Boolean).length
  }

  async #models(): Promise<CacheStats['models']> {
    const grouping = ['GROUPBY', '1', '@model', 'REDUCE', 'COUNT', '0', 'AS', 'n']
    const sorting = ['SORTBY', '2', '@n', 'DESC', 'MAX', String(MAX_LISTED)]
    const tail = ['TIMEOUT', String(STATS_TIMEOUT_MS), 'DIALECT', '2']
    const reply = await this.#send.text([
      'FT.AGGREGATE',
      this.#metaIndex,
      '*',
      ...grouping,
      ...sorting,
      ...tail,
    ])
    const rows = Array.isArray(reply) ? (reply.slice(1) as string[][]) : []
    return rows.map((row) => ({
      model: row[row.indexOf('model') + 1] ?? '',
      entries: Number(row[row.indexOf('n') + 1]),
    }))
  }

  #search(filter: EntryFilter) {
    const { scope, model, storedBeforeMs, storedAfterMs, minUses, maxUses, maxSimilarity } = filter
    let search = this.#entities.search()
    if (scope !== undefined) search = search.and('scopeId').equals(scopeHash(scope))
    if (model !== undefined) search = search.and('model').equals(model)
    if (storedBeforeMs !== undefined) search = search.and('storedMs').lt(storedBeforeMs)
    if (storedAfterMs !== undefined) search = search.and('storedMs').gt(storedAfterMs)
    if (minUses !== undefined) search = search.and('uses').gte(minUses)
    if (maxUses !== undefined) search = search.and('uses').lte(maxUses)
    if (maxSimilarity !== undefined) search = search.and('lowestSimilarity').lte(maxSimilarity)
    return search
  }

  #books(scopeId: string): string[] {
    const keys = this.#keys
    return [keys.used(scopeId), keys.expires(scopeId), keys.bytes(scopeId), keys.totals]
  }

  #entryKey({ scopeId, key }: { scopeId: string; key: string }): string {
    return `${this.#keys.entryPrefix}${scopeId}:${key}`
  }
}

async function inTurns<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = []
  for (let from = 0; from < items.length; from += SCOPES_AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(from, from + SCOPES_AT_ONCE).map(ask))))
  }
  return answers
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&')
}

const ORDERS: Readonly<Record<EntryOrder, { field: string; descending: boolean }>> = {
  stored: { field: 'storedMs', descending: true },
  uses: { field: 'uses', descending: true },
  last_used: { field: 'lastUsedMs', descending: true },
  similarity: { field: 'lowestSimilarity', descending: false },
  bytes: { field: 'bytes', descending: true },
}

function entitySchema(keys: CacheKeys): Schema {
  return new Schema(
    keys.metaName,
    {
      scopeId: { type: 'string', field: 'scope_id', caseSensitive: true },
      scope: { type: 'string', field: 'scope', indexed: false },
      // A separator that no name has: a tag would fall apart at it.
      model: { type: 'string', field: 'model', caseSensitive: true, separator: '\u0001' },
      storedMs: { type: 'number', field: 'stored_ms', sortable: true },
      expiresMs: { type: 'number', field: 'expires_ms', indexed: false },
      lastUsedMs: { type: 'number', field: 'last_used_ms', sortable: true },
      uses: { type: 'number', field: 'uses', sortable: true },
      lowestSimilarity: { type: 'number', field: 'lowest_similarity', sortable: true },
      bytes: { type: 'number', field: 'bytes', sortable: true },
      promptTokens: { type: 'number', field: 'prompt_t', indexed: false },
      completionTokens: { type: 'number', field: 'completion_t', indexed: false },
      semantic: { type: 'boolean', field: 'semantic', indexed: false },
      prompt: { type: 'string', field: 'prompt', indexed: false },
    },
    { dataStructure: 'HASH' },
  )
}

/** undefined: it expired between the search and now. */
function metaOf(entity: Record<string | symbol, unknown>): EntryMeta | undefined {
  const id = entity[EntityId]
  if (typeof id !== 'string' || typeof entity.scope !== 'string') return undefined
  const number = (name: string) => Number(entity[name] ?? 0)
  return {
    id,
    scope: entity.scope,
    model: String(entity.model ?? ''),
    storedMs: number('storedMs'),
    expiresMs: number('expiresMs'),
    lastUsedMs: number('lastUsedMs'),
    uses: number('uses'),
    lowestSimilarity: number('lowestSimilarity'),
    bytes: number('bytes'),
    promptTokens: number('promptTokens'),
    completionTokens: number('completionTokens'),
    semantic: entity.semantic === true,
    prompt: typeof entity.prompt === 'string' ? entity.prompt : undefined,
  }
}
