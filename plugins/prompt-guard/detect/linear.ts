// What the loop over features needs is not exported: V8 looks exports up at each use, which made it a third slower.
import type { Features } from './features.ts'

/** Number of hash buckets, a power of two. */
export const BUCKETS = 1 << 18

/**
 * Kinds of features; each kind has one value, so that a text's vector needs no counting. In parts of {@link UNIT}, since
 * a sum of integers is faster than one of fractions.
 */
const KIND_PARTS: Int32Array = Int32Array.from([
  20, // word
  20, // two words
  14, // three words, or two with one between
  9, // four letters of a word
  10, // Chinese character
  20, // two Chinese characters
  18, // three
  12, // four
  20, // concept
  28, // concept, then another near it
  40, // rule
  ...[0, 0, 0, 0, 0], // as many as a tag may name, so that V8 need not check
])
const UNIT = 20

/** A linear model over hashed features: quantised weights, their step, the constant term. */
export type LinearModel = {
  weights: Int8Array
  step: number
  bias: number
}

/** Added to a window's squared length: a text of two or three features says little, whatever they are. */
export const PRIOR_MASS = 4

/** Sizes of the windows in blocks, and how far apart they start. */
export const WINDOWS: readonly { blocks: number; stride: number }[] = [
  { blocks: 2, stride: 1 },
  { blocks: 8, stride: 4 },
]

const KIND_SHIFT = 20
const BLOCK_SHIFT = 24
/** Blocks come in order and no slice has more, so that they need no more room in a tag. */
const BLOCK_MASK = 127

/** Kind and block of a feature in one number, never 0, with room for the bucket below. */
export const tagOf = (kind: number, block: number): number =>
  ((block & BLOCK_MASK) << BLOCK_SHIFT) | (kind << KIND_SHIFT) | 0x80000000

const kindOf = (tag: number): number => (tag >>> KIND_SHIFT) & 15

const blockOf = (tag: number): number => (tag >>> BLOCK_SHIFT) & BLOCK_MASK

const bucketOf = (hash: number, tag: number): number => {
  const seed = (Math.imul(hash, 0x9e3779b1) + kindOf(tag)) | 0
  let mixed = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) & (BUCKETS - 1)
}

/**
 * Marks of features seen lately: most repetitions within a block count once, so that a text that says one thing over
 * and over is not the more certain for it. What falls out of these places may count again.
 */
const SEEN_PLACES = 4096

/** Where `seen` keeps the mark, `tag | bucket`, of a feature. */
const placeOf = (mark: number): number => (mark ^ ((mark & 0xffffff) >>> 12)) & (SEEN_PLACES - 1)

const SQUARES = KIND_PARTS.map((value) => value * value)
const seen = new Int32Array(SEEN_PLACES)

/** By block, in parts of {@link UNIT} and of its square. */
let sums = new Int32Array(64)
let squares = new Int32Array(64)

/** Number of windows that {@link scoreWindows} looks at. */
export const countWindows = (blocks: number): number => {
  let count = 0
  for (const { blocks: size, stride } of WINDOWS) {
    if (size !== WINDOWS[0]?.blocks && blocks <= (WINDOWS[0]?.blocks ?? 0)) break
    count += 1 + Math.ceil(Math.max(0, blocks - size) / stride)
  }
  return count
}

const bestWindow = ({ step, bias }: LinearModel, blocks: number): number => {
  let best = Number.NEGATIVE_INFINITY
  for (const { blocks: size, stride } of WINDOWS) {
    if (size !== WINDOWS[0]?.blocks && blocks <= (WINDOWS[0]?.blocks ?? 0)) break
    for (let from = 0; ; from += stride) {
      const to = Math.min(blocks, from + size)
      let sum = 0
      let square = 0
      for (let at = from; at < to; at++) {
        sum += sums[at] ?? 0
        square += squares[at] ?? 0
      }
      const score = ((sum / UNIT) * step) / Math.sqrt(square / (UNIT * UNIT) + PRIOR_MASS) + bias
      if (score > best) best = score
      if (to >= blocks) break
    }
  }
  return best
}

/**
 * The highest log-odds of any window of the text. A window's vector has length 1, so that long windows say no more
 * than short ones; many windows of a long text are many chances for a false alarm, which the caller accounts for.
 */
export const scoreWindows = (model: LinearModel, features: Features): number => {
  const { hashes, tags, count, blocks } = features
  const { weights } = model
  if (sums.length < blocks) {
    sums = new Int32Array(blocks * 2)
    squares = new Int32Array(blocks * 2)
  }
  sums.fill(0, 0, blocks)
  squares.fill(0, 0, blocks)
  seen.fill(0)
  // Features of a block mostly follow each other: their sums are kept at hand until another block comes.
  let current = 0
  let sum = 0
  let square = 0
  for (let index = 0; index < count; index++) {
    const tag = tags[index] ?? 0
    const block = blockOf(tag)
    if (block !== current) {
      sums[current] = (sums[current] ?? 0) + sum
      squares[current] = (squares[current] ?? 0) + square
      sum = 0
      square = 0
      current = block
    }
    const bucket = bucketOf(hashes[index] ?? 0, tag)
    const mark = tag | bucket
    const place = placeOf(mark)
    const change = (seen[place] ?? 0) ^ mark
    seen[place] = mark
    // 0 for a repetition, else 1. A quarter are repetitions, without order: a branch would often be guessed wrong.
    const isNew = (change | (0 - change)) >>> 31
    const kind = kindOf(tag)
    sum = (sum + Math.imul(KIND_PARTS[kind] ?? 0, (weights[bucket] ?? 0) & (0 - isNew))) | 0
    square = (square + ((SQUARES[kind] ?? 0) & (0 - isNew))) | 0
  }
  sums[current] = (sums[current] ?? 0) + sum
  squares[current] = (squares[current] ?? 0) + square
  return bestWindow(model, blocks)
}

/** A feature of a vector: its bucket, its value before the vector is made shorter, the block it stands in. */
export type Item = { bucket: number; value: number; block: number }

/** The features that {@link scoreWindows} counts, for training. */
export const distinctItems = ({ hashes, tags, count }: Features): Item[] => {
  const items: Item[] = []
  seen.fill(0)
  for (let index = 0; index < count; index++) {
    const tag = tags[index] ?? 0
    const bucket = bucketOf(hashes[index] ?? 0, tag)
    const mark = tag | bucket
    const place = placeOf(mark)
    if (seen[place] === mark) continue
    seen[place] = mark
    items.push({ bucket, value: (KIND_PARTS[kindOf(tag)] ?? 0) / UNIT, block: blockOf(tag) })
  }
  return items
}
