import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Call {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Why the service would refuse it; undefined: it is signed as it should be. */
  readonly refusal: string | undefined
}

/** What the service does with the next calls. */
export type Mood =
  | { readonly kind: 'answers'; readonly body: string; readonly status?: number }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'cuts' }
  | { readonly kind: 'floods'; readonly bytes: number }

export interface Imitation {
  readonly url: string
  readonly calls: Call[]
  mood: Mood
  close(): Promise<void>
}

type Verify = (call: Omit<Call, 'refusal'>, method: string) => string | undefined

/**
 * A moderation service on this machine. It checks keys and signatures by what the vendors document, written from the
 * receiver's side (from what the request says, not from what the caller meant), and answers as the test wants.
 */
async function startImitation(verify: Verify, refuse: (reason: string) => string): Promise<Imitation> {
  const calls: Call[] = []
  const server: Server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const seen = { path: request.url ?? '', headers: request.headers as Record<string, string>, body }
    const refusal = verify(seen, request.method ?? '')
    calls.push({ ...seen, refusal })
    if (refusal === undefined) behave(imitation.mood, response)
    else json(response, 200, refuse(refusal))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const imitation: Imitation = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    mood: { kind: 'answers', body: '{}' },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return imitation
}

export function startOpenAi(key: string): Promise<Imitation> {
  return startImitation(
    ({ headers }) => (headers.authorization === `Bearer ${key}` ? undefined : 'wrong key'),
    (reason) => JSON.stringify({ error: { message: reason, code: 'invalid_api_key' } }),
  )
}

export function startHttp(token: string): Promise<Imitation> {
  return startImitation(
    ({ headers }) => (headers['x-token'] === token ? undefined : 'wrong token'),
    (reason) => JSON.stringify({ error: reason }),
  )
}

/** https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature */
export function startAliyun(id: string, secret: string): Promise<Imitation> {
  const nonces = new Set<string>()
  return startImitation(
    ({ path, headers, body }, method) => {
      const match =
        /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(
          headers.authorization ?? '',
        )
      if (!match) return 'no authorization'
      const [, keyId, signedHeaders = '', signature] = match
      if (keyId !== id) return 'InvalidAccessKeyId'
      const names = signedHeaders.split(';')
      const mustBeSigned = Object.keys(headers).filter(
        (name) => name.startsWith('x-acs-') || name === 'host' || name === 'content-type',
      )
      if (mustBeSigned.some((name) => !names.includes(name))) return 'a header is not signed'
      if (names.join() !== names.toSorted().join()) return 'headers are not sorted'
      if (headers['x-acs-content-sha256'] !== sha256(body)) return 'wrong content hash'
      if (Math.abs(Date.parse(headers['x-acs-date'] ?? '') - Date.now()) > 900_000) return 'too old'
      const nonce = headers['x-acs-signature-nonce'] ?? ''
      if (nonces.has(nonce)) return 'SignatureNonceUsed'
      nonces.add(nonce)
      const [uri = '/', query = ''] = path.split('?')
      let canonical = `${method}\n${uri}\n${query}\n`
      for (const name of names) canonical += `${name}:${(headers[name] ?? '').trim()}\n`
      canonical += `\n${names.join(';')}\n${headers['x-acs-content-sha256']}`
      const expected = createHmac('sha256', secret)
        .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
        .digest('hex')
      return signature === expected ? undefined : 'SignatureDoesNotMatch'
    },
    (reason) => JSON.stringify({ Code: 403, Message: reason }),
  )
}

/** https://cloud.tencent.com/document/api/1124/51856 (TC3-HMAC-SHA256) */
export function startTencent(id: string, key: string): Promise<Imitation> {
  return startImitation(
    ({ path, headers, body }, method) => {
      const match =
        /^TC3-HMAC-SHA256 Credential=([^/]+)\/([^/]+)\/([^/]+)\/tc3_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
          headers.authorization ?? '',
        )
      if (!match) return 'no authorization'
      const [, secretId, date = '', service = '', signedHeaders = '', signature] = match
      if (secretId !== id) return 'AuthFailure.SecretIdNotFound'
      if (service !== 'tms') return `signed for ${service}`
      const timestamp = Number(headers['x-tc-timestamp'])
      if (Math.abs(timestamp - Date.now() / 1000) > 300) return 'AuthFailure.SignatureExpire'
      if (new Date(timestamp * 1000).toISOString().slice(0, 10) !== date) return 'wrong date'
      if (headers['x-tc-action'] !== 'TextModeration') return 'InvalidAction'
      if (headers['x-tc-version'] !== '2020-12-29') return 'NoSuchVersion'
      const names = signedHeaders.split(';')
      if (!names.includes('content-type') || !names.includes('host')) return 'headers are not signed'
      const [uri = '/', query = ''] = path.split('?')
      const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().toLowerCase()}\n`).join('')
      const canonical = [method, uri, query, lines, signedHeaders, sha256(body)].join('\n')
      const scope = `${date}/${service}/tc3_request`
      const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text)
      const day = hmac(`TC3${key}`, date).digest()
      const signing = hmac(hmac(day, service).digest(), 'tc3_request').digest()
      const toSign = `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`
      return signature === hmac(signing, toSign).digest('hex') ? undefined : 'AuthFailure.SignatureFailure'
    },
    (reason) => JSON.stringify({ Response: { Error: { Code: reason, Message: 'refused' }, RequestId: 'r' } }),
  )
}

function behave(mood: Mood, response: ServerResponse): void {
  switch (mood.kind) {
    case 'answers':
      json(response, mood.status ?? 200, mood.body)
      return
    case 'hangs':
      return
    case 'cuts':
      response.destroy()
      return
    case 'floods':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"x":"')
      for (let sent = 0; sent < mood.bytes; sent += 65_536) response.write('y'.repeat(65_536))
      response.end('"}')
  }
}

function json(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
