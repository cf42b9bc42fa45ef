// Detection rates of prompt-guard, by source and language, each layer alone and together.
// Usage: npm run eval:guard -- <labelled.jsonl> [--cross-validate]
// With --cross-validate each source is judged by a model that was trained without it, the rules as they are.
import { readFileSync } from 'node:fs'
import { createDetector, DEFAULT_THRESHOLD } from '../../plugins/prompt-guard/detect/index.ts'
import { classifierScore, combinedLogOdds, toScore } from '../../plugins/prompt-guard/detect/model.ts'
import { readSamples } from '../../plugins/prompt-guard/train/dataset.ts'
import type { Sample } from '../../plugins/prompt-guard/train/generate.ts'
import { scoreRow } from '../../plugins/prompt-guard/train/logistic.ts'
import { foldsOf, loadMaterial, trainOn } from '../../plugins/prompt-guard/train/recipe.ts'
import { type Judged, measure } from './metrics.ts'

/** Rules alone call an attack from this chance on; the classifier alone uses the common threshold. */
const PATTERNS_THRESHOLD = 0.75

type Scored = { sample: Sample; patterns: number; classifier: number; together: number }

const LAYERS = ['patterns', 'classifier', 'together'] as const
type Layer = (typeof LAYERS)[number]

const isVisible = ({ label, visible }: Sample): boolean => label === 0 || visible !== false

const judgeAll = (samples: readonly Sample[]): Scored[] => {
  const detector = createDetector({ budgetMs: 60_000 })
  return samples.map((sample) => {
    const verdict = detector.inspectSync([sample.text])
    return { sample, ...verdict.layers, together: verdict.score }
  })
}

const either = (one: number, other: number): number => 1 - (1 - one) * (1 - other)

const judgeHeldOut = (path: string): Scored[] => {
  const material = loadMaterial(path)
  return foldsOf(material.open).flatMap((sources) => {
    const model = trainOn(material, (row) => !sources.includes(row.sample.source))
    return material.open
      .filter((row) => sources.includes(row.sample.source))
      .map((row) => {
        const logOdds = scoreRow(model, row)
        const { sample, patterns, structure } = row
        const calibrated = toScore(combinedLogOdds(logOdds, patterns), row.windows.length, patterns)
        // As the detector joins them; readings of disguised texts are left out here.
        const together = either(calibrated, structure)
        return {
          sample,
          patterns: either(patterns, structure),
          classifier: classifierScore(logOdds),
          together,
        }
      })
  })
}

const judgedBy = (scored: readonly Scored[], layer: Layer): Judged[] => {
  const threshold = layer === 'patterns' ? PATTERNS_THRESHOLD : DEFAULT_THRESHOLD
  return scored.map((one) => ({ score: one[layer], hit: one[layer] >= threshold, label: one.sample.label }))
}

const percent = (value: number): string => (Number.isNaN(value) ? '-' : (value * 100).toFixed(1)).padStart(7)

const printGroups = (title: string, scored: readonly Scored[], keyOf: (sample: Sample) => string): void => {
  const groups = new Map<string, Scored[]>()
  for (const one of scored) {
    const key = keyOf(one.sample)
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  console.log(`\n${title}`)
  console.log(`${' '.repeat(46)}layer       attacks benign  recall    FPR     F1    AUC  recall@1%FPR`)
  for (const [key, group] of [...groups].sort(([one], [other]) => one.localeCompare(other))) {
    for (const layer of LAYERS) {
      const found = measure(judgedBy(group, layer))
      const cells = [found.recall, found.falsePositives, found.f1, found.auc, found.recallAtOnePercent]
      const counts = `${String(found.attacks).padStart(7)}${String(found.benign).padStart(7)} `
      console.log(`${key.slice(0, 44).padEnd(46)}${layer.padEnd(11)}${counts}${cells.map(percent).join('')}`)
    }
  }
}

const printHardNegatives = (): void => {
  const path = new URL('../fixtures/guard/hard-negatives.jsonl', import.meta.url)
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text)
  const detector = createDetector()
  const blocked = texts.filter((text) => detector.inspectSync([text]).isAttack)
  console.log(`\nhard negatives: ${texts.length - blocked.length} of ${texts.length} passed`)
  for (const text of blocked) console.log(`  blocked: ${text}`)
}

const [path, mode] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: guard.ts <labelled.jsonl> [--cross-validate]')
const samples = readSamples(path).filter(isVisible)
if (mode === undefined) judgeAll(samples.slice(0, 500)) // warms the compiler up before the clock runs
const from = performance.now()
const scored = mode === '--cross-validate' ? judgeHeldOut(path) : judgeAll(samples)
const elapsed = performance.now() - from
console.log(`${scored.length} texts, threshold ${DEFAULT_THRESHOLD}, ${mode ?? 'shipped model'}`)
if (mode === undefined) console.log(`${((elapsed * 1000) / scored.length).toFixed(0)} microseconds a text`)
printGroups('by language', scored, ({ lang }) => lang)
printGroups('by source', scored, ({ source, lang }) => `${lang} ${source}`)
printGroups('all', scored, () => 'all')
printHardNegatives()
