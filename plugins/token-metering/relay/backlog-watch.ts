import type { Services } from '../../../runner/plugin.ts'
import type { Outbox } from './outbox.ts'

const LOOK_EVERY_MS = 5_000

interface Lag {
  readonly records: number
  readonly seconds: number
}

/**
 * Shows what waits in the outboxes, and says in the log that the oldest record has waited longer than `alarmS` seconds:
 * once, until it is better. Outboxes of one name stand in one line of the page, the one that is furthest behind.
 */
export class BacklogWatch {
  readonly #outboxes: readonly Outbox[]
  readonly #alarmS: number
  readonly #services: Pick<Services, 'metrics' | 'clock' | 'log'>
  #alarmed = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    outboxes: readonly Outbox[],
    alarmS: number,
    services: Pick<Services, 'metrics' | 'clock' | 'log'>,
  ) {
    this.#outboxes = outboxes
    this.#alarmS = alarmS
    this.#services = services
  }

  start(): void {
    // Of a store that does not answer the relays say so themselves; the gauges keep what was seen last.
    this.#timer = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** @throws what an outbox throws that cannot be read */
  async look(): Promise<void> {
    const { metrics, log } = this.#services
    const waiting = metrics.gauge('llm_outbox_waiting', 'Records that wait for a sink.', ['outbox'])
    const age = metrics.gauge('llm_outbox_oldest_seconds', 'Age of the oldest of them.', ['outbox'])
    let oldest = 0
    for (const [outbox, { records, seconds }] of await this.#lags()) {
      waiting.set({ outbox }, records)
      age.set({ outbox }, seconds)
      oldest = Math.max(oldest, seconds)
    }
    const isLate = oldest > this.#alarmS
    if (isLate && !this.#alarmed) {
      log.error({ seconds: Math.round(oldest) }, 'usage events do not reach their sink')
    }
    this.#alarmed = isLate
  }

  async #lags(): Promise<ReadonlyMap<string, Lag>> {
    const lags = new Map<string, Lag>()
    for (const outbox of this.#outboxes) {
      const { records, oldestMs } = await outbox.backlog()
      const now = this.#services.clock.now()
      const seconds = oldestMs === undefined ? 0 : Math.max(0, (now - oldestMs) / 1000)
      const other = lags.get(outbox.name)
      lags.set(outbox.name, {
        records: Math.max(records, other?.records ?? 0),
        seconds: Math.max(seconds, other?.seconds ?? 0),
      })
    }
    return lags
  }
}
