import type { Origin } from './verdict.ts'

/** What the inspection of a text came to in which nothing was found: only its numbers. */
export type CleanOutcome = {
  readonly score: number
  readonly patterns: number
  readonly classifier: number
  readonly inspectedChars: number
}

/** Shorter texts are inspected in less time than it takes to look them up. */
const MIN_CHARS = 64
/** Conversations are repeated, documents rarely: a longer text would drive out many. */
const MAX_CHARS = 32_768

/**
 * Texts that were found clean lately, since each call of a conversation repeats the turns before. By the whole text, not
 * by a hash, so that no other text passes for a known one; an attack is never remembered, it is judged each time. One of
 * these belongs to one detector, so that no policy sees what another found. Bounded in entries and code units; what
 * was not asked for the longest goes first.
 */
export class CleanTexts {
  readonly #maxEntries: number
  readonly #maxChars: number
  /** In order of their last use. Text from tools is judged more strictly, so it is kept apart. */
  readonly #tool = new Map<string, CleanOutcome>()
  readonly #other = new Map<string, CleanOutcome>()
  #chars = 0

  constructor(maxEntries: number, maxChars: number) {
    this.#maxEntries = maxEntries
    this.#maxChars = maxChars
  }

  get(text: string, origin: Origin): CleanOutcome | undefined {
    if (text.length < MIN_CHARS || text.length > MAX_CHARS) return undefined
    const known = this.#of(origin)
    const outcome = known.get(text)
    if (!outcome) return undefined
    known.delete(text)
    known.set(text, outcome)
    return outcome
  }

  add(text: string, origin: Origin, outcome: CleanOutcome): void {
    if (text.length < MIN_CHARS || text.length > MAX_CHARS) return
    const known = this.#of(origin)
    if (known.has(text)) return
    known.set(text, outcome)
    this.#chars += text.length
    while (this.#tool.size + this.#other.size > this.#maxEntries || this.#chars > this.#maxChars) {
      this.#dropOldest(this.#tool.size > this.#other.size ? this.#tool : this.#other)
    }
  }

  #of(origin: Origin): Map<string, CleanOutcome> {
    return origin === 'tool' ? this.#tool : this.#other
  }

  #dropOldest(known: Map<string, CleanOutcome>): void {
    for (const text of known.keys()) {
      known.delete(text)
      this.#chars -= text.length
      return
    }
  }
}
