import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshDir, ServerProcess } from '../../support/servers/server-process.ts'

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

for (const end of [
  'process.exit(0)',
  'process.kill(process.pid, "SIGKILL")',
  'throw new Error("test failed")',
  '',
]) {
  test(`leaves no server behind a test process that ends by: ${end || 'itself, without stop()'}`, async () => {
    const code = `
      const { startRedis } = await import('./test/support/servers/redis.ts')
      console.log((await startRedis({})).port)
      ${end}`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', code]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = once(child, 'exit')
    const [data] = (await once(child.stdout, 'data')) as [Buffer]
    const port = Number(data.toString())
    await ended
    for (let tries = 0; tries < 100 && (await accepts(port)); tries++) await sleep(20)
    assert.equal(await accepts(port), false)
  })
}

test('reports a server that does not come up, with the end of its log', async () => {
  const server = new ServerProcess({
    name: 'broken',
    command: 'sh',
    args: ['-c', 'echo "bad option"; exit 3'],
    dir: freshDir('broken'),
    isReady: () => false,
    readyTimeoutMs: 5000,
  })
  await assert.rejects(server.start(), /broken did not start \(3\):\nbad option/)
  await server.remove()
})
