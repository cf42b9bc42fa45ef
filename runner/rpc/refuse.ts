import type { RunnerError } from '../errors.ts'
import { errorBody } from '../llm/index.ts'
import type { RequestView, Stop } from '../plugin.ts'
import type { StopAction } from './codec.ts'
import { type PatchedRequest, toEntries } from './request-view.ts'

/** What the client reads when the runner itself refuses: the code and the request id, no internals. */
export function refuse(error: RunnerError, request: { id: string; endpoint: RequestView['endpoint'] }): Stop {
  const { status, type } = error.kind
  const message =
    status < 500 || error.code === 'CONF_INVALID'
      ? error.message
      : `The gateway could not process this request. Request id: ${request.id}`
  return {
    kind: 'stop',
    status,
    headers: status === 503 ? { 'retry-after': '1' } : {},
    body: errorBody(request.endpoint, {
      ...{ message, type, code: error.code.toLowerCase() },
      ...error.forClient,
    }),
  }
}

/** Headers that earlier plugins set for the response stay on a stop; the stop's own win. */
export function toStopAction(stop: Stop, request: PatchedRequest): StopAction {
  const own = new Set(Object.keys(stop.headers ?? {}).map((name) => name.toLowerCase()))
  const inherited = request.respHeaders.filter((entry) => !own.has(entry.name))
  const headers = [...inherited, ...toEntries(stop.headers ?? {})]
  if (!own.has('content-type')) headers.push({ name: 'content-type', value: 'application/json' })
  return {
    kind: 'stop',
    status: stop.status,
    headers,
    body: Buffer.from(stop.body === '' ? '{}' : stop.body),
  }
}
