import type { Clock } from '../../../runner/plugin.ts'
import type { RouterSettings } from '../settings.ts'
import { type Breaker, FORGOTTEN_MS, fold, opened, takeProbe } from './breaker.ts'
import { InFlight } from './in-flight.ts'
import type { Changes, RouterState, Snapshot } from './port.ts'

/** The state of one instance without Redis, and its copy for the time when Redis is away. */
export class MemoryRouterState implements RouterState {
  readonly #settings: RouterSettings
  readonly #clock: Clock
  readonly #breakers = new Map<string, Breaker>()
  readonly #inFlight = new Map<string, InFlight>()

  constructor(settings: RouterSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  async apply({ signals, inFlight }: Changes): Promise<void> {
    const now = this.#clock.now()
    for (const signal of signals) {
      const folded = fold(this.#breakers.get(signal.breaker), signal, now, this.#settings.breaker)
      this.#breakers.set(signal.breaker, folded)
    }
    for (const change of inFlight) this.#queueOf(change.provider).apply(change, now)
  }

  async snapshot(): Promise<Snapshot> {
    const now = this.#clock.now()
    for (const [key, { touchedAt }] of this.#breakers) {
      if (now - touchedAt > FORGOTTEN_MS) this.#breakers.delete(key)
    }
    const inFlight: Record<string, number> = {}
    for (const [provider, queue] of this.#inFlight) inFlight[provider] = queue.count(now)
    return { ...pictureOf(this.#breakers, now), inFlight, upstreamsDown: {} }
  }

  async acquireProbe(breaker: string): Promise<boolean> {
    const taken = takeProbe(this.#breakers.get(breaker), this.#clock.now(), this.#settings.breaker)
    if (taken) this.#breakers.set(breaker, taken)
    return taken !== undefined
  }

  /** Opens what was open elsewhere. */
  adopt({ breakers }: Snapshot): void {
    const now = this.#clock.now()
    for (const [key, { cause, forMs }] of Object.entries(breakers)) {
      if (!this.#breakers.get(key)?.open) this.#breakers.set(key, opened(cause, forMs, now))
    }
  }

  #queueOf(provider: string): InFlight {
    let queue = this.#inFlight.get(provider)
    if (!queue) {
      queue = new InFlight(this.#settings.in_flight_ttl_ms)
      this.#inFlight.set(provider, queue)
    }
    return queue
  }
}

/** What a snapshot says of breakers. */
export function pictureOf(
  breakers: Iterable<readonly [string, Breaker]>,
  now: number,
): Pick<Snapshot, 'breakers' | 'ttftMs'> {
  const open: Record<string, Snapshot['breakers'][string]> = {}
  const ttft: Record<string, number> = {}
  for (const [key, { open: cause, until, ttftMs, ttftAt }] of breakers) {
    if (cause !== null) open[key] = { cause, forMs: until - now }
    if (ttftMs !== null && now - ttftAt < FORGOTTEN_MS) ttft[key] = ttftMs
  }
  return { breakers: open, ttftMs: ttft }
}
