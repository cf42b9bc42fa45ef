/**
 * The commonest piece by far, found without a loop over its bytes: an ASCII word with the space before it. Four bytes
 * are judged at a time, so that a word costs no branch for each of its letters; ordinary English is split twice as fast
 * as by the general way alone, which stays the one that knows the pattern (split.ts).
 */

/** Bytes from its start that must be readable; longer words are left to the general way. */
export const PLAIN_WORD_WINDOW = 16

/**
 * How many bytes the piece at `start` has when it is a plain word, else 0: then it may be anything, a word among others.
 * `view` must have `PLAIN_WORD_WINDOW` bytes from `start` on.
 */
export type PlainWord = (view: DataView, start: number) => number

const SPACE = 0x20
const APOSTROPHE = 0x27
/** Marks a byte in a word of four. */
const FLAGS = 0x80808080 | 0
const CASE_BITS = 0x20202020
/** Clears the marks of bytes that come before the letters. */
const AFTER_SKIPPED = Int32Array.of(-1, -0x100, -0x10000)

/** cl100k_base: ` ?[A-Za-z]+`, when what follows can be no letter. */
export function cl100kPlainWord(view: DataView, start: number): number {
  const skipped = view.getUint8(start) === SPACE ? 1 : 0
  const end = lettersEnd(view, start, skipped, CASE_BITS)
  return view.getUint8(start + end) < 0x80 ? end : 0
}

/** o200k_base: ` ?[A-Z]?[a-z]+`, when what follows can be neither lower case nor a contraction. */
export function o200kPlainWord(view: DataView, start: number): number {
  const space = view.getUint8(start) === SPACE ? 1 : 0
  const first = view.getUint8(start + space)
  const skipped = first >= 0x41 && first <= 0x5a ? space + 1 : space
  const end = lettersEnd(view, start, skipped, 0)
  const next = view.getUint8(start + end)
  return next < 0x80 && next !== APOSTROPHE ? end : 0
}

/** Where the lower-case letters after `skipped` bytes end, counted from `start`; 0: at once, or not within the window. */
function lettersEnd(view: DataView, start: number, skipped: number, caseBits: number): number {
  const first = otherThanLower(view.getInt32(start, true) | caseBits) & (AFTER_SKIPPED[skipped] ?? 0)
  if (first !== 0) {
    const end = lowestMarked(first)
    return end > skipped ? end : 0
  }
  for (let at = 4; at < PLAIN_WORD_WINDOW; at += 4) {
    const others = otherThanLower(view.getInt32(start + at, true) | caseBits)
    if (others !== 0) return at + lowestMarked(others)
  }
  return 0
}

/** Marks every byte that is not `a` to `z`: the sums set a byte's top bit from `a` on, and from `{` on. */
function otherThanLower(four: number): number {
  const ascii = four & ~FLAGS
  return ~((ascii + 0x1f1f1f1f) & ~(ascii + 0x05050505) & ~four) & FLAGS
}

function lowestMarked(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3
}
