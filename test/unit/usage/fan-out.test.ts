import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Observation } from '../../../runner/plugin.ts'
import { FanOut, type Observer } from '../../../runner/usage/fan-out.ts'
import { collectingLog, type LogLine } from '../../support/rig.ts'

const observation = (id: number) => ({ event: { request_id: `${id}` } }) as unknown as Observation
const observations = (count: number) => Array.from({ length: count }, (_, i) => observation(i))

function scene(observers: Observer[], options = { deadlineMs: 1000, maxWaiting: 1000 }) {
  const report = { failed: [] as string[], dropped: 0, waiting: 0 }
  const lines: LogLine[] = []
  const fanOut = new FanOut(
    observers,
    options,
    {
      failed: (plugin) => void report.failed.push(plugin),
      dropped: (count) => {
        report.dropped += count
      },
      waiting: (count) => {
        report.waiting = count
      },
    },
    collectingLog(lines),
  )
  return { fanOut, report, lines }
}

test('a slow observer holds up neither the sender nor the others', async () => {
  const fast: string[] = []
  let slow = 0
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const { fanOut } = scene(
    [
      { plugin: 'slow', observe: () => held.then(() => void slow++) },
      { plugin: 'fast', observe: ({ event }) => void fast.push(event.request_id) },
    ],
    { deadlineMs: 60_000, maxWaiting: 1000 },
  )
  fanOut.push(observations(3))
  while (fast.length < 3) await sleep(1)
  assert.deepEqual(fast, ['0', '1', '2'])
  assert.equal(slow, 0)
  goOn()
  await fanOut.drain()
  assert.equal(slow, 3)
})

test('what waits is told of all observers together, not of the one that moved last', async () => {
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let quick = 0
  const { fanOut, report } = scene(
    [
      { plugin: 'slow', observe: () => held },
      { plugin: 'quick', observe: () => void quick++ },
    ],
    { deadlineMs: 60_000, maxWaiting: 1000 },
  )
  fanOut.push(observations(1))
  fanOut.push(observations(3))
  while (quick < 4) await sleep(1)
  // The first of the slow one's four is under way.
  assert.equal(report.waiting, 3)
  goOn()
  await fanOut.drain()
  assert.equal(report.waiting, 0)
})

test('an observer that fails or is late is counted, and gets the next observation all the same', async () => {
  let seen = 0
  const { fanOut, report, lines } = scene(
    [
      {
        plugin: 'p',
        observe: () => {
          seen++
          if (seen === 1) throw new Error('broken')
          return seen === 2 ? new Promise(() => {}) : undefined
        },
      },
    ],
    { deadlineMs: 10, maxWaiting: 10 },
  )
  fanOut.push(observations(3))
  await fanOut.drain()
  assert.equal(seen, 3)
  assert.deepEqual(report.failed, ['p', 'p'])
  assert.equal(lines.length, 2)
})

test('past its bound the oldest observations are dropped and counted', async () => {
  const seen: string[] = []
  const { fanOut, report } = scene(
    [{ plugin: 'p', observe: ({ event }) => void seen.push(event.request_id) }],
    {
      deadlineMs: 10,
      maxWaiting: 2,
    },
  )
  fanOut.push(observations(5))
  await fanOut.drain()
  assert.deepEqual(seen, ['3', '4'])
  assert.equal(report.dropped, 3)
  assert.equal(report.waiting, 0)
})

test('what is pushed in the very moment a queue runs empty is not left waiting', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const seen: string[] = []
    const { fanOut } = scene([
      { plugin: 'p', observe: async ({ event }) => void seen.push(event.request_id) },
    ])
    fanOut.push([observation(1)])
    for (let i = 0; i < turns; i++) await null
    fanOut.push([observation(2)])
    await fanOut.drain()
    assert.deepEqual(seen, ['1', '2'], `${turns} turns`)
  }
})

test('takes a batch of any size, and an empty one', async () => {
  let seen = 0
  const { fanOut } = scene([{ plugin: 'p', observe: () => void seen++ }], { deadlineMs: 10, maxWaiting: 1e6 })
  fanOut.push([])
  fanOut.push(observations(200_000))
  await fanOut.drain()
  fanOut.push([])
  await fanOut.drain()
  assert.equal(seen, 200_000)
})
