import { type CheckTarget, probe } from './probe.ts'

export interface ActiveConf {
  readonly type?: 'http' | 'https' | 'tcp'
  /** Seconds. */
  readonly timeout?: number
  readonly host?: string
  readonly port?: number
  readonly http_method?: string
  readonly http_path?: string
  readonly http_req_body?: string
  readonly https_verify_certificate?: boolean
  readonly req_headers?: readonly string[]
  readonly healthy?: Thresholds
  readonly unhealthy?: Thresholds
}

interface Thresholds {
  /** Seconds; without it lua-resty-healthcheck does not probe. */
  readonly interval?: number
  readonly http_statuses?: readonly number[]
  readonly successes?: number
  readonly http_failures?: number
  readonly tcp_failures?: number
  readonly timeouts?: number
}

export interface ChecksConf {
  readonly active?: ActiveConf
  readonly passive?: { readonly healthy?: Thresholds; readonly unhealthy?: Thresholds }
}

export type Outcome = 'tcp_failure' | 'timeout_failure' | { readonly status: number }
type HealthStatus = 'healthy' | 'mostly_healthy' | 'mostly_unhealthy' | 'unhealthy'

interface Counter {
  http_failure: number
  success: number
  tcp_failure: number
  timeout_failure: number
}

interface TargetState {
  readonly target: CheckTarget
  status: HealthStatus
  readonly counter: Counter
}

interface Limits {
  readonly healthyStatuses: readonly number[]
  readonly unhealthyStatuses: readonly number[]
  readonly successes: number
  readonly http_failure: number
  readonly tcp_failure: number
  readonly timeout_failure: number
}

/** Defaults of lua-resty-healthcheck; the passive ones hold even when no `passive` is configured. */
const PASSIVE_HEALTHY = [
  200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
]
const ACTIVE_UNHEALTHY = [429, 404, 500, 501, 502, 503, 504, 505]

function activeLimits({ healthy, unhealthy }: ActiveConf): Limits {
  return {
    healthyStatuses: healthy?.http_statuses ?? [200, 302],
    unhealthyStatuses: unhealthy?.http_statuses ?? ACTIVE_UNHEALTHY,
    successes: healthy?.successes ?? 2,
    http_failure: unhealthy?.http_failures ?? 5,
    tcp_failure: unhealthy?.tcp_failures ?? 2,
    timeout_failure: unhealthy?.timeouts ?? 3,
  }
}

function passiveLimits(passive: ChecksConf['passive']): Limits {
  return {
    healthyStatuses: passive?.healthy?.http_statuses ?? PASSIVE_HEALTHY,
    unhealthyStatuses: passive?.unhealthy?.http_statuses ?? [429, 500, 503],
    successes: passive?.healthy?.successes ?? 5,
    http_failure: passive?.unhealthy?.http_failures ?? 5,
    tcp_failure: passive?.unhealthy?.tcp_failures ?? 2,
    timeout_failure: passive?.unhealthy?.timeouts ?? 7,
  }
}

export interface NodeStatus {
  readonly ip: string
  readonly port: number
  readonly hostname: string
  readonly hostheader?: string
  readonly status: HealthStatus
  readonly counter: Counter
}

/** Watches the nodes of one upstream (facts section 8, lua-resty-healthcheck). */
export class HealthChecker {
  /** Grows when a node becomes usable or stops being so. */
  statusVersion = 0
  readonly #active: ActiveConf
  readonly #activeLimits: Limits
  readonly #passiveLimits: Limits
  readonly #states: TargetState[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #ca: string | undefined

  constructor(checks: ChecksConf, targets: readonly CheckTarget[], ca: string | undefined) {
    this.#active = checks.active ?? {}
    this.#activeLimits = activeLimits(this.#active)
    this.#passiveLimits = passiveLimits(checks.passive)
    this.#ca = ca
    this.#states = targets.map((target) => ({
      target,
      status: 'healthy',
      counter: { http_failure: 0, success: 0, tcp_failure: 0, timeout_failure: 0 },
    }))
    this.#every(this.#active.healthy?.interval, (status) => isUp(status))
    this.#every(this.#active.unhealthy?.interval, (status) => !isUp(status))
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  isHealthy(node: { readonly ip: string; readonly port: number }): boolean {
    const state = this.#find(node)
    return state === undefined || isUp(state.status)
  }

  /** What the balancer saw: `report_tcp_failure`, `report_timeout`, `report_http_status` with the passive limits. */
  report(node: { readonly ip: string; readonly port: number }, outcome: Outcome): void {
    const state = this.#find(node)
    if (state !== undefined) this.#count(state, outcome, this.#passiveLimits)
  }

  nodes(): NodeStatus[] {
    return this.#states.map(({ target, status, counter }) => ({
      ip: target.ip,
      port: target.port,
      hostname: target.hostname,
      ...(target.hostHeader === undefined ? {} : { hostheader: target.hostHeader }),
      status,
      counter: { ...counter },
    }))
  }

  #find(node: { readonly ip: string; readonly port: number }): TargetState | undefined {
    const port = this.#active.port ?? node.port
    return this.#states.find(({ target }) => target.ip === node.ip && target.port === port)
  }

  #every(seconds: number | undefined, wants: (status: HealthStatus) => boolean): void {
    if (seconds === undefined || seconds <= 0) return
    const timer = setInterval(() => {
      for (const state of this.#states) if (wants(state.status)) void this.#probe(state)
    }, seconds * 1000)
    timer.unref()
    this.#timers.push(timer)
  }

  async #probe(state: TargetState): Promise<void> {
    this.#count(state, await probe(this.#active, state.target, this.#ca), this.#activeLimits)
  }

  /** `incr_counter`: successes clear failures and the other way round; a full counter changes the status. */
  #count(state: TargetState, outcome: Outcome, limits: Limits): void {
    const judged = judge(outcome, limits)
    if (judged === undefined || judged.limit === 0 || state.status === judged.health) return
    const counter = state.counter
    const value = ++counter[judged.name]
    if (judged.name === 'success')
      Object.assign(counter, { http_failure: 0, tcp_failure: 0, timeout_failure: 0 })
    else counter.success = 0
    const before = state.status
    if (value >= judged.limit) state.status = judged.health
    else if (before === 'healthy') state.status = 'mostly_healthy'
    else if (before === 'unhealthy') state.status = 'mostly_unhealthy'
    if (isUp(before) !== isUp(state.status)) this.statusVersion += 1
  }
}

function isUp(status: HealthStatus): boolean {
  return status === 'healthy' || status === 'mostly_healthy'
}

interface Judgement {
  readonly health: 'healthy' | 'unhealthy'
  readonly name: keyof Counter
  readonly limit: number
}

/** A status in neither list (a 401 by default) counts for nothing. */
function judge(outcome: Outcome, limits: Limits): Judgement | undefined {
  if (typeof outcome === 'string') return { health: 'unhealthy', name: outcome, limit: limits[outcome] }
  if (limits.healthyStatuses.includes(outcome.status)) {
    return { health: 'healthy', name: 'success', limit: limits.successes }
  }
  if (outcome.status === 0 || limits.unhealthyStatuses.includes(outcome.status)) {
    return { health: 'unhealthy', name: 'http_failure', limit: limits.http_failure }
  }
  return undefined
}
