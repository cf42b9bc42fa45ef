/** Conditions of nginx's `proxy_next_upstream`. */
export type Failure =
  | 'error'
  | 'timeout'
  | 'invalid_header'
  | 'http_403'
  | 'http_404'
  | 'http_429'
  | 'http_500'
  | 'http_502'
  | 'http_503'
  | 'http_504'

const STATUS_FAILURES: ReadonlyMap<number, Failure> = new Map([
  [403, 'http_403'],
  [404, 'http_404'],
  [429, 'http_429'],
  [500, 'http_500'],
  [502, 'http_502'],
  [503, 'http_503'],
  [504, 'http_504'],
])

const NON_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH'])

/** When nginx passes a request on to the next node (ngx_http_upstream_test_next, ngx_http_upstream_next). */
export class NextUpstream {
  readonly #conditions: ReadonlySet<string>

  /** @param directive the value of `proxy_next_upstream`, e.g. `error timeout http_503 non_idempotent`. */
  constructor(directive: string) {
    this.#conditions = new Set(directive.replace(/;$/, '').split(/\s+/))
  }

  /** The condition an upstream's status stands for, if it is one. */
  failureOf(status: number): Failure | undefined {
    return STATUS_FAILURES.get(status)
  }

  /** POST, LOCK and PATCH need `non_idempotent` once the request has been sent. */
  allows(failure: Failure, method: string, requestSent: boolean): boolean {
    if (this.#conditions.has('off') || !this.#conditions.has(failure)) return false
    return !requestSent || !NON_IDEMPOTENT.has(method) || this.#conditions.has('non_idempotent')
  }
}

/** The status nginx notes and answers for a failed try. */
export function statusOf(failure: Failure): number {
  switch (failure) {
    case 'timeout':
    case 'http_504':
      return 504
    case 'http_500':
      return 500
    case 'http_503':
      return 503
    case 'http_403':
      return 403
    case 'http_404':
      return 404
    case 'http_429':
      return 429
    default:
      return 502
  }
}
