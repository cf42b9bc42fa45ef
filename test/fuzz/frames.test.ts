import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunnerError } from '../../runner/errors.ts'
import { decodeMessage } from '../../runner/rpc/codec.ts'
import { FrameReader } from '../../runner/rpc/frame.ts'
import { startRig } from '../support/rig.ts'
import { excerpt } from './excerpt.ts'
import { buffersMb, heapMb } from './heap.ts'
import { mutatedFrame } from './mutate-frame.ts'
import { fuzzRuns, fuzzSeed, Random } from './random.ts'

const MAX_SECONDS = 600
const MAX_GROWTH_MB = 16
const random = new Random(fuzzSeed())

/** @returns how many messages came out before the first error. */
function feed(bytes: Buffer): { messages: number; refused: boolean } {
  const reader = new FrameReader()
  let messages = 0
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = random.next() < 0.5 ? bytes.length : at + 1 + random.below(bytes.length - at)
      reader.push(bytes.subarray(at, end))
      for (let frame = reader.next(); frame; frame = reader.next()) {
        decodeMessage(frame)
        messages++
      }
      at = end
    }
    return { messages, refused: false }
  } catch (error) {
    assert.ok(error instanceof RunnerError, `${excerpt(bytes.toString('hex'))}: ${error}`)
    assert.match(error.code, /^FRAME_/)
    return { messages, refused: true }
  }
}

test('mutated frames decode or are refused by name, in bounded time and memory', () => {
  const runs = fuzzRuns(1)
  const startedAt = performance.now()
  const totals = { messages: 0, refused: 0 }
  let heapBefore = 0
  let buffersBefore = 0
  for (let run = 0; run < runs; run++) {
    if (run === Math.floor(runs / 4)) {
      heapBefore = heapMb()
      buffersBefore = buffersMb()
    }
    const { messages, refused } = feed(mutatedFrame(random))
    totals.messages += messages
    if (refused) totals.refused++
  }
  const growth = heapMb() - heapBefore
  const buffersGrowth = buffersMb() - buffersBefore
  const seconds = (performance.now() - startedAt) / 1000
  console.log(
    `${runs} frames, ${totals.messages} messages, ${totals.refused} refused, ${seconds.toFixed(1)} s, ` +
      `heap ${heapBefore.toFixed(1)} ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB`,
  )
  assert.ok(totals.messages > runs / 20 && totals.refused > runs / 20, 'the mutations miss the decoder')
  assert.ok(growth < MAX_GROWTH_MB, `heap grew by ${growth} MB`)
  assert.ok(buffersGrowth < MAX_GROWTH_MB, `buffers grew by ${buffersGrowth} MB`)
  assert.ok(seconds < MAX_SECONDS)
})

test('mutated frames on live connections end in a reply or a closed connection, and others go on', async (t) => {
  const rig = await startRig([])
  t.after(() => rig.close())
  const runs = fuzzRuns(1 / 20)
  const good = await rig.peer()
  const token = await good.prepare({})
  const startedAt = performance.now()
  let closedByRunner = 0
  const attack = async () => {
    const socket = connect({ path: rig.socketPath })
    let closed = false
    socket.on('error', () => {})
    socket.on('end', () => {
      closed = true
    })
    socket.resume()
    await once(socket, 'connect')
    for (let i = 0; i < 10 && !closed; i++) socket.write(mutatedFrame(random))
    await good.call({ token })
    await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(5)])
    if (closed) closedByRunner++
    socket.destroy()
  }
  for (let run = 0; run < runs; run += 10) await attack()
  for (let i = 0; rig.flow.server.connections > 1 && i < 200; i++) await sleep(10)
  console.log(`${runs} frames on live connections, ${closedByRunner} of ${runs / 10} closed by the runner`)
  assert.equal(rig.flow.server.connections, 1)
  assert.ok(closedByRunner > 0)
  assert.deepEqual(await good.call({ token }), { kind: 'none' })
  assert.ok((performance.now() - startedAt) / 1000 < MAX_SECONDS)
})
