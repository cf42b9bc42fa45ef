// How many attacks that are caught plain are caught in disguise.
// Usage: npx tsx test/eval/guard-evasion.ts [labelled.jsonl] [--show]: own sample, or up to 150 visible attacks of a file.
import { readFileSync } from 'node:fs'
import { createDetector } from '../../plugins/prompt-guard/detect/index.ts'
import { DISGUISES } from './disguises.ts'

const MAX_SAMPLE = 150
const MAX_CHARS = 2000

type Line = { text: string; label?: number; visible?: boolean; lang: string }

const flags = process.argv.slice(2)
const path =
  flags.find((flag) => !flag.startsWith('--')) ?? new URL('../fixtures/guard/attacks.jsonl', import.meta.url)
const lines = readFileSync(path, 'utf8').trim().split('\n')
const attacks = lines
  .map((line) => JSON.parse(line) as Line)
  .filter(({ label = 1, visible = true, text, lang }) => {
    return label === 1 && visible && text.length <= MAX_CHARS && (lang === 'en' || lang === 'zh')
  })
const step = Math.max(1, Math.floor(attacks.length / MAX_SAMPLE))
const detector = createDetector({ budgetMs: 10_000 })
const sample = attacks.filter((_, at) => at % step === 0)
const plain = sample.filter(({ text }) => detector.inspectSync([text]).isAttack)
console.log(`${plain.length} of ${sample.length} caught plain`)
let worst = 1
let sum = 0
for (const [name, disguise] of Object.entries(DISGUISES)) {
  const missed = plain.filter(({ text }) => !detector.inspectSync(disguise(text)).isAttack)
  const share = 1 - missed.length / plain.length
  worst = Math.min(worst, share)
  sum += share
  console.log(`${name.padEnd(32)}${(share * 100).toFixed(1).padStart(6)}%`)
  if (flags.includes('--show'))
    for (const { text } of missed.slice(0, 5)) console.log(`    ${text.slice(0, 100)}`)
}
const count = Object.keys(DISGUISES).length
console.log(`${'mean'.padEnd(32)}${((sum / count) * 100).toFixed(1).padStart(6)}%`)
console.log(`${'worst'.padEnd(32)}${(worst * 100).toFixed(1).padStart(6)}%`)
