import type { CacheEntry, Candidate, LocalCacheStore, ScopeLimits } from './cache-store.ts'
import {
  type CacheInventory,
  type CacheStats,
  type EntryFilter,
  type EntryMeta,
  type EntryOrder,
  type EntryPage,
  type InspectedEntry,
  matches,
  type Page,
} from './inventory.ts'
import { entryId } from './redis/keys.ts'
import { VectorShelf } from './vector-shelf.ts'

interface Kept {
  readonly id: string
  readonly entry: CacheEntry
  /** Has a vector, on the shelf of its context. */
  readonly semantic: boolean
  readonly bytes: number
  uses: number
  lowestSimilarity: number
  lastUsedMs: number
}

interface Scope {
  /** Least recently used first. */
  readonly kept: Set<Kept>
  /** Of the entries with a vector; none is empty. */
  readonly shelves: Map<string, VectorShelf<Kept>>
  bytes: number
}

export interface MemoryCacheOptions {
  /** Of all scopes together. */
  readonly maxEntries: number
  readonly limits: ScopeLimits
  readonly embedder: string
  readonly dimensions: number
  readonly storePrompts: boolean
  readonly now: () => number
  readonly onEvicted?: (entries: number) => void
}

/** Entries, before other requests have their turn: a millisecond at most at 384 dimensions, a fifth of it mostly. */
const COMPARED_AT_ONCE = 1024

/**
 * The embedded store. Exact matches by key; similarity by comparing with the entries of the same scope and context
 * only, a slice at a time, which is exact and quick enough for the few thousand entries that one process should hold.
 */
export class MemoryCacheStore implements LocalCacheStore, CacheInventory {
  readonly #options: MemoryCacheOptions
  /** Least recently used first, over all scopes. */
  readonly #byId = new Map<string, Kept>()
  readonly #scopes = new Map<string, Scope>()
  readonly #claims = new Map<string, number>()

  constructor(options: MemoryCacheOptions) {
    this.#options = options
  }

