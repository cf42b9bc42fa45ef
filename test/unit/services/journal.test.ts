import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Journal, type JournalPosition } from '../../../runner/services/journal.ts'

function dirFor(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'journal-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function openIn(dir: string, more: { maxBytes?: number; segmentBytes?: number } = {}) {
  const replayed: string[] = []
  const corrupt: number[] = []
  const journal = await Journal.open(
    { dir, name: 'j', maxBytes: 1_000_000, ...more },
    (text) => replayed.push(text),
    (_, line) => corrupt.push(line),
  )
  return { journal, replayed, corrupt }
}

test('replays what was appended, whatever line separators the records hold', async (t) => {
  const dir = dirFor(t)
  const records = ['{"a":1}', '{"b":"\u2028 \u2029 \u0085 业务"}', '{"c":"\\r\\n"}', '']
  const first = await openIn(dir)
  await Promise.all([first.journal.append(records.slice(0, 2)), first.journal.append(records.slice(2))])
  await first.journal.close()
  const { journal, replayed, corrupt } = await openIn(dir)
  assert.deepEqual(replayed, records)
  assert.deepEqual(corrupt, [])
  await journal.close()
})

test('cuts off a half-written end, skips and reports a broken middle', async (t) => {
  const dir = dirFor(t)
  const first = await openIn(dir)
  await first.journal.append(['one', 'two', 'three'])
  await first.journal.close()
  const file = join(dir, readdirSync(dir)[0] ?? '')
  writeFileSync(file, readFileSync(file, 'utf8').replace('two', 'twx'))
  appendFileSync(file, '12345678 half')
  const second = await openIn(dir)
  assert.deepEqual(second.replayed, ['one', 'three'])
  assert.deepEqual(second.corrupt, [2])
  await second.journal.append(['four'])
  const read = await second.journal.read(second.journal.start, 10)
  assert.deepEqual(read.records, ['one', 'three', 'four'])
  await second.journal.close()
})

test('reads on from a position over segments, and forgets what is done', async (t) => {
  const dir = dirFor(t)
  const { journal } = await openIn(dir, { segmentBytes: 40 })
  const records = Array.from({ length: 20 }, (_, i) => `record ${i}`)
  for (const record of records) await journal.append([record])
  const seen: string[] = []
  let at: JournalPosition = journal.start
  for (;;) {
    const { records: more, next } = await journal.read(at, 3)
    if (more.length === 0) break
    seen.push(...more)
    at = next
    // Asking for nothing moves on to the next segment at most.
    at = (await journal.read(at, 0)).next
    await journal.forgetBefore(at.segment)
  }
  assert.deepEqual(seen, records)
  assert.deepEqual(at, journal.end)
  await journal.roll()
  const caughtUp = await journal.read(at, 3)
  await journal.forgetBefore(caughtUp.next.segment)
  assert.equal(journal.bytes, 0)
  assert.equal(readdirSync(dir).length, 1)
  await journal.append(['later'])
  assert.deepEqual((await journal.read(caughtUp.next, 3)).records, ['later'])
  await journal.close()
})

test('refuses what would not fit, and takes records again when there is room', async (t) => {
  const { journal } = await openIn(dirFor(t), { maxBytes: 100 })
  await journal.append(['x'.repeat(80)])
  await assert.rejects(journal.append(['y'.repeat(20)]), /is full/)
  await journal.roll()
  await journal.forgetBefore(journal.end.segment)
  await journal.append(['y'.repeat(20)])
  await journal.close()
  await assert.rejects(journal.append(['z']), /is closed/)
})
