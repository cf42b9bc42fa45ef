import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, ref, run, simpleRoute } from '../support.ts'

const input = { model: 'm', input: 'hi' }
const bodies: Record<string, object> = {
  '/v1/chat/completions': chat('m'),
  '/v1/completions': { model: 'm', prompt: 'hi' },
  '/v1/responses': input,
  '/v1/embeddings': input,
  '/v1/messages': chat('m', { max_tokens: 5 }),
}

async function pathOf(type: string, path: string, more: object = {}): Promise<string | undefined> {
  const provider = { type, upstream: 'p', api_key: ref('OPENAI_API_KEY'), ...more }
  const route = simpleRoute({ p: provider }, [{ provider: 'p' }])
  const { sent, status } = await run(route, { path, json: bodies[path] as never })
  return status === 400 ? undefined : sent.path
}

test('each preset has the paths of its provider', async () => {
  const table: [type: string, path: string, expected: string | undefined][] = [
    ['openai', '/v1/responses', '/v1/responses'],
    ['openai', '/v1/messages', undefined],
    ['dashscope', '/v1/chat/completions', '/compatible-mode/v1/chat/completions'],
    ['dashscope', '/v1/messages', '/apps/anthropic/v1/messages'],
    ['qianfan', '/v1/chat/completions', '/v2/chat/completions'],
    ['qianfan', '/v1/embeddings', '/v2/embeddings'],
    ['deepseek', '/v1/chat/completions', '/v1/chat/completions'],
    ['deepseek', '/v1/completions', '/beta/completions'],
    ['deepseek', '/v1/embeddings', undefined],
    ['moonshot', '/v1/chat/completions', '/v1/chat/completions'],
    ['zhipu', '/v1/chat/completions', '/api/paas/v4/chat/completions'],
    ['gemini', '/v1/chat/completions', '/v1beta/openai/chat/completions'],
    ['ollama', '/v1/embeddings', '/v1/embeddings'],
    ['vllm', '/v1/responses', '/v1/responses'],
    ['anthropic', '/v1/messages', '/v1/messages'],
    ['anthropic', '/v1/embeddings', undefined],
  ]
  for (const [type, path, expected] of table) {
    assert.equal(await pathOf(type, path), expected, `${type} ${path}`)
  }
})

test('Azure has the deployment in the path, the version in the query and the key in api-key', async () => {
  const azure = {
    type: 'azure',
    upstream: 'azure',
    api_key: ref('AZURE_API_KEY'),
    api_version: '2024-10-21',
    models: { 'gpt-4': { name: 'gpt4-prod' } },
  }
  const route = simpleRoute({ azure }, [{ provider: 'azure' }])
  const { sent } = await run(route, { json: chat('gpt-4'), args: { 'api-version': 'mine' } })
  assert.equal(sent.path, '/openai/deployments/gpt4-prod/chat/completions')
  assert.equal(sent.arg('api-version'), '2024-10-21')
  assert.equal(sent.header('api-key'), 'azure-key')
  assert.equal(sent.header('authorization'), undefined)
})

test('a model that is no path segment never gets into a path', async () => {
  const azure = { type: 'azure', upstream: 'a', api_key: ref('AZURE_API_KEY'), api_version: 'v' }
  const route = simpleRoute({ azure }, [{ provider: 'azure' }])
  for (const model of ['../../admin', '..', 'a/b', 'a?b', 'a b']) {
    assert.equal((await run(route, { json: chat(model) })).error?.code, 'model_not_found', model)
  }
})

test('Anthropic takes x-api-key and a version on /v1/messages, a bearer token on its OpenAI endpoint', async () => {
  const anthropic = { type: 'anthropic', upstream: 'a', api_key: ref('ANTHROPIC_API_KEY') }
  const route = simpleRoute({ anthropic }, [{ provider: 'anthropic' }])
  const headers = { 'x-api-key': 'client' }
  const native = await run(route, { path: '/v1/messages', json: chat('claude', { max_tokens: 1 }), headers })
  assert.equal(native.sent.header('x-api-key'), 'sk-ant')
  assert.equal(native.sent.header('anthropic-version'), '2023-06-01')
  const compatible = await run(route, { json: chat('claude') })
  assert.equal(compatible.sent.header('authorization'), 'Bearer sk-ant')
  assert.equal(compatible.sent.header('x-api-key'), undefined)
  const own = { 'anthropic-version': '2024-01-01' }
  const versioned = await run(route, { path: '/v1/messages', json: chat('claude'), headers: own })
  assert.equal(versioned.sent.header('anthropic-version'), '2024-01-01')
})

test('explicit paths, key headers and aliases override the preset', async () => {
  const p = {
    upstream: 'p',
    api_key: ref('OPENAI_API_KEY'),
    auth: 'x-api-key',
    paths: { 'chat-completions': '/gw/{model}/chat/completions', embeddings: null },
    aliases: { latest: 'model-2025' },
    only_listed_models: true,
  }
  const route = simpleRoute({ p }, [{ provider: 'p' }])
  const { sent, respHeaders } = await run(route, { json: chat('latest') })
  assert.equal(sent.path, '/gw/model-2025/chat/completions')
  assert.equal(sent.header('x-api-key'), 'sk-openai')
  assert.equal(respHeaders['X-LLM-Model'], 'model-2025')
  assert.equal(
    (await run(route, { path: '/v1/embeddings', json: input })).error?.code,
    'unsupported_endpoint',
  )
  assert.equal((await run(route, { json: chat('other') })).error?.code, 'model_not_found')
})
