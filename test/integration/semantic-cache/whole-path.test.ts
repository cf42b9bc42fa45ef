import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import { type Consumer, type Stack, startStack } from '../../support/stack.ts'

/** Gateway, runner with workers, Redis: as it is deployed. */
let redis: RedisServer
let stack: Stack
before(async () => {
  redis = await startRedis({})
  stack = await startStack({
    workers: 2,
    runnerEnv: { LLM_RUNNER_REDIS_URL: redis.url, LLM_RUNNER_REDIS_KEY_PREFIX: 'whole:' },
  })
})
after(async () => {
  await stack?.close()
  await redis?.stop()
})

async function ask(consumer: Consumer, content: string, headers: Record<string, string> = {}) {
  const { data, response } = await stack
    .client(consumer)
    .chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content }] }, { headers })
    .withResponse()
  return {
    text: data.choices[0]?.message.content,
    cache: response.headers.get('x-cache'),
    reason: response.headers.get('x-cache-reason'),
  }
}

async function untilHit(consumer: Consumer, content: string) {
  for (let i = 0; i < 100; i++) {
    const outcome = await ask(consumer, content)
    if (outcome.cache === 'HIT') return outcome
    await sleep(100)
  }
  throw new Error('never a hit')
}

test('what one worker stored all workers serve, and it survives a restart of the runner', async () => {
  const question = 'Which port does Redis listen on by default?'
  const first = await ask('internal', question)
  assert.equal(first.cache, 'MISS')
  assert.equal((await untilHit('internal', question)).text, first.text)
  const calls = stack.providers.openai.ledger.entries.length
  for (let i = 0; i < 10; i++) assert.equal((await ask('internal', question)).cache, 'HIT')
  const near = await ask('internal', 'which port does Redis listen on by default', { 'x-cache-debug': '1' })
  assert.deepEqual([near.cache, near.reason, near.text], ['HIT', 'semantic', first.text])
  await stack.runner.kill()
  await stack.runner.start()
  const again = await untilHit('internal', question)
  assert.equal(again.text, first.text)
  assert.ok(stack.providers.openai.ledger.entries.length <= calls + 1)
})

test('another consumer does not see it, whatever headers and fields say', async () => {
  const attempts: Record<string, string>[] = [
    { 'X-Consumer-Username': 'internal', 'X-Credential-Identifier': 'internal' },
    { 'X-Cache-Scope': '["consumer","internal"]', 'X-Cache-Threshold': '0', 'X-Cache-Key': 'internal' },
    { 'X-Consumer-Custom-ID': 'internal', Cookie: 'consumer=internal', 'X-Forwarded-User': 'internal' },
  ]
  const topics = ['next product', 'new office', 'secret partner']
  for (const [i, headers] of attempts.entries()) {
    const question = `What is the code name of our ${topics[i]}?`
    await ask('internal', question)
    await untilHit('internal', question)
    const { response } = await stack
      .client('business_unit_A')
      .chat.completions.create(
        {
          model: 'gpt-4o',
          messages: [{ role: 'user', content: question }],
          ...{ user: 'internal', metadata: { consumer: 'internal', scope: 'internal' } },
        },
        { headers },
      )
      .withResponse()
    assert.equal(response.headers.get('x-cache'), 'MISS', JSON.stringify(headers))
  }
})
