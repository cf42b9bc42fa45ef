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
      assert.ok(row.example.includes(text.slice(span?.start, span?.end)))
      assert.ok(text.slice(span?.end).length < ' please'.length + '@db.internal'.length + 1)
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

  it('takes no other country’s number and no part of a decimal number for a mobile', () => {
    for (const text of ['+1 415 555 2671', '1-800-123-4567', 'x = 13812345678.55', '3.13812345678']) {
      assert.deepEqual(kindsIn(text), [], text)
    }
    for (const text of ['0086 13812345678', '008613812345678', '86-13812345678', '1381234 5678']) {
      assert.deepEqual(kindsIn(text), ['cn_mobile'], text)
    }
  })

  it('takes no row of small numbers and no decimals for a card', () => {
    for (const text of ['4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2', '1 2 3 4 5 6 7 8 9 10 11', '0.4111111111111111']) {
      assert.deepEqual(kindsIn(text), [], text)
    }
    for (const text of ['4242\u00a04242\u00a04242\u00a04242', '4242–4242–4242–4242', '3782 822463 10005']) {
      assert.deepEqual(kindsIn(text), ['bank_card'], text)
    }
  })

  it('finds numbers in the names of files, and behind the escapes of JSON in a string', () => {
    assert.equal(maskSecrets('CV_13812345678_2024.pdf'), 'CV_[CN_MOBILE]_2024.pdf')
    assert.equal(maskSecrets('"\\u624b\\u673a13812345678"'), '"\\u624b\\u673a[CN_MOBILE]"')
    assert.equal(maskSecrets(`"a\\nAKIA${'Q2W3'.repeat(4)}\\n"`), '"a\\n[API_KEY]\\n"')
  })

  it('finds an identity number of 15 digits only where it is called one', () => {
    assert.deepEqual(kindsIn('身份证号码：110105491231002'), ['cn_id'])
    assert.deepEqual(kindsIn('订单号：110105491231002'), [])
    assert.deepEqual(kindsIn('身份证号码：110105491331002'), [])
  })

  it('knows the regions of identity numbers', () => {
    assert.deepEqual(kindsIn('202401199001011230'), [])
  })

  it('checks international account numbers', () => {
    assert.equal(maskSecrets('IBAN DE89 3704 0044 0532 0130 00, thanks'), 'IBAN [IBAN], thanks')
    assert.deepEqual(kindsIn('GB82WEST12345698765432'), ['iban'])
    assert.deepEqual(kindsIn('GB83WEST12345698765432'), [])
  })

  it('finds addresses with letters of other alphabets of Latin, and no files or repositories', () => {
    assert.equal(maskSecrets('an jürgen@müller.de, josé@example.com'), 'an [EMAIL], [EMAIL]')
    assert.deepEqual(kindsIn('bob＠example.com'), ['email'])
    assert.deepEqual(kindsIn('user@xn--fsqu00a.xn--0zwm56d'), ['email'])
    for (const text of ['icon@2x.png', 'react@18.2.0.tgz', 'git clone git@github.com:owner/name']) {
      assert.deepEqual(kindsIn(text), [], text)
    }
  })

  it('masks only user and password of a URL, also where the password is not escaped', () => {
    const masked = 'postgres://[URL_CREDENTIALS]@db.internal:5432/prod'
    for (const password of ['s3cr3t', 'p%40ss', 'p@ssw0rd', 'pa/ss', 'pa#ss']) {
      assert.equal(maskSecrets(`postgres://app:${password}@db.internal:5432/prod`), masked, password)
    }
    for (const text of ['https://example.com:8443/a@b', 'mysql://<user>:<password>@db/x']) {
      assert.deepEqual(kindsIn(text), [], text)
    }
  })

  it('takes out a private key and nothing behind it, whole, cut off or escaped', () => {
    const lines = `${'MIIE'.repeat(16)}\n${'a1B/'.repeat(16)}`
    const whole = `-----BEGIN RSA PRIVATE KEY-----\n${lines}\n-----END RSA PRIVATE KEY-----`
    assert.equal(maskSecrets(`${whole}\nWhat is this?`), '[PRIVATE_KEY]\nWhat is this?')
    const cut = `-----BEGIN RSA PRIVATE KEY-----\n${lines}\n\nWhat is this?`
    assert.equal(maskSecrets(cut), '[PRIVATE_KEY]\n\nWhat is this?')
    assert.equal(maskSecrets(JSON.stringify({ key: whole })), '{"key":"[PRIVATE_KEY]"}')
    assert.deepEqual(kindsIn('What does -----BEGIN PRIVATE KEY----- mean? Please explain it.'), [])
    const long = `-----BEGIN PRIVATE KEY-----\n${`${'MIIE'.repeat(16)}\n`.repeat(190)}-----END PRIVATE KEY-----`
    assert.equal(maskSecrets(long), '[PRIVATE_KEY]')
  })

  it('takes no CSS class, no phrase and nothing that is to be filled in for a key', () => {
    for (const text of [
      'class="sk-estimator-doc-link-fitted-x sk-toggleable__control-label-arrow"',
      'export OPENAI_API_KEY=sk-your-openai-api-key-goes-here',
      `sk-${'x'.repeat(40)}`,
      'Bearer YOUR_ACCESS_TOKEN_GOES_HERE_PLEASE_REPLACE',
      'xoxo-hugs-and-kisses-to-you',
    ]) {
      assert.deepEqual(kindsIn(text), [], text)
    }
  })
})
