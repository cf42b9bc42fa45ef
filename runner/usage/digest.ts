import { RunnerError } from '../errors.ts'
import {
  type AnswerSummary,
  type Endpoint,
  endpointOf,
  type RequestFeatures,
  readUsage,
  requestFeatures,
} from '../llm/index.ts'
import { isRecord, parseJson } from '../llm/json.ts'
import { type LogEntry, readLogEntry } from './log-entry.ts'
import { withoutTexts } from './without-texts.ts'

/** A log entry with what its two bodies say about usage. Their texts are read later, and only if somebody asks. */
export interface DigestedEntry {
  readonly entry: LogEntry
  readonly endpoint: Endpoint | undefined
  readonly features: RequestFeatures | undefined
  readonly answer: AnswerSummary | undefined
}

export interface Digest {
  readonly entries: readonly DigestedEntry[]
  readonly rejected: readonly Rejected[]
}

/** An entry that could not be read; kept aside without its texts, never in the way of its batch. */
export interface Rejected {
  readonly reason: string
  readonly entry: unknown
}

/**
 * A post of http-logger > entries: one object (`batch_max_size: 1`), an array, or objects on lines of their own
 * (`concat_method: new_line`). Pure, so that big posts can be digested in a worker thread.
 */
export function digestPost(post: Buffer): Digest {
  const entries: DigestedEntry[] = []
  const rejected: Rejected[] = []
  for (const raw of splitPost(post.toString('utf8'), rejected)) {
    try {
      entries.push(digestEntry(raw))
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      rejected.push({ reason: error.message, entry: withoutTexts(raw) })
    }
  }
  return { entries, rejected }
}

function splitPost(text: string, rejected: Rejected[]): unknown[] {
  const whole = parseJson(text)
  if (Array.isArray(whole)) return whole
  if (whole !== undefined) return [whole]
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const raw = parseJson(line)
      if (raw === undefined) rejected.push({ reason: 'log entry is not JSON', entry: withoutTexts(line) })
      return raw === undefined ? [] : [raw]
    })
}

function digestEntry(raw: unknown): DigestedEntry {
  const entry = readLogEntry(raw)
  const { requestBody, responseBody } = entry
  const answer = responseBody ? readUsage(responseBody, hintOf(entry)) : undefined
  const endpoint = endpointOf(entry.method ?? 'POST', entry.uri ?? '') ?? endpointFromApi(answer?.api)
  const request = requestBody ? parseJson(requestBody) : undefined
  // A log format without the path still tells the model and whether it streamed: every API says both alike.
  const features = isRecord(request) ? requestFeatures(endpoint ?? 'chat-completions', request) : undefined
  return { entry, endpoint, features, answer }
}

export function hintOf({ status, contentType }: LogEntry): { status: number; contentType?: string } {
  return { status, ...(contentType === undefined ? {} : { contentType }) }
}

const ENDPOINT_OF_API: Readonly<Record<string, Endpoint>> = {
  'openai-chat': 'chat-completions',
  'openai-completions': 'completions',
  'openai-responses': 'responses',
  'openai-embeddings': 'embeddings',
  anthropic: 'messages',
}

function endpointFromApi(api: string | undefined): Endpoint | undefined {
  return api === undefined ? undefined : ENDPOINT_OF_API[api]
}
