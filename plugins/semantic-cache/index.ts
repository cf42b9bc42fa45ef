import { type Static, Type } from 'typebox'
import {
  type Clock,
  type Decision,
  definePlugin,
  type Log,
  type Observation,
  PASS,
  type RequestView,
  readNote,
  requestFeatures,
} from '../../runner/plugin.ts'
import { guardNote } from '../prompt-guard/note.ts'
import { type CacheConf, CacheConfSchema } from './conf.ts'
import { type BypassReason, bypassReason, cacheDirectives } from './eligible.ts'
import type { Embedder } from './embed/embedder.ts'
import { entryFrom } from './fill.ts'
import { type CacheKey, cacheKeyOf } from './key.ts'
import { type LookupResult, lookup, type MissReason } from './lookup.ts'
import { type CacheNote, cacheNote } from './note.ts'
import { EmbedderSettingsSchema, openEmbedder } from './open-embedder.ts'
import { isServed, serve } from './serve.ts'
import type { CacheStore } from './store/cache-store.ts'
import { MemoryCacheStore } from './store/memory-cache-store.ts'

const SettingsSchema = Type.Object(
  {
    embedder: EmbedderSettingsSchema,
    max_entries: Type.Integer({ minimum: 1, default: 10_000, description: 'Entries of the embedded store.' }),
  },
  { additionalProperties: false },
)

interface Shared {
  readonly store: CacheStore
  readonly embedder: Embedder
  readonly clock: Clock
  readonly log: Log
  count(
    result: 'hit_exact' | 'hit_semantic' | 'miss' | 'bypass' | 'stored' | 'not_stored',
    reason: string,
  ): void
}

const EMBED_DEADLINE_MS = 5000

/** Answers what was asked before; stores what was answered. What it cannot judge, and any failure, is a miss. */
export default definePlugin<
  typeof CacheConfSchema,
  typeof SettingsSchema,
  Shared,
  { conf: CacheConf; shared: Shared }
>({
  name: 'semantic-cache',
  description: 'Serves stored answers to equal and, verified, to similar requests.',
  conf: CacheConfSchema,
  settings: SettingsSchema,
  needs: { body: 'json' },
  onFailure: 'allow',
  open: async (settings: Static<typeof SettingsSchema>, services) => {
    const requests = services.metrics.counter('llm_cache_total', 'What the cache did, and why not more.', [
      'result',
      'reason',
    ])
    return {
      store: await services.share(
        'store',
        () => new MemoryCacheStore({ maxEntries: settings.max_entries, now: services.clock.now }),
      ),
      embedder: openEmbedder(settings.embedder),
      clock: services.clock,
      log: services.log,
      count: (result, reason) => requests.inc({ result, reason }),
    }
  },
  close: async ({ embedder }) => embedder.close?.(),
  prepare: (conf, shared) => {
    if (conf.min_threshold > conf.threshold) throw new Error('/min_threshold is above /threshold')
    return { conf: conf as CacheConf, shared }
  },
  decide: async (request, { conf, shared }, call) => {
    const { endpoint, json } = request
    if (!endpoint || !json || endpoint === 'models') return PASS
    const bypass: BypassReason | undefined =
      request.note(guardNote) === undefined ? bypassReason(request, endpoint, json, conf) : 'flagged'
    if (bypass !== undefined || !isServed(endpoint)) return bypassed(bypass ?? 'endpoint', shared)
    const key = cacheKeyOf(request, endpoint, json, conf)
    const semantic = conf.semantic && key.query !== '' && key.query.length <= conf.max_query_chars
    const result = await find(request, key, semantic, conf, shared, call.signal)
    if ('hit' in result) {
      shared.count(`hit_${result.hit.layer}`, 'hit')
      return serve(result.hit, endpoint, request.id, requestFeatures(endpoint, json), shared.clock.now())
    }
    shared.count('miss', result.miss)
    return missed(request, key, semantic, result.miss, conf)
  },
  observe: async (observation, shared) => {
    const note = readNote(observation.notes, cacheNote)
    if (note?.result === 'miss') await fill(observation, note, shared)
  },
})

/** Never throws: a cache that is slow or away is a miss. */
async function find(
  request: RequestView,
  key: CacheKey,
  semantic: boolean,
  conf: CacheConf,
  shared: Shared,
  callSignal: AbortSignal,
): Promise<LookupResult> {
  const { noCache, maxAge } = cacheDirectives(request.header('cache-control'))
  if (noCache) return { miss: 'not_asked' }
  const query = {
    key,
    semantic,
    threshold: thresholdOf(request, conf),
    notBeforeMs: maxAge === undefined ? 0 : shared.clock.now() - maxAge * 1000,
  }
  const deadline = AbortSignal.timeout(conf.lookup_deadline_ms)
  const late = new Promise<LookupResult>((resolve) => {
    deadline.addEventListener('abort', () => resolve({ miss: 'unavailable' }), { once: true })
  })
  try {
    const signal = AbortSignal.any([deadline, callSignal])
    return await Promise.race([lookup(query, shared.store, shared.embedder, conf, signal), late])
  } catch (err) {
    shared.log.debug({ err, request_id: request.id }, 'cache lookup failed')
    return { miss: 'unavailable' }
  }
}

/** A request may ask for more or, down to the route's bound, for less. */
function thresholdOf(request: RequestView, conf: CacheConf): number {
  const asked = Number(request.header('x-cache-threshold') ?? Number.NaN)
  return Number.isFinite(asked) ? Math.min(1, Math.max(conf.min_threshold, asked)) : conf.threshold
}

function missed(
  request: RequestView,
  { scope, key, context }: CacheKey,
  semantic: boolean,
  reason: MissReason,
  conf: CacheConf,
): Decision {
  const note: CacheNote = {
    result: 'miss',
    scope,
    key,
    context,
    ttl_s: conf.ttl_s,
    max_answer_bytes: conf.max_answer_bytes,
    semantic,
  }
  const explain = request.header('x-cache-debug') !== undefined
  const respHeaders = { 'x-cache': 'MISS', ...(explain ? { 'x-cache-reason': reason } : {}) }
  return { kind: 'rewrite', patch: { respHeaders, headers: OWN_HEADERS }, note }
}

/** Headers for the cache are not the provider's business. */
const OWN_HEADERS = { 'x-cache-threshold': null, 'x-cache-debug': null, 'x-cache-bypass': null } as const

function bypassed(reason: BypassReason, shared: Shared): Decision {
  shared.count('bypass', reason)
  return {
    kind: 'rewrite',
    patch: { respHeaders: { 'x-cache': 'BYPASS' }, headers: OWN_HEADERS },
    note: { result: 'bypass', reason } satisfies CacheNote,
  }
}

async function fill(
  observation: Observation,
  note: Extract<CacheNote, { result: 'miss' }>,
  { store, embedder, clock, count }: Shared,
): Promise<void> {
  const entry = entryFrom(observation, note, clock.now(), Math.random)
  if (typeof entry === 'string') {
    count('not_stored', entry)
    return
  }
  const vector = entry.query === '' ? undefined : await vectorOf(entry.query, embedder)
  await store.put(entry, vector)
  count('stored', 'stored')
}

/** Without an embedder the entry still serves the exact layer. */
async function vectorOf(query: string, embedder: Embedder): Promise<Float32Array | undefined> {
  try {
    return (await embedder.embed([query], AbortSignal.timeout(EMBED_DEADLINE_MS)))[0]
  } catch {
    return undefined
  }
}
