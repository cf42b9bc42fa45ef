import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listen, socketPath } from '../../../runner/rpc/listener.ts'

const dir = await mkdtemp(join(tmpdir(), 'llm-listen-'))
after(() => rm(dir, { recursive: true, force: true }))
let files = 0
const freshPath = () => join(dir, `${++files}.sock`)
const open = (address: string, more: { mode?: number; group?: string } = {}) =>
  listen({ address, mode: more.mode ?? 0o600, group: more.group }, (socket) => socket.end('hello'))

function greeting(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    connect({ path })
      .on('data', (chunk) => {
        text += chunk
      })
      .on('end', () => resolve(text))
      .on('error', reject)
  })
}

/** What a runner that was killed leaves behind. */
function leaveStaleSocket(path: string): void {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
}

test('listens with the mode and group that are asked for', async () => {
  const path = freshPath()
  const group = process.getgid?.() ?? 0
  const server = await open(`unix:${path}`, { mode: 0o660, group: String(group) })
  const stats = await stat(path)
  assert.equal(stats.mode & 0o777, 0o660)
  assert.equal(stats.gid, group)
  assert.equal(await greeting(path), 'hello')
  server.close()
})

test('knows groups by name, and says which one does not exist', async () => {
  const gid = process.getgid?.() ?? 0
  const name = (await readFile('/etc/group', 'utf8'))
    .split('\n')
    .find((line) => line.split(':')[2] === String(gid))
  const server = await open(freshPath(), { group: name?.split(':')[0] ?? '' })
  server.close()
  const path = freshPath()
  await assert.rejects(open(path, { group: 'no-such-group' }), {
    code: 'LISTEN_FAILED',
    message: /no-such-group/,
  })
  await assert.rejects(greeting(path), 'nothing may be left listening')
})

test('replaces the socket file of a runner that was killed', async () => {
  const path = freshPath()
  leaveStaleSocket(path)
  assert.ok((await stat(path)).isSocket())
  const server = await open(path)
  assert.equal(await greeting(path), 'hello')
  server.close()
})

test('never replaces a socket that somebody listens on', async () => {
  const path = freshPath()
  const first = await open(path)
  await assert.rejects(open(path), { code: 'LISTEN_FAILED', message: /another process is listening/ })
  assert.equal(await greeting(path), 'hello')
  first.close()
})

test('takes a server that is too busy to accept for a live one', async () => {
  const path = freshPath()
  // A server whose process does not accept: the kernel's backlog fills up and refuses with EAGAIN, not ECONNREFUSED.
  const script = `require('net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
    require('fs').writeSync(1, 'busy'); for (;;); })`
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const clients = Array.from({ length: 8 }, () => connect({ path }).on('error', () => {}))
  await assert.rejects(open(path), { code: 'LISTEN_FAILED' })
  assert.ok((await stat(path)).isSocket())
  for (const client of clients) client.destroy()
  child.kill('SIGKILL')
})

test('says that the folder of the socket is missing', async () => {
  const path = join(freshPath(), 'runner.sock')
  await assert.rejects(open(path), { code: 'LISTEN_FAILED', message: /there is no folder/ })
})

test('touches nothing that is no socket', async () => {
  const path = freshPath()
  await writeFile(path, 'precious')
  await assert.rejects(open(path), { code: 'LISTEN_FAILED', message: /not a socket/ })
  assert.equal(await readFile(path, 'utf8'), 'precious')
})

test('refuses paths that the kernel would cut or that depend on the working directory', () => {
  assert.throws(() => socketPath('relative.sock'), { code: 'LISTEN_FAILED', message: /not absolute/ })
  assert.throws(() => socketPath(`/${'x'.repeat(107)}`), {
    code: 'LISTEN_FAILED',
    message: /longer than 107/,
  })
  assert.equal(socketPath(`unix:/${'x'.repeat(106)}`).length, 107)
})

test('names the path when the folder does not let it', async () => {
  const server = createServer()
  await assert.rejects(open(join(dir, 'nowhere', 'a.sock')), {
    code: 'LISTEN_FAILED',
    message: /nowhere\/a\.sock/,
  })
  server.close()
  await chmod(dir, 0o700)
})

test('of runners that start at once over a stale socket exactly one listens, and it is the one that answers', async () => {
  for (let round = 0; round < 20; round++) {
    const path = freshPath()
    leaveStaleSocket(path)
    const tried = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) =>
        listen({ address: path, mode: 0o600, group: undefined }, (socket) => socket.end(name)),
      ),
    )
    const listening = tried.filter((one) => one.status === 'fulfilled')
    assert.equal(listening.length, 1)
    assert.equal(await greeting(path), 'abc'[tried.findIndex((one) => one.status === 'fulfilled')])
    for (const one of tried) {
      if (one.status === 'fulfilled') one.value.close()
      else assert.match(one.reason.message, /another process is listening/)
    }
  }
})
