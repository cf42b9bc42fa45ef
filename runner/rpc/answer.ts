import { randomUUID } from 'node:crypto'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Endpoint, validateRequest } from '../llm/index.ts'
import type { ResponseView } from '../plugin.ts'
import type { RequestRecord, RequestRecords } from '../records/index.ts'
import { type Chain, type ChainObserver, LazySignal, refuse, runChain, toStopAction } from './chain.ts'
import {
  encodeReply,
  type HttpReqCall,
  type HttpRespCall,
  type PrepareConf,
  type Question,
  type Reply,
} from './codec.ts'
import type { ConfRegistry, ConfStore } from './conf-store.ts'
import { type BodyLimits, bodyTooLarge, parseJsonBody } from './json-body.ts'
import { PatchedRequest, toEntries } from './request-view.ts'

/** The open connection of a call: puts questions to APISIX, and tells when it is gone. */
export interface Caller {
  ask(question: Question): Promise<Buffer | undefined>
  onGone(abort: (reason: RunnerError) => void): void
}

export interface AnswererObserver extends ChainObserver {
  call(kind: 'prepare-conf' | 'http-req-call' | 'http-resp-call', outcome: CallResult, seconds: number): void
  confRefused(chain: Chain): void
  error(error: RunnerError, context: { requestId?: string; routeId?: string }): void
}
export interface CallLimits {
  readonly body: BodyLimits
  /** Of a whole call; well below the 60 s that APISIX waits. */
  readonly deadlineMs: number
}

export type CallResult = 'forwarded' | 'served' | 'refused' | 'prepared' | 'answered' | 'error'

export interface AnswererParts {
  readonly confs: ConfStore
  readonly registry: ConfRegistry
  readonly records: RequestRecords
  /** Read at each call: a reload of the settings changes them. */
  readonly live: CallLimits
  readonly observer: AnswererObserver
  readonly now: () => number
}

const REQUEST_ID_FORMAT = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** A failing provider can bring the second pass before the first one's record is stored. */
const RECORD_RETRY_DELAYS_MS = [0, 5, 20, 50]

/** Message > reply. This is the request flow from top to bottom; it knows connections only as `Caller`. */
export class Answerer {
  readonly #parts: AnswererParts

  constructor(parts: AnswererParts) {
    this.#parts = parts
  }

  frameRejected(error: RunnerError): void {
    this.#parts.observer.error(error, {})
  }

  /**
   * Always settles with a reply: an error frame would let the request pass where a route allows degradation. At once
   * where nothing has to be asked or decided.
   */
  answer(message: PrepareConf | HttpReqCall | HttpRespCall, caller: Caller): Reply | Promise<Reply> {
    const startedAt = performance.now()
    const settle = ([reply, result]: [Reply, CallResult]): Reply => {
      this.#parts.observer.call(message.kind, result, (performance.now() - startedAt) / 1000)
      return reply
    }
    if (message.kind === 'http-req-call' && this.#parts.confs.isEmpty(message.confToken)) {
      return settle([{ kind: 'call', id: message.id, action: undefined }, 'forwarded'])
    }
    return this.#dispatch(message, caller).then(settle)
  }

