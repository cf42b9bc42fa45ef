import type { UsageEvent } from '../../runner/plugin.ts'

/** Means over what was seen, recent responses weighing more; enough for a line through bytes over tokens. */
interface Line {
  readonly tokens: number
  readonly bytes: number
  readonly tokensSquared: number
  readonly product: number
  readonly seen: number
}

/**
 * Bytes of a response over its output tokens, by model and format, learned from complete responses: so much for the
 * frame and so much for each token. It answers how many tokens a stream had sent when its client left: APISIX then
 * knows the bytes and no text.
 */
export class ByteRatios {
  readonly #lines = new Map<string, Line>()
  #isChanged = false

  learn(event: UsageEvent): void {
    if (event.outcome !== 'completed' || event.usage_source !== 'provider' || event.completion_t < MIN_TOKENS)
      return
    if (!event.response_bytes) return
    for (const key of keysOf(event)) this.#add(key, event.completion_t, event.response_bytes)
    this.#isChanged = true
    if (this.#lines.size > MAX_KEYS) this.#forgetOldest()
  }

  /** Estimated output tokens of `event.response_bytes` bytes. */
  tokens(event: UsageEvent): number {
    const bytes = event.response_bytes ?? 0
    for (const key of keysOf(event)) {
      const line = this.#lines.get(key)
      if (line) return tokensOn(line, bytes)
    }
    return Math.round(bytes / (event.stream ? DEFAULT_STREAM_BYTES : DEFAULT_JSON_BYTES))
  }

  /** Whether something was learned since it was last asked. */
  takeChange(): boolean {
    const changed = this.#isChanged
    this.#isChanged = false
    return changed
  }

  /** What was learned, for keeping. */
  dump(): Record<string, string> {
    return Object.fromEntries([...this.#lines].map(([key, line]) => [key, JSON.stringify(line)]))
  }

  /** Takes back what `dump` gave; what cannot be read is left out. */
  load(dumped: Readonly<Record<string, unknown>>): void {
    for (const [key, text] of Object.entries(dumped)) {
      const line = lineOf(text)
      if (line) this.#lines.set(key, line)
    }
  }

  #add(key: string, tokens: number, bytes: number): void {
    const known = this.#lines.get(key)
    const seen = (known?.seen ?? 0) + 1
    const weight = Math.max(MIN_WEIGHT, 1 / seen)
    const mean = (old: number | undefined, value: number) => (old ?? 0) + weight * (value - (old ?? 0))
    this.#lines.delete(key)
    this.#lines.set(key, {
      tokens: mean(known?.tokens, tokens),
      bytes: mean(known?.bytes, bytes),
      tokensSquared: mean(known?.tokensSquared, tokens * tokens),
      product: mean(known?.product, tokens * bytes),
      seen,
    })
  }

  #forgetOldest(): void {
    const [oldest] = this.#lines.keys()
    if (oldest !== undefined) this.#lines.delete(oldest)
  }
}

/** Below it a response is mostly frame. */
const MIN_TOKENS = 8
const MIN_WEIGHT = 0.02
const MAX_KEYS = 10_000
/** An OpenAI chat chunk with one token of text, `data: ` and blank line included. */
const DEFAULT_STREAM_BYTES = 220
const DEFAULT_JSON_BYTES = 6
/** Responses before the line is trusted; until then the plain ratio. */
const MIN_SEEN = 10

function tokensOn({ tokens, bytes, tokensSquared, product, seen }: Line, given: number): number {
  const variance = tokensSquared - tokens * tokens
  const slope = variance > 1 && seen >= MIN_SEEN ? (product - tokens * bytes) / variance : 0
  const frame = bytes - slope * tokens
  // A slope that makes no sense: lengths and sizes that have nothing to do with each other.
  if (slope <= 0 || frame < 0) return Math.round((given * tokens) / bytes)
  return Math.max(0, Math.round((given - frame) / slope))
}

function lineOf(text: unknown): Line | undefined {
  try {
    const line = JSON.parse(String(text)) as Line
    const { tokens, bytes, tokensSquared, product, seen } = line
    const isSound = [tokens, bytes, tokensSquared, product, seen].every((value) => value > 0 && value < 1e15)
    return isSound ? { tokens, bytes, tokensSquared, product, seen } : undefined
  } catch {
    return undefined
  }
}

/** From special to general: another model of the same format still tells more than a constant. */
function keysOf({ endpoint, stream, provider, model }: UsageEvent): readonly string[] {
  const format = `${endpoint ?? ''}|${stream}`
  return [`${format}|${provider ?? ''}|${model ?? ''}`, format]
}
