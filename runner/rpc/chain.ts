import { RunnerError, toRunnerError } from '../errors.ts'
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
import { type LazySignal, StepCall } from './call-signal.ts'
import { refuse } from './refuse.ts'
import type { PatchedRequest } from './request-view.ts'

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
 * call is out of time or its connection is gone. A promise only when a plugin decides by one: it would cost more than
 * many a plugin.
 */
export function runChain(
  chain: Chain,
  request: PatchedRequest,
  callSignal: LazySignal,
  observer: ChainObserver,
): ChainResult | Promise<ChainResult> {
  return new ChainRun(chain, request, callSignal, observer).advance()
}

class ChainRun {
  readonly #chain: Chain
  readonly #callSignal: LazySignal
  readonly #observer: ChainObserver
  #request: PatchedRequest
  #ran = 0
  #finished = false

  constructor(chain: Chain, request: PatchedRequest, callSignal: LazySignal, observer: ChainObserver) {
    this.#chain = chain
    this.#request = request
    this.#callSignal = callSignal
    this.#observer = observer
  }

  advance(): ChainResult | Promise<ChainResult> {
    try {
      while (this.#ran < this.#chain.steps.length) {
        const step = this.#chain.steps[this.#ran++] as Step
        const startedAt = performance.now()
        const decision = decideOrFail(step, this.#request, this.#callSignal, this.#observer)
        if (decision instanceof Promise) return this.#resume(step, decision, startedAt)
        const stopped = this.#take(step, decision, startedAt)
        if (stopped) return this.#finish(stopped)
      }
      return this.#finish({ kind: 'forward', request: this.#request })
    } catch (error) {
      this.#finish(undefined)
      throw error
    }
  }

  async #resume(step: Step, pending: Promise<Decided>, startedAt: number): Promise<ChainResult> {
    try {
      const stopped = this.#take(step, await pending, startedAt)
      if (stopped) return this.#finish(stopped)
    } catch (error) {
      this.#finish(undefined)
      throw error
    }
    return this.advance()
  }

  #take(step: Step, decision: Decided, startedAt: number): ChainResult | undefined {
    const outcome = decision.failed ? 'failed' : decision.kind
    this.#observer.step(step.plugin, outcome, (performance.now() - startedAt) / 1000)
    if (decision.note !== undefined) this.#request = this.#request.noted(step.plugin, decision.note)
    if (decision.kind === 'rewrite') this.#request = this.#request.patched(decision.patch)
    if (decision.kind !== 'stop') return undefined
    return { kind: 'stop', request: this.#request, by: step.plugin, stop: decision }
  }

  /** Once, for every step that began, however the chain ended. */
  #finish<Result extends ChainResult | undefined>(result: Result): Result {
    if (this.#finished) return result
    this.#finished = true
    const outcome = outcomeOf(result)
    for (let i = 0; i < this.#ran; i++) {
      finishStep(this.#chain.steps[i] as Step, this.#request, outcome, this.#observer)
    }
    return result
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

function outcomeOf(result: ChainResult | undefined): CallOutcome {
  if (!result) return { kind: 'failed' }
  if (result.kind === 'forward') return { kind: 'forwarded' }
  return { kind: 'stopped', by: result.by, outcome: result.stop.outcome ?? 'refused' }
}
