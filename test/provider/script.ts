import { type Behaviour, parseBehaviours } from './behaviour.ts'

/** What `provider.script()` and `PUT /__script` take. A part that is left out stays as it is. */
export interface ScriptUpdate {
  /** Served before the default, each to the first call that fits it. */
  queue?: Behaviour | Behaviour[]
  /** Tried in order for every call; the first that fits (and wins its `odds`) stands. */
  default?: Behaviour | Behaviour[]
}

export interface CallFacts {
  path: string
  model: string
}

export class Script {
  readonly #provider: string
  readonly #random: () => number
  #queue: Behaviour[] = []
  #defaults: Behaviour[] = []

  constructor(provider: string, seed: number) {
    this.#provider = provider
    this.#random = seededRandom(seed)
  }

  /** Throws TypeError when a behaviour is not well-formed; then nothing has changed. */
  update(update: unknown): void {
    const { queue, default: defaults, ...rest } = Object(update) as Record<string, unknown>
    const unknown = Object.keys(rest)[0]
    if (unknown !== undefined) throw new TypeError(`unknown field in a script: ${unknown}`)
    const nextQueue = queue === undefined ? undefined : parseBehaviours(queue)
    const nextDefaults = defaults === undefined ? undefined : parseBehaviours(defaults)
    if (nextQueue) this.#queue = nextQueue.map((behaviour) => ({ ...behaviour }))
    if (nextDefaults) this.#defaults = nextDefaults
  }

  reset(): void {
    this.#queue = []
    this.#defaults = []
  }

  /** The behaviour for a call: its own `x-scripted` header, else the queue, else the default, else a good answer. */
  choose(call: CallFacts, header: string | undefined): Behaviour {
    if (header !== undefined) {
      const own = this.#first(parseBehaviours(parseHeader(header)), call)
      if (own) return own
    }
    return this.#take(call) ?? this.#first(this.#defaults, call) ?? {}
  }

  /** The behaviour for `GET .../models` and other probes: only what was scripted as the default. */
  chooseForProbe(path: string): Behaviour {
    return this.#first(this.#defaults, { path, model: '' }) ?? {}
  }

  #take(call: CallFacts): Behaviour | undefined {
    const next = this.#first(this.#queue, call)
    if (!next) return undefined
    const left = (next.times ?? 1) - 1
    if (left > 0) next.times = left
    else this.#queue.splice(this.#queue.indexOf(next), 1)
    return next
  }

  #first(behaviours: Behaviour[], call: CallFacts): Behaviour | undefined {
    return behaviours.find((behaviour) => this.#fits(behaviour, call))
  }

  #fits({ only, odds }: Behaviour, call: CallFacts): boolean {
    if (only?.provider !== undefined && only.provider !== this.#provider) return false
    if (only?.path !== undefined && !call.path.endsWith(only.path)) return false
    if (only?.model !== undefined && only.model !== call.model) return false
    return odds === undefined || this.#random() < odds
  }
}

function parseHeader(header: string): unknown {
  try {
    return JSON.parse(header)
  } catch {
    throw new TypeError('x-scripted is not JSON')
  }
}

/** Mulberry32: 32 bits of state, the same numbers for the same seed on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
