import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { BatchQueue } from '../../../../../plugins/prompt-guard/records/batch-queue.ts'

// The queue's own timers do not keep a process alive.
const alive = setInterval(() => {}, 1000)
after(() => clearInterval(alive))

function queueWith(deliver: (batch: readonly number[]) => Promise<void>, maxWaiting = 10) {
  const lost = { dropped: 0, failures: 0 }
  const queue = new BatchQueue<number>({
    maxWaiting,
    maxBatch: 3,
    pauseMs: 1,
    deliver,
    dropped: (count) => {
      lost.dropped += count
    },
    failed: () => {
      lost.failures++
    },
  })
  return { queue, lost }
}

test('brings items away in order and in batches', async () => {
  const batches: number[][] = []
  const { queue } = queueWith(async (batch) => {
    batches.push([...batch])
  })
  for (const item of [1, 2, 3, 4, 5]) queue.push(item)
  await queue.idle()
  assert.deepEqual(batches, [
    [1, 2, 3],
    [4, 5],
  ])
})

test('tries a failed batch again, and reports a row of failures once', async () => {
  let tries = 0
  const seen: number[] = []
  const { queue, lost } = queueWith(async (batch) => {
    if (++tries < 3) throw new Error('away')
    seen.push(...batch)
  })
  queue.push(1)
  queue.push(2)
  await queue.idle()
  assert.deepEqual([seen, lost], [[1, 2], { dropped: 0, failures: 1 }])
})

test('drops the oldest past the bound, and what is left when it closes', async () => {
  const { queue, lost } = queueWith(() => Promise.reject(new Error('away')), 2)
  for (const item of [1, 2, 3, 4]) queue.push(item)
  assert.equal(lost.dropped, 2)
  await queue.close(1000)
  assert.equal(lost.dropped, 4)
})
