import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldText, mainScript } from '../../../../../plugins/semantic-cache/verify/text.ts'

const folds: [string, string][] = [
  ['ＡＰＩ　ｋｅｙ', 'API key'],
  ['“x” ‘y’', '"x" \'y\''],
  ['Măgheruş', 'Magherus'],
  ['1990–1995', '1990-1995'],
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
