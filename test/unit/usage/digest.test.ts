import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { digestPost } from '../../../runner/usage/digest.ts'
import { Digester } from '../../../runner/usage/digester.ts'

const entry = (id: string, more: object = {}) => JSON.stringify({ request_id: id, status: 200, ...more })
const ids = (post: string) =>
  digestPost(Buffer.from(post)).entries.map(({ entry: { requestId } }) => requestId)

test('takes one object, an array, and objects on lines of their own', () => {
  assert.deepEqual(ids(entry('a')), ['a'])
  assert.deepEqual(ids(`[${entry('a')},${entry('b')}]`), ['a', 'b'])
  assert.deepEqual(ids(`${entry('a')}\n${entry('b')}\r\n\n`), ['a', 'b'])
  assert.deepEqual(ids(''), [])
  assert.deepEqual(ids('[]'), [])
})

test('sets a broken entry aside and takes the rest of its batch', () => {
  const { entries, rejected } = digestPost(Buffer.from(`[${entry('a')},{"status":200},7,${entry('b')}]`))
  assert.equal(entries.length, 2)
  assert.deepEqual(
    rejected.map(({ reason }) => reason),
    ['log entry has no request_id', 'log entry is not a JSON object'],
  )
  const lines = digestPost(Buffer.from(`${entry('a')}\n{broken secret\n${entry('b')}`))
  assert.equal(lines.entries.length, 2)
  assert.equal(lines.rejected[0]?.reason, 'log entry is not JSON')
})

test('what is set aside holds no texts', () => {
  const bodies = {
    request_body: 'a secret prompt',
    response_body: 'x',
    uri: '/v1?key=secret',
    token: 'secret',
  }
  const post = [{ status: 200, ...bodies, headers: { a: 'secret' } }, 'secret text', ['secret']]
  const { rejected } = digestPost(Buffer.from(JSON.stringify(post)))
  assert.equal(rejected.length, 3)
  assert.doesNotMatch(JSON.stringify(rejected), /secret (prompt|text)|"secret"|=secret/)
  assert.match(JSON.stringify(rejected[0]), /"status":200/)
})

const digester = new Digester()
after(() => digester.close())
const big = (text: string) => `[${text},${entry('pad', { request_body: 'x'.repeat(200_000) })}]`

test('keeps no short text either that a log format has under a name of its own', () => {
  const post = { status: 200, route_id: 'llm', prompt: 'my secret', cookie: 'sid=secret', q: 'secret', n: 3 }
  const aside = digestPost(Buffer.from(JSON.stringify(post))).rejected[0]?.entry ?? {}
  const { prompt, cookie, q, ...kept } = aside as Record<string, unknown>
  assert.deepEqual(kept, { status: 200, route_id: 'llm', n: 3 })
  assert.doesNotMatch(JSON.stringify({ prompt, cookie, q }), /secret/)
  assert.match(JSON.stringify(prompt), /"length":9/)
})

test('a big post is digested in the worker thread with the same result', async () => {
  const post = Buffer.from(big(entry('a', { request_body: '{"model":"m"}', uri: '/v1/chat/completions' })))
  assert.deepEqual(await digester.digest(post), digestPost(post))
})

test('an entry nested too deeply to be copied between threads is taken like any other', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  for (const text of [`{"status":200,"x":${deep}}`, deep, entry('b', { request_body: deep })]) {
    const { entries, rejected } = await digester.digest(Buffer.from(big(text)))
    assert.equal(entries.length + rejected.length, 2)
    assert.ok(JSON.stringify(rejected).length < 1000)
  }
})
