import { utf8Length } from './char-class.ts'
import type { TokenBytes } from './vocabulary.ts'

const PAIR_BITS = 19

/**
 * Where a piece may be cut before merging because no token reaches across: no token has these two characters next to
 * each other, nor a part of one next to the other. Merging is then the same on both sides as in the whole, so the
 * counts add up. This makes of a Chinese clause, which is one piece, words that are short and come again.
 *
 * Character pairs of tokens are bits at their hash; two that share a bit only make a seam go unseen.
 */
export class Seams {
  readonly #pairs = new Uint32Array(1 << (PAIR_BITS - 5))
  /** For tokens that begin or end inside a character: the two bytes at its edge. */
  readonly #edges = new Uint32Array(65536 >> 5)

  constructor({ pool, starts }: TokenBytes) {
    for (let token = 0; token + 1 < starts.length; token++) {
      this.#learn(pool, starts[token] ?? 0, starts[token + 1] ?? 0)
    }
  }

  /** The first seam after `start`, or `end`. Both must be where characters begin; the bytes must be well-formed UTF-8. */
  next(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    let left = 0
    for (;;) {
      const size = utf8Length(bytes[at] ?? 0)
      const right = characterAt(bytes, at, size)
      if (at > start && (left | right) >= 0x80 && this.#parts(bytes, at, left, right)) return at
      left = right
      at += size
      if (at >= end) return end
    }
  }

  #parts(bytes: Uint8Array, at: number, left: number, right: number): boolean {
    const edge = edgeAt(bytes, at)
    if (((this.#edges[edge >>> 5] ?? 0) >>> (edge & 31)) & 1) return false
    const pair = pairBit(left, right)
    return (((this.#pairs[pair >>> 5] ?? 0) >>> (pair & 31)) & 1) === 0
  }

  #learn(pool: Uint8Array, start: number, end: number): void {
    let left = -1
    for (let at = start; at < end; ) {
      const lead = pool[at] ?? 0
      if ((lead & 0xc0) === 0x80) {
        at++
        continue
      }
      const size = utf8Length(lead)
      const right = at + size <= end ? characterAt(pool, at, size) : -1
      if (at > start) {
        const bit = left >= 0 && right >= 0 ? pairBit(left, right) : edgeAt(pool, at)
        const bits = left >= 0 && right >= 0 ? this.#pairs : this.#edges
        bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31))
      }
      left = right
      at += size
    }
  }
}

/** The bytes of a character as one number, unlike for every two characters, and below 0x80 for ASCII. */
function characterAt(bytes: Uint8Array, at: number, size: number): number {
  let character = bytes[at] ?? 0
  for (let i = 1; i < size; i++) character = (character << 6) ^ ((bytes[at + i] ?? 0) & 0x3f)
  return character
}

function edgeAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at - 1] ?? 0) << 8) | (bytes[at] ?? 0)
}

function pairBit(left: number, right: number): number {
  return (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77)) >>> (32 - PAIR_BITS)
}
