import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressBytes } from '../../../gateway/ext-plugin/call.ts'

test('addresses are four or sixteen raw bytes', () => {
  assert.equal(addressBytes('127.0.0.1').toString('hex'), '7f000001')
  assert.equal(addressBytes('::1').toString('hex'), `${'00'.repeat(15)}01`)
  assert.equal(addressBytes('2001:db8::8:800:200c:417a').toString('hex'), '20010db80000000000080800200c417a')
  assert.equal(addressBytes('fe80::1.2.3.4').toString('hex'), `fe80${'00'.repeat(10)}01020304`)
})
