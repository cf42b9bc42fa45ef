import type { UsageEvent } from '../../runner/plugin.ts'

/**
 * Bytes of a response per output token, by model and format, learned from complete responses. It answers how many
 * tokens a stream had sent when its client left: APISIX then knows the bytes and no text.
 */
export class ByteRatios {
  readonly #ratios = new Map<string, number>()

  learn(event: UsageEvent): void {
    if (event.outcome !== 'completed' || event.usage_source !== 'provider' || event.completion_t < MIN_TOKENS)
      return
    if (!event.response_bytes) return
    const ratio = event.response_bytes / event.completion_t
    for (const key of keysOf(event)) {
      const known = this.#ratios.get(key)
      this.#ratios.set(key, known === undefined ? ratio : known + WEIGHT * (ratio - known))
    }
    if (this.#ratios.size > MAX_KEYS) this.#forgetOldest()
  }

  /** Estimated output tokens of `event.response_bytes` bytes. */
  tokens(event: UsageEvent): number {
    const bytes = event.response_bytes ?? 0
    const key = keysOf(event).find((candidate) => this.#ratios.has(candidate))
    const ratio = key === undefined ? undefined : this.#ratios.get(key)
    return Math.round(bytes / (ratio ?? (event.stream ? DEFAULT_STREAM_BYTES : DEFAULT_JSON_BYTES)))
  }

  #forgetOldest(): void {
    const [oldest] = this.#ratios.keys()
    if (oldest !== undefined) this.#ratios.delete(oldest)
  }
}

/** Below it a response is mostly frame. */
const MIN_TOKENS = 16
const WEIGHT = 0.05
const MAX_KEYS = 10_000
/** An OpenAI chat chunk with one token of text, `data: ` and blank line included. */
const DEFAULT_STREAM_BYTES = 220
const DEFAULT_JSON_BYTES = 6

/** From special to general: another model of the same format still tells more than a constant. */
function keysOf({ endpoint, stream, provider, model }: UsageEvent): readonly string[] {
  const format = `${endpoint ?? ''}|${stream}`
  return [`${format}|${provider ?? ''}|${model ?? ''}`, format]
}
