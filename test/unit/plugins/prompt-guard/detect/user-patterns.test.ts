import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  blankAllowed,
  compileUserPatterns,
  findUserPattern,
  USER_PATTERN_LIMITS,
  type UserPatterns,
} from '../../../../../plugins/prompt-guard/detect/user-patterns.ts'

const compiled = (...list: string[]): UserPatterns => {
  const result = compileUserPatterns(list)
  assert.ok(result.ok)
  return result.patterns
}

/** Runs to the end what pauses between its steps. */
const finish = <T>(steps: Generator<void, T, void>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

const reasons = (...list: string[]): string[] => {
  const result = compileUserPatterns(list)
  return result.ok ? [] : result.errors.map(({ reason }) => reason)
}

describe('user patterns', () => {
  it('refuses what RE2 cannot match in linear time, with the reason', () => {
    assert.match(reasons('(?=a)b')[0] ?? '', /\(\?=/)
    assert.match(reasons('(a)\\1')[0] ?? '', /\\1/)
    assert.match(reasons('[')[0] ?? '', /\]/)
  })

  it('refuses patterns that are too large, too long, or match nothing at all', () => {
    assert.match(reasons('.{0,1000}x')[0] ?? '', /instructions/)
    assert.match(reasons('a'.repeat(USER_PATTERN_LIMITS.characters + 1))[0] ?? '', /longer/)
    assert.match(reasons('a*')[0] ?? '', /empty text/)
    assert.equal(reasons('')[0], 'empty pattern')
  })

  it('accepts what people write: words, alternatives, numbers, keys', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join('|')
    assert.deepEqual(
      reasons(words, 'project (?:blue|red)bird', '\\d{17}[\\dxX]', 'acme-[a-z0-9]{20,64}', '内部.{0,8}机密'),
      [],
    )
  })

  it('refuses patterns whose repetitions make them slow', () => {
    for (const slow of ['.{0,100}x', '(?:a?){100}b', '[ab]*a[ab]{160}c', '(?:[a-z]{1,20} ){1,12}!']) {
      assert.match(reasons(slow)[0] ?? '', /compiles to \d+ instructions, 150 are allowed/)
    }
  })

  it('pauses between one search and the next', () => {
    const patterns = compiled('b')
    assert.equal([...blankAllowed(patterns, 'abababa')].length, 5)
    assert.equal([...blankAllowed(compiled('x', 'y', 'z'), 'abababa')].length, 3)
    const [pattern] = patterns.patterns
    assert.ok(pattern)
    assert.equal([...findUserPattern(pattern, 'aab')].length, 1)
    assert.equal([...findUserPattern(pattern, 'aaa')].length, 0)
  })

  it('names every bad pattern by its place in the list', () => {
    const result = compileUserPatterns(['good', '[', 'fine', 'x*'])
    assert.ok(!result.ok)
    assert.deepEqual(
      result.errors.map(({ index }) => index),
      [1, 3],
    )
  })

  it('blanks what is allowed and keeps the offsets', () => {
    const patterns = compiled('ignore previous instructions to wait', 'dan \\w+')
    assert.equal(finish(blankAllowed(patterns, 'x Dan Brown y')), 'x           y')
  })

  it('blanks a bounded number of matches: what comes after them is judged', () => {
    const blanked = finish(blankAllowed(compiled('.*z|a'), 'a'.repeat(4000)))
    assert.equal(blanked.length, 4000)
    assert.ok(blanked.includes('a') && blanked.startsWith(' '))
  })
})
