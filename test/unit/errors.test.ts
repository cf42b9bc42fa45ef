import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CATALOG, RunnerError, toRunnerError } from '../../runner/errors.ts'

test('docs/errors.md lists the same errors with the same columns', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|(.+)\|$/gm)].map(([, code = '', rest = '']) => {
    const [meaning = '', wire, status, log, advice = ''] = rest.split('|').map((cell) => cell.trim())
    assert.ok(meaning.length > 20 && advice.length > 5, code)
    return [code, { wire, status: Number(status), log }]
  })
  const expected = Object.entries(CATALOG).map(([code, { wire, status, log }]) => [
    code,
    { wire, status, log },
  ])
  assert.deepEqual(rows, expected)
})

test('wraps what was thrown and keeps what is named already', () => {
  const named = new RunnerError('PEER_GONE', 'gone')
  assert.equal(toRunnerError(named, 'PLUGIN_FAILED', 'x'), named)
  for (const thrown of [new Error('why'), 'why', undefined]) {
    const wrapped = toRunnerError(thrown, 'PLUGIN_FAILED', 'where')
    assert.equal(wrapped.code, 'PLUGIN_FAILED')
    assert.match(wrapped.message, /^where: (why|undefined)$/)
    assert.equal(wrapped.cause, thrown)
  }
})