  async #dispatch(
    message: PrepareConf | HttpReqCall | HttpRespCall,
    caller: Caller,
  ): Promise<[Reply, CallResult]> {
    try {
      switch (message.kind) {
        case 'prepare-conf':
          return [{ kind: 'conf-token', token: await this.#parts.registry.register(message) }, 'prepared']
        case 'http-req-call':
          return await this.#request(message, caller, this.#parts.confs.get(message.confToken))
        case 'http-resp-call':
          return [await this.#response(message, caller, this.#parts.confs.get(message.confToken)), 'answered']
      }
    } catch (thrown) {
      const error = toRunnerError(thrown, 'PLUGIN_FAILED', message.kind)
      this.#parts.observer.error(error, {})
      return [{ kind: 'error', code: error.kind.wire }, 'error']
    }
  }

  async #request(call: HttpReqCall, caller: Caller, chain: Chain): Promise<[Reply, CallResult]> {
    const signal = new LazySignal()
    const { deadlineMs } = this.#parts.live
    const deadline = setTimeout(() => signal.abort(late(deadlineMs)), deadlineMs)
    caller.onGone((reason) => signal.abort(reason))
    let request = this.#bare(call, chain)
    try {
      if (chain.refusal) throw chain.refusal
      request = await abortable(this.#load(request, call, caller, chain), signal)
      const result = await runChain(chain, request, signal, this.#parts.observer)
      const outcome = result.kind === 'forward' ? 'forwarded' : (result.stop.outcome ?? 'refused')
      this.#keepRecord(result.request, result.kind === 'stop' ? result.by : undefined, outcome)
      const action =
        result.kind === 'stop' ? toStopAction(result.stop, result.request) : result.request.toRewrite()
      return [fitting({ kind: 'call', id: call.id, action }, result.request), outcome]
    } catch (thrown) {
      const error = toRunnerError(thrown, 'PLUGIN_FAILED', 'call')
      if (error.code === 'CONF_INVALID') this.#parts.observer.confRefused(chain)
      else this.#parts.observer.error(error, { requestId: request.id, routeId: chain.routeId })
      this.#keepRecord(request, 'runner', 'refused')
      return [{ kind: 'call', id: call.id, action: toStopAction(refuse(error, request), request) }, 'refused']
    } finally {
      clearTimeout(deadline)
    }
  }

  /** The request before anything was asked: enough to refuse it. */
  #bare(call: HttpReqCall, chain: Chain): PatchedRequest {
    const carried = chain.continuesRequest
      ? call.headers.find((entry) => entry.name === 'x-request-id')?.value
      : undefined
    const id = carried && REQUEST_ID_FORMAT.test(carried) ? carried : randomUUID()
    const bare = PatchedRequest.of({
      id,
      receivedAt: this.#parts.now(),
      routeId: chain.routeId,
      call,
      variables: new Map(),
      body: Buffer.alloc(0),
      json: undefined,
      notes: {},
    })
    // The first pass has put the id on the response; nginx would add a second header, not replace it.
    const respHeaders = carried === id ? {} : { 'x-request-id': id }
    return bare.patched({ headers: { 'x-request-id': id }, respHeaders })
  }

  async #load(
    bare: PatchedRequest,
    call: HttpReqCall,
    caller: Caller,
    chain: Chain,
  ): Promise<PatchedRequest> {
    const variables = new Map<string, string>()
    for (const name of chain.needs.vars) {
      const value = await caller.ask({ kind: 'var', name })
      if (value) variables.set(name, value.toString('utf8'))
    }
    let body: Buffer = Buffer.alloc(0)
    let json: JsonObject | undefined
    if (chain.needs.body !== 'none' && mayHaveBody(call)) {
      const announced = Number(bare.header('content-length') ?? 0)
      if (announced > this.#parts.live.body.maxBodyBytes) throw bodyTooLarge(announced, this.#parts.live.body)
      body = (await caller.ask({ kind: 'req-body' })) ?? body
      if (chain.needs.body === 'json' && bare.endpoint !== undefined)
        json = readLlmBody(bare.endpoint, body, this.#parts.live.body)
      else if (body.length > this.#parts.live.body.maxBodyBytes)
        throw bodyTooLarge(body.length, this.#parts.live.body)
    }
    const earlier = chain.continuesRequest ? await this.#earlier(bare.id) : undefined
    return bare.loaded({ variables, body, json, notes: earlier?.notes ?? {}, consumer: earlier?.consumer })
  }

  async #earlier(id: string): Promise<RequestRecord | undefined> {
    for (const delayMs of RECORD_RETRY_DELAYS_MS) {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
      const record = await this.#parts.records.get(id)
      if (record) return record
    }
    return undefined
  }

  /** Not awaited: the record serves the usage flow, which comes after the upstream's answer. */
  #keepRecord(
    request: PatchedRequest,
    stoppedBy: string | undefined,
    outcome: RequestRecord['outcome'],
  ): void {
    const { id, routeId, consumer, receivedAt, notes } = request
    this.#parts.records
      .put(id, {
        routeId,
        consumer,
        receivedAt,
        stoppedBy,
        outcome,
        notes,
        traceparent: request.header('traceparent'),
      })
      .catch((cause) => {
        this.#parts.observer.error(toRunnerError(cause, 'STORE_UNAVAILABLE', 'request record'), {
          requestId: id,
        })
      })
  }

  /** There is no Stop for a response: what fails here is an error frame, and APISIX answers 503. */
  async #response(call: HttpRespCall, caller: Caller, chain: Chain): Promise<Reply> {
    if (chain.refusal) throw chain.refusal
    const signal = new LazySignal()
    const { deadlineMs } = this.#parts.live
    const deadline = setTimeout(() => signal.abort(late(deadlineMs)), deadlineMs)
    caller.onGone((reason) => signal.abort(reason))
    try {
      return await abortable(this.#respond(call, caller, chain), signal)
    } finally {
      clearTimeout(deadline)
    }
  }

  async #respond(call: HttpRespCall, caller: Caller, chain: Chain): Promise<Reply> {
    const responders = chain.steps.filter((step) => step.respond)
    const unchanged: Reply = { kind: 'resp-call', id: call.id, status: 0, headers: [], body: undefined }
    if (responders.length === 0) return unchanged
    let view = responseView(chain, call, (await caller.ask({ kind: 'resp-body' })) ?? Buffer.alloc(0))
    let status = 0
    let headers: Record<string, string> = {}
    let body: Buffer | undefined
    for (const step of responders) {
      const patch = await step.respond?.(view)
      if (!patch) continue
      status = patch.status ?? status
      headers = { ...headers, ...patch.headers }
      if (patch.body !== undefined) body = Buffer.from(patch.body)
      view = { ...view, status: status || view.status, body: body ?? view.body }
    }
    return { ...unchanged, status, headers: toEntries(headers), body }
  }
}

