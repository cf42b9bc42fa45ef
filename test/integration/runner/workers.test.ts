import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Peer, type PeerAnswer, stopBody } from '../../support/peer.ts'
import { CHAT, makeScene } from './support/scene.ts'

const scene = await makeScene({ workers: 2 })
after(() => scene.close())
await scene.runner.start()

const PEERS = 8

async function peers(): Promise<Peer[]> {
  return Promise.all(Array.from({ length: PEERS }, () => scene.peer()))
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 2400; i++) {
    if (await condition()) return
    await sleep(25)
  }
  assert.fail(`${what} did not happen within 60 s`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const told = (answer: PeerAnswer) => {
  stopBody(answer)
  return JSON.parse(answer.kind === 'stop' ? (answer.body?.toString() ?? '') : '{}') as {
    pid: number
    number: number
  }
}
const ready = () => scene.workerPids().filter(isAlive)
const lastNumber = (line: string) => Number(line.slice(line.lastIndexOf(' ') + 1))

test('connections spread over the workers, and a conf is known to all of them before its token is told', async () => {
  const all = await peers()
  const pids = new Set<number>()
  for (let round = 0; round < 10; round++) {
    const token = await (all[round % PEERS] as Peer).prepare(
      { mine: { stop: `s${round}` } },
      `route#w${round}#p#1`,
    )
    const answers = await Promise.all(all.map((peer) => peer.call({ token, body: CHAT })))
    for (const answer of answers) pids.add(told(answer).pid)
  }
  assert.deepEqual([...pids].sort(), [...scene.workerPids()].sort())
})

test('one page of metrics counts the calls of all workers', async () => {
  const name = 'llm_plugin_duration_seconds_count{plugin="mine",outcome="stop"}'
  const before = lastNumber(await scene.metric(name))
  const all = await peers()
  const token = await (all[0] as Peer).prepare({ mine: { stop: 'm' } })
  await Promise.all(all.map((peer) => peer.call({ token, body: CHAT })))
  assert.equal(lastNumber(await scene.metric(name)), before + PEERS)
})

test('a worker that is killed under load costs the calls it had open and nothing else', async () => {
  const [first] = await peers()
  const token = await (first as Peer).prepare({ mine: { stop: 'count', count: true, delay_ms: 5 } })
  const numbers: number[] = []
  let lost = 0
  let running = true
  const load = async () => {
    let peer = await scene.peer()
    while (running) {
      try {
        numbers.push(told(await peer.call({ token, body: CHAT })).number)
      } catch (error) {
        // APISIX sees the same: the connection closes, and its client gets a 503 at once.
        assert.match(String(error), /closed|EPIPE|ECONNRESET/)
        lost++
        peer = await scene.peer()
      }
    }
  }
  const loads = Array.from({ length: PEERS }, load)
  await until(() => numbers.length > 100, 'load')
  const [victim = 0] = ready()
  const before = scene.workerPids().length
  process.kill(victim, 'SIGKILL')
  await until(() => scene.workerPids().length === before + 1, 'the replacement')
  const afterwards = numbers.length
  await until(() => numbers.length > afterwards + 100, 'load after the replacement')
  running = false
  await Promise.all(loads)
  assert.ok(lost >= 1 && lost <= PEERS, `${lost} calls were lost`)
  // The count lives in the supervisor: no number comes twice, and none went back when the worker died.
  assert.equal(new Set(numbers).size, numbers.length)
  assert.ok(Math.max(...numbers) <= numbers.length + lost)
  assert.match(await scene.metric('llm_runner_worker_restarts_total'), / 1$/)
  assert.ok(
    scene.runner.lines.some(({ msg, worker }) => msg === 'worker is gone, replacing it' && worker === victim),
  )
})

test('a connection that comes while no worker is there waits for one', async () => {
  const before = scene.workerPids().length
  const gone = () => scene.runner.lines.filter(({ msg }) => msg === 'worker is gone, replacing it').length
  const goneBefore = gone()
  for (const pid of ready()) process.kill(pid, 'SIGKILL')
  await until(() => gone() === goneBefore + 2, 'the supervisor has seen it')
  const peer = await Peer.connect(scene.socketPath, 60_000)
  const token = await peer.prepare({ mine: { stop: 'waited' } })
  assert.ok(told(await peer.call({ token, body: CHAT })).pid > 0)
  peer.close()
  await until(() => scene.workerPids().length === before + 2, 'both workers')
})

test('confs of before are known to the workers that replaced the dead ones', async () => {
  const all = await peers()
  const token = await (all[0] as Peer).prepare({ mine: { stop: 's0' } }, 'route#w0#p#1')
  for (const answer of await Promise.all(all.map((peer) => peer.call({ token, body: CHAT })))) told(answer)
})

test('a reload gives fresh workers the new limits, and no other stores than their supervisor has', async () => {
  const file = join(scene.dir, 'runner.yaml')
  const more = 'limits: { max_body_bytes: 1024 }\nredis: { url: "redis://127.0.0.1:1" }\n'
  await writeFile(file, `${await readFile(file, 'utf8')}${more}`)
  const before = scene.workerPids().length
  scene.runner.signal('SIGHUP')
  await until(() => scene.workerPids().length === before + 2, 'fresh workers')
  const big = JSON.stringify({ ...JSON.parse(CHAT), pad: 'x'.repeat(2000) })
  const ask = async () => {
    const peer = await scene.peer()
    return peer.call({ token: await peer.prepare({ mine: { stop: 'big' } }), body: big })
  }
  await until(async () => {
    // A worker that leaves closes its connections.
    const answer = await ask().catch(() => undefined)
    return answer?.kind === 'stop' && answer.status === 413
  }, 'the new limit')
  assert.ok(!scene.runner.lines.some(({ msg }) => /redis is away/.test(String(msg))))
})

test('workers end with a supervisor that was killed', async () => {
  await until(() => ready().length === 2, 'both workers')
  const pids = ready()
  await scene.runner.kill()
  await until(() => !pids.some(isAlive), 'the end of the workers')
})
