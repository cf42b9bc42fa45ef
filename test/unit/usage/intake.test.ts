import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunnerError } from '../../../runner/errors.ts'
import type { Ledger, Observation } from '../../../runner/plugin.ts'
import { MemoryRequestRecords } from '../../../runner/records/memory.ts'
import { digestPost } from '../../../runner/usage/digest.ts'
import { FanOut } from '../../../runner/usage/fan-out.ts'
import { type Enricher, Intake } from '../../../runner/usage/intake.ts'
import { MemoryLedger } from '../../../runner/usage/memory-ledger.ts'
import { collectingLog, type LogLine } from '../../support/rig.ts'

function scene(own: { ledger?: Ledger; enrichers?: Enricher[]; keep?: () => Promise<void> } = {}) {
  const counts = { events: 0, duplicates: 0, rejected: 0, enrichFailed: [] as string[] }
  const lines: LogLine[] = []
  const observed: Observation[] = []
  const log = collectingLog(lines)
  const fanOut = new FanOut(
    [{ plugin: 'p', observe: (seen) => void observed.push(seen) }],
    { deadlineMs: 1000, maxWaiting: 100 },
    { failed: () => {}, dropped: () => {}, waiting: () => {} },
    log,
  )
  const intake = new Intake({
    records: new MemoryRequestRecords(100),
    enrichers: own.enrichers ?? [],
    ledger: own.ledger ?? new MemoryLedger(100),
    fanOut,
    deadLetters: { keep: own.keep ?? (async () => {}) },
    report: {
      event: () => void counts.events++,
      duplicate: () => void counts.duplicates++,
      rejected: (count) => {
        counts.rejected += count
      },
      enrichFailed: (plugin) => void counts.enrichFailed.push(plugin),
    },
    log,
    now: () => 1_700_000_000_000,
  })
  const take = async (...posts: object[]) => {
    await intake.take(digestPost(Buffer.from(JSON.stringify(posts))))
    await fanOut.drain()
  }
  return { take, counts, lines, observed }
}
const entry = (request_id: string) => ({ request_id, status: 200 })

test('an entry that comes again is counted and observed once, also within a batch', async () => {
  const { take, counts, observed } = scene()
  await take(entry('a'), entry('b'), entry('a'))
  await take(entry('b'), entry('c'))
  assert.deepEqual([counts.events, counts.duplicates], [3, 2])
  assert.deepEqual(
    observed.map(({ event }) => event.request_id),
    ['a', 'b', 'c'],
  )
})

test('throws what the ledger throws, and nobody observes what is not safe', async () => {
  const commit = async () => {
    throw new RunnerError('STORE_UNAVAILABLE', 'away')
  }
  const { take, observed, counts } = scene({ ledger: { commit } })
  await assert.rejects(take(entry('a')), { code: 'STORE_UNAVAILABLE' })
  assert.deepEqual([observed.length, counts.events], [0, 0])
})

test('enrichers see each other’s fields; one that fails costs its own detail only', async () => {
  const { take, observed, counts, lines } = scene({
    enrichers: [
      { plugin: 'one', enrich: () => ({ tier: 'premium' }) },
      {
        plugin: 'broken',
        enrich: () => {
          throw new Error('no price')
        },
      },
      { plugin: 'two', enrich: async ({ event }) => ({ provider: `for ${event.tier}` }) },
    ],
  })
  await take(entry('a'))
  assert.equal(observed[0]?.event.provider, 'for premium')
  assert.deepEqual(counts.enrichFailed, ['broken'])
  assert.equal(lines.length, 1)
})

test('dead letters that cannot be kept do not keep the batch from being billed', async () => {
  const { take, counts, lines } = scene({
    keep: async () => {
      throw new Error('disk is full')
    },
  })
  await take({ status: 200 }, entry('a'))
  assert.deepEqual([counts.rejected, counts.events], [1, 1])
  assert.equal(lines[0]?.message, 'dead letters not kept')
})
