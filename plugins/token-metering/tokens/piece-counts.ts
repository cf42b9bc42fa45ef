import type { TextBytes } from './text-bytes.ts'

/** Longest piece that is remembered, in bytes: nearly every word with its space, and five Chinese characters. */
export const REMEMBERED_BYTES = 16
const SLOT_BITS = 13
const COUNT_BITS = 8
const COUNT_MASK = (1 << COUNT_BITS) - 1

/** Which bytes of the word at `4 * word` belong to a piece of this many bytes. */
const MASKS: readonly Int32Array[] = [0, 4, 8, 12].map((from) =>
  Int32Array.from({ length: REMEMBERED_BYTES + 1 }, (_, length) => {
    const bytes = Math.min(4, Math.max(0, length - from))
    return bytes === 4 ? -1 : (1 << (8 * bytes)) - 1
  }),
)
const [MASK_0, MASK_4, MASK_8, MASK_12] = MASKS as [Int32Array, Int32Array, Int32Array, Int32Array]

type CountAnew = (text: TextBytes, start: number, end: number) => number

/**
 * Token counts of short pieces, for text repeats its words: more than nine in ten are found here. Direct-mapped and of
 * fixed size (160 KB): a piece whose slot another one has taken is counted anew, so nothing grows and no input is slower
 * than without this by more than the look-up. A key is the piece itself, so a count that is found is the right one.
 */
export class PieceCounts {
  readonly #keys = new Int32Array(4 << SLOT_BITS)
  /** Length of the piece and its tokens; 0 is an empty slot. */
  readonly #counts = new Int32Array(1 << SLOT_BITS)
  readonly #countAnew: CountAnew

  constructor(countAnew: CountAnew) {
    this.#countAnew = countAnew
  }

  /** The piece has 1 to `REMEMBERED_BYTES` bytes, and the buffer that many from `start` on. */
  count(text: TextBytes, start: number, length: number): number {
    const { view } = text
    const a = view.getInt32(start, true) & (MASK_0[length] ?? 0)
    const b = view.getInt32(start + 4, true) & (MASK_4[length] ?? 0)
    const c = view.getInt32(start + 8, true) & (MASK_8[length] ?? 0)
    const d = view.getInt32(start + 12, true) & (MASK_12[length] ?? 0)
    const sum =
      Math.imul(a, 0x9e3779b1) ^
      Math.imul(b, 0x85ebca77) ^
      Math.imul(c, 0xc2b2ae3d) ^
      Math.imul(d, 0x27d4eb2f)
    const slot = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d) >>> (32 - SLOT_BITS)
    const keys = this.#keys
    const at = slot << 2
    const known = this.#counts[slot] ?? 0
    if (
      known >>> COUNT_BITS === length &&
      keys[at] === a &&
      keys[at + 1] === b &&
      keys[at + 2] === c &&
      keys[at + 3] === d
    ) {
      return known & COUNT_MASK
    }
    const tokens = this.#countAnew(text, start, start + length)
    keys[at] = a
    keys[at + 1] = b
    keys[at + 2] = c
    keys[at + 3] = d
    this.#counts[slot] = (length << COUNT_BITS) | tokens
    return tokens
  }
}
