import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { timeZone } from '../../../plugins/time-zone.ts'
import { compileValidator } from '../../../runner/validate.ts'

test('takes UTC and places, and no abbreviation that means several of them', () => {
  const isZone = compileValidator(Type.Object({ zone: timeZone('Here.') }))
  for (const zone of ['UTC', 'Asia/Shanghai', 'America/Argentina/Buenos_Aires', 'Etc/GMT-8']) {
    assert.ok(isZone({ zone }).ok, zone)
  }
  for (const zone of ['', 'CST', 'EST', 'GMT+8', '+08:00', 'Shanghai', '/Shanghai']) {
    assert.equal(isZone({ zone }).ok, false, zone)
  }
  assert.deepEqual(isZone({}), { ok: true, value: { zone: 'UTC' } })
})
