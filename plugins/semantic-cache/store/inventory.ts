import type { CacheEntry } from './cache-store.ts'

/** The cache as its operators see it: what is there and how it is used, without the texts. */
export interface CacheInventory {
  stats(): Promise<CacheStats>
  list(filter: EntryFilter, page: Page): Promise<EntryPage>
  inspect(id: string): Promise<InspectedEntry | undefined>
  /** @returns whether it was there. */
  remove(id: string): Promise<boolean>
  /** @returns how many entries went. An empty filter is everything. */
  purge(filter: EntryFilter): Promise<number>
}

export interface CacheStats {
  readonly store: 'memory' | 'redis'
  readonly embedder: string
  readonly dimensions: number
  readonly entries: number
  readonly bytes: number
  /** Those with the most entries, at most 100. */
  readonly scopes: readonly { readonly scope: string; readonly entries: number; readonly bytes: number }[]
  readonly models: readonly { readonly model: string; readonly entries: number }[]
}

export interface EntryFilter {
  readonly scope?: string
  readonly model?: string
  readonly storedBeforeMs?: number
  readonly storedAfterMs?: number
  readonly minUses?: number
  readonly maxUses?: number
  /** Of the lowest similarity at which an entry was served: where to look for wrong hits. */
  readonly maxSimilarity?: number
}

export const ENTRY_ORDERS = ['stored', 'uses', 'last_used', 'similarity', 'bytes'] as const
export type EntryOrder = (typeof ENTRY_ORDERS)[number]

export interface Page {
  readonly order: EntryOrder
  readonly offset: number
  readonly limit: number
}

export interface EntryPage {
  readonly total: number
  readonly entries: readonly EntryMeta[]
}

export interface EntryMeta {
  /** Scope hash and key: `<32 hex digits>:<key>`. */
  readonly id: string
  readonly scope: string
  readonly model: string
  readonly storedMs: number
  readonly expiresMs: number
  readonly lastUsedMs: number
  readonly uses: number
  readonly lowestSimilarity: number
  readonly bytes: number
  readonly promptTokens: number
  readonly completionTokens: number
  /** Found by similar questions too. */
  readonly semantic: boolean
  /** Only with `store_prompts`. */
  readonly prompt: string | undefined
}

export interface InspectedEntry {
  readonly meta: EntryMeta
  /** Only with `store_prompts`. */
  readonly choices: CacheEntry['choices'] | undefined
}

export function isEmptyFilter(filter: EntryFilter): boolean {
  return Object.values(filter).every((value) => value === undefined)
}

export function matches(meta: EntryMeta, filter: EntryFilter): boolean {
  const { scope, model, storedBeforeMs, storedAfterMs, minUses, maxUses, maxSimilarity } = filter
  return (
    (scope === undefined || meta.scope === scope) &&
    (model === undefined || meta.model === model) &&
    (storedBeforeMs === undefined || meta.storedMs < storedBeforeMs) &&
    (storedAfterMs === undefined || meta.storedMs > storedAfterMs) &&
    (minUses === undefined || meta.uses >= minUses) &&
    (maxUses === undefined || meta.uses <= maxUses) &&
    (maxSimilarity === undefined || meta.lowestSimilarity <= maxSimilarity)
  )
}
