import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from '../../../runner/settings/load.ts'
import { reloaded } from '../../../runner/settings/reloadable.ts'

const settings = (flags: Readonly<Record<string, unknown>>) =>
  loadSettings({ file: undefined, env: {}, flags })

test('takes over log level, body limits and the deadline of a call, and nothing that was opened at the start', () => {
  const current = settings({ workers: 2, plugins: { 'token-metering': { time_zone: 'UTC' } } })
  const limits = { max_body_bytes: 2048, max_json_values: 500 }
  const fresh = settings({
    ...{ workers: 4, listen: '/other.sock', data_dir: '/other', redis: { url: 'redis://other' } },
    plugins: { 'token-metering': { time_zone: 'Asia/Shanghai' } },
    log: { level: 'debug', file: '/other.log' },
    limits: { ...limits, max_request_records: 2000 },
    deadlines: { call_ms: 99, drain_ms: 99 },
  })
  assert.deepEqual(reloaded(current, fresh), {
    ...current,
    log: { level: 'debug' },
    limits: { ...current.limits, ...limits },
    deadlines: { ...current.deadlines, call_ms: 99 },
  })
})
