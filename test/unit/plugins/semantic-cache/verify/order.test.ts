import assert from 'node:assert/strict'
import { test } from 'node:test'
import { align } from '../../../../../plugins/semantic-cache/verify/align.ts'
import { blocksOf } from '../../../../../plugins/semantic-cache/verify/blocks.ts'
import { judgeOrder } from '../../../../../plugins/semantic-cache/verify/order.ts'
import { read } from '../../../../../plugins/semantic-cache/verify/read.ts'
import { foldText } from '../../../../../plugins/semantic-cache/verify/text.ts'

const rows: [string, string, string][] = [
  ['The cat sat on the mat', 'the cat sat on a mat', 'same'],
  ['In 1987 Smith moved to Rome', 'Smith moved to Rome in 1987', 'moved'],
  ['She was born in Bonn in 1950', 'She was born in 1950 in Bonn', 'moved'],
  ['It was quickly fixed by Ada', 'It was fixed quickly by Ada', 'moved'],
  ['the values of the table changed', 'the table values changed', 'moved'],
  ['It is near the River Thames', 'It is near the Thames River', 'moved'],
  ['I like tea, milk and sugar', 'I like sugar, milk and tea', 'listed'],
  ['Rome beat Carthage', 'Carthage was beaten by Rome', 'voice'],
  ['list files with fs.ls', 'use fs.ls to list files', 'voice'],
  ['You can load tables here', 'tables can be loaded here', 'voice'],
  ['Rome beat Carthage', 'Carthage beat Rome', 'different'],
  ['Carthage was beaten by Rome', 'Rome was beaten by Carthage', 'different'],
  ['He was born in Bonn and died in Rome', 'He was born in Rome and died in Bonn', 'different'],
  ['a red car and a blue bike', 'a blue car and a red bike', 'different'],
  ['Ada and Bob are 3 and 4 respectively', 'Bob and Ada are 3 and 4 respectively', 'different'],
  ['He lives in Paris, Texas', 'He lives in Texas, Paris', 'different'],
  ['怎么加盟顺丰', '顺丰怎么加盟', 'moved'],
  ['人工智能是什么', '什么是人工智能', 'moved'],
  ['猫吃狗', '狗吃猫', 'different'],
]

for (const [x, y, expected] of rows) {
  test(`«${x}» and «${y}» are ${expected}`, () => {
    const a = read(foldText(x))
    const b = read(foldText(y))
    assert.equal(judgeOrder(a, b, blocksOf(align(a.tokens, b.tokens))), expected)
    assert.equal(judgeOrder(b, a, blocksOf(align(b.tokens, a.tokens))), expected, 'the other way round')
  })
}
