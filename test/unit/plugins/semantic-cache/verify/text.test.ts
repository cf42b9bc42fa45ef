import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldText, isKnownLanguage, mainScript } from '../../../../../plugins/semantic-cache/verify/text.ts'

const folds: [string, string][] = [
  ['ＡＰＩ　ｋｅｙ', 'API key'],
  ['“x” ‘y’', '"x" \'y\''],
  ['Măgheruş', 'Magherus'],
  ['1990–1995', '1990-1995'],
  ['10⁵ CO₂', '10^5 CO2'],
  ['1½', '1 1⁄2'],
  ['迈克尔·杰克逊', '迈克尔杰克逊'],
  ['《红楼梦》', '"红楼梦"'],
]
for (const [text, folded] of folds) test(`folds «${text}»`, () => assert.equal(foldText(text), folded))

const scripts: [string, string][] = [
  ['What is Redis?', 'latin'],
  ['Redis 是什么', 'han'],
  ['東京はどこですか', 'kana'],
  ['서울은 어디', 'hangul'],
  ['Где Москва', 'cyrillic'],
  ['123', 'none'],
]
for (const [text, script] of scripts)
  test(`«${text}» is ${script}`, () => assert.equal(mainScript(text), script))

const languages: [string, boolean][] = [
  ['She was born in London', true],
  ['It is a village of Poland by the sea', true],
  ['如何打开夜间模式', true],
  ['Was ist in der Wohnung nicht erlaubt', false],
  ['Wat is het beste in het land of daarbuiten', false],
  ['Hvad koster det at bo her for to personer', false],
  ['Puis-je résilier mon contrat', false],
  ['¿Me has dicho lo que he de hacer?', false],
  ['Где Москва', false],
]
for (const [text, isKnown] of languages) {
  test(`${isKnown ? 'knows' : 'does not know'} the language of «${text}»`, () => {
    assert.equal(isKnownLanguage(text, mainScript(text)), isKnown)
  })
}
