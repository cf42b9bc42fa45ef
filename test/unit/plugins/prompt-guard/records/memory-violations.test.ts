import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerAdmin } from '../../../../../plugins/prompt-guard/records/admin.ts'
import type { GuardEvent } from '../../../../../plugins/prompt-guard/records/guard-event.ts'
import { MemoryViolations } from '../../../../../plugins/prompt-guard/records/memory-violations.ts'

function event(id: string, timestampMs: number, own: Partial<GuardEvent> = {}): GuardEvent {
  return {
    schema_version: 1,
    event_id: id,
    request_id: id,
    timestamp_ms: timestampMs,
    direction: 'request',
    consumer: 'alice',
    route_id: 'llm',
    endpoint: 'messages',
    category: 'leak',
    action: 'block',
    score: 0.9,
    rules: [],
    flags: [],
    text_length: 1,
    text_sha256: '00',
    ...own,
  }
}

const ask = async (violations: MemoryViolations, query: string, method: 'GET' | 'POST' = 'GET') =>
  answerAdmin(
    { method, path: ['violations'], query: new URLSearchParams(query), json: undefined },
    violations,
  )

test('keeps the last violations, each once, until they are too old', async () => {
  let now = 1000
  const violations = new MemoryViolations(2, 500, () => now)
  await violations.add([event('a', 900), event('b', 950), event('b', 960), event('c', 1000)])
  const ids = async () => (await violations.search({ limit: 9, offset: 0 })).events.map((one) => one.event_id)
  assert.deepEqual(await ids(), ['c', 'b'])
  now = 1460
  assert.deepEqual(await ids(), ['c'])
})

test('operators search by field, page through, and are told what they misspelt', async () => {
  const violations = new MemoryViolations(10, 10_000, () => 1000)
  await violations.add([
    event('a', 900),
    event('b', 950, { category: 'secret', score: 0.2 }),
    event('c', 960, { consumer: null }),
  ])
  const ids = async (query: string) => {
    const reply = await ask(violations, query)
    const { events } = (reply?.json ?? { events: [] }) as { events: GuardEvent[] }
    return events.map((one) => one.event_id)
  }
  assert.deepEqual(await ids(''), ['c', 'b', 'a'])
  assert.deepEqual(await ids('consumer=alice&category=leak'), ['a'])
  assert.deepEqual(await ids('min_score=0.5&limit=1&offset=1'), ['a'])
  assert.deepEqual(await ids('from_ms=940&to_ms=955'), ['b'])
  assert.equal((await ask(violations, 'categroy=leak'))?.status, 400)
  assert.equal((await ask(violations, 'limit=many'))?.status, 400)
  assert.equal((await ask(violations, '', 'POST'))?.status, 405)
})
