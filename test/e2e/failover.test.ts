import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import OpenAI from 'openai'
import { type Behaviour, scripted } from '../provider/behaviour.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The failover matrix of docs/failover.md: what fails, what the client sees, who is called, what is billed. */
let stack: Stack
/** Each row anew: a provider that failed is marked unhealthy, and then it is not asked at all. */
beforeEach(async () => {
  stack = await startStack()
})
afterEach(() => stack.close())

const question = () => [
  { role: 'user' as const, content: `Question ${Math.random().toString(36).slice(2)}, please.` },
]
const atOpenai = (behaviour: Behaviour) => ({
  headers: scripted([{ ...behaviour, only: { provider: 'openai' } }]),
})

const beforeAnyByte: readonly (readonly [string, Behaviour])[] = [
  ['429', { status: 429 }],
  ['500', { status: 500 }],
  ['503', { status: 503 }],
  ['a connection cut before the headers', { cut: 'before_headers' }],
]

for (const [what, behaviour] of beforeAnyByte) {
  test(`${what} from the primary: the client gets the fallback's answer and is told`, async () => {
    const { data, response } = await stack
      .client('business_unit_A')
      .chat.completions.create({ model: 'gpt-4', messages: question() }, atOpenai(behaviour))
      .withResponse()
    assert.equal(response.headers.get('x-model-fallback'), 'true')
    assert.equal(response.headers.get('x-fallback-reason'), 'primary_unavailable')
    assert.equal(response.headers.get('x-llm-provider'), 'dashscope')
    assert.equal(data.model, 'qwen-max')
    assert.equal(stack.providers.qwen.ledger.entries.length, 1)
  })

  test(`${what} from the primary: a stream comes from the fallback without a gap`, async () => {
    const stream = await stack
      .client('business_unit_A')
      .chat.completions.create({ model: 'gpt-4', stream: true, messages: question() }, atOpenai(behaviour))
    let text = ''
    let finished: string | null = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      finished = chunk.choices[0]?.finish_reason ?? finished
    }
    assert.match(text, /qwen/)
    assert.equal(finished, 'stop')
  })
}

test('a request that failed over is billed once, on the provider that answered', async () => {
  await stack
    .client('business_unit_A')
    .chat.completions.create({ model: 'gpt-4', messages: question() }, atOpenai({ status: 503 }))
  const after = await stack.settledUsage('business_unit_A')
  assert.equal(after.requests, 1)
  assert.equal(after.total_t, stack.providers.qwen.ledger.last?.totalTokens)
})

test('two providers fail: the third one answers', async () => {
  const { response } = await stack
    .client('business_unit_A')
    .chat.completions.create(
      { model: 'gpt-4', messages: question() },
      {
        headers: scripted([
          { only: { provider: 'openai' }, status: 503 },
          { only: { provider: 'qwen' }, status: 500 },
        ]),
      },
    )
    .withResponse()
  assert.equal(response.headers.get('x-llm-provider'), 'ollama')
  assert.equal(stack.providers.ollama.ledger.last?.model, 'deepseek-r1:7b')
})

test('every provider fails: the client gets 503, an OpenAI error object and Retry-After', async () => {
  const error = await stack
    .client('business_unit_A')
    .chat.completions.create({ model: 'gpt-4', messages: question() }, { headers: scripted({ status: 503 }) })
    .catch((caught: unknown) => caught)
  assert.ok(error instanceof OpenAI.APIError)
  assert.equal(error.status, 503)
  assert.ok(error.type)
  assert.ok(Number(error.headers?.get('retry-after')) > 0)
})

test('a stream that is cut in the middle is not retried: no second provider may bill', async () => {
  const stream = await stack
    .client('business_unit_A')
    .chat.completions.create(
      { model: 'gpt-4', stream: true, messages: question() },
      atOpenai({ cut: 2, chunks: 6 }),
    )
  await assert.rejects(async () => {
    for await (const _ of stream) {
      // Read to the break.
    }
  })
  assert.equal(stack.providers.qwen.ledger.entries.length, 0)
})

test('the client’s own 400 is passed on and nobody else is asked', async () => {
  await assert.rejects(
    stack
      .client('business_unit_A')
      .chat.completions.create({ model: 'gpt-4', messages: question() }, atOpenai({ status: 400 })),
    { status: 400 },
  )
  assert.equal(stack.providers.qwen.ledger.entries.length, 0)
})
