import { RunnerError, toRunnerError } from '../errors.ts'
import { errorBody } from '../llm/index.ts'
import type {
  Call,
  CallOutcome,
  Decision,
  RequestView,
  ResponsePatch,
  ResponseView,
  Rewrite,
  Stop,
} from '../plugin.ts'
import type { StopAction } from './codec.ts'
import { type PatchedRequest, toEntries } from './request-view.ts'

/** One plugin of a route, ready to run: its conf is compiled into the closures. */
export interface Step {
  readonly plugin: string
  readonly onFailure: 'deny' | 'allow'
  readonly deadlineMs: number
  decide(request: RequestView, call: Call): Decision | Promise<Decision>
  finish(request: RequestView, outcome: CallOutcome): void
  respond?(response: ResponseView): ResponsePatch | undefined | Promise<ResponsePatch | undefined>
}

export interface Needs {
  readonly body: 'none' | 'raw' | 'json'
  readonly vars: readonly string[]
}

/** What one conf token stands for. A conf that does not validate is a chain with a `refusal`: never one that is skipped. */
export interface Chain {
  readonly routeId: string
  readonly steps: readonly Step[]
  readonly needs: Needs
  /** The request of an earlier pass comes back (failover): its id is kept instead of making a new one. */
  readonly continuesRequest: boolean
  readonly refusal: RunnerError | undefined
}

export type ChainResult =
  | { readonly kind: 'forward'; readonly request: PatchedRequest }
  | { readonly kind: 'stop'; readonly request: PatchedRequest; readonly by: string; readonly stop: Stop }

/** How a step ended, for metrics and the log. */
export type StepOutcome = 'pass' | 'rewrite' | 'stop' | 'failed'
export interface ChainObserver {
  step(plugin: string, outcome: StepOutcome, seconds: number): void
  failure(plugin: string, request: RequestView, error: RunnerError, allowed: boolean): void
}

/**
 * Runs the steps in order over ever newer views of the request. No IO of its own. `callSignal` aborts when the whole
 * call is out of time or its connection is gone.
 */
export async function runChain(
  chain: Chain,
  first: PatchedRequest,
  callSignal: LazySignal,
  observer: ChainObserver,
): Promise<ChainResult> {
  let request = first
  let ran = 0
  let result: ChainResult | undefined
  try {
    for (const step of chain.steps) {
      ran++
      const startedAt = performance.now()
      const pending = decideOrFail(step, request, callSignal, observer)
      const decision = pending instanceof Promise ? await pending : pending
      observer.step(
        step.plugin,
        decision.failed ? 'failed' : decision.kind,
        (performance.now() - startedAt) / 1000,
      )
      if (decision.note !== undefined) request = request.noted(step.plugin, decision.note)
      if (decision.kind === 'rewrite') request = request.patched(decision.patch)
      if (decision.kind === 'stop') {
        result = { kind: 'stop', request, by: step.plugin, stop: decision }
        return result
      }
    }
    result = { kind: 'forward', request }
    return result
  } finally {
    const outcome = outcomeOf(result)
    for (const step of chain.steps.slice(0, ran)) finishStep(step, request, outcome, observer)
  }
}

type Decided = Decision & { readonly failed?: true }

/** A promise only when the plugin gave one: most decisions are there at once. */
function decideOrFail(
  step: Step,
  request: PatchedRequest,
  callSignal: LazySignal,
  observer: ChainObserver,
): Decided | Promise<Decided> {
  const call = new StepCall(callSignal)
  const failed = (thrown: unknown): Decided => {
    call.abort()
    const error = toRunnerError(thrown, 'PLUGIN_FAILED', `plugin ${step.plugin} failed`)
    const allowed = step.onFailure === 'allow' && error.code !== 'PEER_GONE'
    observer.failure(step.plugin, request, error, allowed)
    if (allowed) return { kind: 'pass', failed: true }
    return { ...refuse(error, request), failed: true }
  }
  try {
    const decision = step.decide(request, call)
    return decision instanceof Promise
      ? withDeadline(decision, step, call).then(checked).catch(failed)
      : checked(decision)
  } catch (thrown) {
    return failed(thrown)
  }
}

