import { setTimeout as sleep } from 'node:timers/promises'
import { readMetric } from './stack-readings.ts'

/** Breakers and active checks; what an instance does not list is 0, closed or up. */
const METRICS = ['llm_router_breaker_state{', 'llm_router_upstream_down{']
const EVERY_MS = 50

export interface Agreement {
  /** The longest time for which one value differed, so far. */
  readonly longestMs: number
  /** The metric, with labels, that differed for so long. */
  readonly longest: string | undefined
  /** Different pictures that the first instance has had. */
  readonly pictures: number
  /** The pictures of the instances, equal or not, as they were read last. */
  readonly last: readonly ReadonlyMap<string, number>[]
}

/** Polls two runner instances and keeps how long they saw breakers and health differently. */
export class AgreementWatch {
  readonly #usageUrls: readonly [string, string]
  readonly #since = new Map<string, number>()
  readonly #pictures = new Set<string>()
  #longestMs = 0
  #longest: string | undefined
  #last: readonly ReadonlyMap<string, number>[] = []
  #running = true
  readonly #done: Promise<void>

  constructor(usageUrls: readonly [string, string]) {
    this.#usageUrls = usageUrls
    this.#done = this.#watch()
  }

  get seen(): Agreement {
    return {
      longestMs: this.#longestMs,
      longest: this.#longest,
      pictures: this.#pictures.size,
      last: this.#last,
    }
  }

  async stop(): Promise<Agreement> {
    this.#running = false
    await this.#done
    return this.seen
  }

  async #watch(): Promise<void> {
    while (this.#running) {
      const [one, other] = await Promise.all(this.#usageUrls.map(picture))
      if (one && other) this.#compare(one, other, performance.now())
      await sleep(EVERY_MS)
    }
  }

  #compare(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>, now: number): void {
    this.#last = [one, other]
    this.#pictures.add(JSON.stringify([...one].filter(([, value]) => value !== 0).sort()))
    for (const name of new Set([...one.keys(), ...other.keys()])) {
      if ((one.get(name) ?? 0) === (other.get(name) ?? 0)) {
        this.#since.delete(name)
        continue
      }
      const since = this.#since.get(name) ?? now
      this.#since.set(name, since)
      if (now - since <= this.#longestMs) continue
      this.#longestMs = now - since
      this.#longest = name
    }
  }
}

async function picture(usageUrl: string): Promise<ReadonlyMap<string, number>> {
  const values = new Map<string, number>()
  for (const metric of METRICS) {
    for (const line of (await readMetric(usageUrl, metric)).split('\n').filter(Boolean)) {
      const end = line.lastIndexOf(' ')
      values.set(line.slice(0, end), Number(line.slice(end + 1)))
    }
  }
  return values
}
