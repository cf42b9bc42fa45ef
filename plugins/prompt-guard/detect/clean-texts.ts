import { RememberedTexts, type RememberedTextsLimits } from '../../remembered-texts.ts'
import type { Origin } from './verdict.ts'

/** What the inspection of a text came to in which nothing was found: only its numbers. */
export type CleanOutcome = {
  readonly score: number
  readonly patterns: number
  readonly classifier: number
  readonly inspectedChars: number
}

/**
 * Texts that were found clean lately; an attack is never remembered, it is judged each time. One of these belongs to one
 * detector, so that no policy sees what another found.
 */
export class CleanTexts {
  /** Text from tools is judged more strictly, so it is kept apart. */
  readonly #tool: RememberedTexts<CleanOutcome>
  readonly #other: RememberedTexts<CleanOutcome>

  /** @param limits of text from tools, and again of all other */
  constructor(limits: RememberedTextsLimits) {
    this.#tool = new RememberedTexts(limits)
    this.#other = new RememberedTexts(limits)
  }

  get(text: string, origin: Origin): CleanOutcome | undefined {
    return this.#of(origin).get(text)
  }

  add(text: string, origin: Origin, outcome: CleanOutcome): void {
    this.#of(origin).add(text, outcome)
  }

  #of(origin: Origin): RememberedTexts<CleanOutcome> {
    return origin === 'tool' ? this.#tool : this.#other
  }
}
