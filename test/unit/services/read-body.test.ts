import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '../../../runner/services/read-body.ts'

/** Chunks, and whether the reader let go of them. */
function stream(...texts: string[]) {
  const state = { given: 0, closed: false }
  async function* body() {
    try {
      for (const text of texts) {
        state.given++
        yield Buffer.from(text, 'latin1')
      }
    } finally {
      state.closed = true
    }
  }
  return { state, body: body() }
}

test('joins the chunks before it decodes them, up to the limit', async () => {
  const bytes = Buffer.from('“é”').toString('latin1')
  const { body } = stream(bytes.slice(0, 2), bytes.slice(2, 4), bytes.slice(4))
  assert.equal(await readBody(body, bytes.length), '“é”')
  assert.equal(await readBody(stream().body, 0), '')
})

test('stops at the first byte too many and lets go of the stream', async () => {
  const { body, state } = stream('abc', 'def', 'ghi')
  assert.equal(await readBody(body, 5), undefined)
  assert.deepEqual(state, { given: 2, closed: true })
})

test('passes on what the stream throws', async () => {
  const broken = async function* () {
    yield Buffer.from('a')
    throw new Error('reset')
  }
  await assert.rejects(readBody(broken(), 10), /reset/)
})
