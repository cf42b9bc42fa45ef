import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../../../runner/services/within.ts'

const late = () => new Error('late')

test('gives the result or the error of work that is in time', async () => {
  assert.equal(await within(Promise.resolve(1), 60_000, late), 1)
  await assert.rejects(within(Promise.reject(new Error('broken')), 60_000, late), /broken/)
})

test('throws when work takes longer, whatever becomes of it', async () => {
  let fail: (error: Error) => void = () => {}
  const work = new Promise<never>((_, reject) => {
    fail = reject
  })
  await assert.rejects(within(work, 5, late), /late/)
  fail(new Error('nobody hears this'))
  await assert.rejects(within(new Promise(() => {}), 5, late), /late/)
})
