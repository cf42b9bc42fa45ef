import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  classifyUtf8,
  LETTER,
  LOWER,
  NEWLINE,
  NUMBER,
  OTHER,
  SPACE,
  UPPER,
  utf8Length,
} from '../../../../../plugins/token-metering/tokens/char-class.ts'

function classesOf(text: string): number[] {
  const bytes = Buffer.from(text)
  const classes = new Uint8Array(bytes.length)
  classifyUtf8(bytes, bytes.length, classes)
  return [...classes]
}

test('tells apart what the patterns tell apart', () => {
  const expected: [string, number][] = [
    ['A', LETTER | UPPER],
    ['ǅ', LETTER | UPPER],
    ['a', LETTER | LOWER],
    ['ж', LETTER | LOWER],
    ['你', LETTER | UPPER | LOWER],
    ['ʰ', LETTER | UPPER | LOWER],
    ['𠀀', LETTER | UPPER | LOWER],
    ['\u0301', OTHER | UPPER | LOWER],
    ['7', NUMBER],
    ['½', NUMBER],
    [' ', SPACE],
    ['\u3000', SPACE],
    ['\n', NEWLINE],
    ['\r', NEWLINE],
    ['😀', OTHER],
    ['\u0000', OTHER],
  ]
  for (const [char, wanted] of expected) {
    assert.deepEqual(classesOf(char), Array(Buffer.byteLength(char)).fill(wanted), JSON.stringify(char))
  }
})

test('counts as white space what Unicode does, not what JavaScript does', () => {
  assert.deepEqual(classesOf('\u0085'), [SPACE, SPACE])
  assert.deepEqual(classesOf('\ufeff'), [OTHER, OTHER, OTHER])
})

test('knows the length of every character from its lead byte', () => {
  for (const char of ['a', 'é', '你', '😀'])
    assert.equal(utf8Length(Buffer.from(char)[0] ?? 0), Buffer.byteLength(char))
})
