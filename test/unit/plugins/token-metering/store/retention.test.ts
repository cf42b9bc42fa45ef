import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { forgetOldSegments } from '../../../../../plugins/token-metering/store/retention.ts'
import { Journal } from '../../../../../runner/services/journal.ts'

const DAY_MS = 86_400_000
const NOW_MS = 1_800_000_000_000

/** A journal with one record in each segment, of so many days ago. */
async function journalOf(t: TestContext, daysAgo: readonly number[]): Promise<Journal> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-retention-'))
  const options = { dir, name: 'usage', maxBytes: 1_000_000, segmentBytes: 1 }
  const journal = await Journal.open(
    options,
    () => {},
    () => {},
  )
  t.after(async () => {
    await journal.close()
    await rm(dir, { recursive: true, force: true })
  })
  for (const days of daysAgo) {
    await journal.append([JSON.stringify({ timestamp_ms: NOW_MS - days * DAY_MS })])
  }
  return journal
}

test('forgets what is older than forty days, and keeps the segment in which they begin', async (t) => {
  const journal = await journalOf(t, [90, 60, 41, 39, 1])
  await forgetOldSegments(journal, [], NOW_MS)
  const { records } = await journal.read(journal.start, 1)
  assert.deepEqual(records, [JSON.stringify({ timestamp_ms: NOW_MS - 41 * DAY_MS })])
})

test('forgets nothing that a sink has not got', async (t) => {
  const journal = await journalOf(t, [90, 60, 50, 1])
  const { start, end } = journal
  await forgetOldSegments(journal, [{ segment: start.segment + 1, offset: 0 }, end], NOW_MS)
  assert.equal(journal.start.segment, start.segment + 1)
})
