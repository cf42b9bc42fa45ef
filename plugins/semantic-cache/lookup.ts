import type { CacheConf } from './conf.ts'
import type { Embedder } from './embed/embedder.ts'
import type { CacheKey } from './key.ts'
import type { CacheReport } from './report.ts'
import type { SecondOpinion } from './second-opinion.ts'
import type { Hit } from './serve.ts'
import type { CacheEntry, CacheStore, LocalCacheStore } from './store/cache-store.ts'
import { closenessOf } from './verify/closeness.ts'
import type { RejectReason } from './verify/verdict.ts'
import { verify } from './verify/verify.ts'

/** Why nothing was found; `rejected_...` is the verifier's reason for the nearest candidate. */
export type MissReason =
  | 'no_entry'
  | 'below_threshold'
  | 'too_old'
  | `rejected_${RejectReason | 'second_opinion'}`
  | 'store_away'
  | 'embedder_away'
  | 'late'
  | 'not_asked'
  | 'shadow'

/** `leads`: equal requests wait for the answer of this one. */
export type LookupResult = { readonly hit: Hit } | { readonly miss: MissReason; readonly leads?: true }

export interface LookupParts {
  readonly store: CacheStore
  readonly local: LocalCacheStore | undefined
  readonly embedder: Embedder
  readonly secondOpinion: SecondOpinion | undefined
  readonly report: CacheReport
}

/** Milliseconds since the epoch; older entries are not wanted. */
type NotBefore = { readonly notBeforeMs: number }

/**
 * The exact layer: one read, no embedding; no promise either when the store is in this process. Never throws: a store
 * that is away is a miss.
 */
export function lookupExact(
  { scope, key }: CacheKey,
  { notBeforeMs }: NotBefore,
  { store, local, report }: Pick<LookupParts, 'store' | 'local' | 'report'>,
): LookupResult | Promise<LookupResult> {
  const startedAt = performance.now()
  const found = (entry: CacheEntry | undefined): LookupResult => {
    report.lookup('exact', startedAt)
    if (!entry) return { miss: 'no_entry' }
    return entry.storedMs < notBeforeMs ? { miss: 'too_old' } : { hit: exactHit(entry) }
  }
  return local
    ? found(local.peek(scope, key))
    : store.get(scope, key).then(found, () => ({ miss: 'store_away' }))
}

export function exactHit(entry: CacheEntry): Hit {
  return { entry, layer: 'exact', similarity: 1 }
}

/** The nearest entries of the same context, each verified before it may answer. Never throws; bounded by the conf. */
export function lookupSimilar(
  key: CacheKey,
  wanted: NotBefore & { readonly threshold: number },
  conf: CacheConf,
  parts: LookupParts,
): Promise<LookupResult> {
  const controller = new AbortController()
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve({ miss: 'late' })
      controller.abort(new DOMException('the lookup is out of time', 'TimeoutError'))
    }, conf.lookup_deadline_ms)
    similar(key, wanted, conf, parts, controller.signal)
      .then(resolve, () => resolve({ miss: 'store_away' }))
      .finally(() => clearTimeout(timer))
  })
}

async function similar(
  { scope, context, query, isInstructed }: CacheKey,
  wanted: NotBefore & { readonly threshold: number },
  conf: CacheConf,
  { store, local, embedder, report, secondOpinion }: LookupParts,
  signal: AbortSignal,
): Promise<LookupResult> {
  const vector = await embed(query, embedder, report, signal)
  if (!vector) return { miss: 'embedder_away' }
  const startedAt = performance.now()
  const candidates = await store.nearest(scope, context, vector, conf.candidates, wanted.threshold)
  report.lookup('semantic', startedAt)
  let reason: MissReason | undefined
  for (const { entry, similarity } of candidates) {
    if (similarity < wanted.threshold) {
      reason ??= 'below_threshold'
      break
    }
    if (entry.storedMs < wanted.notBeforeMs) {
      reason ??= 'too_old'
      continue
    }
    // The route's threshold, not the request's: a request must not lower the verifier's bars.
    const closeness = closenessOf(similarity, conf.threshold)
    const verdict = verify(query, entry.query, { closeness, isInstructed })
    const rejected = !verdict.accept
      ? verdict.reason
      : secondOpinion && !(await secondOpinion.agrees(query, entry.query, signal))
        ? 'second_opinion'
        : undefined
    if (rejected === undefined) {
      return { hit: { entry, layer: 'semantic', similarity: Math.min(1, similarity) } }
    }
    report.rejected(rejected)
    reason ??= `rejected_${rejected}`
  }
  return { miss: reason ?? (local?.holds(scope, context) ? 'below_threshold' : 'no_entry') }
}

/** undefined: the embedder is away, resting, or gave nothing. */
export async function embed(
  text: string,
  embedder: Embedder,
  report: CacheReport,
  signal: AbortSignal,
): Promise<Float32Array | undefined> {
  const startedAt = performance.now()
  try {
    const [vector] = await embedder.embed([text], signal)
    report.embedded('ok', startedAt)
    return vector
  } catch {
    report.embedded('failed', startedAt)
    return undefined
  }
}
