import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UsageEvent } from '../../../runner/usage/event.ts'
import { MemoryLedger } from '../../../runner/usage/memory-ledger.ts'

const events = (...ids: (string | number)[]) => ids.map((id) => ({ request_id: `${id}` }) as UsageEvent)

test('an id is new once, within a batch and after it', async () => {
  const ledger = new MemoryLedger(100)
  assert.deepEqual(await ledger.commit(events('a', 'b', 'a')), ['new', 'new', 'duplicate'])
  assert.deepEqual(await ledger.commit(events('b', 'c')), ['duplicate', 'new'])
})

test('remembers the last ids, at least half of its bound', async () => {
  const ledger = new MemoryLedger(100)
  for (let i = 0; i < 1000; i++) await ledger.commit(events(i))
  assert.deepEqual(
    new Set(await ledger.commit(events(...Array.from({ length: 50 }, (_, i) => 950 + i)))),
    new Set(['duplicate']),
  )
  assert.deepEqual(await ledger.commit(events(0)), ['new'])
})
