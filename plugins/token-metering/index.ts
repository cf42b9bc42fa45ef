import { definePlugin, PASS } from '../../runner/plugin.ts'
import { type MeteringConf, MeteringConfSchema } from './conf.ts'
import { formatMoney } from './cost/money.ts'
import { tiersWithoutLimits } from './limits.ts'
import { priceEvent } from './price-event.ts'
import { meter } from './quota.ts'
import { MeteringSettingsSchema } from './settings.ts'
import { openShared, type Shared } from './shared.ts'
import { toCommitEntry } from './store/commit-entry.ts'
import { ANONYMOUS } from './store/usage-store.ts'
import { readTariff } from './tariff.ts'

interface State {
  readonly conf: MeteringConf
  readonly shared: Shared
}

/** Quotas before the call; tokens, cost and counters after it, each request once. */
export default definePlugin<typeof MeteringConfSchema, typeof MeteringSettingsSchema, Shared, State>({
  name: 'token-metering',
  description: 'Token, request and money quotas by tier; exact cost; each request counted once.',
  conf: MeteringConfSchema,
  settings: MeteringSettingsSchema,
  needs: { body: 'json' },
  onFailure: 'deny',
  checkSettings: readTariff,
  open: openShared,
  close: (shared) => shared.close(),
  prepare: (conf, shared) => {
    const tiers = tiersWithoutLimits(conf as MeteringConf)
    if (tiers.length > 0) {
      shared.log.warn(
        { tiers },
        'tiers of consumers that have no limits; if that is meant, name them with {}',
      )
    }
    return { conf: conf as MeteringConf, shared }
  },
  decide: (request, { conf, shared }, call) => {
    const { endpoint, json } = request
    if (!endpoint || !json || endpoint === 'models') return PASS
    return meter(request, endpoint, json, conf, shared, call)
  },
  finish: (request, { shared }, outcome) => {
    if (outcome.kind === 'forwarded') return
    const released = shared.store.release(request.consumer ?? ANONYMOUS, request.id)
    if (released === undefined) return
    released.catch((err) => {
      shared.log.warn({ err, request_id: request.id }, 'reservation not released; it will expire')
    })
  },
  enrich: (observation, shared) => priceEvent(observation, shared),
  admin: async ({ method, path, query }, { store, calendar, clock }) => {
    const [what, consumer] = path
    if (method !== 'GET' || what !== 'usage' || consumer === undefined || path.length > 2) return undefined
    const day = query.get('day') ?? calendar.day(clock.now())
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return { status: 400, json: { error: 'day is yyyy-mm-dd' } }
    const { picoUsd, ...totals } = await store.usage(consumer, day)
    return {
      status: 200,
      json: {
        consumer,
        day,
        requests: totals.requests,
        prompt_t: totals.promptTokens,
        completion_t: totals.completionTokens,
        total_t: totals.totalTokens,
        cost_usd: formatMoney(picoUsd),
      },
    }
  },
  ledger: ({ store, calendar }) => ({
    commit: (events) => store.commit(events.map((event) => toCommitEntry(event, calendar))),
  }),
})
