import { every } from '../turns.ts'
import { Breaker } from './breaker.ts'
import { CheckError, type CheckErrorCode, type CheckVerdict, type ContentService } from './check.ts'
import { Slots } from './slots.ts'
import { VerdictCache } from './verdict-cache.ts'

export interface GuardOptions {
  readonly timeoutMs: number
  /** Calls that the texts of one request may take. */
  readonly maxCalls: number
  readonly concurrency: number
  readonly maxWaiting: number
  readonly cacheEntries: number
  readonly cacheTtlMs: number
  readonly failures: number
  readonly openMs: number
  /** Milliseconds of a steady clock. */
  readonly now: () => number
}

export interface CheckReport {
  called(check: string, outcome: 'pass' | 'violation' | 'failure', seconds: number): void
  failed(check: string, code: CheckErrorCode): void
  cached(check: string): void
}

interface Piece {
  readonly piece: string
  readonly key: string
}

/** Looked up in the cache at one go; to hash a short one takes two microseconds, one of 10,000 characters ten. */
const PIECES_A_TURN = 200

const CLEAN: CheckVerdict = { violation: false, label: 'none', score: 0 }

/** A service behind a deadline, a breaker, a cache of its verdicts, and bounds on calls at once and per request. */
export class GuardedCheck {
  readonly name: string
  readonly #service: ContentService
  readonly #options: GuardOptions
  readonly #report: CheckReport
  readonly #breaker: Breaker
  readonly #cache: VerdictCache
  readonly #slots: Slots

  constructor(name: string, service: ContentService, options: GuardOptions, report: CheckReport) {
    const { failures, openMs, cacheEntries, cacheTtlMs, now } = options
    this.name = name
    this.#service = service
    this.#options = options
    this.#report = report
    this.#breaker = new Breaker({ failures, openMs, now })
    this.#cache = new VerdictCache({ maxEntries: cacheEntries, ttlMs: cacheTtlMs, now })
    this.#slots = new Slots(options.concurrency, options.maxWaiting)
  }

  /**
   * The first violation among the texts, or a clean verdict. One deadline for all calls.
   * @throws CheckError when the texts could not all be checked and none of those that were is a violation.
   */
  async check(texts: readonly string[], signal: AbortSignal): Promise<CheckVerdict> {
    try {
      const { known, open } = await this.#lookUp(texts)
      if (known) return known
      if (open.length === 0) return CLEAN
      return await this.#askAll(open, AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]))
    } catch (error) {
      const known =
        error instanceof CheckError ? error : new CheckError('network', 'call failed', { cause: error })
      this.#report.failed(this.name, known.code)
      throw known
    }
  }

  async close(): Promise<void> {
    await this.#service.close?.()
  }

  /**
   * The pieces of the texts without a verdict in the cache, up to the first that is known to be bad. Gives way to the
   * event loop, since a request may have a hundred thousand texts.
   * @throws CheckError as soon as there are more than may be asked about.
   */
  async #lookUp(texts: readonly string[]): Promise<{ known?: CheckVerdict; open: readonly Piece[] }> {
    const { maxCalls } = this.#options
    const open: Piece[] = []
    const seen = new Set<string>()
    const pause = every(PIECES_A_TURN)
    for (const text of texts) {
      for (const piece of pieces(text, this.#service.maxChars)) {
        const turn = pause()
        if (turn) await turn
        if (seen.has(piece)) continue
        seen.add(piece)
        const key = VerdictCache.keyOf(piece)
        const known = this.#cache.get(key)
        if (known) this.#report.cached(this.name)
        if (known?.violation) return { known, open }
        if (!known) open.push({ piece, key })
        if (open.length > maxCalls) throw new CheckError('too_long', `the texts need over ${maxCalls} calls`)
      }
    }
    return { open }
  }

  async #askAll(open: readonly Piece[], signal: AbortSignal): Promise<CheckVerdict> {
    const results = await Promise.allSettled(open.map((one) => this.#ask(one.piece, one.key, signal)))
    let failure: unknown
    for (const result of results) {
      if (result.status === 'rejected') failure ??= result.reason
      else if (result.value.violation) return result.value
    }
    if (failure !== undefined) throw failure
    return CLEAN
  }

  async #ask(piece: string, key: string, signal: AbortSignal): Promise<CheckVerdict> {
    return this.#slots.run(async () => {
      if (!this.#breaker.take()) throw new CheckError('open', 'resting after repeated failures')
      const from = this.#options.now()
      const took = () => (this.#options.now() - from) / 1000
      try {
        const verdict = await unlessAborted(this.#service.ask(piece, signal), signal)
        this.#breaker.ok()
        this.#cache.set(key, verdict)
        this.#report.called(this.name, verdict.violation ? 'violation' : 'pass', took())
        return verdict
      } catch (error) {
        this.#breaker.fail()
        this.#report.called(this.name, 'failure', took())
        throw error
      }
    }, signal)
  }
}

/** SDKs do not all obey a signal: whoever waits must not hang with them. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new CheckError('timeout', 'no verdict in time'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Context that the end of one piece and the start of the next have in common, so that no phrase is cut in two. */
const OVERLAP = 100

/** A long text in pieces of at most `maxChars` that overlap; no surrogate pair is cut. */
export function* pieces(text: string, maxChars: number): Generator<string, void, undefined> {
  if (text.trim() === '') return
  const step = Math.max(1, maxChars - OVERLAP)
  for (let from = 0; ; from += step) {
    const start = isLowSurrogate(text, from) ? from + 1 : from
    const end = Math.min(text.length, from + maxChars)
    yield text.slice(start, isLowSurrogate(text, end) ? end - 1 : end)
    if (end >= text.length) return
  }
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return at > 0 && unit >= 0xdc00 && unit < 0xe000
}
