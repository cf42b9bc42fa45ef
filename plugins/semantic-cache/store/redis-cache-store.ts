import type { Redis } from 'ioredis'
import type { Log } from '../../../runner/plugin.ts'
import type { CacheEntry, CacheStore, Candidate, ScopeLimits } from './cache-store.ts'
import { CacheKeys, contextTag, entryId, type KeySpace, scopeHash } from './redis/keys.ts'
import { pack, unpack } from './redis/pack.ts'
import { PUT, TOUCH } from './redis/scripts.ts'
import { SearchCommands } from './redis/search-commands.ts'
import { VectorIndex } from './redis/vector-index.ts'

export interface RedisCacheOptions {
  readonly keys: KeySpace
  /** Names model and dimension: entries of another identity are another cache. */
  readonly identity: string
  readonly dimensions: number
  readonly limits: ScopeLimits
  /** The question as a field of its own, for people to read. */
  readonly storePrompts: boolean
  /** Milliseconds after which RediSearch gives a search up by itself. */
  readonly searchTimeoutMs: number
  /** A search that takes longer has its context counted; default 1. */
  readonly slowSearchMs?: number
  readonly now: () => number
  readonly log: Log
  readonly onEvicted?: (entries: number) => void
}

interface Use {
  readonly scope: string
  readonly key: string
  times: number
  lowest: number
  lastMs: number
}

const FLUSH_USES_MS = 500
/** Entries whose uses wait to be written; what comes beyond is not counted. */
const MAX_WAITING_USES = 10_000

/**
 * Entries in Redis Stack, shared by all runners. An entry is one hash (vector, tag, packed answer) under a key that
 * names its scope, so the exact layer is one read and needs no index; similar ones are found by RediSearch.
 */
export class RedisCacheStore implements CacheStore {
  readonly keys: CacheKeys
  readonly index: VectorIndex
  readonly search: SearchCommands
  readonly #redis: Redis
  readonly #options: RedisCacheOptions
  readonly #uses = new Map<string, Use>()
  #timer: NodeJS.Timeout | undefined

  constructor(redis: Redis, options: RedisCacheOptions) {
    this.keys = new CacheKeys(options.keys, options.identity)
    this.search = new SearchCommands(redis, options.keys.cluster ? this.keys.totals : undefined)
    this.index = new VectorIndex(this.search, this.keys, options)
    this.#redis = redis
    this.#options = options
  }

  /** Makes the index and leaves word of the identity; both may be done again at any time. */
  async prepare(): Promise<void> {
    const { identity, dimensions } = this.#options
    await this.#redis.hset(this.keys.spaces, this.keys.id, JSON.stringify({ identity, dimensions }))
    await this.index.ensure()
  }

  async get(scope: string, key: string): Promise<CacheEntry | undefined> {
    const packed = await this.#redis.hgetBuffer(this.keys.entry(scope, key), 'd')
    const entry = packed ? this.#fresh(packed, scope) : undefined
    return entry?.key === key ? entry : undefined
  }

  async nearest(
    scope: string,
    context: string,
    vector: Float32Array,
    count: number,
  ): Promise<readonly Candidate[]> {
    if (vector.length !== this.#options.dimensions) return []
    const { searchTimeoutMs } = this.#options
    const tag = contextTag(scope, context)
    const found = await this.index.search(tag, bytesOf(vector), count, searchTimeoutMs)
    return found.flatMap(({ distance, packed }) => {
      const entry = this.#fresh(packed, scope)
      return entry?.context === context ? [{ entry, similarity: 1 - distance }] : []
    })
  }

  async put(entry: CacheEntry, vector: Float32Array | undefined): Promise<void> {
    const { keys } = this
    const { limits, now, storePrompts, dimensions } = this.#options
    const { scope, key } = entry
    const packed = await pack(entry)
    const searchable = vector?.length === dimensions ? bytesOf(vector) : undefined
    const size = packed.length + (searchable?.length ?? 0)
    const id = scopeHash(scope)
    const fields = searchable
      ? ['d', packed, 't', contextTag(scope, entry.context), 'v', searchable]
      : ['d', packed]
    const meta = [
      ...['scope_id', id, 'scope', scope, 'model', entry.model, 'bytes', size, 'uses', 0],
      ...['stored_ms', entry.storedMs, 'expires_ms', Math.floor(entry.expiresMs)],
      ...['last_used_ms', entry.storedMs, 'lowest_similarity', 1, 'semantic', searchable ? 1 : 0],
      ...['prompt_t', entry.promptTokens, 'completion_t', entry.completionTokens],
      ...(storePrompts ? ['prompt', entry.query] : []),
    ]
    const evicted = await PUT.run(
      this.#redis,
      [
        ...[keys.used(id), keys.expires(id), keys.bytes(id), keys.totals],
        ...[keys.entry(scope, key), keys.meta(entryId(scope, key)), keys.scopes, keys.claim(scope, key)],
      ],
      [
        ...[id, key, now(), Math.floor(entry.expiresMs), size, limits.maxEntries, limits.maxBytes],
        ...[`${keys.entryPrefix}${id}:`, `${keys.meta(id)}:`, scope],
        ...[fields.length, ...fields, ...meta],
      ],
    )
    if (Number(evicted) > 0) this.#options.onEvicted?.(Number(evicted))
  }

  async used(scope: string, key: string, similarity: number): Promise<void> {
    const id = entryId(scope, key)
    const use = this.#uses.get(id)
    const lastMs = this.#options.now()
    if (use) {
      use.times++
      use.lowest = Math.min(use.lowest, similarity)
      use.lastMs = lastMs
    } else if (this.#uses.size < MAX_WAITING_USES) {
      this.#uses.set(id, { scope, key, times: 1, lowest: similarity, lastMs })
    }
    this.#timer ??= setTimeout(() => void this.flushUses().catch(() => {}), FLUSH_USES_MS).unref()
  }

  /** Uses are written together: a write for each hit would cost as much as the hit. */
  async flushUses(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = [...this.#uses]
    this.#uses.clear()
    await Promise.all(
      uses.map(([id, { scope, key, times, lowest, lastMs }]) =>
        TOUCH.run(
          this.#redis,
          [this.keys.meta(id), this.keys.used(scopeHash(scope))],
          [key, times, lastMs, lowest],
        ),
      ),
    )
  }

  async claim(scope: string, key: string, ttlMs: number): Promise<boolean> {
    return (await this.#redis.set(this.keys.claim(scope, key), '1', 'PX', ttlMs, 'NX')) === 'OK'
  }

  async isClaimed(scope: string, key: string): Promise<boolean> {
    return (await this.#redis.exists(this.keys.claim(scope, key))) === 1
  }

  async release(scope: string, key: string): Promise<void> {
    await this.#redis.del(this.keys.claim(scope, key))
  }

  async close(): Promise<void> {
    await this.flushUses().catch(() => {})
  }

  /** Whatever stands in Redis under this key, an entry of another scope is none. */
  #fresh(packed: Buffer, scope: string): CacheEntry | undefined {
    const entry = unpack(packed)
    return entry?.scope === scope && entry.expiresMs > this.#options.now() ? entry : undefined
  }
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}