/** A plugin in plain JavaScript may return anything. */
function checked(decision: Decision): Decision {
  const kind: unknown = (decision as Decision | undefined)?.kind
  if (kind === 'pass' || kind === 'stop') return decision
  if (kind === 'rewrite' && (decision as Rewrite).patch) return decision
  throw new Error(`returned no decision but ${typeof decision} of kind ${String(kind)}`)
}

function withDeadline(decision: Promise<Decision>, step: Step, call: StepCall): Promise<Decision> {
  return new Promise((resolve, reject) => {
    const settled = () => {
      clearTimeout(timer)
      call.detach()
    }
    const timer = setTimeout(() => {
      reject(
        new RunnerError('DEADLINE_EXCEEDED', `plugin ${step.plugin} took longer than ${step.deadlineMs} ms`),
      )
    }, step.deadlineMs)
    call.onCallAborted((reason) => {
      clearTimeout(timer)
      reject(reason)
    })
    decision.then(
      (value) => {
        settled()
        resolve(value)
      },
      (cause) => {
        settled()
        reject(cause)
      },
    )
  })
}

/** What a plugin cannot clean up must not change what was decided. */
function finishStep(
  step: Step,
  request: PatchedRequest,
  outcome: CallOutcome,
  observer: ChainObserver,
): void {
  try {
    step.finish(request, outcome)
  } catch (thrown) {
    const error = toRunnerError(thrown, 'PLUGIN_FAILED', `finish of plugin ${step.plugin} failed`)
    observer.failure(step.plugin, request, error, true)
  }
}

/** A signal that is only built when somebody asks: most decisions are synchronous and never do. */
export class LazySignal {
  #controller: AbortController | undefined
  #reason: RunnerError | undefined
  #listeners = new Set<(reason: RunnerError) => void>()

  get reason(): RunnerError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  onAbort(listener: (reason: RunnerError) => void): () => void {
    if (this.#reason) listener(this.#reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  abort(reason: RunnerError): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller?.abort(reason)
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }
}

/** The `Call` of one step: ends with the step's deadline or with the call, whichever comes first. */
class StepCall implements Call {
  readonly #callSignal: LazySignal
  #controller: AbortController | undefined
  #unlisten: (() => void) | undefined

  constructor(callSignal: LazySignal) {
    this.#callSignal = callSignal
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      this.onCallAborted(() => this.abort())
    }
    return this.#controller.signal
  }

  onCallAborted(listener: (reason: RunnerError) => void): void {
    const previous = this.#unlisten
    const unlisten = this.#callSignal.onAbort(listener)
    this.#unlisten = () => {
      previous?.()
      unlisten()
    }
  }

  abort(): void {
    this.#controller?.abort()
    this.detach()
  }

  detach(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
  }
}

function outcomeOf(result: ChainResult | undefined): CallOutcome {
  if (!result) return { kind: 'failed' }
  if (result.kind === 'forward') return { kind: 'forwarded' }
  return { kind: 'stopped', by: result.by, outcome: result.stop.outcome ?? 'refused' }
}

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
    body: errorBody(request.endpoint, { message, type, code: error.code.toLowerCase() }),
  }
}

/** Headers that earlier plugins set for the response stay on a stop; the stop's own win. */
export function toStopAction(stop: Stop, request: PatchedRequest): StopAction {
  const own = new Set(Object.keys(stop.headers ?? {}).map((name) => name.toLowerCase()))
  const inherited = toEntries(request.respHeaders).filter((entry) => !own.has(entry.name))
  const headers = [...inherited, ...toEntries(stop.headers ?? {})]
  if (!own.has('content-type')) headers.push({ name: 'content-type', value: 'application/json' })
  return {
    kind: 'stop',
    status: stop.status,
    headers,
    body: Buffer.from(stop.body === '' ? '{}' : stop.body),
  }
}
