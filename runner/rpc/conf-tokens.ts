/**
 * Conf tokens that never repeat. APISIX does not notice a restart and goes on using the tokens of the old process for
 * up to an hour; a counter from 1 would then let a request through by another route's conf (observed: 9 of 20).
 * So a token is the millisecond it was made in, modulo 2^32 (49.7 days, far beyond that hour): it grows strictly
 * within a process and is told only when its millisecond has passed, hence a later process cannot make the same one.
 */
const TOKEN_SPACE = 2 ** 32

export class ConfTokens {
  readonly #now: () => number
  #lastMs = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  async next(): Promise<number> {
    // Claimed before waiting, so that callers at the same time queue up behind each other.
    this.#lastMs = Math.max(this.#lastMs + 1, this.#now())
    const claimedMs = this.#lastMs
    // Told only when its millisecond is over: a process that starts after that claims a later one.
    while (this.#now() <= claimedMs) {
      await new Promise((resolve) => setTimeout(resolve, claimedMs - this.#now() + 1))
    }
    const token = claimedMs % TOKEN_SPACE
    return token === 0 ? this.next() : token
  }
}
