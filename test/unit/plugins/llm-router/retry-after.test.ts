import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs } from '../../../../plugins/llm-router/retry-after.ts'

const now = Date.UTC(2026, 0, 2, 3, 4, 5)

test('reads seconds and dates, and takes what is neither for nothing', () => {
  assert.equal(retryAfterMs('7', now), 7000)
  assert.equal(retryAfterMs('0.25', now), 250)
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:04:35 GMT', now), 30_000)
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:00:00 GMT', now), 0)
  for (const text of [undefined, '', '-1', 'soon', '1e9', '99999999999', '2026-01-02', 'never GMT']) {
    assert.equal(retryAfterMs(text, now), undefined, text)
  }
})
