import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import semanticCache from '../../../../plugins/semantic-cache/index.ts'
import type { Shared } from '../../../../plugins/semantic-cache/shared.ts'
import {
  type AdminReply,
  type Decision,
  endpointOf,
  type JsonObject,
  type Notes,
  type Observation,
  type RequestView,
  readAnswer,
  type Services,
  type UsageEvent,
} from '../../../../runner/plugin.ts'
import { PatchedRequest } from '../../../../runner/rpc/request-view.ts'
import { createMetrics } from '../../../../runner/services/metrics.ts'
import { compileValidator } from '../../../../runner/validate.ts'
import { testServices } from '../../../support/rig.ts'

const CALL = { signal: new AbortController().signal }

export interface Asked {
  readonly consumer?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json: JsonObject
  readonly notes?: Notes
}

export interface Outcome {
  readonly request: PatchedRequest
  readonly decision: Decision
  /** `HIT`, `MISS` or `BYPASS`. */
  readonly cache: string | undefined
  readonly reason: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Of a hit. */
  readonly body: string
}

export interface Cache {
  readonly shared: Shared
  now: number
  ask(asked: Asked, conf?: JsonObject): Promise<Outcome>
  /** The provider answers what was forwarded, and the log says so. */
  answer(outcome: Outcome, body: string, event?: Partial<UsageEvent>): Promise<void>
  /** Asks, and answers with this text when it was a miss. */
  fetch(asked: Asked, text: string, conf?: JsonObject): Promise<Outcome>
  finish(outcome: Outcome, how: 'forwarded' | 'refused', conf?: JsonObject): void
  admin(method: 'GET' | 'DELETE', path: string): Promise<AdminReply | undefined>
  metric(name: string): Promise<string>
}

/** The plugin as the runner opens it, with a clock of the test's. */
export async function openCache(
  t: TestContext,
  settings: JsonObject = {},
  own: Partial<Services> = {},
): Promise<Cache> {
  const metrics = createMetrics()
  const state = { now: Date.UTC(2026, 10, 22, 12) }
  const services = testServices({ metrics, clock: { now: () => state.now }, ...own })
  const shared = await semanticCache.open(valid(semanticCache.settings, settings), services)
  t.after(() => semanticCache.close?.(shared))
  const stateOf = (conf: JsonObject = {}) => semanticCache.prepare(valid(semanticCache.conf, conf), shared)
  const observe = async (observation: Observation) => {
    await semanticCache.observe?.(observation, shared)
  }
  const cache: Omit<Cache, 'now'> = {
    shared,
    ask: async (asked, conf) => {
      const request = requestOf(asked, state.now)
      const decision = await semanticCache.decide(request as RequestView<never>, stateOf(conf), CALL)
      const seen = decision.note === undefined ? request : request.noted(semanticCache.name, decision.note)
      const patched = decision.kind === 'rewrite' ? seen.patched(decision.patch) : seen
      const headers =
        decision.kind === 'rewrite'
          ? (decision.patch.respHeaders ?? {})
          : decision.kind === 'stop'
            ? (decision.headers ?? {})
            : {}
      const body = decision.kind === 'stop' ? decision.body : ''
      return {
        ...{ request: patched, decision, headers, body },
        ...{ cache: headers['x-cache'], reason: headers['x-cache-reason'] },
      }
    },
    answer: (outcome, body, event) => observe(observationOf(outcome.request, body, event)),
    fetch: async (asked, text, conf) => {
      const outcome = await cache.ask(asked, conf)
      if (outcome.cache === 'MISS') {
        await observe(observationOf(outcome.request, answerBody(asked.path ?? CHAT, text)))
      }
      return outcome
    },
    finish: (outcome, how, conf) => {
      const call =
        how === 'forwarded'
          ? ({ kind: 'forwarded' } as const)
          : ({ kind: 'stopped', by: 'token-metering', outcome: 'refused' } as const)
      semanticCache.finish?.(outcome.request as RequestView<never>, stateOf(conf), call)
    },
    admin: async (method, path) => {
      const url = new URL(path, 'http://admin/')
      const parts = url.pathname.slice(1).split('/').map(decodeURIComponent)
      return semanticCache.admin?.({ method, path: parts, query: url.searchParams, json: undefined }, shared)
    },
    metric: async (name) => (await metrics.registry.getSingleMetricAsString(name)) ?? '',
  }
  return Object.assign(state, cache)
}

