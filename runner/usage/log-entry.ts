import { RunnerError } from '../errors.ts'
import { isRecord, type JsonRecord } from '../llm/json.ts'

/**
 * One entry of APISIX's http-logger, read tolerantly: numbers come as numbers or strings, missing values are absent,
 * empty or "-", and values of several upstream attempts are joined with ", ". The names are those of the `log_format`
 * in apisix-conf/, each with the other spellings that are understood.
 */
const NAMES = {
  requestId: ['request_id'],
  apisixRequestId: ['apisix_request_id', 'nginx_request_id'],
  time: ['time', 'msec', 'timestamp'],
  routeId: ['route_id'],
  consumer: ['consumer', 'consumer_name'],
  method: ['request_method', 'method'],
  uri: ['uri', 'request_uri'],
  status: ['status'],
  upstreamStatus: ['upstream_status', 'upstatus'],
  upstreamHeaderTime: ['upstream_header_time', 'ttfb'],
  requestTime: ['request_time', 'rt'],
  completion: ['request_completion', 'completion'],
  requestBody: ['request_body', 'req_body'],
  responseBody: ['response_body', 'resp_body'],
  bodyBytesSent: ['body_bytes_sent'],
  retryAfter: ['retry_after', 'upstream_http_retry_after'],
  contentType: ['content_type', 'sent_http_content_type', 'ct'],
  provider: ['provider', 'prov'],
  llmModel: ['llm_model'],
  llmPromptTokens: ['llm_prompt_tokens'],
  llmCompletionTokens: ['llm_completion_tokens'],
} as const

const { requestBody, responseBody, uri, ...PLAIN } = NAMES
/** Names of fields that hold no text of a request or an answer, and no query with a credential in it. */
export const PLAIN_FIELDS: ReadonlySet<string> = new Set(Object.values(PLAIN).flat())

export interface LogEntry {
  /** The runner's id (from `$sent_http_x_request_id`), else APISIX's own. */
  readonly requestId: string
  /** Milliseconds since the epoch; undefined when the log format has no time. */
  readonly timeMs: number | undefined
  readonly routeId: string | undefined
  readonly consumer: string | undefined
  readonly method: string | undefined
  readonly uri: string | undefined
  readonly status: number
  /** One per attempt; empty when a plugin of APISIX answered. null: the attempt gave no status. */
  readonly upstreamStatuses: readonly (number | null)[]
  /** To the response head of the last attempt. */
  readonly headerTimeMs: number | undefined
  readonly requestTimeMs: number | undefined
  /** false: the client left. undefined: the log format does not say. */
  readonly completed: boolean | undefined
  readonly requestBody: string | undefined
  /** "" when APISIX knows only the size: the client left or the provider cut the stream. */
  readonly responseBody: string | undefined
  readonly responseBytes: number | undefined
  readonly contentType: string | undefined
  /** Retry-After of the answer, as the provider wrote it. */
  readonly retryAfter: string | undefined
  /** Who answered: the `X-LLM-Provider` header of the answer, which the router set. */
  readonly provider: string | undefined
  /** From ai-proxy's variables, where a route uses that plugin. */
  readonly llm:
    | { readonly model?: string; readonly promptTokens?: number; readonly completionTokens?: number }
    | undefined
}

/** Ids are keys in stores and labels in files: a closed set of characters, nothing that a client can grow. */
const ID_FORMAT = /^[\w.:-]{1,128}$/
const MAX_NAME_LENGTH = 256

