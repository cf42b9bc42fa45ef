import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createFolded, fold, foldedText } from '../../../../../plugins/prompt-guard/detect/fold.ts'

const folded = (text: string): string => foldedText(fold(text, createFolded(16)))

describe('fold', () => {
  it('lowers case and undoes full width, ligatures, circled and mathematical letters', () => {
    assert.equal(folded('IGNORE'), 'ignore')
    assert.equal(folded('ｉｇｎｏｒｅ'), 'ignore')
    assert.equal(folded('𝐢𝐠𝓃𝔬𝗿𝚎'), 'ignore')
    assert.equal(folded('ⓘⓖⓝⓞⓡⓔ'), 'ignore')
    assert.equal(folded('🅸🅶🅽🅾🆁🅴'), 'ignore')
    assert.equal(folded('ﬁlter'), 'filter')
  })

  it('reads Cyrillic and Greek look-alikes as ASCII letters', () => {
    assert.equal(folded('іgnоrе'), 'ignore')
    assert.equal(folded('ѕуѕtеm'), 'system')
    assert.equal(folded('ΡRΟΜΡΤ'), 'prompt')
  })

  it('drops invisible characters and combining marks', () => {
    assert.equal(folded('ig\u200bno\u2060r\u00ade'), 'ignore')
    assert.equal(folded('i\u0336g\u0336nore'), 'ignore')
    assert.equal(folded('\u202eignore\u202c'), 'ignore')
  })

  it('decodes tag characters and counts them', () => {
    const result = fold('hi \u{e0049}\u{e0067}\u{e006e}', createFolded(16))
    assert.equal(foldedText(result), 'hi ign')
    assert.equal(result.tags, 3)
  })

  it('turns traditional Chinese into simplified', () => {
    assert.equal(folded('無視規則'), '无视规则')
  })

  it('makes one space of white space, and a line feed where it has one', () => {
    assert.equal(folded('a  \t b \r\n  c'), 'a b\nc')
  })

  it('keeps the offset of each code unit in the given text', () => {
    const result = fold('a\u200b  ﬁB', createFolded(16))
    assert.deepEqual([...result.map.subarray(0, result.length)], [0, 2, 4, 4, 5])
  })

  it('gives offsets in order and inside the text, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { map, length } = fold(text, createFolded(8))
        let last = 0
        for (let at = 0; at < length; at++) {
          const offset = map[at] ?? -1
          assert.ok(offset >= last && offset < text.length)
          last = offset
        }
      }),
    )
  })

  it('does not change what is folded already', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abc xyz忽略指令é１Ａ'), maxLength: 60 }), (text) => {
        const once = folded(text)
        assert.equal(folded(once), once)
      }),
    )
  })
})
