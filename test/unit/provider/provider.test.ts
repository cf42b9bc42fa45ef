import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import OpenAI, { AuthenticationError } from 'openai'
import { type Provider, startProvider } from '../../provider/provider.ts'

async function ask(provider: Provider, path = '/v1', apiKey = 'sk-good') {
  const client = new OpenAI({ baseURL: provider.url + path, apiKey, maxRetries: 0 })
  return client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
}

test('wants its key when it has one, as Bearer, x-api-key or api-key', async (t) => {
  const provider = await startProvider({ requireKey: 'sk-good' })
  t.after(() => provider.close())
  await ask(provider)
  await assert.rejects(ask(provider, '/v1', 'sk-bad'), AuthenticationError)
  const azure = await fetch(`${provider.url}/openai/deployments/gpt-4o/chat/completions?api-version=1`, {
    method: 'POST',
    headers: { 'api-key': 'sk-good' },
    body: '{"messages":[]}',
  })
  assert.equal(azure.status, 200)
  assert.equal(provider.ledger.last?.model, 'gpt-4o')
  const anthropic = { method: 'POST', headers: { 'x-api-key': 'sk-good' }, body: '{"messages":[]}' }
  assert.equal((await fetch(`${provider.url}/v1/messages`, anthropic)).status, 200)
  assert.equal(provider.ledger.last?.credential?.header, 'x-api-key')
  assert.equal((await fetch(`${provider.url}/v1/models`)).status, 401)
  assert.equal((await fetch(`${provider.url}/health`)).status, 200)
})

test('answers under the prefixes of other providers', async (t) => {
  const provider = await startProvider({ name: 'qwen' })
  t.after(() => provider.close())
  for (const path of ['/compatible-mode/v1', '/v2', '/api/paas/v4', '/v1beta/openai', '/api/v3', '']) {
    const answer = await ask(provider, path)
    assert.match(answer.choices[0]?.message.content ?? '', /^Answer of qwen/)
    assert.equal(provider.ledger.last?.path, `${path}/chat/completions`)
  }
})

test('lists models, and goes down as a whole when its default is an error', async (t) => {
  const provider = await startProvider({ models: ['a', 'b'] })
  t.after(() => provider.close())
  const client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'k', maxRetries: 0 })
  assert.deepEqual(
    (await client.models.list()).data.map((model) => model.id),
    ['a', 'b'],
  )
  provider.script({ queue: { status: 500 } })
  assert.equal((await fetch(`${provider.url}/v1/models`)).status, 200)
  provider.script({ default: { status: 503 } })
  assert.equal((await fetch(`${provider.url}/v1/models`)).status, 503)
  assert.equal(provider.ledger.probes, 3)
  assert.equal(provider.ledger.entries.length, 0)
})

test('keeps whole totals while the ledger holds only the newest calls', async (t) => {
  const provider = await startProvider({ ledgerSize: 2 })
  t.after(() => provider.close())
  let total = 0
  for (let i = 0; i < 9; i++) total += (await ask(provider)).usage?.total_tokens ?? 0
  await provider.ledger.settled()
  assert.ok(provider.ledger.entries.length <= 4)
  assert.deepEqual([provider.ledger.totals.calls, provider.ledger.totals.totalTokens], [9, total])
})

test('runs by command, is scripted and read over HTTP, and ends on SIGTERM', async (t) => {
  const args = [
    '--import',
    'tsx',
    'test/provider/main.ts',
    '--name',
    'kimi',
    '--script',
    '{"default":{"text":"hi"}}',
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { ready, name, url } = JSON.parse(line) as { ready: boolean; name: string; url: string }
  assert.deepEqual([ready, name], [true, 'kimi'])
  const post = () => fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{"messages":[]}' })
  const put = (script: unknown) => fetch(`${url}/__script`, { method: 'PUT', body: JSON.stringify(script) })
  assert.match(await (await post()).text(), /"content":"hi"/)
  assert.equal((await put({ queue: [{ status: 503 }] })).status, 200)
  assert.equal((await put({ queue: [{ statsu: 503 }] })).status, 400)
  assert.equal((await post()).status, 503)
  const ledger = await (await fetch(`${url}/__ledger?settled`)).json()
  assert.equal((ledger as { entries: unknown[] }).entries.length, 2)
  await fetch(`${url}/__ledger`, { method: 'DELETE' })
  assert.equal(
    ((await (await fetch(`${url}/__ledger`)).json()) as { totals: { calls: number } }).totals.calls,
    0,
  )
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
})
