import { type Embedder, EmbedError, type EmbedErrorCode } from './embedder.ts'

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  failures?: number
  /** First pause; it doubles with each failed probe. */
  cooldownMs?: number
  maxCooldownMs?: number
  /** Monotonic milliseconds. */
  now?: () => number
  /** The circuit opens, again with each probe that fails; the failure that did it. */
  onOpen?: (error: EmbedError) => void
}

/** Failures that say the embedder is unwell; a caller that left does not. */
const COUNTED: ReadonlySet<EmbedErrorCode> = new Set([
  'EMBED_TIMEOUT',
  'EMBED_NETWORK',
  'EMBED_STATUS',
  'EMBED_TOO_LARGE',
  'EMBED_SHAPE',
  'EMBED_MISSING',
])

/**
 * Keeps a dead embedder from costing every request its deadline: after some failures in a row calls fail at
 * once with EMBED_OPEN, until a pause has passed and one probe is let through.
 */
export class BreakerEmbedder implements Embedder {
  readonly identity: string
  readonly dimensions: number
  readonly #inner: Embedder
  readonly #failures: number
  readonly #cooldownMs: number
  readonly #maxCooldownMs: number
  readonly #now: () => number
  readonly #onOpen: (error: EmbedError) => void
  #failed = 0
  #pauseMs = 0
  #openUntil = 0
  #probing = false

  constructor(inner: Embedder, options: BreakerOptions = {}) {
    this.identity = inner.identity
    this.dimensions = inner.dimensions
    this.#inner = inner
    this.#failures = options.failures ?? 5
    this.#cooldownMs = options.cooldownMs ?? 5_000
    this.#maxCooldownMs = options.maxCooldownMs ?? 60_000
    this.#now = options.now ?? (() => performance.now())
    this.#onOpen = options.onOpen ?? (() => {})
  }

  get state(): 'closed' | 'open' | 'probing' {
    if (this.#failed < this.#failures) return 'closed'
    return this.#probing ? 'probing' : 'open'
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const probe = this.#failed >= this.#failures
    if (probe) {
      if (this.#probing || this.#now() < this.#openUntil) {
        throw new EmbedError('EMBED_OPEN', 'embedder is resting after repeated failures')
      }
      this.#probing = true
    }
    try {
      const vectors = await this.#inner.embed(texts, signal)
      this.#failed = 0
      this.#pauseMs = 0
      return vectors
    } catch (error) {
      if (error instanceof EmbedError && COUNTED.has(error.code)) this.#fail(error, probe)
      throw error
    } finally {
      if (probe) this.#probing = false
    }
  }

  async close(): Promise<void> {
    await this.#inner.close?.()
  }

  #fail(error: EmbedError, probe: boolean): void {
    this.#failed++
    if (this.#failed < this.#failures) return
    // Late failures of calls made before the circuit opened must not stretch the pause.
    if (!probe && this.#failed > this.#failures) return
    this.#pauseMs = Math.min(this.#pauseMs === 0 ? this.#cooldownMs : this.#pauseMs * 2, this.#maxCooldownMs)
    this.#openUntil = this.#now() + this.#pauseMs
    this.#onOpen(error)
  }
}
