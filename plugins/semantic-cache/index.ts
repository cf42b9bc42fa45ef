import {
  type Decision,
  definePlugin,
  PASS,
  type RequestView,
  readNote,
  requestFeatures,
} from '../../runner/plugin.ts'
import { answerOperator } from './admin.ts'
import { type CacheConf, CacheConfSchema } from './conf.ts'
import {
  type BypassReason,
  bypassReason,
  type CacheWishes,
  isCached,
  WISH_HEADERS,
  wishesOf,
} from './eligible.ts'
import { learn } from './fill.ts'
import { type CacheKey, cacheKeyOf } from './key.ts'
import { exactHit, type LookupResult, lookupExact, lookupSimilar, type MissReason } from './lookup.ts'
import { type CacheNote, cacheNote, type ShadowedHit } from './note.ts'
import { type Hit, serve } from './serve.ts'
import { CacheSettingsSchema, checkCacheSettings } from './settings.ts'
import { openShared, type Shared } from './shared.ts'
import { MAX_CHARS } from './verify/verify.ts'

interface State {
  readonly conf: CacheConf
  readonly shared: Shared
}

/** Above the longest that a request may wait for its equal. */
const DEADLINE_MS = 9000

/** Answers what was asked before; stores what was answered. What it cannot judge, and any failure, is a miss. */
export default definePlugin<typeof CacheConfSchema, typeof CacheSettingsSchema, Shared, State>({
  name: 'semantic-cache',
  description: 'Serves stored answers to equal and, verified, to similar requests.',
  conf: CacheConfSchema,
  settings: CacheSettingsSchema,
  needs: { body: 'json' },
  onFailure: 'allow',
  deadlineMs: DEADLINE_MS,
  checkSettings: checkCacheSettings,
  open: openShared,
  close: (shared) => shared.close(),
  prepare: (conf, shared) => {
    if (conf.min_threshold > conf.threshold) throw new Error('/min_threshold is above /threshold')
    if ((conf.max_ttl_s ?? conf.ttl_s) < conf.ttl_s) throw new Error('/max_ttl_s is below /ttl_s')
    return { conf: conf as CacheConf, shared }
  },
  // Not async: what can be decided at once costs no promise, no timer and no turn of the event loop.
  decide: (request, { conf, shared }) => {
    const { endpoint, json } = request
    if (!endpoint || !json || endpoint === 'models') return PASS
    const wishes = wishesOf(request, conf)
    if (!isCached(endpoint)) return bypassed(request, 'endpoint', wishes, shared)
    const features = requestFeatures(endpoint, json)
    const bypass = bypassReason(request, json, features, wishes, conf)
    if (bypass !== undefined) return bypassed(request, bypass, wishes, shared)

    const key = cacheKeyOf(request, endpoint, json, conf)
    const decided = (result: LookupResult): Decision => {
      if ('hit' in result && !(conf.shadow_share > 0 && shared.random() < conf.shadow_share)) {
        count(result.hit, key, shared)
        return serve(result.hit, endpoint, request.id, features, shared.clock.now(), wishes.explain)
      }
      return missed(request, key, wishes, result, conf, shared)
    }
    const result = find(key, wishes, conf, shared)
    return result instanceof Promise ? result.then(decided) : decided(result)
  },
  finish: (request, { shared }, outcome) => {
    const note = request.note(cacheNote)
    if (outcome.kind === 'forwarded' || note?.result !== 'miss' || !note.leads) return
    // A later plugin refused it: whoever waits for it would wait in vain.
    shared.store.release(note.scope, note.key).catch(() => {})
  },
  observe: async (observation, shared) => {
    const note = readNote(observation.notes, cacheNote)
    if (note?.result === 'miss') await learn(observation, note, shared)
  },
  admin: (request, { inventory, clock }) => inventory && answerOperator(request, inventory, clock.now()),
})

function find(
  key: CacheKey,
  wishes: CacheWishes,
  conf: CacheConf,
  shared: Shared,
): LookupResult | Promise<LookupResult> {
  const { noCache, maxAge } = wishes.directives
  if (noCache) return { miss: 'not_asked' }
  const notBeforeMs = maxAge === undefined ? 0 : shared.clock.now() - maxAge * 1000
  const further = (exact: LookupResult): LookupResult | Promise<LookupResult> => {
    if ('hit' in exact || exact.miss === 'store_away') return exact
    const isSearched = isSemantic(key, conf) && (shared.local?.holds(key.scope, key.context) ?? true)
    if (!isSearched && conf.coalesce_ms === 0) return exact
    const wanted = { notBeforeMs, threshold: wishes.threshold }
    return findOtherwise(exact, key, isSearched ? wanted : { notBeforeMs }, conf, shared)
  }
  const exact = lookupExact(key, { notBeforeMs }, shared)
  return exact instanceof Promise ? exact.then(further) : further(exact)
}

