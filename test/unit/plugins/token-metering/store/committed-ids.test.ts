import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommittedIds } from '../../../../../plugins/token-metering/store/committed-ids.ts'

function withResolvers() {
  let resolve = () => {}
  let reject = (_error: Error) => {}
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

test('writes each id once, also within one call', async () => {
  const ids = new CommittedIds(100)
  const written: number[][] = []
  const write = async (fresh: readonly number[]) => void written.push([...fresh])
  assert.deepEqual(await ids.claim(['a', 'b', 'a'], write), ['new', 'new', 'duplicate'])
  assert.deepEqual(await ids.claim(['b', 'c'], write), ['duplicate', 'new'])
  assert.deepEqual(written, [[0, 1], [1]])
})

test('tells nobody that an id is safe before its write has ended', async () => {
  const ids = new CommittedIds(100)
  const { promise, resolve } = withResolvers()
  const first = ids.claim(['a'], () => promise)
  let second: unknown
  const waiting = ids
    .claim(['a'], async () => assert.fail('written twice'))
    .then((outcome) => {
      second = outcome
    })
  await Promise.resolve()
  assert.equal(second, undefined)
  resolve()
  assert.deepEqual(await first, ['new'])
  await waiting
  assert.deepEqual(second, ['duplicate'])
})

test('an id whose write failed is new again, and who waited for it learns of the failure', async () => {
  const ids = new CommittedIds(100)
  const { promise, reject } = withResolvers()
  const first = ids.claim(['a'], () => promise)
  const second = ids.claim(['a'], async () => {})
  reject(new Error('disk full'))
  await assert.rejects(first, /disk full/)
  await assert.rejects(second, /disk full/)
  assert.equal(ids.has('a'), false)
  assert.deepEqual(await ids.claim(['a'], async () => {}), ['new'])
})
