import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { squashPhrase } from '../../../../../plugins/prompt-guard/detect/squash.ts'

const squashed = (text: string): string => {
  const { squashed: result } = squashPhrase(text)
  return String.fromCharCode(...result.chars.subarray(0, result.length))
}

describe('squash', () => {
  it('leaves letters and digits only', () => {
    assert.equal(squashed('i.g-n_o r e!'), 'ignore')
    assert.equal(squashed('忽 略，之前'), '忽略之前')
  })

  it('reads digits and signs inside words as letters, not numbers and not punctuation', () => {
    assert.equal(squashed('1gn0r3 4ll'), 'ignoreaii'.replace('ii', 'll'))
    assert.equal(squashed('p@ssw0rd'), 'password')
    assert.equal(squashed('in 2024!'), 'in2024')
    assert.equal(squashed('stop!'), 'stop')
  })

  it('takes hexadecimal ids for no leet', () => {
    assert.equal(squashPhrase('3f2a9c1e-7b64-4b9e d34db33f').squashed.leetWords, 0)
    assert.equal(squashPhrase('3f2a9c1e 1gn0r3').squashed.leetWords, 1)
  })

  it('counts lone letters up to a longer word, and anew after digits and signs', () => {
    assert.equal(squashPhrase('a b c d e').squashed.loneLetters, 5)
    assert.equal(squashPhrase('a b c 55 d e f').squashed.loneLetters, 0)
    assert.equal(squashPhrase('a b c ! d e f').squashed.loneLetters, 0)
    assert.equal(squashPhrase('a b c d the e f g h').squashed.loneLetters, 8)
  })

  it('counts leet words and letters that stand alone', () => {
    assert.equal(squashPhrase('1gn0r3 th3 rules').squashed.leetWords, 2)
    assert.equal(squashPhrase('i g n o r e it').squashed.loneLetters, 6)
    assert.equal(squashPhrase('a plan b').squashed.loneLetters, 0)
  })
})