export const CHAT = '/v1/chat/completions'

export function chat(question: string, more: JsonObject = {}): JsonObject {
  return { model: 'gpt-4o', messages: [{ role: 'user', content: question }], ...more }
}

/** Requests of the four endpoints for the same question. */
export const ENDPOINTS: readonly { path: string; body(question: string, more?: JsonObject): JsonObject }[] = [
  { path: CHAT, body: chat },
  { path: '/v1/completions', body: (prompt, more = {}) => ({ model: 'gpt-4o', prompt, ...more }) },
  { path: '/v1/responses', body: (input, more = {}) => ({ model: 'gpt-4o', input, ...more }) },
  {
    path: '/v1/messages',
    body: (content, more = {}) => ({
      ...{ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content }] },
      ...more,
    }),
  },
]

/** What a provider answers on this path, as JSON. */
export function answerBody(path: string, text: string, finish = 'stop'): string {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
  const ours = { input_tokens: 10, output_tokens: 5 }
  const message = { role: 'assistant', content: text }
  const output = [
    { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] },
  ]
  const bodies: Record<string, object> = {
    [CHAT]: {
      ...{ id: 'c', object: 'chat.completion', model: 'gpt-4o-2024-08-06', usage },
      choices: [{ index: 0, message, finish_reason: finish }],
    },
    '/v1/completions': {
      ...{ id: 'c', object: 'text_completion', model: 'gpt-4o', usage },
      choices: [{ index: 0, text, finish_reason: finish }],
    },
    '/v1/responses': {
      id: 'r',
      object: 'response',
      status: 'completed',
      model: 'gpt-4o',
      output,
      usage: ours,
    },
    '/v1/messages': {
      ...{ id: 'm', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', usage: ours },
      ...{ content: [{ type: 'text', text }], stop_reason: finish === 'stop' ? 'end_turn' : finish },
    },
  }
  return JSON.stringify(bodies[path])
}

/** The same as a stream, on the chat endpoint. */
export function chatStream(text: string): string {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ object: 'chat.completion.chunk', model: 'gpt-4o', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  const pieces = [...text].map((content) => chunk({ content }))
  return [chunk({ role: 'assistant', content: '' }), ...pieces, chunk({}, 'stop'), 'data: [DONE]\n\n'].join(
    '',
  )
}

/** The text of a JSON answer or an SSE body, whatever the endpoint. */
export function textOf(body: string): string {
  return readAnswer(body).choices[0]?.content ?? ''
}

function requestOf(
  { consumer = 'business_unit_A', path = CHAT, headers = {}, json, notes = {} }: Asked,
  nowMs: number,
) {
  const own = consumer === '' ? headers : { ...headers, 'x-consumer-username': consumer }
  return PatchedRequest.of({
    id: randomUUID(),
    receivedAt: nowMs,
    routeId: 'llm',
    call: {
      kind: 'http-req-call',
      id: 1,
      srcIp: Buffer.from([10, 0, 0, 1]),
      method: 'POST',
      path,
      args: [],
      headers: Object.entries(own).map(([name, value]) => ({ name: name.toLowerCase(), value })),
      confToken: 1,
    },
  }).loaded({
    variables: new Map(),
    body: Buffer.from(JSON.stringify(json)),
    json,
    earlier: { notes, consumer: undefined },
  })
}

function observationOf(request: PatchedRequest, body: string, own: Partial<UsageEvent> = {}): Observation {
  const endpoint = endpointOf('POST', request.path)
  const answer = readAnswer(body)
  const event = {
    ...{ request_id: request.id, outcome: 'completed', status: 200, fallback: false },
    ...{ model: 'gpt-4o', response_model: answer.model ?? null, prompt_t: 10, completion_t: 5 },
    ...own,
  } as UsageEvent
  return {
    ...{ event, endpoint, answer, requestJson: request.json, notes: request.notes },
    retryAfter: undefined,
    traceparent: undefined,
  }
}

function valid<T>(schema: T, value: JsonObject): never {
  const result = compileValidator(schema as never)(value)
  assert.ok(result.ok, result.ok ? '' : result.problems.join('; '))
  return result.value as never
}
