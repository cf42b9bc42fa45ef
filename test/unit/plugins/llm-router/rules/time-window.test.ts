import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileTimeWindow } from '../../../../../plugins/llm-router/rules/time-window.ts'

const at = (hours: number, minutes = 0, day = 15) => Date.UTC(2025, 0, day, hours, minutes)

test('holds from the first minute to the last, in the given time zone', () => {
  // Shanghai is UTC+8.
  const inside = compileTimeWindow({ from: '09:00', to: '18:00', time_zone: 'Asia/Shanghai' })
  assert.deepEqual([at(0, 59), at(1), at(9, 59), at(10)].map(inside), [false, true, true, false])
})

test('goes over midnight', () => {
  const inside = compileTimeWindow({ from: '22:00', to: '06:00', time_zone: 'UTC' })
  assert.deepEqual([at(21, 59), at(22), at(0), at(5, 59), at(6)].map(inside), [
    false,
    true,
    true,
    true,
    false,
  ])
})

test('looks at the day of the week', () => {
  const inside = compileTimeWindow({ from: '00:00', to: '23:59', time_zone: 'UTC', days: ['wed'] })
  assert.deepEqual([at(12, 0, 15), at(12, 0, 16)].map(inside), [true, false])
})
