// Platt scaling on predictions of models that did not see the source: score, rules and length to a chance.

export type Prediction = { classifier: number; patterns: number; windows: number; label: 0 | 1 }

export type Calibration = {
  classifier: number
  patterns: number
  windows: number
  bias: number
  alone: { slope: number; bias: number }
  threshold: number
}

const RATE = 0.05
const ROUNDS = 4000

/** Logistic regression by gradient descent with both classes weighing the same; `fixed` coefficients stay. */
const fitPlatt = (rows: readonly number[][], labels: readonly number[], nonNegative: boolean): number[] => {
  const width = rows[0]?.length ?? 0
  const weights = new Array<number>(width + 1).fill(0)
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const share = [0.5 / (labels.length - positives), 0.5 / positives]
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = new Array<number>(width + 1).fill(0)
    rows.forEach((row, at) => {
      let sum = weights[width] ?? 0
      for (let column = 0; column < width; column++) sum += (weights[column] ?? 0) * (row[column] ?? 0)
      const label = labels[at] ?? 0
      const error = (1 / (1 + Math.exp(-sum)) - label) * (share[label] ?? 0)
      for (let column = 0; column < width; column++) {
        gradient[column] = (gradient[column] ?? 0) + error * (row[column] ?? 0)
      }
      gradient[width] = (gradient[width] ?? 0) + error
    })
    for (let column = 0; column <= width; column++) {
      const next = (weights[column] ?? 0) - RATE * (gradient[column] ?? 0)
      weights[column] = nonNegative && column < width ? Math.max(0, next) : next
    }
  }
  return weights
}

const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds))

/** The threshold that `share` of the benign predictions reach. */
const thresholdAt = (
  predictions: readonly Prediction[],
  scoreOf: (one: Prediction) => number,
  share: number,
): number => {
  const scores = predictions.filter(({ label }) => label === 0).map(scoreOf)
  scores.sort((one, other) => other - one)
  return scores[Math.floor(scores.length * share)] ?? 1
}

/** Calibrates on held-out predictions; `share` is the share of false positives at the threshold. */
export const calibrate = (predictions: readonly Prediction[], share: number): Calibration => {
  const labels = predictions.map(({ label }) => label)
  const rows = predictions.map(({ classifier, patterns, windows }) => [
    classifier,
    patterns,
    -Math.log2(Math.max(1, windows)),
  ])
  const [classifier = 1, patterns = 0, windows = 0, bias = 0] = fitPlatt(rows, labels, true)
  const [slope = 1, alone = 0] = fitPlatt(
    predictions.map((one) => [one.classifier]),
    labels,
    false,
  )
  const scoreOf = (one: Prediction): number =>
    sigmoid(
      classifier * one.classifier +
        patterns * one.patterns +
        bias -
        windows * Math.log2(Math.max(1, one.windows)),
    )
  const threshold = thresholdAt(predictions, scoreOf, share)
  return { classifier, patterns, windows, bias, alone: { slope, bias: alone }, threshold }
}
