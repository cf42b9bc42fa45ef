import type { Clock, Log, Services } from '../../runner/plugin.ts'
import { Coalescer } from './coalesce.ts'
import type { Embedder } from './embed/embedder.ts'
import { openEmbedder } from './open-embedder.ts'
import { type CacheReport, reportCache } from './report.ts'
import { HttpSecondOpinion, type SecondOpinion } from './second-opinion.ts'
import type { CacheSettings } from './settings.ts'
import type { CacheStore, LocalCacheStore } from './store/cache-store.ts'
import { GuardedCacheStore } from './store/guarded-cache-store.ts'
import type { CacheInventory } from './store/inventory.ts'
import { MemoryCacheStore } from './store/memory-cache-store.ts'
import { RedisCacheStore } from './store/redis-cache-store.ts'
import { RedisInventory } from './store/redis-inventory.ts'

/** What one process has open for this plugin. */
export interface Shared {
  readonly store: CacheStore
  /** The store once more, if it is in this process. */
  readonly local: LocalCacheStore | undefined
  readonly embedder: Embedder
  readonly secondOpinion: SecondOpinion | undefined
  readonly coalescer: Coalescer
  /** Where operators' calls arrive. */
  readonly inventory: CacheInventory | undefined
  readonly report: CacheReport
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  close(): Promise<void>
}

interface Opened {
  readonly store: CacheStore
  readonly local: LocalCacheStore | undefined
  readonly inventory: CacheInventory | undefined
  close(): Promise<void>
}

export async function openShared(settings: CacheSettings, services: Services): Promise<Shared> {
  const { clock, log, metrics } = services
  const report = reportCache(metrics)
  const embedder = openEmbedder(settings.embedder, log)
  const opened = services.redis
    ? await openInRedis(services.redis, embedder, settings, services, report)
    : await openEmbedded(embedder, settings, services, report)
  return {
    ...opened,
    embedder,
    secondOpinion: settings.second_opinion && new HttpSecondOpinion(settings.second_opinion),
    coalescer: new Coalescer(opened.store),
    report,
    clock,
    log,
    random: Math.random,
    close: async () => {
      await opened.close()
      await embedder.close?.()
    },
  }
}

async function openEmbedded(
  embedder: Embedder,
  settings: CacheSettings,
  { clock, share, metrics }: Services,
  report: CacheReport,
): Promise<Opened> {
  const own: { store?: MemoryCacheStore } = {}
  const store = await share<CacheStore>('store', () => {
    own.store = new MemoryCacheStore({
      maxEntries: settings.max_entries,
      limits: limitsOf(settings),
      embedder: embedder.identity,
      dimensions: embedder.dimensions,
      storePrompts: settings.store_prompts,
      now: clock.now,
      onEvicted: report.evicted,
    })
    return own.store
  })
  const inventory = own.store
  if (inventory) {
    metrics.observedGauge('llm_cache_entries', ENTRIES_HELP, () => inventory.size.entries)
    metrics.observedGauge('llm_cache_bytes', BYTES_HELP, () => inventory.size.bytes)
  }
  return { store, local: own.store, inventory, close: async () => {} }
}

async function openInRedis(
  redis: NonNullable<Services['redis']>,
  embedder: Embedder,
  settings: CacheSettings,
  { clock, log, metrics, role, redisKeys }: Services,
  report: CacheReport,
): Promise<Opened> {
  const { identity, dimensions } = embedder
  const inner = new RedisCacheStore(redis, {
    keys: redisKeys,
    identity,
    dimensions,
    limits: limitsOf(settings),
    storePrompts: settings.store_prompts,
    searchTimeoutMs: settings.redis_deadline_ms,
    now: clock.now,
    log,
    onEvicted: report.evicted,
  })
  const store = new GuardedCacheStore(inner, {
    readMs: settings.redis_deadline_ms,
    writeMs: settings.redis_write_deadline_ms,
    report: report.storeFailed,
  })
  // A Redis that is away now is prepared by the first search or sweep after it has come back.
  await inner.prepare().catch((err: unknown) => log.warn({ err }, 'the cache’s index is not ready'))
  if (role === 'requests')
    return { store, local: undefined, inventory: undefined, close: () => inner.close() }
  const inventory = new RedisInventory(redis, inner, { identity, dimensions })
  const last = { entries: 0, bytes: 0 }
  metrics.observedGauge('llm_cache_entries', ENTRIES_HELP, () => last.entries)
  metrics.observedGauge('llm_cache_bytes', BYTES_HELP, () => last.bytes)
  const sweep = async () => {
    // Without RediSearch there are no indexes, and books all the same.
    await Promise.allSettled([inner.prepare(), inventory.prepare()])
    await inventory.sweep(clock.now())
    Object.assign(last, await inventory.totals())
  }
  const sweepQuietly = () => sweep().catch((err: unknown) => log.debug({ err }, 'cache sweep failed'))
  await sweepQuietly()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  // Not an interval: a round that takes longer than the pause must not meet the next one.
  const sweepLater = () => {
    timer = setTimeout(
      () => void sweepQuietly().then(() => isClosed || sweepLater()),
      settings.sweep_ms,
    ).unref()
  }
  sweepLater()
  return {
    store,
    local: undefined,
    inventory,
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await inner.close()
    },
  }
}

const ENTRIES_HELP = 'Entries in the cache, of all runners that share it.'
const BYTES_HELP = 'Bytes of packed answers and vectors in the cache.'

function limitsOf(settings: CacheSettings) {
  return { maxEntries: settings.max_scope_entries, maxBytes: settings.max_scope_bytes }
}
