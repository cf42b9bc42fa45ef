// What the model is made from, and how: the one recipe for training and for cross-validation.
import { type Row, readSamples, toRow } from './dataset.ts'
import { compose, generate, type Sample } from './generate.ts'
import { DEFAULTS, type Model, meanOf, ROUNDS, train } from './logistic.ts'

const PER_TEMPLATE = 24
const COMPOSED = 600
const SEED = 1
/** Models whose mean is taken: one alone changes its mind on three texts in a hundred with the dice of its training. */
const MODELS = 4
/** A text labelled benign that the rules are this sure of is taken for a wrong label and left out of training. */
const DOUBTFUL = 0.9

export type Material = { open: Row[]; own: Row[]; ownSamples: Sample[] }

/** Reads the labelled texts; attacks that only their context shows (`visible: false`) are left out. */
export const loadMaterial = (path: string): Material => {
  const samples = readSamples(path).filter(({ label, visible }) => label === 0 || visible !== false)
  const ownSamples = generate(PER_TEMPLATE, SEED)
  return { open: samples.map(toRow), own: ownSamples.map(toRow), ownSamples }
}

/** Trains on the labelled texts that `isKept`, on all own ones and on compositions of both. */
export const trainOn = ({ open, own, ownSamples }: Material, isKept: (row: Row) => boolean): Model => {
  const kept = open.filter((row) => isKept(row) && (row.sample.label === 1 || row.patterns < DOUBTFUL))
  const parts = [...kept.map(({ sample }) => sample), ...ownSamples.filter((_, at) => at % 4 === 0)]
  const models = Array.from({ length: MODELS }, (_, at) => {
    const composed = compose(parts, COMPOSED, SEED + at).map(toRow)
    return train([...kept, ...own, ...composed], { ...DEFAULTS, seed: DEFAULTS.seed + at * ROUNDS })
  })
  return meanOf(models)
}

/** Sources in groups that are held out together: each has benign texts and attacks, so that a model misses both. */
export const foldsOf = (rows: readonly Row[]): string[][] => {
  const sizes = new Map<string, number>()
  for (const { sample } of rows) sizes.set(sample.source, (sizes.get(sample.source) ?? 0) + 1)
  const sources = [...sizes].sort((one, other) => other[1] - one[1]).map(([source]) => source)
  const folds: string[][] = Array.from({ length: Math.min(8, sources.length) }, () => [])
  sources.forEach((source, at) => {
    folds[at % folds.length]?.push(source)
  })
  return folds
}
