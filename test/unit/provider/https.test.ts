import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProvider } from '../../provider/provider.ts'

test('speaks https when it has a certificate', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'provider-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  const subject = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-days',
    '2',
    '-out',
    certFile,
  ]
  execFileSync('openssl', ['req', '-x509', ...newKey, ...subject], { stdio: 'ignore' })
  const cert = readFileSync(certFile, 'utf8')
  const provider = await startProvider({ tls: { cert, key: readFileSync(keyFile, 'utf8') } })
  t.after(() => provider.close())
  assert.match(provider.url, /^https:/)
  const body = await new Promise<string>((resolve, reject) => {
    const call = request(
      `${provider.url}/v1/chat/completions`,
      { method: 'POST', ca: cert, agent: false },
      (res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        res.on('end', () => resolve(text))
      },
    )
    call.on('error', reject).end('{"messages":[],"model":"m"}')
  })
  assert.match(body, /Answer of openai/)
})
