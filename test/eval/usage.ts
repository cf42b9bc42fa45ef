/**
 * How many response bodies give their expected token counts.
 * Usage: node --import tsx test/eval/usage.ts [file.jsonl]
 * Each line: {id, api, stream, body, expect: {prompt_tokens, completion_tokens, total_tokens, cached_tokens?,
 * reasoning_tokens?}}, null where the wire does not say. Exits 1 when one does not match.
 */
import { readFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { TokenUsage } from '../../runner/llm/index.ts'
import { readAnswer, readUsage } from '../../runner/llm/index.ts'

interface Line {
  id: string
  provider: string
  api: string
  stream: boolean
  body: string
  expect: Record<string, number | null>
}

const fields: readonly (readonly [string, keyof TokenUsage])[] = [
  ['prompt_tokens', 'promptTokens'],
  ['completion_tokens', 'completionTokens'],
  ['total_tokens', 'totalTokens'],
  ['cached_tokens', 'cachedTokens'],
  ['reasoning_tokens', 'reasoningTokens'],
]

function differences(line: Line, usage: TokenUsage | undefined): string[] {
  return fields.flatMap(([wire, name]) => {
    const expected = line.expect[wire] ?? null
    const actual = usage?.[name] ?? null
    return expected === actual ? [] : [`${wire} expected ${expected}, got ${actual}`]
  })
}

const file = argv[2] ?? fileURLToPath(new URL('../fixtures/llm/usage.jsonl', import.meta.url))
const lines: Line[] = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line))

const byApi = new Map<string, { right: number; all: number }>()
let right = 0
for (const line of lines) {
  const wrong = [
    ...differences(line, readAnswer(line.body).usage),
    ...differences(line, readUsage(line.body).usage).map((text) => `readUsage: ${text}`),
  ]
  const key = `${line.api}${line.stream ? ' (stream)' : ''}`
  const tally = byApi.get(key) ?? { right: 0, all: 0 }
  byApi.set(key, tally)
  tally.all++
  if (wrong.length === 0) {
    right++
    tally.right++
  } else {
    console.log(`${line.id} ${line.provider} ${key}: ${wrong.join('; ')}`)
  }
}
for (const [key, tally] of byApi) console.log(`${key.padEnd(30)} ${tally.right}/${tally.all}`)
console.log(`${'all'.padEnd(30)} ${right}/${lines.length}`)
exit(right === lines.length ? 0 : 1)
