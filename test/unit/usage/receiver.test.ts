import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminRequest, Ledger } from '../../../runner/plugin.ts'
import { MemoryRequestRecords } from '../../../runner/records/memory.ts'
import { AdminDesk } from '../../../runner/usage/admin-desk.ts'
import { Digester } from '../../../runner/usage/digester.ts'
import { FanOut } from '../../../runner/usage/fan-out.ts'
import { Intake } from '../../../runner/usage/intake.ts'
import { MemoryLedger } from '../../../runner/usage/memory-ledger.ts'
import { Receiver, type ReceiverOptions } from '../../../runner/usage/receiver.ts'
import { collectingLog, type LogLine } from '../../support/rig.ts'

const closers: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closers) await close()
})

async function start(own: Partial<ReceiverOptions> = {}, ledger: Ledger = new MemoryLedger(1000)) {
  const lines: LogLine[] = []
  const log = collectingLog(lines)
  const results: string[] = []
  const asked: AdminRequest[] = []
  let events = 0
  let missing: string | undefined
  const nothing = () => {}
  const fanOut = new FanOut(
    [],
    { deadlineMs: 100, maxWaiting: 10 },
    { failed: nothing, dropped: nothing, waiting: nothing },
    log,
  )
  const receiver = new Receiver(
    {
      host: '127.0.0.1',
      port: 0,
      authHeader: undefined,
      adminKey: undefined,
      maxPostBytes: 10_000,
      maxWaitingBytes: 20_000,
      postDeadlineMs: 60_000,
      ...own,
    },
    {
      digester: new Digester(),
      intake: new Intake({
        records: new MemoryRequestRecords(100),
        enrichers: [],
        ledger,
        fanOut,
        deadLetters: { keep: async () => {} },
        report: {
          event: () => void events++,
          duplicate: nothing,
          rejected: nothing,
          enrichFailed: nothing,
        },
        log,
        now: Date.now,
      }),
      admin: new AdminDesk([
        {
          plugin: 'p',
          admin: (request) => {
            asked.push(request)
            return request.path[0] === 'there'
              ? { status: 201, json: { got: request.json ?? null } }
              : undefined
          },
        },
      ]),
      log,
      metricsPage: async () => ({ contentType: 'text/plain', text: 'page' }),
      notReady: () => missing,
      report: (result) => void results.push(result),
    },
  )
  const port = await receiver.listen()
  closers.push(() => receiver.close())
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    port,
    lines,
    results,
    asked,
    events: () => events,
    setMissing: (what: string | undefined) => {
      missing = what
    },
    post: (body: string, headers: Record<string, string> = {}) =>
      fetch(`${url}/usage`, { method: 'POST', body, headers }),
  }
}
const entry = (request_id: string, pad = '') => JSON.stringify({ request_id, status: 200, pad })

/** Writes raw bytes and gives what comes back until the server hangs up. */
function raw(port: number, text: string): { answer: Promise<string>; write(more: string): void } {
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text))
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  return {
    answer: new Promise((resolve) => socket.on('close', () => resolve(received))),
    write: (more) => void socket.write(more),
  }
}

test('answers 200 once the events are committed', async () => {
  const { post, events, results } = await start()
  assert.equal((await post(`[${entry('a')},${entry('b')}]`)).status, 200)
  assert.equal(events(), 2)
  assert.deepEqual(results, ['accepted'])
})

test('asks for the secret that http-logger was told', async () => {
  const { post, results, events } = await start({ authHeader: 'Bearer right-secret' })
  for (const authorization of ['', 'Bearer wrong-secret', 'right-secret', 'Bearer right-secret2']) {
    assert.equal((await post(entry('a'), { authorization })).status, 401)
  }
  assert.equal((await post(entry('a'), { authorization: 'Bearer right-secret' })).status, 200)
  assert.deepEqual(results, ['unauthorized', 'unauthorized', 'unauthorized', 'unauthorized', 'accepted'])
  assert.equal(events(), 1)
})

test('refuses a post that is too large, announced or not', async () => {
  const { post, port, results } = await start()
  assert.equal((await post(entry('a', 'x'.repeat(10_000)))).status, 413)
  const chunk = `2710\r\n${'x'.repeat(10_000)}\r\n`
  const { answer } = raw(
    port,
    `POST /usage HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunk}1\r\nx\r\n`,
  )
  assert.match(await answer, /^HTTP\/1.1 413/)
  assert.deepEqual(results, ['too_large', 'too_large'])
})

