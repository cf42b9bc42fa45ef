import { type Clock, type Log, readBody } from '../../../runner/plugin.ts'
import type { RouterSettings } from '../settings.ts'
import type { UpstreamsDown } from './port.ts'

const UPSTREAM_NAME = /^\/apisix\/upstreams\/([\w.-]{1,64})$/

/** For so long an upstream may be down; then one poll leaves it out, so that it is asked. */
const BELIEVED_MS = 10_000

/**
 * What APISIX's active checks say, polled from its control API. It only ever takes upstreams out: an answer that is
 * old, broken or too long says nothing.
 *
 * Nor is it believed for ever. APISIX checks an upstream from the first request on that a worker has for it, and keeps the
 * result over a reload, after which nobody checks: an upstream that is never asked would stay down for good.
 */
export class ControlApi {
  readonly #url: string
  readonly #settings: RouterSettings
  readonly #clock: Clock
  readonly #log: Log
  #down: UpstreamsDown = {}
  readonly #believedSince = new Map<string, number>()
  #answeredAt = Number.NEGATIVE_INFINITY
  #failing = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(controlUrl: string, settings: RouterSettings, clock: Clock, log: Log) {
    this.#url = `${controlUrl.replace(/\/+$/, '')}/v1/healthcheck`
    this.#settings = settings
    this.#clock = clock
    this.#log = log
  }

  /** By the id of the upstream. */
  get down(): UpstreamsDown {
    return this.isFresh ? this.#down : {}
  }

  get isFresh(): boolean {
    return this.#clock.now() - this.#answeredAt < this.#settings.control_stale_ms
  }

  start(): void {
    const again = () => {
      // Stopped while a poll was under way.
      if (this.#stopped) return
      this.#timer = setTimeout(() => void this.poll().finally(again), this.#settings.control_interval_ms)
      this.#timer.unref()
    }
    void this.poll()
    again()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Never rejects. */
  async poll(): Promise<void> {
    const { control_timeout_ms, control_max_bytes, control_ignored_ports } = this.#settings
    try {
      const signal = AbortSignal.timeout(control_timeout_ms)
      const answer = await fetch(this.#url, { signal, headers: { accept: 'application/json' } })
      const text = await readBody(answer.body ?? [], control_max_bytes)
      if (text === undefined) throw new Error(`the answer is longer than ${control_max_bytes} bytes`)
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
      this.#down = this.#believed(upstreamsDown(JSON.parse(text), new Set(control_ignored_ports)))
      this.#answeredAt = this.#clock.now()
      if (this.#failing) this.#log.info({}, 'the control API answers again')
      this.#failing = false
    } catch (err) {
      if (!this.#failing) this.#log.warn({ err }, 'the control API of APISIX does not answer')
      this.#failing = true
    }
  }

  #believed(down: UpstreamsDown): UpstreamsDown {
    const now = this.#clock.now()
    for (const id of this.#believedSince.keys()) if (!Object.hasOwn(down, id)) this.#believedSince.delete(id)
    const believed = Object.entries(down).filter(([id]) => {
      const since = this.#believedSince.get(id)
      const isOld = since !== undefined && now - since >= BELIEVED_MS
      if (isOld || since === undefined) this.#believedSince.set(id, now)
      return !isOld
    })
    return Object.fromEntries(believed)
  }
}

/** Reads the array of /v1/healthcheck, tolerantly: what has another shape says nothing. */
export function upstreamsDown(answer: unknown, failoverPorts: ReadonlySet<number>): UpstreamsDown {
  if (!Array.isArray(answer)) {
    // So cjson writes an empty list: no upstream has checks.
    if (JSON.stringify(answer) === '{}') return {}
    throw new Error('the answer is no array')
  }
  const entries = answer.flatMap((checker: { name?: unknown; nodes?: unknown } | null) => {
    const id = UPSTREAM_NAME.exec(String(checker?.name ?? ''))?.[1]
    if (id === undefined || !Array.isArray(checker?.nodes)) return []
    const nodes = (checker.nodes as (CheckedNode | null)[]).filter((node) => node !== null)
    const provider = nodes.filter(({ port }) => !failoverPorts.has(Number(port)))
    if (provider.length === 0 || !provider.every(isUnhealthy)) return []
    // APISIX leaves unhealthy nodes out as long as there is another one; without any it tries them all.
    return [[id, nodes.every(isUnhealthy) ? 'down' : 'skipped'] as const]
  })
  return Object.fromEntries(entries)
}

interface CheckedNode {
  readonly port?: unknown
  readonly status?: unknown
}

function isUnhealthy({ status }: CheckedNode): boolean {
  return status === 'unhealthy' || status === 'mostly_unhealthy'
}
