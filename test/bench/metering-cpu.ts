/**
 * CPU time of one request in the metering plugin, without runner and sockets: `tsx test/bench/metering-cpu.ts [--calls
 * 20000] [--bytes 1900]`. Texts are all different; embedded store. CPU time, because it suffers less than wall time
 * from a busy machine, and what parsing the same body cost in the same run. Each line is the best of several rounds.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import metering from '../../plugins/token-metering/index.ts'
import { encodingForModel } from '../../plugins/token-metering/tokens/model-encoding.ts'
import { countTokens } from '../../plugins/token-metering/tokens/tokenizer.ts'
import type { JsonObject, RequestView } from '../../runner/plugin.ts'
import { PatchedRequest } from '../../runner/rpc/request-view.ts'
import { createMetrics } from '../../runner/services/metrics.ts'
import { compileValidator } from '../../runner/validate.ts'
import { seededRandom } from '../provider/script.ts'
import { testServices } from '../support/rig.ts'
import { prompts } from './rpc/workload.ts'

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '20000' }, bytes: { type: 'string', default: '1900' } },
})
const BODIES = 2000
const rounds = Math.max(2, Math.round(Number(values.calls) / BODIES))
const random = seededRandom(1)

function valid(schema: unknown, value: JsonObject): never {
  const result = compileValidator(schema as never)(value)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as never
}

/** Words of this repository's own documents, in any order. */
const WORDS = ['README.md', 'CONTRIBUTING.md', 'docs/apisix.md', 'docs/plugins.md']
  .map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))
  .join(' ')
  .replace(/[^\x20-\x7e]+/g, ' ')
  .split(/\s+/)
const PLAIN_WORDS = WORDS.filter((word) => /^[A-Za-z]+[,.;]?$/.test(word))
const CHINESE =
  '请把下面这段会议记录整理成一份简短的纪要并列出每个人待办事项网关在发出之前就计算它的令牌数配额用完租户会立刻得到答复'

function bodyOf(number: number, next: () => string, separator: string): string {
  let content = `Request ${number}.`
  while (Buffer.byteLength(content) < Number(values.bytes)) content += separator + next()
  return JSON.stringify({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'You are a helpful assistant of the logistics department.' },
      { role: 'user', content },
    ],
  })
}
const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? ''
const bodies = (next: () => string, separator = ' ') =>
  Array.from({ length: BODIES }, (_, i) => bodyOf(i, next, separator))
const kinds: Readonly<Record<string, string[]>> = {
  'plain English, words in any order': bodies(() => pick(PLAIN_WORDS)),
  'technical English with punctuation': bodies(() => pick(WORDS)),
  'Chinese, clauses in any order': bodies(() => {
    const from = Math.floor(random() * (CHINESE.length - 4))
    return `${CHINESE.slice(from, from + 2 + Math.floor(random() * 8))}${random() < 0.3 ? '，' : ''}`
  }, ''),
  'bodies of bench:rpc': prompts(BODIES),
}

const shared = await metering.open(valid(metering.settings, {}), testServices({ metrics: createMetrics() }))
const limits = { tokens_per_day: 1e12, tokens_per_minute: 1e11 }
const state = metering.prepare(valid(metering.conf, { tiers: { basic: limits } }), shared)
const CALL = {
  get signal(): AbortSignal {
    throw new Error('nothing here takes long enough to be aborted')
  },
}

function requestOf(text: string, number: number): PatchedRequest {
  return PatchedRequest.of({
    ...{ id: `bench-${number}`, receivedAt: Date.now(), routeId: 'llm' },
    call: {
      ...{ kind: 'http-req-call', id: 1, srcIp: Buffer.from([10, 0, 0, 1]), method: 'POST', args: [] },
      ...{ path: '/v1/chat/completions', confToken: 1 },
      headers: [{ name: 'x-consumer-username', value: `tenant_${number % 50}` }],
    },
  }).loaded({ variables: new Map(), body: Buffer.alloc(0), json: JSON.parse(text) as JsonObject })
}

/** @returns microseconds of one run */
function best(run: (index: number) => void): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < BODIES; i++) run(i)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / BODIES)
  }
  return least
}

console.log('µs of CPU time a call                JSON.parse  count tokens  whole decision')
let number = 0
for (const [kind, texts] of Object.entries(kinds)) {
  const requests = texts.map((text) => requestOf(text, number++))
  const contents = texts.map((text) =>
    (JSON.parse(text) as { messages: { content: string }[] }).messages.map((m) => m.content),
  )
  const { encoding } = encodingForModel(String(requests[0]?.json?.model))
  const columns = [
    best((i) => JSON.parse(texts[i] ?? '')),
    best((i) => {
      for (const content of contents[i] ?? []) countTokens(content, encoding)
    }),
    best((i) => {
      const request = requests[i] as RequestView
      const decision = metering.decide(request as RequestView<never>, state, CALL)
      if (decision instanceof Promise || decision.kind !== 'rewrite')
        throw new Error('a call was not let through')
    }),
  ]
  console.log(kind.padEnd(36), columns.map((micros) => micros.toFixed(1).padStart(11)).join(' '))
  for (const { id, consumer } of requests) await shared.store.release(consumer ?? '', id)
}
await metering.close?.(shared)
