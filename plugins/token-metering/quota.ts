import {
  type Call,
  type Decision,
  type Endpoint,
  includeUsage,
  type JsonObject,
  maxTokensOf,
  type RequestView,
} from '../../runner/plugin.ts'
import { type RouteNote, routeNote } from '../llm-router/note.ts'
import type { MeteringConf } from './conf.ts'
import { countPrompt, type PromptCount } from './count-prompt.ts'
import type { MeteringNote } from './note.ts'
import { rateLimitHeaders, refusal } from './refusal.ts'
import type { Shared } from './shared.ts'
import { ANONYMOUS, type ReserveResult } from './store/usage-store.ts'
import { type Grant, tenantRefusal, tierAndLimits } from './tenants/apply.ts'
import type { Tenant } from './tenants/tenant.ts'

/**
 * Reserves what the request may use, or refuses it; asks the provider for usage in streams. A promise only when
 * something has to be waited for: a tenant's first request, a big prompt, a store in another process.
 */
export function meter(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: MeteringConf,
  shared: Shared,
  call: Call,
): Decision | Promise<Decision> {
  const check = new QuotaCheck(request, endpoint, json, conf, shared, call)
  const tenant = shared.tenants?.get(check.consumer)
  return tenant instanceof Promise ? tenant.then((read) => check.count(read)) : check.count(tenant)
}

class QuotaCheck {
  readonly consumer: string
  readonly #request: RequestView
  readonly #endpoint: Endpoint
  readonly #json: JsonObject
  readonly #conf: MeteringConf
  readonly #shared: Shared
  readonly #call: Call
  readonly #route: RouteNote | undefined

  constructor(
    request: RequestView,
    endpoint: Endpoint,
    json: JsonObject,
    conf: MeteringConf,
    shared: Shared,
    call: Call,
  ) {
    this.consumer = request.consumer ?? ANONYMOUS
    this.#request = request
    this.#endpoint = endpoint
    this.#json = json
    this.#conf = conf
    this.#shared = shared
    this.#call = call
    this.#route = request.note(routeNote)
  }

  count(tenant: Tenant | undefined): Decision | Promise<Decision> {
    const { counter, tenantMode } = this.#shared
    const refused = tenantRefusal(
      this.#endpoint,
      tenant,
      this.#route?.requested_model ?? String(this.#json.model),
    )
    if (refused) return refused
    const grant = tierAndLimits(this.#conf, this.consumer, this.#route?.tier, tenant, tenantMode)
    const prompt = countPrompt(this.#endpoint, this.#json, counter, this.#call)
    return prompt instanceof Promise
      ? prompt.then((counted) => this.#reserve(grant, counted))
      : this.#reserve(grant, prompt)
  }

  #reserve(grant: Grant, prompt: PromptCount): Decision | Promise<Decision> {
    const { calendar, clock, pricer, store } = this.#shared
    const nowMs = clock.now()
    const completion = this.#completionReserve()
    const target = this.#route?.attempts.at(-1)
    const model = target?.model ?? String(this.#json.model)
    const result = store.reserve({
      requestId: this.#request.id,
      consumer: this.consumer,
      tokens: prompt.tokens + completion,
      picoUsd: pricer.expected(target?.provider ?? '', model, prompt.tokens, completion, nowMs),
      limits: grant.limits,
      day: calendar.day(nowMs),
      month: calendar.month(nowMs),
      nowMs,
      expiresMs: nowMs + this.#conf.reservation_ttl_s * 1000,
    })
    const reserved = prompt.tokens + completion
    return result instanceof Promise
      ? result.then((answer) => this.#decide(grant, prompt, reserved, answer))
      : this.#decide(grant, prompt, reserved, result)
  }

  #completionReserve(): number {
    if (this.#endpoint === 'embeddings') return 0
    const { completion_reserve: byDefault, max_completion_reserve: most } = this.#conf
    const { n } = this.#json
    return Math.min((maxTokensOf(this.#json) ?? byDefault) * (typeof n === 'number' ? n : 1), most)
  }

  #decide({ tier, limits }: Grant, prompt: PromptCount, reserved: number, result: ReserveResult): Decision {
    const headers = rateLimitHeaders(limits, result.remaining)
    const note: MeteringNote = {
      tier,
      prompt_tokens: prompt.tokens,
      prompt_exact: prompt.exact,
      reserved_tokens: reserved,
    }
    if (!result.allowed) {
      const { exceeded } = result
      this.#shared.decided(tier, exceeded)
      const refused = { limits, tokens: reserved, quotaMessage: this.#conf.quota_message }
      const stop = refusal(this.#endpoint, result, headers, refused)
      return { ...stop, note: { ...note, exceeded } }
    }
    this.#shared.decided(tier, 'allowed')
    const json = this.#withUsageAsked()
    const patch = {
      respHeaders: headers,
      // The usage of a compressed answer could not be read from the log. On a route with llm-router it is gone already.
      ...(this.#request.header('accept-encoding') !== undefined && { headers: { 'accept-encoding': null } }),
      ...(json && { json }),
    }
    return { kind: 'rewrite', patch, note }
  }

  /**
   * undefined: the body stays as it is. `stream_options` belongs to OpenAI's chat and legacy completions; others report
   * usage in streams unasked.
   */
  #withUsageAsked(): JsonObject | undefined {
    const mode = this.#conf.include_usage
    if (mode === 'never' || (mode === 'auto' && this.#route?.refuses_stream_options)) return undefined
    if (this.#endpoint !== 'chat-completions' && this.#endpoint !== 'completions') return undefined
    const json = includeUsage(this.#json)
    return json === this.#json ? undefined : json
  }
}
