import { BUCKET_MASK, type Features, KIND_SHIFT, KIND_VALUES } from './features.ts'

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

const SQUARES = KIND_VALUES.map((value) => value * value)

let sums = new Float64Array(64)
let squares = new Float64Array(64)

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
      const score = (sum * step) / Math.sqrt(square + PRIOR_MASS) + bias
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
  const { items, block, count, blocks } = features
  const { weights } = model
  if (sums.length < blocks) {
    sums = new Float64Array(blocks * 2)
    squares = new Float64Array(blocks * 2)
  }
  sums.fill(0, 0, blocks)
  squares.fill(0, 0, blocks)
  // Features of a block mostly follow each other: their sums are kept at hand until another block comes.
  let current = 0
  let sum = 0
  let square = 0
  for (let index = 0; index < count; index++) {
    const at = block[index] ?? 0
    if (at !== current) {
      sums[current] = (sums[current] ?? 0) + sum
      squares[current] = (squares[current] ?? 0) + square
      sum = 0
      square = 0
      current = at
    }
    const item = items[index] ?? 0
    const kind = item >>> KIND_SHIFT
    sum += (KIND_VALUES[kind] ?? 0) * (weights[item & BUCKET_MASK] ?? 0)
    square += SQUARES[kind] ?? 0
  }
  sums[current] = (sums[current] ?? 0) + sum
  squares[current] = (squares[current] ?? 0) + square
  return bestWindow(model, blocks)
}
