/**
 * Every failure the runner itself can name. `wire` is what APISIX reads when no Stop can be built (Err.Resp.code),
 * `status` and `type` are what the API client reads when one can, `log` is the level of the operator's line.
 * docs/errors.md lists the same codes; a test keeps the two equal.
 */
export const CATALOG = {
  FRAME_TOO_LARGE: { wire: 'BAD_REQUEST', status: 503, type: 'server_error', log: 'error' },
  FRAME_INVALID: { wire: 'BAD_REQUEST', status: 503, type: 'server_error', log: 'error' },
  FRAME_UNEXPECTED: { wire: 'BAD_REQUEST', status: 503, type: 'server_error', log: 'error' },
  CONF_TOKEN_UNKNOWN: { wire: 'CONF_TOKEN_NOT_FOUND', status: 503, type: 'server_error', log: 'info' },
  CONF_INVALID: { wire: 'BAD_REQUEST', status: 500, type: 'server_error', log: 'error' },
  BODY_INVALID: { wire: 'BAD_REQUEST', status: 400, type: 'invalid_request_error', log: 'info' },
  BODY_TOO_LARGE: { wire: 'BAD_REQUEST', status: 413, type: 'invalid_request_error', log: 'info' },
  BODY_TOO_COMPLEX: { wire: 'BAD_REQUEST', status: 413, type: 'invalid_request_error', log: 'info' },
  REPLY_TOO_LARGE: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'error' },
  PLUGIN_FAILED: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'error' },
  DEADLINE_EXCEEDED: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'error' },
  PEER_GONE: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'info' },
  SHUTTING_DOWN: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'info' },
  LISTEN_FAILED: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'fatal' },
  SETTINGS_INVALID: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'fatal' },
  LOG_ENTRY_INVALID: { wire: 'BAD_REQUEST', status: 400, type: 'invalid_request_error', log: 'warn' },
  STORE_UNAVAILABLE: { wire: 'SERVICE_UNAVAILABLE', status: 503, type: 'server_error', log: 'error' },
} as const satisfies Record<string, ErrorKind>

interface ErrorKind {
  wire: 'BAD_REQUEST' | 'SERVICE_UNAVAILABLE' | 'CONF_TOKEN_NOT_FOUND'
  status: number
  type: 'server_error' | 'invalid_request_error'
  log: 'info' | 'warn' | 'error' | 'fatal'
}

export type ErrorCode = keyof typeof CATALOG

/** What an API says of a wrong request in place of our code. */
export interface ForClient {
  readonly code: string
  readonly param: string | null
}

/** The one error class. `message` is for operators: it names the thing, the value and the limit, never a prompt or a key. */
export class RunnerError extends Error {
  readonly code: ErrorCode
  readonly forClient: ForClient | undefined

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { forClient?: ForClient }) {
    super(message, options)
    this.name = 'RunnerError'
    this.code = code
    this.forClient = options?.forClient
  }

  get kind(): ErrorKind {
    return CATALOG[this.code]
  }
}

/** Wraps anything thrown into a RunnerError; one that already is passes unchanged. */
export function toRunnerError(error: unknown, code: ErrorCode, context: string): RunnerError {
  if (error instanceof RunnerError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new RunnerError(code, `${context}: ${reason}`, { cause: error })
}
