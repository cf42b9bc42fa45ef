/** Shorter texts are read in less time than it takes to look them up. */
const MIN_CHARS = 64
/** Conversations are repeated, documents rarely: a longer text would drive out many. */
const MAX_CHARS = 32_768

export interface RememberedTextsLimits {
  readonly texts: number
  /** UTF-16 code units of all texts together. */
  readonly chars: number
}

/**
 * What was found out about texts lately, since each call of a conversation repeats the turns before. By the whole text,
 * not by a hash, so that no other text passes for a known one. Bounded in entries and code units; what was not asked for
 * the longest goes first. Very short and very long texts are not kept.
 */
export class RememberedTexts<Value> {
  readonly #limits: RememberedTextsLimits
  /** In order of their last use. */
  readonly #values = new Map<string, Value>()
  #chars = 0

  constructor(limits: RememberedTextsLimits) {
    this.#limits = limits
  }

  get(text: string): Value | undefined {
    if (!isKept(text)) return undefined
    const value = this.#values.get(text)
    if (value === undefined) return undefined
    this.#values.delete(text)
    this.#values.set(text, value)
    return value
  }

  /** What is known of a text stays as it is. */
  add(text: string, value: Value): void {
    if (!isKept(text) || this.#values.has(text)) return
    this.#values.set(text, value)
    this.#chars += text.length
    const { texts, chars } = this.#limits
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= texts && this.#chars <= chars) break
      this.#values.delete(oldest)
      this.#chars -= oldest.length
    }
  }
}

function isKept({ length }: string): boolean {
  return length >= MIN_CHARS && length <= MAX_CHARS
}
