import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { containerEnds, MEMBER, membersOf } from '../../../runner/rpc/json-members.ts'

/** Names and values as they are written. */
const read = (text: string) => {
  const json = Buffer.from(text)
  const numbers = membersOf(json, 0, containerEnds(json))
  const members: [name: string, value: string][] = []
  for (let at = 0; at < numbers.length; at += MEMBER.size) {
    const piece = (from: number, to: number) => json.toString('utf8', numbers[at + from], numbers[at + to])
    members.push([piece(MEMBER.nameFrom, MEMBER.nameTo), piece(MEMBER.from, MEMBER.to)])
  }
  return members
}

test('says where names and values stand, with everything that strings may hold', () => {
  assert.deepEqual(read('{ "a" : 1.0 ,"b\\"":[ "]" , {"}":"\\\\"} ]\n, "é":"x" } '), [
    ['"a"', '1.0'],
    ['"b\\""', '[ "]" , {"}":"\\\\"} ]'],
    ['"é"', '"x"'],
  ])
  assert.deepEqual(read('[true,\t-1e9 , "a,b"]'), [
    ['', 'true'],
    ['', '-1e9'],
    ['', '"a,b"'],
  ])
  assert.deepEqual(read('{}'), [])
  assert.deepEqual(read('[ ]'), [])
})

test('finds in any document what was written into it', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), (list, indent) => {
      const found = read(JSON.stringify(list, undefined, indent)).map(([, value]) => JSON.parse(value))
      assert.deepEqual(found, JSON.parse(JSON.stringify(list)))
    }),
    { numRuns: 500 },
  )
})