function responseView(chain: Chain, call: HttpRespCall, body: Buffer): ResponseView {
  return {
    routeId: chain.routeId,
    status: call.status,
    // Response headers keep the upstream's spelling.
    header: (name) => call.headers.find((entry) => entry.name.toLowerCase() === name)?.value,
    body,
  }
}

/** @throws RunnerError as `parseJsonBody`, and BODY_INVALID for a request that no provider would take. */
function readLlmBody(endpoint: Endpoint, body: Buffer, limits: BodyLimits): JsonObject {
  const json = parseJsonBody(body, limits)
  const validation = validateRequest(endpoint, json)
  if (!validation.ok) throw new RunnerError('BODY_INVALID', validation.message)
  return json
}

/** A reply that does not fit into a frame becomes a stop that the client understands. */
function fitting(reply: Extract<Reply, { kind: 'call' }>, request: PatchedRequest): Reply {
  const body = reply.action?.body
  if (!body || body.length < MAX_SURE_BODY_BYTES) return reply
  try {
    encodeReply(reply)
    return reply
  } catch (cause) {
    const error = new RunnerError('REPLY_TOO_LARGE', 'the rewritten request does not fit into a frame', {
      cause,
    })
    return { ...reply, action: toStopAction(refuse(error, request), request) }
  }
}
/** Headers and arguments come from nginx and stay far below the rest of a frame. */
const MAX_SURE_BODY_BYTES = 15_000_000

function mayHaveBody(call: HttpReqCall): boolean {
  return call.method !== 'GET' && call.method !== 'HEAD' && call.method !== 'OPTIONS'
}

function late(deadlineMs: number): RunnerError {
  return new RunnerError('DEADLINE_EXCEEDED', `the call took longer than ${deadlineMs} ms`)
}

function abortable<T>(work: Promise<T>, signal: LazySignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const unlisten = signal.onAbort(reject)
    work.then(resolve, reject).finally(unlisten)
  })
}
