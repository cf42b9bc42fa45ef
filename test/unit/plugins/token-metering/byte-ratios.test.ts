import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ByteRatios } from '../../../../plugins/token-metering/byte-ratios.ts'
import { keepRatios } from '../../../../plugins/token-metering/keep-ratios.ts'
import type { UsageEvent } from '../../../../runner/plugin.ts'
import { testServices } from '../../../support/rig.ts'
import { usageEntry } from '../../../support/usage-entry.ts'

const streamed = (tokens: number, bytes: number, more: Partial<UsageEvent> = {}): UsageEvent => ({
  ...usageEntry({ who: 'a', id: `${tokens}-${bytes}`, prompt: 1, completion: tokens, atMs: 0 }).event,
  stream: true,
  response_bytes: bytes,
  ...more,
})
const left = (bytes: number, more: Partial<UsageEvent> = {}) =>
  streamed(0, bytes, { outcome: 'client_disconnected', usage_source: 'none', ...more })

test('learns the frame and the size of a token apart', () => {
  const ratios = new ByteRatios()
  for (let tokens = 10; tokens < 60; tokens++) ratios.learn(streamed(tokens, 700 + 50 * tokens))
  assert.equal(ratios.tokens(left(700 + 50 * 5)), 5)
  assert.equal(ratios.tokens(left(700 + 50 * 1000)), 1000)
  assert.equal(ratios.tokens(left(100)), 0)
})

test('takes the format for a model that it does not know, and a constant for a format that it does not know', () => {
  const ratios = new ByteRatios()
  ratios.learn(streamed(100, 10_000))
  assert.equal(ratios.tokens(left(1000, { model: 'other' })), 10)
  assert.equal(ratios.tokens(left(2200, { endpoint: 'messages' })), 10)
})

test('ignores estimates, failures and tiny answers', () => {
  const ratios = new ByteRatios()
  ratios.learn(streamed(100, 1, { usage_source: 'bytes' }))
  ratios.learn(streamed(100, 1, { outcome: 'upstream_cut' }))
  ratios.learn(streamed(3, 1))
  assert.equal(ratios.tokens(left(2200)), 10)
})

test('is kept over a restart', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ratios-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const services = testServices({ dataDir })
  const first = new ByteRatios()
  const kept = await keepRatios(first, services)
  first.learn(streamed(100, 10_000))
  await kept.close()
  const second = new ByteRatios()
  await keepRatios(second, services)
  assert.equal(second.tokens(left(1000)), 10)
})