  /** What has expired and was not asked for since is still counted. */
  get size(): { readonly entries: number; readonly bytes: number } {
    let bytes = 0
    for (const scope of this.#scopes.values()) bytes += scope.bytes
    return { entries: this.#byId.size, bytes }
  }

  peek(scope: string, key: string): CacheEntry | undefined {
    return this.#fresh(this.#byId.get(entryId(scope, key)))?.entry
  }

  async get(scope: string, key: string): Promise<CacheEntry | undefined> {
    return this.peek(scope, key)
  }

  holds(scope: string, context: string): boolean {
    return this.#scopes.get(scope)?.shelves.has(context) ?? false
  }

  async nearest(
    scope: string,
    context: string,
    vector: Float32Array,
    count: number,
    atLeast = -1,
  ): Promise<readonly Candidate[]> {
    const best: Candidate[] = []
    const shelf = this.#scopes.get(scope)?.shelves.get(context)
    if (!shelf || vector.length !== this.#options.dimensions) return best
    const cosines = new Float64Array(Math.min(COMPARED_AT_ONCE, shelf.size))
    // Downwards, and no further up than the first size: others have their turn in between, and what they add comes on
    // top, while what they remove brings down rows that were compared already.
    for (let to = shelf.size; to > 0; ) {
      const from = Math.max(0, to - COMPARED_AT_ONCE)
      const worst = best.length < count ? atLeast : Math.max(atLeast, best.at(-1)?.similarity ?? 0)
      shelf.compare(vector, from, to, worst, cosines)
      for (let row = to - 1; row >= from; row--) {
        const similarity = cosines[row - from] as number
        if (similarity < atLeast) continue
        if (best.length >= count && similarity <= (best.at(-1)?.similarity ?? 0)) continue
        const kept = this.#fresh(shelf.ownerAt(row))
        if (!kept || best.some(({ entry }) => entry === kept.entry)) continue
        insert(best, kept.entry, similarity, count)
      }
      if (from > 0) await new Promise(setImmediate)
      to = Math.min(from, shelf.size)
    }
    return best
  }

  async put(entry: CacheEntry, given: Float32Array | undefined): Promise<void> {
    const { limits, maxEntries, dimensions } = this.#options
    const vector = given?.length === dimensions ? given : undefined
    const id = entryId(entry.scope, entry.key)
    this.#claims.delete(id)
    this.#drop(this.#byId.get(id))
    const bytes = sizeOf(entry, vector)
    if (bytes > limits.maxBytes) return
    const own = this.#scopes.get(entry.scope)
    for (const oldest of own?.kept ?? []) {
      if (own && own.kept.size < limits.maxEntries && own.bytes + bytes <= limits.maxBytes) break
      this.#evict(oldest)
    }
    for (const oldest of this.#byId.values()) {
      if (this.#byId.size < maxEntries) break
      this.#evict(oldest)
    }
    const kept: Kept = {
      ...{ id, entry, semantic: vector !== undefined, bytes },
      ...{ uses: 0, lowestSimilarity: 1, lastUsedMs: entry.storedMs },
    }
    const scope = this.#scopes.get(entry.scope) ?? { kept: new Set(), shelves: new Map(), bytes: 0 }
    this.#scopes.set(entry.scope, scope)
    this.#byId.set(id, kept)
    scope.kept.add(kept)
    scope.bytes += bytes
    if (!vector) return
    const shelf = scope.shelves.get(entry.context) ?? new VectorShelf<Kept>(dimensions)
    scope.shelves.set(entry.context, shelf)
    shelf.add(kept, vector)
  }

  async used(scope: string, key: string, similarity: number): Promise<void> {
    const kept = this.#byId.get(entryId(scope, key))
    const kin = this.#scopes.get(scope)?.kept
    if (!kept || !kin) return
    kept.uses++
    kept.lastUsedMs = this.#options.now()
    kept.lowestSimilarity = Math.min(kept.lowestSimilarity, similarity)
    this.#byId.delete(kept.id)
    this.#byId.set(kept.id, kept)
    kin.delete(kept)
    kin.add(kept)
  }

  async claim(scope: string, key: string, ttlMs: number): Promise<boolean> {
    const now = this.#options.now()
    const id = entryId(scope, key)
    if ((this.#claims.get(id) ?? 0) > now) return false
    this.#claims.delete(id)
    for (const [other, until] of this.#claims) {
      if (until > now) break
      this.#claims.delete(other)
    }
    this.#claims.set(id, now + ttlMs)
    return true
  }

  async isClaimed(scope: string, key: string): Promise<boolean> {
    return (this.#claims.get(entryId(scope, key)) ?? 0) > this.#options.now()
  }

  async release(scope: string, key: string): Promise<void> {
    this.#claims.delete(entryId(scope, key))
  }

  async stats(): Promise<CacheStats> {
    const fresh = this.#all()
    const models = new Map<string, number>()
    for (const { entry } of fresh) models.set(entry.model, (models.get(entry.model) ?? 0) + 1)
    return {
      store: 'memory',
      embedder: this.#options.embedder,
      dimensions: this.#options.dimensions,
      entries: fresh.length,
      bytes: fresh.reduce((sum, { bytes }) => sum + bytes, 0),
      scopes: [...this.#scopes]
        .map(([scope, { kept, bytes }]) => ({ scope, entries: kept.size, bytes }))
        .sort((a, b) => b.entries - a.entries)
        .slice(0, 100),
      models: [...models]
        .map(([model, entries]) => ({ model, entries }))
        .sort((a, b) => b.entries - a.entries),
    }
  }

  async list(filter: EntryFilter, { order, offset, limit }: Page): Promise<EntryPage> {
    const found = this.#all()
      .map((kept) => this.#metaOf(kept))
      .filter((meta) => matches(meta, filter))
      .sort(COMPARE[order])
    return { total: found.length, entries: found.slice(offset, offset + limit) }
  }

  async inspect(id: string): Promise<InspectedEntry | undefined> {
    const kept = this.#fresh(this.#byId.get(id))
    if (!kept) return undefined
    const { storePrompts } = this.#options
    return { meta: this.#metaOf(kept), choices: storePrompts ? kept.entry.choices : undefined }
  }

  async remove(id: string): Promise<boolean> {
    const kept = this.#byId.get(id)
    this.#drop(kept)
    return kept !== undefined
  }

  async purge(filter: EntryFilter): Promise<number> {
    const doomed = this.#all().filter((kept) => matches(this.#metaOf(kept), filter))
    for (const kept of doomed) this.#drop(kept)
    return doomed.length
  }

  #all(): Kept[] {
    return [...this.#byId.values()].filter((kept) => this.#fresh(kept))
  }

  #metaOf({ id, entry, bytes, semantic, uses, lowestSimilarity, lastUsedMs }: Kept): EntryMeta {
    const { scope, model, storedMs, expiresMs, promptTokens, completionTokens } = entry
    return {
      ...{ id, scope, model, storedMs, expiresMs, lastUsedMs, uses, lowestSimilarity, bytes },
      ...{ promptTokens, completionTokens, semantic },
      prompt: this.#options.storePrompts ? entry.query : undefined,
    }
  }

  #fresh(kept: Kept | undefined): Kept | undefined {
    if (kept && kept.entry.expiresMs <= this.#options.now()) {
      this.#drop(kept)
      return undefined
    }
    return kept
  }

  #evict(kept: Kept): void {
    this.#drop(kept)
    this.#options.onEvicted?.(1)
  }

  #drop(kept: Kept | undefined): void {
    if (!kept || !this.#byId.delete(kept.id)) return
    const { scope: name, context } = kept.entry
    const scope = this.#scopes.get(name)
    if (!scope) return
    scope.kept.delete(kept)
    scope.bytes -= kept.bytes
    const shelf = scope.shelves.get(context)
    shelf?.remove(kept)
    if (shelf?.size === 0) scope.shelves.delete(context)
    if (scope.kept.size === 0) this.#scopes.delete(name)
  }
}

const COMPARE: Readonly<Record<EntryOrder, (a: EntryMeta, b: EntryMeta) => number>> = {
  stored: (a, b) => b.storedMs - a.storedMs,
  uses: (a, b) => b.uses - a.uses,
  last_used: (a, b) => b.lastUsedMs - a.lastUsedMs,
  similarity: (a, b) => a.lowestSimilarity - b.lowestSimilarity,
  bytes: (a, b) => b.bytes - a.bytes,
}

function sizeOf(entry: CacheEntry, vector: Float32Array | undefined): number {
  const texts = entry.choices.reduce(
    (sum, { content, reasoning = '' }) => sum + content.length + reasoning.length,
    entry.query.length,
  )
  return 2 * texts + (vector?.byteLength ?? 0)
}

/** Into `best`, nearest first, of which no more than `count` stay. */
function insert(best: Candidate[], entry: CacheEntry, similarity: number, count: number): void {
  const place = best.findIndex((candidate) => candidate.similarity < similarity)
  best.splice(place === -1 ? best.length : place, 0, { entry, similarity })
  if (best.length > count) best.pop()
}
