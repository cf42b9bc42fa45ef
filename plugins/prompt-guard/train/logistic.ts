// Logistic regression by AdaGrad over sparse windows, then over those windows that show the attack most.
import { BUCKETS } from '../detect/linear.ts'
import type { Row, Window } from './dataset.ts'
import { seeded } from './generate.ts'

export type Model = { weights: Float32Array; bias: number }

export type TrainOptions = {
  epochs: number
  rate: number
  /** Strength of the pull of each used weight to zero. */
  ridge: number
  /** Share of features left out of each step, so that no phrase of one source carries the weight alone. */
  dropout: number
  seed: number
}

export const DEFAULTS: TrainOptions = { epochs: 6, rate: 0.5, ridge: 8e-4, dropout: 0.3, seed: 7 }

type Example = { window: Window; label: 0 | 1; weight: number }

export const scoreWindow = ({ weights, bias }: Model, { buckets, values }: Window): number => {
  let sum = bias
  for (let at = 0; at < buckets.length; at++) sum += (weights[buckets[at] ?? 0] ?? 0) * (values[at] ?? 0)
  return sum
}

/** Log-odds of the worst window. */
export const scoreRow = (model: Model, row: Row): number => {
  let best = Number.NEGATIVE_INFINITY
  for (const window of row.windows) best = Math.max(best, scoreWindow(model, window))
  return best
}

const shuffle = <T>(list: T[], random: () => number): void => {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const held = list[at] as T
    list[at] = list[other] as T
    list[other] = held
  }
}

const fit = (examples: Example[], options: TrainOptions, from?: Model): Model => {
  const random = seeded(options.seed)
  const weights = from ? Float32Array.from(from.weights) : new Float32Array(BUCKETS)
  const squares = new Float32Array(BUCKETS).fill(1e-3)
  let bias = from?.bias ?? 0
  let biasSquares = 1
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(examples, random)
    for (const { window, label, weight } of examples) {
      const { buckets, values } = window
      const keepSeed = random() * 4294967296
      const keepScale = 1 / (1 - options.dropout)
      const limit = options.dropout * 65536
      let sum = bias
      for (let at = 0; at < buckets.length; at++) {
        const dice = (Math.imul(at + 1, 0x9e3779b1) ^ keepSeed) >>> 0
        if (((Math.imul(dice, 0x85ebca6b) >>> 16) & 0xffff) < limit) continue
        sum += (weights[buckets[at] ?? 0] ?? 0) * (values[at] ?? 0) * keepScale
      }
      const error = (1 / (1 + Math.exp(-sum)) - label) * weight
      biasSquares += error * error
      bias -= (0.1 * error) / Math.sqrt(biasSquares)
      for (let at = 0; at < buckets.length; at++) {
        const dice = (Math.imul(at + 1, 0x9e3779b1) ^ keepSeed) >>> 0
        if (((Math.imul(dice, 0x85ebca6b) >>> 16) & 0xffff) < limit) continue
        const bucket = buckets[at] ?? 0
        const held = weights[bucket] ?? 0
        const gradient = error * (values[at] ?? 0) * keepScale + options.ridge * held
        const square = (squares[bucket] ?? 0) + gradient * gradient
        squares[bucket] = square
        weights[bucket] = held - (options.rate * gradient) / Math.sqrt(square)
      }
    }
  }
  return { weights, bias }
}

/** Weight of each text: sources count by the root of their size, so that no large one drowns the others. */
const sourceWeights = (rows: readonly Row[]): Map<Row, number> => {
  const sizes = new Map<string, number>()
  const keyOf = (row: Row): string => `${row.sample.source} ${row.sample.label} ${row.sample.lang}`
  for (const row of rows) sizes.set(keyOf(row), (sizes.get(keyOf(row)) ?? 0) + 1)
  const typical = 200
  return new Map(rows.map((row) => [row, Math.min(2, Math.sqrt(typical / (sizes.get(keyOf(row)) ?? 1)))]))
}

const WORST_WINDOWS = 4
const OTHER_WINDOWS = 6

/** The windows most taken for attacks, since any one raises a false alarm, and some others. */
const negatives = (row: Row, weight: number, model: Model | undefined, random: () => number): Example[] => {
  const chosen = [...row.windows]
  shuffle(chosen, random)
  const scores = model && new Map(chosen.map((window) => [window, scoreWindow(model, window)]))
  if (scores) chosen.sort((one, other) => (scores.get(other) ?? 0) - (scores.get(one) ?? 0))
  const rest = chosen.slice(WORST_WINDOWS)
  shuffle(rest, random)
  const some = [...chosen.slice(0, WORST_WINDOWS), ...rest.slice(0, OTHER_WINDOWS)]
  return some.map((window) => ({ window, label: 0, weight: weight / Math.sqrt(some.length) }))
}

const positives = (row: Row, weight: number, model: Model | undefined): Example[] => {
  const bySize = new Map<boolean, Window[]>()
  for (const window of row.windows) {
    const isSmall = window.blocks <= 2
    bySize.set(isSmall, [...(bySize.get(isSmall) ?? []), window])
  }
  const chosen: Window[] = []
  for (const group of bySize.values()) {
    const best = model
      ? group.reduce((one, other) => (scoreWindow(model, other) > scoreWindow(model, one) ? other : one))
      : group[0]
    if (best) chosen.push(best)
  }
  return chosen.map((window) => ({ window, label: 1, weight: weight / Math.sqrt(chosen.length) }))
}

/** A round's seed is the one before plus one. */
export const ROUNDS = 3

/** Trains on the first windows of attacks, then twice on the windows the model before finds worst. */
export const train = (rows: readonly Row[], options: TrainOptions = DEFAULTS): Model => {
  const weights = sourceWeights(rows)
  let model: Model | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const random = seeded(options.seed + round)
    const examples: Example[] = []
    for (const row of rows) {
      const weight = weights.get(row) ?? 1
      if (row.sample.label === 0) examples.push(...negatives(row, weight, model, random))
      else examples.push(...positives(row, weight, model))
    }
    model = fit(examples, { ...options, epochs: round < ROUNDS - 1 ? 2 : options.epochs })
  }
  if (!model) throw new Error('no rounds')
  return model
}

/** The model whose scores are the mean of theirs. */
export const meanOf = (models: readonly Model[]): Model => {
  const weights = new Float32Array(BUCKETS)
  for (const model of models) {
    for (let at = 0; at < BUCKETS; at++)
      weights[at] = (weights[at] ?? 0) + (model.weights[at] ?? 0) / models.length
  }
  return { weights, bias: models.reduce((sum, { bias }) => sum + bias, 0) / models.length }
}
