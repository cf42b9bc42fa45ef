import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_RANK, Vocabulary } from '../../../../../plugins/token-metering/tokens/vocabulary.ts'
import { ranksOf } from './oracle.ts'

test('finds every token of the rank data at its rank', () => {
  const data = ranksOf('cl100k_base')
  const vocabulary = new Vocabulary(data)
  const tokens = data.bpe_ranks.split(' ').slice(2)
  assert.equal(vocabulary.size, tokens.length)
  tokens.forEach((token, rank) => {
    const bytes = Buffer.from(token, 'base64')
    assert.equal(vocabulary.rankOf(bytes, 0, bytes.length), rank)
  })
})

test('joins two tokens to the rank of their bytes, again from the memo', () => {
  const vocabulary = new Vocabulary(ranksOf('cl100k_base'))
  const rankOf = (text: string) => vocabulary.rankOf(Buffer.from(text), 0, Buffer.byteLength(text))
  for (let time = 0; time < 2; time++) {
    assert.equal(vocabulary.pairRank(rankOf(' hel'), rankOf('lo')), rankOf(' hello'))
    assert.equal(vocabulary.pairRank(rankOf(' hello'), rankOf(' hello')), NO_RANK)
  }
})

test('knows no token that the data lacks', () => {
  const vocabulary = new Vocabulary({ bpe_ranks: '! 0 YQ== Yg== YWI=' })
  const bytes = Buffer.from('abba')
  assert.equal(vocabulary.rankOf(bytes, 0, 2), 2)
  assert.equal(vocabulary.rankOf(bytes, 1, 3), NO_RANK)
  assert.equal(vocabulary.rankOf(bytes, 0, 4), NO_RANK)
  assert.equal(vocabulary.byteRanks[0x63], NO_RANK)
})

test('refuses rank data with a gap', () => {
  assert.throws(() => new Vocabulary({ bpe_ranks: '! 0 YQ==\n! 2 Yg==' }), RangeError)
})
