import { randomUUID } from 'node:crypto'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Endpoint, validateRequest } from '../llm/index.ts'
import type { RequestRecord } from '../records/index.ts'
import type { AnswererParts, CallResult } from './answer.ts'
import { LazySignal } from './call-signal.ts'
import type { Caller } from './caller.ts'
import { type Chain, type ChainResult, runChain } from './chain.ts'
import { encodeReply, type HttpReqCall, type Reply } from './codec.ts'
import { type BodyLimits, bodyTooLarge, parseJsonBody } from './json-body.ts'
import { refuse, toStopAction } from './refuse.ts'
import { PatchedRequest } from './request-view.ts'

const REQUEST_ID_FORMAT = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** A failing provider can bring the second pass before the first one's record is stored. */
const RECORD_RETRY_DELAYS_MS = [0, 5, 20, 50]
const NO_BODY: Buffer = Buffer.alloc(0)
const NO_VARIABLES: ReadonlyMap<string, string> = new Map()

/**
 * One HTTP_REQ_CALL, top to bottom: ask for what the chain needs, run the chain, reply. Whatever happens it replies
 * once, and with a Stop when it fails: an error frame would let the request pass where a route allows degradation.
 * Each step calls the next one at once where nothing has to be waited for, so most calls take one turn of the event
 * loop per frame and no promise.
 */
export class RequestCall {
  readonly #parts: AnswererParts
  readonly #call: HttpReqCall
  readonly #chain: Chain
  readonly #caller: Caller
  readonly #done: (result: CallResult) => void
  readonly #signal = new LazySignal()
  #request: PatchedRequest
  #variables: Map<string, string> | undefined
  #deadline: NodeJS.Timeout | undefined
  #deciding = false
  #ended = false

  constructor(
    parts: AnswererParts,
    call: HttpReqCall,
    chain: Chain,
    caller: Caller,
    done: (result: CallResult) => void,
  ) {
    this.#parts = parts
    this.#call = call
    this.#chain = chain
    this.#caller = caller
    this.#done = done
    this.#request = this.#bare()
  }

