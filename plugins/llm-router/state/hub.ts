import { type Clock, type Log, within } from '../../../runner/plugin.ts'
import type { ControlApi } from './control-api.ts'
import type { MemoryRouterState } from './memory.ts'
import type { Changes, RouterState, Snapshot } from './port.ts'

/** Workers that ask within this time get the same snapshot. */
const SNAPSHOT_AGE_MS = 200

export interface HubParts {
  readonly memory: MemoryRouterState
  /** Shared by all instances; undefined: there is only this one. */
  readonly shared: RouterState | undefined
  readonly control: ControlApi | undefined
  readonly timeoutMs: number
  readonly clock: Clock
  readonly log: Log
}

/**
 * The state as one instance sees it, made once per instance and called by its workers: shared state while that
 * answers, else the copy in memory, which always counts along; and beside it what the active checks say.
 */
export class Hub implements RouterState {
  readonly #parts: HubParts
  #away = false
  #last: Snapshot | undefined
  #current: { readonly from: number; readonly snapshot: Promise<Snapshot> } | undefined
  readonly #upstreams = new Map<string, string>()

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** Decisions are made with the local copy. */
  get isLocal(): boolean {
    return this.#away
  }

  /** APISIX upstream by provider. */
  get upstreams(): ReadonlyMap<string, string> {
    return this.#upstreams
  }

  async apply(changes: Changes): Promise<void> {
    for (const [provider, upstream] of Object.entries(changes.declared))
      this.#upstreams.set(provider, upstream)
    await this.#parts.memory.apply(changes)
    await this.#shared((shared) => shared.apply(changes))
    this.#current = undefined
  }

  snapshot(): Promise<Snapshot> {
    const now = this.#parts.clock.now()
    if (!this.#current || Math.abs(now - this.#current.from) >= SNAPSHOT_AGE_MS) {
      this.#current = { from: now, snapshot: this.#look() }
    }
    return this.#current.snapshot
  }

  async acquireProbe(breaker: string): Promise<boolean> {
    const granted = await this.#shared((shared) => shared.acquireProbe(breaker))
    return granted ?? this.#parts.memory.acquireProbe(breaker)
  }

  close(): void {
    this.#parts.control?.stop()
  }

  async #look(): Promise<Snapshot> {
    const upstreamsDown = this.#parts.control?.down ?? {}
    const seen = await this.#shared((shared) => shared.snapshot())
    if (seen) this.#last = seen
    return { ...(seen ?? (await this.#parts.memory.snapshot())), upstreamsDown }
  }

  /** undefined: there is no shared state, or it does not answer. */
  async #shared<T>(ask: (shared: RouterState) => Promise<T>): Promise<T | undefined> {
    const { shared, timeoutMs, log, memory } = this.#parts
    if (!shared) return undefined
    try {
      const answer = await within(ask(shared), timeoutMs, () => new Error(`no answer within ${timeoutMs} ms`))
      if (this.#away) log.info({}, 'the shared router state is back')
      this.#away = false
      return answer
    } catch (err) {
      if (!this.#away) {
        log.warn({ err }, 'the shared router state is away: the copy of this instance is used')
        if (this.#last) memory.adopt(this.#last)
      }
      this.#away = true
      return undefined
    }
  }
}