test('answers 503 when the ledger cannot commit, and says nothing of the inside to the client', async () => {
  const commit = async () => {
    throw new Error('password of the store')
  }
  const { post, lines } = await start({}, { commit })
  const response = await post(entry('a'))
  assert.equal(response.status, 503)
  assert.doesNotMatch(await response.text(), /password/)
  assert.equal(lines.length, 1)
})

test('answers 503 when too much is being worked on, and takes posts again afterwards', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let commits = 0
  const ledger: Ledger = {
    commit: async (events) => {
      commits++
      await held
      return events.map(() => 'new')
    },
  }
  const { post, results } = await start({}, ledger)
  const pad = 'x'.repeat(8000)
  const first = [post(entry('a', pad)), post(entry('b', pad))]
  while (commits < 2) await sleep(5)
  const refused = await post(entry('c', pad))
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  release()
  for (const { status } of await Promise.all(first)) assert.equal(status, 200)
  assert.equal((await post(entry('c', pad))).status, 200)
  assert.deepEqual(results, ['full', 'accepted', 'accepted', 'accepted'])
})

test('a commit that hangs is answered 503 at the deadline', async () => {
  const { post, results } = await start({ postDeadlineMs: 50 }, { commit: () => new Promise(() => {}) })
  assert.equal((await post(entry('a'))).status, 503)
  assert.deepEqual(results, ['failed'])
})

test('a sender that drips its bytes is cut off, and its bytes are not held against others', async () => {
  const { post, port } = await start({ postDeadlineMs: 2000, maxWaitingBytes: 12_000 })
  const slow = raw(port, 'POST /usage HTTP/1.1\r\nhost: a\r\ncontent-length: 9000\r\n\r\n')
  const drip = setInterval(() => slow.write('x'), 20)
  const status = async () => (await post(entry('a', 'x'.repeat(5000)))).status
  while ((await status()) !== 503) await sleep(5)
  assert.match(await slow.answer, /^HTTP\/1.1 (503|408)/)
  clearInterval(drip)
  while ((await status()) !== 200) await sleep(5)
})

test('headers that never end are cut off', async () => {
  const { port } = await start({ postDeadlineMs: 100 })
  const slow = raw(port, 'POST /usage HTTP/1.1\r\nhost: a\r\n')
  assert.match(await slow.answer, /^HTTP\/1.1 408/)
})

test('a sender that leaves in the middle is no error', async () => {
  const { port, lines, post } = await start()
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write('POST /usage HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\nxx')
  await sleep(30)
  socket.destroy()
  await sleep(30)
  assert.deepEqual(lines, [])
  assert.equal((await post(entry('a'))).status, 200)
})

test('tells health, readiness and metrics', async () => {
  const { url, setMissing } = await start({ authHeader: 'Bearer right-secret' })
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
  setMissing('a worker')
  const unready = await fetch(`${url}/readyz`)
  assert.equal(unready.status, 503)
  assert.deepEqual(await unready.json(), { missing: 'a worker' })
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'page')
  for (const [method, path] of [
    ['GET', '/usage'],
    ['POST', '/metrics'],
    ['GET', '/'],
  ]) {
    assert.equal((await fetch(`${url}${path}`, { method: method ?? '' })).status, 404)
  }
})

test('brings operators’ calls to the plugin, with path, query and body', async () => {
  const { url, asked } = await start()
  const response = await fetch(`${url}/plugins/p/there/a%2Fb%20c?x=1`, { method: 'POST', body: '{"n":"€"}' })
  assert.equal(response.status, 201)
  assert.deepEqual(await response.json(), { got: { n: '€' } })
  assert.deepEqual(asked[0]?.path, ['there', 'a/b c'])
  assert.equal(asked[0]?.query.get('x'), '1')
  for (const [path, init, status] of [
    ['/plugins/p/nothing', {}, 404],
    ['/plugins/nobody/x', {}, 404],
    ['/plugins/p/there', { method: 'PATCH' }, 405],
    ['/plugins/p/there', { method: 'POST', body: '[1]' }, 400],
    ['/plugins/p/there', { method: 'POST', body: 'x'.repeat(1_100_000) }, 413],
  ] as const) {
    assert.equal((await fetch(`${url}${path}`, init)).status, status, path)
  }
})

test('asks operators for their key', async () => {
  const { url } = await start({ adminKey: 'operators-key' })
  const get = (key: string) => fetch(`${url}/plugins/p/there`, { headers: { 'x-api-key': key } })
  assert.equal((await get('wrong')).status, 401)
  assert.equal((await fetch(`${url}/plugins/p/there`)).status, 401)
  assert.equal((await get('operators-key')).status, 201)
})
