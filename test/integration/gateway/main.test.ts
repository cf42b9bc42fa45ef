import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('the command line prints one JSON line when it is ready and stops on SIGTERM', async (t) => {
  const main = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url))
  const args = [
    '--listen',
    '0',
    '--listen-tls',
    '127.0.0.1:0',
    '--admin-port',
    '0',
    '--control-port',
    '0',
    '--admin-key',
    'k',
  ]
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args, '--host', 'a.local=127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const ready = JSON.parse(line) as {
    url: string
    adminUrl: string
    adminKey: string
    listeners: { tls: boolean }[]
  }
  assert.equal(ready.adminKey, 'k')
  assert.deepEqual(
    ready.listeners.map((one) => one.tls),
    [false, true],
  )
  assert.equal((await fetch(ready.url)).status, 404)
  assert.equal(
    (await fetch(`${ready.adminUrl}/apisix/admin/routes`, { headers: { 'X-API-KEY': 'k' } })).status,
    200,
  )
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0)
})
