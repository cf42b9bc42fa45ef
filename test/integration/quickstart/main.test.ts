import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../quickstart/main.ts', import.meta.url))

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', MAIN, '--once', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    encoding: 'utf8',
  })
  assert.doesNotMatch(stderr, / {4}at /)
  return { status, stderr }
}

test('a port that is taken is named, with what to do', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { status, stderr } = run(['--port', `${port}`])
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`EADDRINUSE.*${port}\\n.*--port`))
})

test('wrong arguments are said, not thrown', () => {
  assert.match(run(['--bogus']).stderr, /'--bogus'/)
  assert.match(run(['--port', 'abc']).stderr, /abc is no port/)
  assert.match(run([], { OPENAI_BASE_URL: 'http://localhost' }).stderr, /needs OPENAI_API_KEY/)
})
