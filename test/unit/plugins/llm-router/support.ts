import assert from 'node:assert/strict'
import { compileRoute, type Route } from '../../../../plugins/llm-router/compile.ts'
import { RouterConf } from '../../../../plugins/llm-router/conf.ts'
import { decideRoute, type Surroundings } from '../../../../plugins/llm-router/decide.ts'
import { decideFailover } from '../../../../plugins/llm-router/failover.ts'
import { type RouteNote, routeNote } from '../../../../plugins/llm-router/note.ts'
import type { FleetView, Standing } from '../../../../plugins/llm-router/state/fleet.ts'
import type { Decision, JsonObject, Observation, UsageEvent } from '../../../../runner/plugin.ts'
import { PatchedRequest } from '../../../../runner/rpc/request-view.ts'
import { compileValidator } from '../../../../runner/validate.ts'

export const env = {
  OPENAI_API_KEY: 'sk-openai',
  OPENAI_API_KEY_2: 'sk-openai-2',
  DASHSCOPE_API_KEY: 'sk-dashscope',
  AZURE_API_KEY: 'azure-key',
  ANTHROPIC_API_KEY: 'sk-ant',
}

const validate = compileValidator(RouterConf)

/** The described policies. */
export const policies = {
  consumers: { business_unit_A: 'premium', business_unit_B: 'basic' },
  providers: {
    openai: { type: 'openai', upstream: 'openai', api_key: ref('OPENAI_API_KEY'), max_queue: 10 },
    dashscope: { type: 'dashscope', upstream: 'qwen', api_key: ref('DASHSCOPE_API_KEY') },
    ollama: { type: 'ollama', upstream: 'ollama' },
  },
  rules: [
    {
      name: 'gpt-4-premium',
      when: { models: ['gpt-4'], tiers: ['premium'] },
      targets: [
        { provider: 'openai' },
        { provider: 'dashscope', model: 'qwen-max' },
        { provider: 'ollama', model: 'deepseek-r1:7b' },
      ],
    },
    {
      name: 'gpt-4-basic',
      when: { models: ['gpt-4'], tiers: ['basic'] },
      targets: [{ provider: 'openai', model: 'gpt-3.5-turbo' }],
    },
    { name: 'qwen', when: { models: ['*qwen*'] }, targets: [{ provider: 'dashscope' }] },
    {
      name: 'local-first',
      when: { models: ['gpt-3.5-turbo', 'auto'] },
      prefer_local: true,
      targets: [
        { provider: 'openai', model: 'gpt-3.5-turbo' },
        { provider: 'ollama', model: 'deepseek-r1:7b' },
      ],
    },
  ],
}

export function ref(name: string): string {
  return `\${${name}}`
}

export function routeOf(conf: object): Route {
  const result = validate(conf)
  assert.ok(result.ok, result.ok ? '' : result.problems.join('; '))
  return compileRoute(result.value as RouterConf, env)
}

export function problemsOf(conf: object): string[] {
  const result = validate(conf)
  return result.ok ? [] : result.problems
}

/** A route with one catch-all rule. */
export function simpleRoute(
  providers: object,
  targets: object[],
  more: object = {},
  rule: object = {},
): Route {
  return routeOf({ providers, rules: [{ name: 'all', targets, ...rule }], ...more })
}

export interface RequestParts {
  method?: string
  path?: string
  json?: JsonObject
  headers?: Record<string, string>
  args?: Record<string, string>
  note?: RouteNote
  consumer?: string
  receivedAt?: number
}

export const chat = (model: string, more: JsonObject = {}): JsonObject => ({
  model,
  messages: [{ role: 'user', content: 'hello' }],
  ...more,
})

export function requestOf(parts: RequestParts): PatchedRequest {
  const headers = { ...parts.headers, ...(parts.consumer && { 'x-consumer-username': parts.consumer }) }
  const entries = (record: object = {}) => Object.entries(record).map(([name, value]) => ({ name, value }))
  return PatchedRequest.of({
    id: 'a0000000-0000-4000-8000-000000000000',
    receivedAt: parts.receivedAt ?? Date.UTC(2025, 0, 15, 12),
    routeId: 'llm',
    call: {
      kind: 'http-req-call',
      id: 1,
      srcIp: Buffer.from([10, 0, 0, 1]),
      method: parts.method ?? 'POST',
      path: parts.path ?? '/v1/chat/completions',
      args: entries(parts.args),
      headers: entries(headers),
      confToken: 1,
    },
  }).loaded({
    variables: new Map(),
    body: Buffer.from(parts.json ? JSON.stringify(parts.json) : ''),
    json: parts.json,
    earlier: parts.note && { notes: { [routeNote.plugin]: parts.note }, consumer: undefined },
  })
}