  run(): void {
    this.#attempt(() => {
      if (this.#chain.refusal) throw this.#chain.refusal
      const { deadlineMs } = this.#parts.live
      this.#deadline = setTimeout(() => this.#abort(late(deadlineMs)), deadlineMs)
      this.#caller.onGone((reason) => this.#abort(reason))
      this.#askVariable(0)
    })
  }

  /** The request before anything was asked: enough to refuse it. */
  #bare(): PatchedRequest {
    const call = this.#call
    const carried = this.#chain.continuesRequest
      ? call.headers.find((entry) => entry.name === 'x-request-id')?.value
      : undefined
    const isCarried = carried !== undefined && REQUEST_ID_FORMAT.test(carried)
    return PatchedRequest.of({
      id: isCarried ? carried : randomUUID(),
      receivedAt: this.#parts.now(),
      routeId: this.#chain.routeId,
      call,
      // The first pass has put the id on the response; nginx would add a second header, not replace it.
      idOnResponse: !isCarried,
    })
  }

  #askVariable(index: number): void {
    const name = this.#chain.needs.vars[index]
    if (name === undefined) {
      this.#askBody()
      return
    }
    this.#ask({ kind: 'var', name }, (value) => {
      this.#variables ??= new Map()
      if (value) this.#variables.set(name, value.toString('utf8'))
      this.#askVariable(index + 1)
    })
  }

  #askBody(): void {
    if (this.#chain.needs.body === 'none' || !mayHaveBody(this.#call)) {
      this.#load(NO_BODY)
      return
    }
    const announced = Number(this.#request.header('content-length') ?? 0)
    if (announced > this.#parts.live.body.maxBodyBytes) throw bodyTooLarge(announced, this.#parts.live.body)
    this.#ask({ kind: 'req-body' }, (body) => this.#load(body ?? NO_BODY))
  }

  #load(body: Buffer): void {
    const json = this.#read(body)
    const variables = this.#variables ?? NO_VARIABLES
    if (!this.#chain.continuesRequest) {
      this.#decide(this.#request.loaded({ variables, body, json }))
      return
    }
    this.#earlier().then(
      (earlier) => {
        this.#attempt(() => this.#decide(this.#request.loaded({ variables, body, json, earlier })))
      },
      (thrown) => this.#refuse(thrown),
    )
  }

  #read(body: Buffer): JsonObject | undefined {
    const limits = this.#parts.live.body
    const { endpoint } = this.#request
    if (this.#chain.needs.body === 'json' && mayHaveBody(this.#call) && endpoint !== undefined) {
      return readLlmBody(endpoint, body, limits)
    }
    if (body.length > limits.maxBodyBytes) throw bodyTooLarge(body.length, limits)
    return undefined
  }

  async #earlier(): Promise<RequestRecord | undefined> {
    for (const delayMs of RECORD_RETRY_DELAYS_MS) {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
      const record = await this.#parts.records.get(this.#request.id)
      if (record) return record
    }
    return undefined
  }

  #decide(request: PatchedRequest): void {
    this.#request = request
    this.#deciding = true
    const result = runChain(this.#chain, request, this.#signal, this.#parts.observer)
    if (result instanceof Promise) {
      result.then(
        (settled) => this.#attempt(() => this.#conclude(settled)),
        (thrown) => this.#refuse(thrown),
      )
    } else {
      this.#conclude(result)
    }
  }

  #conclude(result: ChainResult): void {
    const { request } = result
    const stopped = result.kind === 'stop'
    const outcome = stopped ? (result.stop.outcome ?? 'refused') : 'forwarded'
    const action = stopped ? toStopAction(result.stop, request) : request.toRewrite()
    const reply = fitting({ kind: 'call', id: this.#call.id, action }, request)
    this.#keepRecord(request, stopped ? result.by : undefined, outcome)
    this.#end(reply, outcome)
  }

  #ask(question: Parameters<Caller['ask']>[0], answered: (result: Buffer | undefined) => void): void {
    this.#caller.ask(question, (result) => this.#attempt(() => answered(result)))
  }

  #attempt(work: () => void): void {
    if (this.#ended) return
    try {
      work()
    } catch (thrown) {
      this.#refuse(thrown)
    }
  }

  /** While plugins decide they end by the signal, each by its own `onFailure`; before that, nothing else would. */
  #abort(reason: RunnerError): void {
    this.#signal.abort(reason)
    if (!this.#deciding) this.#refuse(reason)
  }

  #refuse(thrown: unknown): void {
    if (this.#ended) return
    const error = toRunnerError(thrown, 'PLUGIN_FAILED', 'call')
    const request = this.#request
    const { observer } = this.#parts
    if (error.code === 'CONF_INVALID') observer.confRefused(this.#chain)
    else observer.error(error, { requestId: request.id, routeId: this.#chain.routeId })
    this.#keepRecord(request, 'runner', 'refused')
    const action = toStopAction(refuse(error, request), request)
    this.#end({ kind: 'call', id: this.#call.id, action }, 'refused')
  }

  #end(reply: Reply, result: CallResult): void {
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#done(result)
    this.#caller.reply(reply)
  }

  /** Not awaited: the record serves the usage flow, which comes after the upstream's answer. */
  #keepRecord(
    request: PatchedRequest,
    stoppedBy: string | undefined,
    outcome: RequestRecord['outcome'],
  ): void {
    const { id, routeId, consumer, receivedAt, notes } = request
    const traceparent = request.header('traceparent')
    const record = { routeId, consumer, receivedAt, stoppedBy, outcome, notes, traceparent }
    const stored = this.#parts.records.put(id, record)
    if (stored === undefined) return
    stored.catch((cause) => {
      const error = toRunnerError(cause, 'STORE_UNAVAILABLE', 'request record')
      this.#parts.observer.error(error, { requestId: id })
    })
  }
}

/** @throws RunnerError as `parseJsonBody`, and BODY_INVALID for a request that no provider would take. */
function readLlmBody(endpoint: Endpoint, body: Buffer, limits: BodyLimits): JsonObject {
  const json = parseJsonBody(body, limits)
  const validation = validateRequest(endpoint, json)
  if (validation.ok) return json
  const { message, code, param } = validation
  throw new RunnerError('BODY_INVALID', message, { forClient: { code, param } })
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
