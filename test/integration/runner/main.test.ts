import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { encodeAnswer, encodeReqCall } from '../../gateway/ext-plugin/codec.ts'
import { MESSAGE } from '../../gateway/ext-plugin/frame.ts'
import { stopBody } from '../../support/peer.ts'
import { CHAT, makeScene } from './support/scene.ts'

const MAIN = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url))

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

async function scene(t: TestContext, options: Parameters<typeof makeScene>[0] = {}) {
  const made = await makeScene(options)
  t.after(() => made.close())
  return made
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2400; i++) {
    if (await condition()) return
    await sleep(25)
  }
  assert.fail('it did not happen within 60 s')
}

test('--help and --print-settings say what there is', () => {
  assert.match(run(['--help']).stdout, /--settings FILE/)
  const { status, stdout } = run(['--print-settings'])
  assert.equal(status, 0)
  assert.match(stdout, /max_body_bytes: 4194304/)
})

test('--check lists every problem, plugins’ included, and exits 1', () => {
  const { status, stderr } = run(['--check'], {
    LLM_RUNNER_WORKERS: 'many',
    LLM_RUNNER_USAGE_PORT: '99999',
    LLM_RUNNER_NONE: '1',
  })
  assert.equal(status, 1)
  for (const part of [/\/workers/, /\/usage\/port/, /LLM_RUNNER_NONE/]) assert.match(stderr, part)
  assert.doesNotMatch(stderr, / {4}at /)
  const plugins = run(['--check'], { LLM_RUNNER_PLUGINS: '{ nobody: {}, token-metering: { x: 1 } }' })
  assert.equal(plugins.status, 1)
  assert.match(plugins.stderr, /unknown key "nobody".*\/plugins\/token-metering.*unknown key "x"/)
  const tariff = run(['--check'], {
    LLM_RUNNER_PLUGINS:
      '{ token-metering: { time_zone: Mars/Phobos, price_file: /nowhere.json, usd_per_unit: { CNY: x } } }',
  })
  assert.match(
    tariff.stderr,
    /token-metering: \/time_zone: .*; \/price_file: ENOENT.*; \/usd_per_unit: .*CNY/,
  )
  assert.match(run(['--check', '--listen', 'unix:here.sock']).stderr, /"here.sock" is not absolute/)
  assert.equal(run(['--check']).status, 0)
})

test('a log file that cannot be written is an error at the start, not silence', () => {
  const { status, stderr } = run(['--listen', '/tmp/never-made.sock'], {
    LLM_RUNNER_LOG_FILE: '/dev/null/log',
  })
  assert.equal(status, 1)
  assert.match(stderr, /\/log\/file: E/)
})

test('a second runner in the same data_dir is refused before it touches a file there', async (t) => {
  const first = await scene(t, { keepsData: true })
  await first.runner.start()
  const dataDir = join(first.dir, 'data')
  const socket = `unix:${join(first.dir, 'second.sock')}`
  const { status, stderr } = run(['--listen', socket], {
    LLM_RUNNER_DATA_DIR: dataDir,
    LLM_RUNNER_USAGE_PORT: '0',
  })
  assert.equal(status, 1)
  assert.match(stderr, /another runner is working in/)
  const nowhere = run(['--listen', socket], { LLM_RUNNER_DATA_DIR: join(first.dir, 'mine.mjs', 'data') })
  assert.equal(nowhere.status, 1)
  assert.match(nowhere.stderr, /\/data_dir: ENOTDIR/)
  assert.doesNotMatch(nowhere.stderr, / {4}at /)
  await first.runner.stop()
  const next = first.another()
  t.after(() => next.kill())
  await next.start()
})

test('an option that does not exist is named, without a stack', () => {
  const { status, stderr } = run(['--bogus'])
  assert.equal(status, 1)
  assert.match(stderr, /--bogus/)
  assert.doesNotMatch(stderr, / {4}at /)
})

test('a second runner on the same socket refuses to start, and the first goes on', async (t) => {
  const { runner, another, peer } = await scene(t)
  await runner.start()
  await assert.rejects(another().start(), /EADDRINUSE|another process is listening/)
  const first = await peer()
  assert.equal((await first.call({ token: await first.prepare({}), body: CHAT })).kind, 'none')
})

test('a runner that was killed leaves a socket that the next one replaces', async (t) => {
  const { runner, peer } = await scene(t)
  await runner.start()
  await runner.kill()
  await runner.start()
  const first = await peer()
  assert.equal((await first.call({ token: await first.prepare({}), body: CHAT })).kind, 'none')
})

