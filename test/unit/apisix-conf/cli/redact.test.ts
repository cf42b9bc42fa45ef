// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redact, scrub, secretsOf } from '../../../../apisix-conf/cli/redact.ts'

test('hides keys, credentials in headers and private keys', () => {
  const consumer = { username: 'a', plugins: { 'key-auth': { key: 'k-1' }, 'basic-auth': { password: 'p' } } }
  assert.deepEqual(redact(consumer, ['consumers']), {
    username: 'a',
    plugins: { 'key-auth': { key: '(secret)' }, 'basic-auth': { password: '(secret)' } },
  })
  const upstream = { checks: { active: { req_headers: ['Authorization: Bearer sk-1', 'X-A: b'] } } }
  assert.deepEqual(redact(upstream, ['upstreams']), {
    checks: { active: { req_headers: ['(secret)', 'X-A: b'] } },
  })
  assert.deepEqual(redact({ snis: ['a'], cert: 'c', key: 'pem' }, ['ssls']), {
    snis: ['a'],
    cert: 'c',
    key: '(secret)',
  })
  assert.deepEqual(
    redact({ headers: { set: { Authorization: 'Bearer x' } }, auth_header: 'y' }, ['routes']),
    {
      headers: { set: { Authorization: '(secret)' } },
      auth_header: '(secret)',
    },
  )
  assert.deepEqual(redact({ api_keys: ['sk-1', 'sk-2'], openai_token: 't' }, ['routes']), {
    api_keys: ['(secret)', '(secret)'],
    openai_token: '(secret)',
  })
})

test('shows what only sounds like a secret', () => {
  const shown = {
    plugins: {
      'limit-count': { key: 'consumer_name' },
      'limit-req': { key: 'remote_addr' },
      'ext-plugin-pre-req': { conf: [{ value: { api_key: '${OPENAI_API_KEY}', tokens_per_day: 5 } }] },
      'key-auth': { header: 'apikey', key: '$secret://vault/1/a/key' },
    },
  }
  assert.deepEqual(redact(shown, ['routes']), shown)
  assert.deepEqual(redact({ type: 'chash', key: 'remote_addr' }, ['upstreams']), {
    type: 'chash',
    key: 'remote_addr',
  })
})

test('takes the secrets of resources out of the messages of others', () => {
  const secrets = secretsOf([
    { kind: 'consumers', value: { plugins: { 'key-auth': { key: 'biz-a-key' } } } },
    { kind: 'consumers', value: { plugins: { 'key-auth': { key: 'biz-a-key-2' } } } },
  ])
  assert.equal(scrub('duplicate key biz-a-key-2, biz-a-key', secrets), 'duplicate key (secret), (secret)')
})
