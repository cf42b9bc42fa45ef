/**
 * Error of the token counts against the true ones of a file of JSON lines with `text`, `cl100k_base`, `o200k_base`
 * and optionally `id` and `kind`: `node --import tsx test/eval/tokens.ts <file>`. Exits 1 when a count is off.
 */
import { readFileSync } from 'node:fs'
import { countTokensBounded } from '../../plugins/token-metering/tokens/bounded.ts'
import { countTokens } from '../../plugins/token-metering/tokens/tokenizer.ts'

interface Line {
  readonly id?: string
  readonly kind?: string
  readonly text: string
  readonly cl100k_base: number
  readonly o200k_base: number
}

const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: node --import tsx test/eval/tokens.ts <file.jsonl>')
  process.exit(2)
}
const lines: Line[] = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line))
console.log(`${lines.length} texts of ${file}`)

for (const encoding of ['cl100k_base', 'o200k_base'] as const) {
  let truth = 0
  let off = 0
  const wrong: string[] = []
  for (const line of lines) {
    const counted = countTokens(line.text, encoding)
    truth += line[encoding]
    off += Math.abs(counted - line[encoding])
    if (counted !== line[encoding]) wrong.push(`${line.id} ${line.kind}: ${counted}, true ${line[encoding]}`)
  }
  const all = lines.map((line) => line.text).join('\n')
  const estimate = countTokensBounded(all, encoding).tokens - countTokens(all, encoding)
  const percent = (tokens: number) => `${((100 * tokens) / truth).toFixed(3)}%`
  console.log(
    `${encoding}: ${wrong.length} texts wrong, ${off} of ${truth} tokens off (${percent(off)});` +
      ` all texts as one, estimated: ${percent(estimate)} off`,
  )
  for (const text of wrong) console.log(`  ${text}`)
  if (wrong.length > 0) process.exitCode = 1
}
