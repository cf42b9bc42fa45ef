import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  compileAutomaton,
  createMatches,
  scan,
} from '../../../../../plugins/prompt-guard/detect/automaton.ts'

const units = (text: string): Uint16Array => Uint16Array.from(text, (one) => one.charCodeAt(0))

const find = (phrases: string[], text: string, capacity = 10_000): { found: string[]; overflow: boolean } => {
  const automaton = compileAutomaton(phrases.map(units))
  const matches = scan(automaton, units(text), text.length, createMatches(capacity))
  const found: string[] = []
  for (let at = 0; at < matches.count; at++) {
    found.push(`${phrases[matches.pairs[at * 2] ?? 0]}@${matches.pairs[at * 2 + 1]}`)
  }
  return { found: found.sort(), overflow: matches.overflow }
}

describe('automaton', () => {
  it('finds phrases inside and after one another', () => {
    assert.deepEqual(find(['he', 'she', 'hers', '指令', '令'], 'ushers指令').found, [
      'he@4',
      'hers@6',
      'she@4',
      '令@8',
      '指令@8',
    ])
  })

  it('takes l and i for one letter', () => {
    assert.deepEqual(find(['all'], 'aii').found, ['all@3'])
  })

  it('finds what a plain search finds', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', '指', '令', ' '),
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(letters, { minLength: 1, maxLength: 6 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '指', '令', ' ', '无'), maxLength: 60 }),
        (phrases, text) => {
          const expected: string[] = []
          for (const phrase of phrases) {
            for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
              expected.push(`${phrase}@${at + phrase.length}`)
            }
          }
          assert.deepEqual(find(phrases, text).found, expected.sort())
        },
      ),
    )
  })

  it('stops and says so when there are more matches than room', () => {
    assert.equal(find(['a'], 'aaaaaaaaaa', 4).overflow, true)
  })
})
