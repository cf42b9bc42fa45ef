import type { CacheConf } from './conf.ts'
import type { Embedder } from './embed/embedder.ts'
import type { CacheKey } from './key.ts'
import type { Hit } from './serve.ts'
import type { CacheStore } from './store/cache-store.ts'
import type { RejectReason } from './verify/verdict.ts'
import { verify } from './verify/verify.ts'

/** Why nothing was found; `rejected` carries the verifier's reason for the nearest candidate. */
export type MissReason =
  | 'no_entry'
  | 'below_threshold'
  | 'too_old'
  | `rejected_${RejectReason}`
  | 'unavailable'
  | 'not_asked'

export type LookupResult = { readonly hit: Hit } | { readonly miss: MissReason }

export interface LookupQuery {
  readonly key: CacheKey
  readonly threshold: number
  /** Milliseconds since the epoch; older entries are not wanted. */
  readonly notBeforeMs: number
  readonly semantic: boolean
}

/** First the exact layer, then the nearest entries of the same context, each verified before it may answer. */
export async function lookup(
  query: LookupQuery,
  store: CacheStore,
  embedder: Embedder,
  conf: CacheConf,
  signal: AbortSignal,
): Promise<LookupResult> {
  const { scope, key, context } = query.key
  const exact = await store.get(scope, key)
  if (exact && exact.storedMs >= query.notBeforeMs)
    return { hit: { entry: exact, layer: 'exact', similarity: 1 } }
  if (!query.semantic) return { miss: exact ? 'too_old' : 'no_entry' }
  const [vector] = await embedder.embed([query.key.query], signal)
  if (!vector) return { miss: 'unavailable' }
  const candidates = await store.nearest(scope, context, vector, conf.candidates)
  let reason: MissReason = candidates.length === 0 ? 'no_entry' : 'below_threshold'
  for (const { entry, similarity } of candidates) {
    if (similarity < query.threshold) break
    if (entry.storedMs < query.notBeforeMs) {
      reason = 'too_old'
      continue
    }
    const verdict = verify(query.key.query, entry.query, { similarity })
    if (verdict.accept) return { hit: { entry, layer: 'semantic', similarity: Math.min(1, similarity) } }
    reason = `rejected_${verdict.reason}`
  }
  return { miss: reason }
}
