import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import type { Consumer, Stack } from './stack.ts'

/** A question that no other test asks, so that no cache answers it. */
export function question(about = 'the weather'): { role: 'user'; content: string }[] {
  return ask(`Question ${randomUUID()}: tell me about ${about}.`)
}

export function ask(content: string): { role: 'user'; content: string }[] {
  return [{ role: 'user', content }]
}

/** What a client saw of one chat completion, whatever became of it. */
export interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly model: string | undefined
  readonly finish: string | null | undefined
  /** The transfer ended before its end. */
  readonly broken: boolean
  readonly error: InstanceType<typeof OpenAI.APIError> | undefined
  /** The body, byte for byte as far as it came. */
  readonly raw: string
}

export interface ChatOptions {
  readonly consumer?: Consumer
  readonly model?: string
  readonly stream?: boolean
  readonly messages?: OpenAI.ChatCompletionMessageParam[]
  readonly headers?: Record<string, string>
  readonly more?: object
}

/** Asks with the openai client and keeps what came over the wire beside what the client made of it. */
export async function chat(stack: Stack, options: ChatOptions = {}): Promise<Seen> {
  const { consumer = 'business_unit_A', model = 'gpt-4', stream = false, messages = question() } = options
  const wire = recordingFetch()
  const client = stack.client(consumer).withOptions({ fetch: wire.fetch })
  const body = { model, messages, ...options.more }
  const heard = { text: '', model: undefined as string | undefined, finish: undefined as Seen['finish'] }
  let error: unknown
  try {
    if (stream) {
      const chunks = await client.chat.completions.create(
        { ...body, stream: true },
        { headers: options.headers ?? {} },
      )
      for await (const chunk of chunks) {
        heard.model = chunk.model
        heard.text += chunk.choices[0]?.delta.content ?? ''
        heard.finish = chunk.choices[0]?.finish_reason ?? heard.finish
      }
    } else {
      const answer = await client.chat.completions.create(body, { headers: options.headers ?? {} })
      heard.model = answer.model
      heard.text = answer.choices[0]?.message.content ?? ''
      heard.finish = answer.choices[0]?.finish_reason
    }
  } catch (caught) {
    error = caught
  }
  const { raw, broken } = await wire.body()
  const status = wire.status()
  const apiError = error instanceof OpenAI.APIError && error.status !== undefined ? error : undefined
  assert.ok(error === undefined || apiError !== undefined || broken, `the client failed: ${error}`)
  return { status, headers: wire.headers(), ...heard, broken, error: apiError, raw }
}

/** A fetch that keeps a copy of the last answer. */
function recordingFetch() {
  let response: Response | undefined
  let copy: Promise<{ raw: string; broken: boolean }> = Promise.resolve({ raw: '', broken: false })
  return {
    fetch: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const answer = await fetch(input, init)
      response = answer
      copy = readAll(answer.clone())
      return answer
    },
    status: () => response?.status ?? 0,
    headers: () => response?.headers ?? new Headers(),
    body: () => copy,
  }
}

/** The body as far as it comes, and whether it broke off. */
export async function readAll(response: Response): Promise<{ raw: string; broken: boolean }> {
  const decoder = new TextDecoder()
  let raw = ''
  try {
    for await (const chunk of response.body ?? [])
      raw += decoder.decode(chunk as Uint8Array, { stream: true })
    return { raw, broken: false }
  } catch {
    return { raw, broken: true }
  }
}

export interface SseEvent {
  readonly event: string | undefined
  readonly data: string
}

/** Events of a whole SSE body. @throws when a line is not of the format, an event is JSON of no kind, or cut off. */
export function parseSse(raw: string): SseEvent[] {
  assert.ok(raw === '' || raw.endsWith('\n\n'), 'the body ends within an event')
  return raw
    .split('\n\n')
    .filter(Boolean)
    .flatMap((block) => {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'))
      if (lines.length === 0) return []
      for (const line of lines) assert.match(line, /^(data|event|id|retry): /)
      const event = lines.find((line) => line.startsWith('event: '))?.slice(7)
      const data = lines.flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])).join('\n')
      if (data !== '[DONE]') assert.doesNotThrow(() => JSON.parse(data), `not JSON: ${data}`)
      return [{ event, data }]
    })
}

/** Plain HTTP for what the SDKs do not send. */
export function post(
  stack: Stack,
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${stack.gatewayUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  })
}

/** Polls until `attempt` answers something. */
export async function eventually<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  what = 'it',
  deadlineMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const result = await attempt()
    if (result !== undefined) return result
    assert.ok(Date.now() < deadline, `${what} did not happen in time`)
    await sleep(20)
  }
}

export function clearLedgers(stack: Stack): void {
  for (const provider of Object.values(stack.providers)) {
    provider.ledger.clear()
    provider.resetScript()
  }
}

/** Number of calls that each provider got. */
export function calls(stack: Stack): Record<string, number> {
  const counts = Object.entries(stack.providers).map(
    ([name, { ledger }]) => [name, ledger.totals.calls] as const,
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
