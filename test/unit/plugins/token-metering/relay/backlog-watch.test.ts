import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BacklogWatch } from '../../../../../plugins/token-metering/relay/backlog-watch.ts'
import type { Backlog, Outbox } from '../../../../../plugins/token-metering/relay/outbox.ts'
import { createMetrics } from '../../../../../runner/services/metrics.ts'
import { collectingLog, type LogLine } from '../../../../support/rig.ts'

const NOW_MS = 1_000_000

function scene(backlogs: Backlog[]) {
  const outboxes = backlogs.map(
    (_, i): Outbox => ({
      name: 'events',
      take: async () => undefined,
      backlog: async () => backlogs[i] as Backlog,
      close: async () => {},
    }),
  )
  const metrics = createMetrics()
  const lines: LogLine[] = []
  const services = { metrics, clock: { now: () => NOW_MS }, log: collectingLog(lines) }
  return { metrics, lines, watch: new BacklogWatch(outboxes, 300, services) }
}

test('of two sinks of one outbox the page shows the one that is behind, whichever comes last', async () => {
  const behind = { records: 7, oldestMs: NOW_MS - 60_000 }
  const done = { records: 0, oldestMs: undefined }
  for (const backlogs of [
    [behind, done],
    [done, behind],
  ]) {
    const { metrics, watch } = scene(backlogs)
    await watch.look()
    const page = await metrics.registry.metrics()
    assert.match(page, /^llm_outbox_waiting\{outbox="events"\} 7$/m)
    assert.match(page, /^llm_outbox_oldest_seconds\{outbox="events"\} 60$/m)
  }
})

test('says once that records wait too long, and again when it comes back', async () => {
  const backlogs: Backlog[] = [{ records: 1, oldestMs: NOW_MS - 301_000 }]
  const { lines, watch } = scene(backlogs)
  await watch.look()
  await watch.look()
  assert.deepEqual(
    lines.map(({ level, bindings }) => [level, bindings]),
    [['error', { seconds: 301 }]],
  )
  backlogs[0] = { records: 1, oldestMs: NOW_MS - 300_000 }
  await watch.look()
  backlogs[0] = { records: 1, oldestMs: NOW_MS - 400_000 }
  await watch.look()
  assert.equal(lines.length, 2)
})