/** @throws RunnerError LOG_ENTRY_INVALID when the entry cannot be billed exactly once: no id, no status. */
export function readLogEntry(raw: unknown): LogEntry {
  if (!isRecord(raw)) throw invalid('is not a JSON object')
  const requestId = idOf(raw)
  const status = numberOf(find(raw, NAMES.status))
  if (status === undefined || !Number.isInteger(status) || status < 100 || status > 599) {
    throw invalid('has no HTTP status')
  }
  const completion = find(raw, NAMES.completion)
  return {
    requestId,
    timeMs: timeOf(numberOf(find(raw, NAMES.time))),
    routeId: nameOf(find(raw, NAMES.routeId)),
    consumer: nameOf(find(raw, NAMES.consumer)),
    method: nameOf(find(raw, NAMES.method)),
    uri: textOf(find(raw, NAMES.uri)),
    status,
    upstreamStatuses: listOf(find(raw, NAMES.upstreamStatus)).map((item) => countOf(item) ?? null),
    headerTimeMs: millis(find(raw, NAMES.upstreamHeaderTime)),
    requestTimeMs: millis(find(raw, NAMES.requestTime)),
    completed: typeof completion === 'string' ? completion === 'OK' : undefined,
    requestBody: textOf(find(raw, NAMES.requestBody)),
    responseBody: stringOf(find(raw, NAMES.responseBody)),
    responseBytes: countOf(find(raw, NAMES.bodyBytesSent)),
    contentType: textOf(find(raw, NAMES.contentType)),
    retryAfter: nameOf(find(raw, NAMES.retryAfter)),
    provider: nameOf(find(raw, NAMES.provider)),
    llm: llmOf(raw),
  }
}

function find(raw: JsonRecord, names: readonly string[]): unknown {
  for (const name of names) if (raw[name] !== undefined) return raw[name]
  return undefined
}

function idOf(raw: JsonRecord): string {
  // A provider that also sends X-Request-Id adds a second value behind ours.
  const candidates = [...listOf(find(raw, NAMES.requestId)), ...listOf(find(raw, NAMES.apisixRequestId))]
  const id = candidates.find((candidate) => ID_FORMAT.test(candidate))
  if (id === undefined) throw invalid('has no request_id')
  return id
}

function llmOf(raw: JsonRecord): LogEntry['llm'] {
  const promptTokens = countOf(find(raw, NAMES.llmPromptTokens))
  const completionTokens = countOf(find(raw, NAMES.llmCompletionTokens))
  // ai-proxy logs zeros for requests that it did not handle.
  if (!promptTokens && !completionTokens) return undefined
  const model = nameOf(find(raw, NAMES.llmModel))
  return {
    ...(model === undefined ? {} : { model }),
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
  }
}

function textOf(value: unknown): string | undefined {
  const text = stringOf(value)
  return text === '' || text === '-' ? undefined : text
}

function nameOf(value: unknown): string | undefined {
  return textOf(value)?.slice(0, MAX_NAME_LENGTH)
}

function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}

/** No count, time or status is negative, and seconds still have to be whole milliseconds. */
const MAX_NUMBER = Number.MAX_SAFE_INTEGER / 1000

function numberOf(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value)
  const number = isText ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number <= MAX_NUMBER ? number : undefined
}

/** Seconds from 2001 to 2286. */
const PLAUSIBLE_TIME = { from: 1e9, to: 1e10 }

/** Milliseconds given as seconds, or a clock that was never set, would count in a day at which no quota looks. */
function timeOf(seconds: number | undefined): number | undefined {
  const isPlausible = seconds !== undefined && seconds >= PLAUSIBLE_TIME.from && seconds < PLAUSIBLE_TIME.to
  return isPlausible ? Math.round(seconds * 1000) : undefined
}

function countOf(value: unknown): number | undefined {
  const count = numberOf(value)
  return Number.isInteger(count) ? count : undefined
}

/** The patterns that read a list take the square of a run of spaces. This holds a hundred attempts. */
const MAX_LIST_CHARS = 500

/**
 * "503, 200"; after an internal redirect "503 : 200"; "504 : " when no node was left for one more attempt. Of a list that
 * is too long the end, for the last attempt is the one that counts.
 */
function listOf(value: unknown): string[] {
  const text = textOf(value)
    ?.slice(-MAX_LIST_CHARS)
    .replace(/\s+:\s*$/, '')
  return text === undefined ? [] : text.split(/[,:]\s+|\s+:\s+/).map((item) => item.trim())
}

function millis(value: unknown): number | undefined {
  const seconds = numberOf(listOf(value).at(-1))
  return seconds === undefined ? undefined : Math.round(seconds * 1000)
}

function invalid(reason: string): RunnerError {
  return new RunnerError('LOG_ENTRY_INVALID', `log entry ${reason}`)
}
