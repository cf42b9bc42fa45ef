import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  blankAllowed,
  compileUserPatterns,
  USER_PATTERN_LIMITS,
  type UserPatterns,
} from '../../../../../plugins/prompt-guard/detect/user-patterns.ts'

const compiled = (...list: string[]): UserPatterns => {
  const result = compileUserPatterns(list, () => 0)
  assert.ok(result.ok)
  return result.patterns
}

const reasons = (...list: string[]): string[] => {
  const result = compileUserPatterns(list, () => 0)
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

  it('refuses patterns that take too much CPU time in each trial', () => {
    let time = 0
    const slow = compileUserPatterns(['abc'], () => {
      time += 50
      return time
    })
    assert.ok(!slow.ok)
    assert.match(slow.errors[0]?.reason ?? '', /50\.0 ms of CPU time on 4 KB/)
  })

  it('forgives a pattern that is slow once, as while it is being compiled', () => {
    let calls = 0
    assert.ok(compileUserPatterns(['abc'], () => (calls++ === 0 ? 0 : 1000)).ok)
  })

  it('names every bad pattern by its place in the list', () => {
    const result = compileUserPatterns(['good', '[', 'fine', 'x*'], () => 0)
    assert.ok(!result.ok)
    assert.deepEqual(
      result.errors.map(({ index }) => index),
      [1, 3],
    )
  })

  it('blanks what is allowed and keeps the offsets', () => {
    const patterns = compiled('ignore previous instructions to wait', 'dan \\w+')
    assert.equal(blankAllowed(patterns, 'x Dan Brown y'), 'x           y')
  })

  it('blanks a bounded number of matches: what comes after them is judged', () => {
    const blanked = blankAllowed(compiled('.*z|a'), 'a'.repeat(4000))
    assert.equal(blanked.length, 4000)
    assert.ok(blanked.includes('a') && blanked.startsWith(' '))
  })
})
