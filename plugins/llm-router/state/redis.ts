import { setTimeout as sleep } from 'node:timers/promises'
import type { Services } from '../../../runner/plugin.ts'
import type { BreakerSettings, RouterSettings } from '../settings.ts'
import { type Breaker, FORGOTTEN_MS, fold, takeProbe } from './breaker.ts'
import { EARLY_END_MS } from './in-flight.ts'
import { pictureOf } from './memory.ts'
import type { Changes, InFlightChange, RouterState, Signal, Snapshot } from './port.ts'
import { CHANGE_IN_FLIGHT, READ_BREAKERS, SNAPSHOT, SWAP_BREAKERS } from './redis-scripts.ts'

type Redis = NonNullable<Services['redis']>
/** The next breaker, or undefined to leave it. */
type Step = (before: Breaker | undefined, now: number) => Breaker | undefined

const MAX_SWAPS = 12
const MAX_PAUSE_MS = 32

/**
 * The state of all instances. Keys, all in one hash slot:
 *   {prefix}:breakers             hash, `provider|model` to a breaker as JSON
 *   {prefix}:in-flight:<provider> sorted set, request id by expiry
 *   {prefix}:ended:<provider>     sorted set, ends that came before their beginning, by expiry
 * A breaker changes by compare-and-swap, so its rules stand in breaker.ts alone. Every key expires when unused.
 */
export class RedisRouterState implements RouterState {
  readonly #redis: Redis
  readonly #settings: BreakerSettings
  readonly #inFlightTtlMs: number
  readonly #prefix: string
  readonly #providers = new Set<string>()

  constructor(redis: Redis, settings: RouterSettings) {
    this.#redis = redis
    this.#settings = settings.breaker
    this.#inFlightTtlMs = settings.in_flight_ttl_ms
    this.#prefix = `{${settings.redis_key_prefix}}`
  }

  async apply({ signals, inFlight, declared }: Changes): Promise<void> {
    for (const provider of Object.keys(declared)) this.#providers.add(provider)
    await Promise.all([this.#fold(signals), ...grouped(inFlight).map((changes) => this.#count(changes))])
  }

  async snapshot(): Promise<Snapshot> {
    const providers = [...this.#providers]
    const keys = [this.#breakersKey, ...providers.map((provider) => this.#inFlightKey(provider))]
    const [now, fields, counts] = (await this.#redis.eval(SNAPSHOT, keys.length, ...keys)) as [
      number,
      string[],
      number[],
    ]
    const breakers = new Map<string, Breaker>()
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const breaker = parse(fields[i + 1])
      if (breaker && now - breaker.touchedAt < FORGOTTEN_MS) breakers.set(fields[i] ?? '', breaker)
    }
    const inFlight = Object.fromEntries(providers.map((provider, i) => [provider, counts[i] ?? 0]))
    return { ...pictureOf(breakers, now), inFlight, upstreamsDown: {} }
  }

  async acquireProbe(breaker: string): Promise<boolean> {
    const taken = await this.#change(
      new Map([[breaker, (before, now) => takeProbe(before, now, this.#settings)]]),
    )
    return taken.has(breaker)
  }

  async #fold(signals: readonly Signal[]): Promise<void> {
    const steps = new Map<string, Step>()
    for (const signal of signals) {
      const earlier = steps.get(signal.breaker)
      steps.set(signal.breaker, (before, now) =>
        fold(earlier ? earlier(before, now) : before, signal, now, this.#settings),
      )
    }
    await this.#change(steps)
  }

  /** Gives the breakers that were written. @throws Error when others keep changing one. */
  async #change(steps: ReadonlyMap<string, Step>): Promise<Set<string>> {
    const written = new Set<string>()
    let open = [...steps]
    for (let swaps = 0; open.length > 0; swaps++) {
      if (swaps === MAX_SWAPS) {
        throw new Error('a circuit breaker in Redis changes faster than it can be read')
      }
      // Whoever lost a race comes back at another moment than those who lost with it.
      if (swaps > 0) await sleep(Math.random() * Math.min(2 ** swaps, MAX_PAUSE_MS))
      const names = open.map(([name]) => name)
      const [now, ...values] = (await this.#redis.eval(READ_BREAKERS, 1, this.#breakersKey, ...names)) as [
        number,
        ...string[],
      ]
      const swapsWanted = open.flatMap(([name, step], i) => {
        const after = step(parse(values[i]), now)
        return after ? [{ name, step, before: values[i] ?? '', after: JSON.stringify(after) }] : []
      })
      if (swapsWanted.length === 0) break
      const args = swapsWanted.flatMap(({ name, before, after }) => [name, before, after])
      const done = (await this.#redis.eval(
        SWAP_BREAKERS,
        1,
        this.#breakersKey,
        2 * FORGOTTEN_MS,
        ...args,
      )) as number[]
      open = []
      for (const [i, { name, step }] of swapsWanted.entries()) {
        if (done[i] === 1) written.add(name)
        else open.push([name, step])
      }
    }
    return written
  }

  async #count(changes: readonly InFlightChange[]): Promise<void> {
    const provider = changes[0]?.provider
    if (provider === undefined) return
    this.#providers.add(provider)
    await this.#redis.eval(
      CHANGE_IN_FLIGHT,
      2,
      this.#inFlightKey(provider),
      `${this.#prefix}:ended:${provider}`,
      this.#inFlightTtlMs,
      EARLY_END_MS,
      ...changes.flatMap(({ change, id }) => [change, id]),
    )
  }

  get #breakersKey(): string {
    return `${this.#prefix}:breakers`
  }

  #inFlightKey(provider: string): string {
    return `${this.#prefix}:in-flight:${provider}`
  }
}

function grouped(changes: readonly InFlightChange[]): InFlightChange[][] {
  const groups = new Map<string, InFlightChange[]>()
  for (const change of changes) {
    const group = groups.get(change.provider)
    if (group) group.push(change)
    else groups.set(change.provider, [change])
  }
  return [...groups.values()]
}

/** Whatever else stands there counts as nothing: the next signal writes it anew. */
function parse(text: string | undefined): Breaker | undefined {
  if (!text) return undefined
  try {
    return JSON.parse(text) as Breaker
  } catch {
    return undefined
  }
}
