import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from '../../../../apisix-conf/cli/options.ts'

test('takes the Admin API from the environment, with or without its path', () => {
  for (const url of ['http://apisix:9180', 'http://apisix:9180/', 'http://apisix:9180/apisix/admin/']) {
    assert.equal(readOptions(['diff'], { APISIX_ADMIN_URL: url }, '.')?.adminUrl, 'http://apisix:9180')
  }
  assert.equal(readOptions(['diff'], {}, '.')?.adminUrl, 'http://127.0.0.1:9180')
})

test('refuses a command line that it does not understand', () => {
  const wrong = [
    [],
    ['aply'],
    ['attach'],
    ['attach', 'a', 'b'],
    ['check', 'x'],
    ['diff', '--quick'],
    ['diff', '--timeout', '0'],
  ]
  for (const args of wrong) assert.throws(() => readOptions(args, {}, '.'), UsageError, args.join(' '))
  assert.throws(() => readOptions(['diff'], { APISIX_ADMIN_URL: 'apisix' }, '.'), UsageError)
  assert.throws(() => readOptions(['diff'], { APISIX_ADMIN_URL: 'file:///a' }, '.'), UsageError)
})

test('needs no command for --help', () => {
  assert.equal(readOptions(['--help'], {}, '.'), undefined)
})
