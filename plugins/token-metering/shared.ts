import { type Clock, type Log, RunnerError, type Services } from '../../runner/plugin.ts'
import { ByteRatios } from './byte-ratios.ts'
import type { Calendar } from './calendar.ts'
import { keepRatios } from './keep-ratios.ts'
import { EventPricer } from './pricer.ts'
import { openRelays } from './relay/open-relays.ts'
import type { MeteringSettings } from './settings.ts'
import { openEmbeddedStore } from './store/open-embedded-store.ts'
import { openRedisStore } from './store/open-redis-store.ts'
import type { UsageStore } from './store/usage-store.ts'
import { readTariff } from './tariff.ts'
import type { TenantMode } from './tenants/apply.ts'
import { TenantDirectory } from './tenants/directory.ts'
import { TenantRepository } from './tenants/tenant.ts'
import { TokenCounter } from './tokens/token-counter.ts'
import { tokenizerFor } from './tokens/tokenizer.ts'

/** What one process has open for this plugin. */
export interface Shared {
  readonly store: UsageStore
  readonly pricer: EventPricer
  readonly counter: TokenCounter
  readonly ratios: ByteRatios
  readonly calendar: Calendar
  readonly clock: Clock
  readonly log: Log
  /** undefined: there are no tenants in Redis, or nobody asks for them. */
  readonly tenants: TenantDirectory | undefined
  readonly tenantMode: TenantMode
  decided(tier: string, result: string): void
  close(): Promise<void>
}

export async function openShared(settings: MeteringSettings, services: Services): Promise<Shared> {
  const { metrics, log, clock } = services
  const { calendar, prices, rates } = readTariff(settings)
  const unpriced = metrics.counter('llm_unpriced_events_total', 'Events whose model has no price.', [
    'provider',
  ])
  const clamped = metrics.counter('llm_usage_clamped_total', 'Token counts that could not be true.')
  const decisions = metrics.counter(
    'llm_quota_decisions_total',
    'Requests by tier and what the quotas said.',
    ['tier', 'result'],
  )
  // Building the tables takes about 100 ms an encoding: now, not in the first request.
  for (const encoding of ['o200k_base', 'cl100k_base'] as const) tokenizerFor(encoding)
  const pricer = new EventPricer(prices, rates, {
    unpriced: (event) => {
      unpriced.inc({ provider: event.provider ?? 'none' })
      log.warn(
        { model: event.model, provider: event.provider, request_id: event.request_id },
        'model has no price',
      )
    },
    clamped: (count) => clamped.inc(count),
  })
  const opened = services.redis
    ? await openRedisStore(services.redis, settings, services, calendar)
    : await openEmbeddedStore(settings, services, calendar)
  const relays = await openRelays(opened, settings, services)
  const ratios = new ByteRatios()
  const keptRatios = await keepRatios(ratios, services)
  const counter = new TokenCounter({ worker: settings.token_worker })
  return {
    store: opened.store,
    pricer,
    counter,
    ratios,
    calendar,
    clock,
    log,
    tenants: openTenants(settings, services),
    tenantMode: settings.tenants,
    decided: (tier, result) => decisions.inc({ tier, result }),
    close: async () => {
      await counter.close()
      await keptRatios.close()
      await relays.stop()
      await opened.close()
    },
  }
}

function openTenants(settings: MeteringSettings, services: Services): TenantDirectory | undefined {
  const { redis, redisKeys, clock, log } = services
  if (settings.tenants === 'off') return undefined
  if (!redis) {
    throw new RunnerError('SETTINGS_INVALID', `tenants: ${settings.tenants} needs redis in the settings`)
  }
  const repository = new TenantRepository(redis, redisKeys.prefix)
  return new TenantDirectory((consumer) => repository.get(consumer), {
    cacheMs: settings.tenants_cache_ms,
    deadlineMs: settings.redis_deadline_ms,
    now: clock.now,
    log,
  })
}