/** In other words, if there is a threshold, or by waiting for an equal request. */
async function findOtherwise(
  exact: LookupResult,
  key: CacheKey,
  { notBeforeMs, threshold }: { readonly notBeforeMs: number; readonly threshold?: number },
  conf: CacheConf,
  shared: Shared,
): Promise<LookupResult> {
  const similar =
    threshold === undefined ? exact : await lookupSimilar(key, { notBeforeMs, threshold }, conf, shared)
  if ('hit' in similar || conf.coalesce_ms === 0) return similar
  const equal = await waitForEqual(key, notBeforeMs, conf, shared)
  if (equal === 'leads') return { ...similar, leads: true }
  return equal ?? similar
}

function isSemantic({ query, context }: CacheKey, conf: CacheConf): boolean {
  // What the verifier would not read need not be embedded, here and when its answer is stored.
  const maxChars = Math.min(conf.max_query_chars, MAX_CHARS)
  return conf.semantic && context !== '' && query !== '' && query.length <= maxChars
}

/**
 * Whether somebody is fetching the same answer, and what came of it. `leads`: nobody was, so that others wait for this
 * request now. undefined: it came to nothing, and this request goes on its own.
 */
async function waitForEqual(
  { scope, key }: CacheKey,
  notBeforeMs: number,
  { coalesce_ms }: CacheConf,
  { store, coalescer, report }: Shared,
): Promise<{ readonly hit: Hit } | 'leads' | undefined> {
  const leads = await store.claim(scope, key, coalesce_ms).catch(() => true)
  if (leads) {
    report.coalesced('led')
    return 'leads'
  }
  const waited = await coalescer.wait(scope, key, coalesce_ms)
  if (typeof waited === 'object' && waited.entry.storedMs >= notBeforeMs) {
    report.coalesced('waited_hit')
    return { hit: exactHit(waited.entry) }
  }
  report.coalesced(waited === 'failed' ? 'leader_failed' : 'waited_in_vain')
  return undefined
}

function count({ entry, layer, similarity }: Hit, { scope }: CacheKey, { report, store }: Shared): void {
  report.hit(layer, entry.promptTokens, entry.completionTokens)
  store.used(scope, entry.key, similarity).catch(() => {})
}

function missed(
  request: RequestView,
  key: CacheKey,
  wishes: CacheWishes,
  result: LookupResult,
  conf: CacheConf,
  { report }: Shared,
): Decision {
  const reason: MissReason = 'hit' in result ? 'shadow' : result.miss
  report.miss(reason)
  const note: CacheNote = {
    result: 'miss',
    scope: key.scope,
    key: key.key,
    context: key.context,
    ttl_s: wishes.ttlS,
    max_answer_bytes: conf.max_answer_bytes,
    semantic: isSemantic(key, conf),
    ...('leads' in result && { leads: true }),
    ...('hit' in result ? { shadow: shadowOf(result.hit) } : undefined),
  }
  return answered('MISS', request, reason, wishes, note)
}

function shadowOf({ layer, similarity, entry }: Hit): ShadowedHit {
  return { layer, similarity, key: entry.key }
}

function bypassed(
  request: RequestView,
  reason: BypassReason,
  wishes: CacheWishes,
  { report }: Shared,
): Decision {
  report.bypass(reason)
  return answered('BYPASS', request, reason, wishes, { result: 'bypass', reason })
}

function answered(
  result: 'MISS' | 'BYPASS',
  request: RequestView,
  reason: string,
  wishes: CacheWishes,
  note: CacheNote,
): Decision {
  const own = WISH_HEADERS.filter((name) => request.header(name) !== undefined)
  return {
    kind: 'rewrite',
    patch: {
      respHeaders: { 'x-cache': result, ...(wishes.explain ? { 'x-cache-reason': reason } : {}) },
      headers: Object.fromEntries(own.map((name) => [name, null])),
    },
    note,
  }
}
