import type { Metrics } from '../../runner/plugin.ts'
import type { BypassReason } from './eligible.ts'
import type { NotStored } from './fill.ts'
import type { MissReason } from './lookup.ts'
import type { ShadowResult } from './shadow.ts'
import type { StoreFailure, StoreOperation } from './store/guarded-cache-store.ts'
import type { RejectReason } from './verify/verdict.ts'

export type Coalesced = 'led' | 'waited_hit' | 'waited_in_vain' | 'leader_failed'

/** What the cache tells Prometheus. All labels come from closed sets. */
export interface CacheReport {
  hit(layer: 'exact' | 'semantic', promptTokens: number, completionTokens: number): void
  miss(reason: MissReason): void
  bypass(reason: BypassReason): void
  stored(): void
  notStored(reason: NotStored | 'store_away'): void
  rejected(reason: RejectReason | 'second_opinion'): void
  /** @param startedAt by `performance.now()` */
  lookup(layer: 'exact' | 'semantic', startedAt: number): void
  embedded(result: 'ok' | 'failed', startedAt: number): void
  storeFailed(operation: StoreOperation, failure: StoreFailure): void
  evicted(entries: number): void
  coalesced(result: Coalesced): void
  shadowed(layer: 'exact' | 'semantic', result: ShadowResult, similarity: number | undefined): void
}

const LOOKUP_BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1]
const EMBEDDING_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1]
const SIMILARITY_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

export function reportCache({ counter, histogram }: Metrics): CacheReport {
  const requests = counter('llm_cache_total', 'What the cache did, and why not more.', ['result', 'reason'])
  const saved = counter('llm_cache_saved_tokens_total', 'Tokens that no provider had to make.', ['kind'])
  const rejections = counter('llm_cache_rejections_total', 'Candidates that were near but not the same.', [
    'reason',
  ])
  const lookups = histogram('llm_cache_lookup_seconds', 'The store’s part of a lookup.', LOOKUP_BUCKETS, [
    'layer',
  ])
  const embeddings = histogram('llm_cache_embedding_seconds', 'Embedding a question.', EMBEDDING_BUCKETS, [
    'result',
  ])
  const failures = counter('llm_cache_store_failures_total', 'Calls of the store that did not succeed.', [
    'operation',
    'failure',
  ])
  const evictions = counter('llm_cache_evictions_total', 'Entries that a limit pushed out.')
  const coalesced = counter('llm_cache_coalesced_total', 'Equal misses at the same time.', ['result'])
  const shadows = counter('llm_cache_shadow_total', 'Hits that were compared with the live answer.', [
    'layer',
    'result',
  ])
  const shadowSimilarity = histogram(
    'llm_cache_shadow_similarity',
    'Of the stored and the live answer, as texts.',
    SIMILARITY_BUCKETS,
    ['layer'],
  )
  const seconds = (startedAt: number) => (performance.now() - startedAt) / 1000
  return {
    hit: (layer, promptTokens, completionTokens) => {
      requests.inc({ result: `hit_${layer}`, reason: 'hit' })
      saved.inc({ kind: 'prompt' }, promptTokens)
      saved.inc({ kind: 'completion' }, completionTokens)
    },
    miss: (reason) => requests.inc({ result: 'miss', reason }),
    bypass: (reason) => requests.inc({ result: 'bypass', reason }),
    stored: () => requests.inc({ result: 'stored', reason: 'stored' }),
    notStored: (reason) => requests.inc({ result: 'not_stored', reason }),
    rejected: (reason) => rejections.inc({ reason }),
    lookup: (layer, startedAt) => lookups.observe({ layer }, seconds(startedAt)),
    embedded: (result, startedAt) => embeddings.observe({ result }, seconds(startedAt)),
    storeFailed: (operation, failure) => failures.inc({ operation, failure }),
    evicted: (entries) => evictions.inc(entries),
    coalesced: (result) => coalesced.inc({ result }),
    shadowed: (layer, result, similarity) => {
      shadows.inc({ layer, result })
      if (similarity !== undefined) shadowSimilarity.observe({ layer }, similarity)
    },
  }
}
