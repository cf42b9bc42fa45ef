import { RunnerError, toRunnerError } from '../errors.ts'
import type { ResponseView } from '../plugin.ts'
import type { RequestRecords } from '../records/index.ts'
import type { Caller } from './caller.ts'
import type { Chain, ChainObserver } from './chain.ts'
import type { HttpReqCall, HttpRespCall, PrepareConf, Reply } from './codec.ts'
import type { ConfRegistry, ConfStore } from './conf-store.ts'
import type { BodyLimits } from './json-body.ts'
import { RequestCall } from './request-call.ts'
import { toEntries } from './request-view.ts'

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

/** Message > reply: sends each kind of message on its way. It knows connections only as `Caller`. */
export class Answerer {
  readonly #parts: AnswererParts

  constructor(parts: AnswererParts) {
    this.#parts = parts
  }

  frameRejected(error: RunnerError): void {
    this.#parts.observer.error(error, {})
  }

  /** Always ends with one reply to the caller; at once where nothing has to be asked or waited for. */
  answer(message: PrepareConf | HttpReqCall | HttpRespCall, caller: Caller): void {
    const startedAt = performance.now()
    const done = (result: CallResult): void => {
      this.#parts.observer.call(message.kind, result, (performance.now() - startedAt) / 1000)
    }
    if (message.kind === 'http-req-call') {
      this.#request(message, caller, done)
      return
    }
    const work = message.kind === 'prepare-conf' ? this.#prepare(message) : this.#response(message, caller)
    work.then(
      (reply) => {
        done(reply.kind === 'conf-token' ? 'prepared' : 'answered')
        caller.reply(reply)
      },
      (thrown) => this.#fail(toRunnerError(thrown, 'PLUGIN_FAILED', message.kind), caller, done),
    )
  }

  #fail(error: RunnerError, caller: Caller, done: (result: CallResult) => void): void {
    this.#parts.observer.error(error, {})
    done('error')
    caller.reply({ kind: 'error', code: error.kind.wire })
  }

  async #prepare(message: PrepareConf): Promise<Reply> {
    return { kind: 'conf-token', token: await this.#parts.registry.register(message) }
  }

  #request(call: HttpReqCall, caller: Caller, done: (result: CallResult) => void): void {
    const { confs } = this.#parts
    if (confs.isEmpty(call.confToken)) {
      done('forwarded')
      caller.reply({ kind: 'call', id: call.id, action: undefined })
      return
    }
    try {
      new RequestCall(this.#parts, call, confs.get(call.confToken), caller, done).run()
    } catch (thrown) {
      this.#fail(toRunnerError(thrown, 'PLUGIN_FAILED', call.kind), caller, done)
    }
  }

  /** There is no Stop for a response: what fails here is an error frame, and APISIX answers 503. */
  #response(call: HttpRespCall, caller: Caller): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const chain = this.#parts.confs.get(call.confToken)
      if (chain.refusal) throw chain.refusal
      const { deadlineMs } = this.#parts.live
      const deadline = setTimeout(() => {
        reject(new RunnerError('DEADLINE_EXCEEDED', `the response took longer than ${deadlineMs} ms`))
      }, deadlineMs)
      caller.onGone(reject)
      this.#respond(call, caller, chain)
        .then(resolve, reject)
        .finally(() => clearTimeout(deadline))
    })
  }

  async #respond(call: HttpRespCall, caller: Caller, chain: Chain): Promise<Reply> {
    const responders = chain.steps.filter((step) => step.respond)
    const unchanged: Reply = { kind: 'resp-call', id: call.id, status: 0, headers: [], body: undefined }
    if (responders.length === 0) return unchanged
    const answered = await new Promise<Buffer | undefined>((resolve) => {
      caller.ask({ kind: 'resp-body' }, resolve)
    })
    let view = responseView(chain, call, answered ?? Buffer.alloc(0))
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
