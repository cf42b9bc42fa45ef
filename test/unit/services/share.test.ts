import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { type Channel, remoteShare, SharedObjects } from '../../../runner/services/share.ts'

/** Two ends of an IPC channel; messages are cloned and arrive later, as between processes. */
function channelPair(): { worker: Channel; supervisor: Channel; cut(): void } {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  let connected = true
  const end = (own: EventEmitter, other: EventEmitter): Channel => ({
    send: (message) => {
      const copy = structuredClone(message)
      setImmediate(() => connected && other.emit('message', copy))
    },
    onMessage: (listener) => own.on('message', listener),
  })
  return {
    worker: end(ends[0], ends[1]),
    supervisor: end(ends[1], ends[0]),
    cut: () => {
      connected = false
    },
  }
}

class Counter {
  #count = 0
  async add(more: number): Promise<number> {
    this.#count += more
    return this.#count
  }
  async fail(): Promise<never> {
    throw new Error('the counter is broken')
  }
  async never(): Promise<void> {
    await new Promise(() => {})
  }
}

async function shared(deadlineMs = 1000) {
  const objects = new SharedObjects()
  const own = await objects.share('counter', () => new Counter())
  const { worker, supervisor, cut } = channelPair()
  objects.serve(supervisor)
  const share = remoteShare(worker, deadlineMs)
  return { own, share, cut, remote: await share('counter', () => new Counter()) }
}

test('a worker calls the one object that the supervisor has', async () => {
  const { own, remote } = await shared()
  assert.equal(await own.add(1), 1)
  assert.deepEqual(await Promise.all([remote.add(2), remote.add(3)]), [3, 6])
  assert.equal(await own.add(0), 6)
})

test('asking twice gives the same object', async () => {
  const objects = new SharedObjects()
  let made = 0
  const create = () => {
    made++
    return new Counter()
  }
  const [a, b] = await Promise.all([objects.share('x', create), objects.share('x', create)])
  assert.equal(a, b)
  assert.equal(made, 1)
})

test('an error of the object is told with its message', async () => {
  const { remote } = await shared()
  await assert.rejects(remote.fail(), /the counter is broken/)
})

test('what does not exist is an error, not silence', async () => {
  const { share, remote } = await shared()
  await assert.rejects((await share('nothing', () => new Counter())).add(1), /there is no nothing.add/)
  const odd = remote as unknown as Record<'sub', () => Promise<void>>
  await assert.rejects(odd.sub(), /there is no counter.sub/)
})

test('members that every object has are not there to be called', async () => {
  const { remote } = await shared()
  for (const name of ['constructor', 'hasOwnProperty', '__defineGetter__']) {
    await assert.rejects(
      (remote as unknown as Record<string, () => Promise<void>>)[name]?.() as Promise<void>,
      {
        message: new RegExp(`there is no counter.${name}`),
      },
    )
  }
})

test('a call that is not answered ends at its deadline', async () => {
  const { remote } = await shared(20)
  await assert.rejects(remote.never(), {
    code: 'STORE_UNAVAILABLE',
    message: /counter.never took longer than 20 ms/,
  })
})

test('a supervisor that is gone is an error at the deadline, not a wait for ever', async () => {
  const { remote, cut } = await shared(20)
  cut()
  await assert.rejects(remote.add(1), { code: 'STORE_UNAVAILABLE' })
})
