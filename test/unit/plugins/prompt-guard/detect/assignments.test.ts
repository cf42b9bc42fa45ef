import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findSecrets, maskSecrets } from '../../../../../plugins/prompt-guard/detect/secrets.ts'

const kindsIn = (text: string): string[] => findSecrets(text).map(({ kind }) => kind)

describe('secrets by the names that they are assigned to', () => {
  const key = 'a1B2c3D4'.repeat(4)
  const masks: readonly (readonly [text: string, masked: string])[] = [
    [`api_key = "${key}"`, 'api_key = "[API_KEY]"'],
    [`X-API-Key: ${key}`, 'X-API-Key: [API_KEY]'],
    [`{"clientSecret":"${key}"}`, '{"clientSecret":"[API_KEY]"}'],
    [`"{\\"access_token\\": \\"${key}\\"}"`, '"{\\"access_token\\": \\"[API_KEY]\\"}"'],
    [`...;SharedAccessKey=${key}=;EntityPath=x`, '...;SharedAccessKey=[API_KEY];EntityPath=x'],
    [`https://x/hook?access_token=${key}&a=1`, 'https://x/hook?access_token=[API_KEY]&a=1'],
    ['DB_PASSWORD=s3cr3tP@ssw0rd!', 'DB_PASSWORD=[PASSWORD]'],
    ["password = 'Tr0ub4dor&3xyz!'", "password = '[PASSWORD]'"],
    ['User ID=sa;Password=Xk9mP2vL!;Encrypt=True', 'User ID=sa;Password=[PASSWORD];Encrypt=True'],
    ['jdbc:mysql://db/x?user=root&password=Xk9mP2vL', 'jdbc:mysql://db/x?user=root&password=[PASSWORD]'],
    ['数据库密码是 Xk9#mP2$vL，谢谢', '数据库密码是 [PASSWORD]，谢谢'],
    ['密码：Abc@123456。', '密码：[PASSWORD]。'],
  ]
  for (const [text, masked] of masks) {
    it(`masks the value alone: ${masked}`, () => assert.equal(maskSecrets(text), masked))
  }

  it('leaves what names a secret without saying it', () => {
    for (const text of [
      'password = getpass.getpass()',
      'const password = req.body.password',
      'password: <password>',
      'password=$DB_PASS1',
      'Password: must have 12 characters',
      '请输入密码：确认后继续',
      '密码是什么时候改的？',
      'apiKey: process.env.OPENAI_API_KEY2',
      'secretName: my-database-credentials-v2',
      'max_tokens: 4096',
      'primary_key = a1B2c3D4a1B2c3D4a1B2c3D4',
      'design=a1B2c3D4a1B2c3D4a1B2c3D4',
    ]) {
      assert.deepEqual(kindsIn(text), [], text)
    }
  })

  it('says of a token whose issuer shows that it is that, whatever it is assigned to', () => {
    const jwt = `eyJ${'hbGc'.repeat(5)}.eyJ${'zdWI'.repeat(6)}.${'a1B2'.repeat(10)}`
    assert.deepEqual(kindsIn(`access_token=${jwt}`), ['jwt'])
  })

  it('reads Basic credentials where they are some', () => {
    assert.equal(maskSecrets('Authorization: Basic YWRtaW46czNjcmV0'), 'Authorization: Basic [PASSWORD]')
    assert.deepEqual(kindsIn('Basic understanding of networks'), [])
  })
})
