import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { digestPost } from '../../runner/usage/digest.ts'
import { UsageEventSchema } from '../../runner/usage/event.ts'
import { toObservation } from '../../runner/usage/to-observation.ts'
import { compileValidator } from '../../runner/validate.ts'
import { excerpt } from './excerpt.ts'
import { heapMb } from './heap.ts'
import { fuzzRuns, fuzzSeed, Random } from './random.ts'

const MAX_SECONDS = 900
const MAX_GROWTH_MB = 16
const VALIDATED_SHARE = 0.05
const random = new Random(fuzzSeed())
const isEvent = compileValidator(UsageEventSchema)

const golden = readFileSync(new URL('../fixtures/wire/http-logger.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { body: string }).body)
/** Bodies of every API that the usage tests know. */
const answers = readFileSync(new URL('../fixtures/llm/usage.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { body: unknown }).body)
  .map((body) => (typeof body === 'string' ? body : JSON.stringify(body)))

const VALUES: readonly unknown[] = [
  null,
  '',
  '-',
  0,
  -1,
  1e308,
  NaN,
  'x'.repeat(5000),
  '9'.repeat(400),
  '200, 503 : 200',
  ', , ',
  [],
  {},
  [[[]]],
  { __proto__: null, toString: 1 },
  '\u0000\ud800\u2028',
  true,
  'data: [DONE]\n\n',
  '{"usage":{"prompt_tokens":-5,"completion_tokens":1e99}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
]
const FIELDS = [
  'request_id',
  'status',
  'upstream_status',
  'request_body',
  'response_body',
  'resp_body',
  'uri',
  'time',
]

function mutatedText(text: string): string {
  const at = random.below(text.length + 1)
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(0x10000)) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + text.slice(at + random.below(20))
    case 3:
      return text.slice(0, at) + random.pick(answers).slice(0, 500) + text.slice(at)
    default:
      return text.slice(at) + text.slice(0, at)
  }
}

function mutatedPost(): string {
  const body = random.pick(golden)
  if (random.next() < 0.2) return mutatedText(body)
  const entry = JSON.parse(body) as Record<string, unknown>
  entry.uri ??= random.pick(['/v1/chat/completions', '/v1/messages', '/v1/embeddings', '/v1/responses', '/x'])
  for (let i = random.below(4); i > 0; i--) {
    const name = random.pick([...Object.keys(entry), ...FIELDS])
    const value = entry[name]
    if (random.next() < 0.2) delete entry[name]
    else if (random.next() < 0.4) entry[name] = random.pick(VALUES)
    else entry[name] = typeof value === 'string' ? mutatedText(value) : random.below(1000)
  }
  if (random.next() < 0.5) {
    const answer = random.pick(answers)
    entry.resp_body = random.next() < 0.5 ? answer : mutatedText(answer)
  }
  const text = JSON.stringify(entry)
  const form = random.next()
  if (form < 0.1) return `[${text},${random.pick(golden)}]`
  return form < 0.2 ? `${text}\n${random.pick(golden)}\n{broken` : text
}

test('mutated log entries become events or are set aside, in bounded time and memory', () => {
  const runs = fuzzRuns(1 / 2)
  const startedAt = performance.now()
  const totals = { events: 0, rejected: 0, bytes: 0 }
  let heapBefore = 0
  for (let run = 0; run < runs; run++) {
    if (run === Math.floor(runs / 4)) heapBefore = heapMb()
    const post = Buffer.from(mutatedPost())
    totals.bytes += post.length
    const { entries, rejected } = digestPost(post)
    totals.rejected += rejected.length
    JSON.stringify(rejected)
    for (const digested of entries) {
      const observation = toObservation(digested, undefined, 1_700_000_000_000)
      totals.events++
      if (random.next() > VALIDATED_SHARE) continue
      void observation.answer?.choices
      void observation.requestJson
      const checked = isEvent(observation.event)
      assert.ok(checked.ok, `run ${run}: ${JSON.stringify(checked)} for ${excerpt(post.toString())}`)
    }
  }
  const growth = heapMb() - heapBefore
  const seconds = (performance.now() - startedAt) / 1000
  console.log(
    `${runs} posts of ${(totals.bytes / 2 ** 20).toFixed(0)} MB, ${totals.events} events, ` +
      `${totals.rejected} set aside, ${seconds.toFixed(1)} s, ` +
      `heap ${heapBefore.toFixed(1)} ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB`,
  )
  assert.ok(totals.events > runs / 4 && totals.rejected > runs / 50)
  assert.ok(growth < MAX_GROWTH_MB, `heap grew by ${growth} MB`)
  assert.ok(seconds < MAX_SECONDS)
})