export interface FleetParts {
  breakers?: Record<string, Standing>
  down?: string[]
  skipped?: string[]
  inFlight?: Record<string, number>
  ttft?: Record<string, number>
  grantProbe?: boolean
  random?: () => number
}

export function surroundings(parts: FleetParts = {}): Surroundings & { probes: string[] } {
  const probes: string[] = []
  const fleet: FleetView = {
    standing: (breaker) => parts.breakers?.[breaker] ?? { state: 'closed' },
    upstreamHealth: (upstream) =>
      parts.skipped?.includes(upstream) ? 'skipped' : parts.down?.includes(upstream) ? 'down' : 'up',
    inFlight: (provider) => parts.inFlight?.[provider] ?? 0,
    ttftMs: (breaker) => parts.ttft?.[breaker],
  }
  return {
    fleet,
    probes,
    random: parts.random ?? (() => 0.5),
    acquireProbe: async (breaker) => {
      probes.push(breaker)
      return parts.grantProbe ?? true
    },
  }
}

export interface Seen {
  decision: Decision
  /** The request as APISIX would send it. */
  sent: PatchedRequest
  status: number | undefined
  error: { code?: string; type?: string; message?: string; param?: string | null } | undefined
  body: JsonObject
  respHeaders: Record<string, string>
  note: RouteNote | undefined
}

/** Decides and applies the decision, as the chain does. */
export async function run(route: Route, parts: RequestParts, fleet: FleetParts = {}): Promise<Seen> {
  return runOn(route, requestOf(parts), surroundings(fleet))
}

export async function runOn(route: Route, request: PatchedRequest, around: Surroundings): Promise<Seen> {
  const decide = route.conf.fallback ? decideFailover : decideRoute
  const decision = await decide(request, route, around)
  const stop = decision.kind === 'stop' ? decision : undefined
  const body = stop ? (JSON.parse(stop.body) as JsonObject) : {}
  return {
    decision,
    sent: decision.kind === 'rewrite' ? request.patched(decision.patch) : request,
    status: stop?.status,
    error: body.error as Seen['error'],
    body,
    respHeaders: decision.kind === 'rewrite' ? { ...decision.patch.respHeaders } : { ...stop?.headers },
    note: decision.note as RouteNote | undefined,
  }
}

/** The request that nginx brings to the loopback listener after the first pass failed. */
export function nextPass(first: Seen, more: Record<string, string> = {}): PatchedRequest {
  const { sent, note } = first
  const names = ['authorization', 'api-key', 'x-api-key', 'x-llm-upstream', 'anthropic-version', 'user-agent']
  const headers: Record<string, string> = { ...more }
  for (const name of names) {
    const value = sent.header(name)
    if (value !== undefined) headers[name] = value
  }
  const version = sent.arg('api-version')
  return requestOf({
    path: sent.path,
    headers,
    ...(version !== undefined && { args: { 'api-version': version } }),
    json: JSON.parse(sent.rawBody.toString()) as JsonObject,
    ...(note && { note: JSON.parse(JSON.stringify(note)) as RouteNote }),
  })
}

export function observationOf(event: Partial<UsageEvent>, note?: RouteNote): Observation {
  return {
    event: {
      request_id: 'a0000000-0000-4000-8000-000000000000',
      timestamp_ms: 1_000_000,
      outcome: 'completed',
      status: 200,
      attempts: [],
      ttft_ms: null,
      latency_ms: null,
      ...event,
    } as UsageEvent,
    endpoint: 'chat-completions',
    answer: undefined,
    requestJson: undefined,
    retryAfter: undefined,
    traceparent: undefined,
    notes: note ? { [routeNote.plugin]: note } : {},
  }
}

export function statuses(...list: (number | null)[]): UsageEvent['attempts'] {
  return list.map((status) => ({ provider: 'from-the-log', model: null, status }))
}
