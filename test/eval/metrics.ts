/** One judged text. `hit` says whether the layer calls it an attack at its default threshold. */
export type Judged = { score: number; hit: boolean; label: 0 | 1 }

export type Metrics = {
  attacks: number
  benign: number
  recall: number
  falsePositives: number
  f1: number
  auc: number
  /** Recall where 1% of the benign texts of the group are called attacks. */
  recallAtOnePercent: number
}

/** Area under the ROC curve, ties counted as a half. NaN when one class is missing. */
const areaUnderCurve = (judged: readonly Judged[], attacks: number, benign: number): number => {
  const sorted = [...judged].sort((one, other) => one.score - other.score)
  let sum = 0
  for (let at = 0; at < sorted.length; ) {
    let end = at
    let positives = 0
    while (end < sorted.length && sorted[end]?.score === sorted[at]?.score) {
      positives += sorted[end]?.label ?? 0
      end++
    }
    sum += positives * ((at + 1 + end) / 2)
    at = end
  }
  return (sum - (attacks * (attacks + 1)) / 2) / (attacks * benign)
}

// One class alone has no such threshold.
const recallAt = (judged: readonly Judged[], share: number, attacks: number): number => {
  const benign = judged.filter(({ label }) => label === 0).map(({ score }) => score)
  if (benign.length === 0) return Number.NaN
  benign.sort((one, other) => other - one)
  const threshold = benign[Math.floor(benign.length * share)] ?? Number.NEGATIVE_INFINITY
  return judged.filter(({ label, score }) => label === 1 && score > threshold).length / attacks
}

export const measure = (judged: readonly Judged[]): Metrics => {
  const attacks = judged.filter(({ label }) => label === 1).length
  const benign = judged.length - attacks
  const caught = judged.filter(({ label, hit }) => label === 1 && hit).length
  const alarms = judged.filter(({ label, hit }) => label === 0 && hit).length
  return {
    attacks,
    benign,
    recall: caught / attacks,
    falsePositives: alarms / benign,
    f1: (2 * caught) / (2 * caught + alarms + attacks - caught),
    auc: areaUnderCurve(judged, attacks, benign),
    recallAtOnePercent: recallAt(judged, 0.01, attacks),
  }
}