for (const workers of [0, 2]) {
  test(`SIGTERM lets open calls end, also one that still waits for its body (${workers} workers)`, async (t) => {
    const { runner, peer } = await scene(t, { workers })
    await runner.start()
    const slow = await peer()
    const token = await slow.prepare({ mine: { stop: 'late', delay_ms: 400 } })
    const asking = await peer()
    const idle = await peer()
    assert.equal((await idle.call({ token: await idle.prepare({}), body: CHAT })).kind, 'none')
    const open = slow.call({ token, body: CHAT })
    asking.connection.send(
      MESSAGE.httpReqCall,
      encodeReqCall({
        id: 1,
        confToken: token,
        srcIp: Buffer.alloc(4),
        method: 'POST',
        path: '/v1/chat/completions',
        args: [],
        headers: [],
      }),
    )
    assert.equal((await asking.connection.receive()).type, MESSAGE.extraInfo)
    runner.signal('SIGTERM')
    await assert.rejects(idle.connection.receive(), /closed/)
    asking.connection.send(MESSAGE.extraInfo, encodeAnswer(Buffer.from(CHAT)))
    assert.equal((await asking.connection.receive()).type, MESSAGE.httpReqCall)
    assert.equal((await open).kind, 'stop')
    assert.equal(await runner.ended(), 0)
    await assert.rejects(peer(), /failed to connect/)
  })
}

test('spawned by APISIX it does not wait for calls that would outlive APISIX’s patience', async (t) => {
  const { socketPath, peer } = await scene(t)
  const env = { APISIX_LISTEN_ADDRESS: `unix:${socketPath}`, APISIX_CONF_EXPIRE_TIME: '3600' }
  const { runner } = await scene(t, { env })
  await runner.start()
  const slow = await peer()
  const open = slow.call({ token: await slow.prepare({ mine: { stop: 'x', delay_ms: 4500 } }), body: CHAT })
  await sleep(100)
  runner.signal('SIGTERM')
  await assert.rejects(open, /closed/)
  assert.ok([0, 1].includes(Number(await runner.ended())))
})

test('SIGHUP takes new limits; wrong settings leave the old ones', async (t) => {
  const { runner, peer, dir } = await scene(t)
  const file = join(dir, 'runner.yaml')
  const yaml = await readFile(file, 'utf8')
  await runner.start()
  const first = await peer()
  const token = await first.prepare({ mine: { stop: 'seen' } })
  const big = JSON.stringify({ ...JSON.parse(CHAT), pad: 'x'.repeat(2000) })
  const statusOfBig = async () => {
    const answer = await first.call({ token, body: big })
    return answer.kind === 'stop' ? answer.status : 0
  }
  assert.equal(await statusOfBig(), 403)
  await writeFile(file, `${yaml}limits: { max_body_bytes: 1024 }\n`)
  runner.signal('SIGHUP')
  await until(async () => (await statusOfBig()) === 413)
  await writeFile(file, `${yaml}limits: { max_body_bytes: none }\n`)
  runner.signal('SIGHUP')
  await until(() => runner.lines.some(({ msg }) => /not reloaded/.test(String(msg))))
  assert.equal(await statusOfBig(), 413)
  assert.equal(stopBody(await first.call({ token, body: big })).error.code, 'body_too_large')
})

test('SIGHUP opens the log file anew after a rotation', async (t) => {
  const { dir, runner } = await scene(t)
  const file = join(dir, 'runner.yaml')
  const log = join(dir, 'runner.log')
  await writeFile(file, `${await readFile(file, 'utf8')}log: { file: ${log} }\n`)
  const started = runner.start().catch(() => {})
  await until(async () => /"ready"/.test(await readFile(log, 'utf8').catch(() => '')))
  await rename(log, `${log}.1`)
  runner.signal('SIGHUP')
  await until(async () => /reloaded/.test(await readFile(log, 'utf8').catch(() => '')))
  await runner.kill()
  await started
})

for (const workers of [0, 2]) {
  test(`a plugin from outside the package works with one line of settings (${workers} workers)`, async (t) => {
    const { runner, peer } = await scene(t, { workers })
    await runner.start()
    const first = await peer()
    const answer = await first.call({ token: await first.prepare({ mine: { mark: 'm1' } }), body: CHAT })
    assert.equal(answer.kind, 'rewrite')
    const marks = answer.kind === 'rewrite' ? answer.headers.filter(({ name }) => name === 'x-mark') : []
    assert.equal(marks[0]?.value, 'm1')
    const refused = await first.call({ token: await first.prepare({ mine: { no: 1 } }), body: CHAT })
    assert.equal(stopBody(refused).error.code, 'conf_invalid')
  })
}
