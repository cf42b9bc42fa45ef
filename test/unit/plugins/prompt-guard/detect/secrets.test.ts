import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TOKENS } from '../../../../../plugins/prompt-guard/detect/secret-table.ts'
import { findSecrets, maskSecrets } from '../../../../../plugins/prompt-guard/detect/secrets.ts'

const kindsIn = (text: string): string[] => findSecrets(text).map(({ kind }) => kind)

describe('secrets', () => {
  for (const row of TOKENS) {
    it(`finds ${row.id} in the midst of text`, () => {
      const text = `use ${row.example} please`
      const [span, ...rest] = findSecrets(text)
      assert.equal(rest.length, 0)
      assert.equal(span?.id, row.id)
      assert.ok(text.slice(span?.start, span?.end).startsWith(row.prefix))
    })
  }

  it('masks with the kind and leaves the rest', () => {
    assert.equal(maskSecrets('mail a.b@example.com, tel 13812345678.'), 'mail [EMAIL], tel [CN_MOBILE].')
  })

  it('checks the check digit of identity numbers', () => {
    assert.deepEqual(kindsIn('11010519491231002X'), ['cn_id'])
    assert.deepEqual(kindsIn('身份证１１０１０５１９４９１２３１００２Ｘ'), ['cn_id'])
    assert.deepEqual(kindsIn('110105 19491231 002x'), ['cn_id'])
    assert.deepEqual(kindsIn('110105194912310021'), [])
    assert.deepEqual(kindsIn('11010519491331002X'), [])
  })

  it('finds mobile numbers with country code and separators, not inside longer numbers', () => {
    assert.deepEqual(kindsIn('+86 138-1234-5678'), ['cn_mobile'])
    assert.deepEqual(kindsIn('１３８１２３４５６７８'), ['cn_mobile'])
    assert.deepEqual(kindsIn('9913812345678'), [])
    assert.deepEqual(kindsIn('12812345678'), [])
  })

  it('finds cards by issuer, length and check digit', () => {
    assert.deepEqual(kindsIn('4111 1111 1111 1111 12/26'), ['bank_card'])
    assert.deepEqual(kindsIn('6222021234567890'), [])
    assert.deepEqual(kindsIn('4111 1111 1111 1112'), [])
    assert.deepEqual(kindsIn('1234567890123452'), [])
  })

  it('finds the password of an address without a user', () => {
    assert.deepEqual(kindsIn('redis://:s3cret@cache:6379'), ['url_credentials'])
    assert.deepEqual(kindsIn('https://example.com:8080/path'), [])
  })

  it('finds e-mail addresses only with a domain', () => {
    assert.deepEqual(kindsIn('me@host'), [])
    assert.deepEqual(kindsIn('联系我：zhang.san@mail.example.cn。'), ['email'])
  })

  it('looks for addresses of machines only when asked', () => {
    assert.deepEqual(kindsIn('10.0.0.12'), [])
    assert.deepEqual(
      findSecrets('at 10.0.0.12 or 999.1.1.1', ['ipv4']).map(({ start, end }) => [start, end]),
      [[3, 12]],
    )
  })
})
