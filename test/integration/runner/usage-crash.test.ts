import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeScene } from './support/scene.ts'

const scene = await makeScene({ keepsData: true })
after(() => scene.close())
const BATCH = 20

function batch(name: string): string {
  return JSON.stringify(
    Array.from({ length: BATCH }, (_, i) => ({
      request_id: `${name}-${i}`,
      status: 200,
      upstream_status: '200',
      request_completion: 'OK',
      consumer: 'payer',
      time: Date.now() / 1000,
      uri: '/v1/chat/completions',
      request_body: '{"model":"gpt-4"}',
      response_body:
        '{"object":"chat.completion","model":"gpt-4","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}',
    })),
  )
}

const post = (body: string) => fetch(`${scene.usageUrl}/usage`, { method: 'POST', body })
const usage = async () => {
  const response = await fetch(`${scene.usageUrl}/plugins/token-metering/usage/payer`)
  return (await response.json()) as { requests: number; total_t: number }
}

test('a runner killed before or after the commit loses no entry and counts none twice', async () => {
  await scene.runner.start()
  assert.equal((await post(batch('calm'))).status, 200)
  let batches = 1
  for (const moment of ['before-commit', 'after-commit']) {
    const body = batch(moment)
    await writeFile(join(scene.dir, moment), '')
    // APISIX sees a connection that breaks without an answer, and keeps the batch.
    await assert.rejects(post(body))
    assert.equal(await scene.runner.ended(), 'SIGKILL')
    await scene.runner.start()
    const kept = await usage()
    assert.equal(kept.requests, (batches + (moment === 'after-commit' ? 1 : 0)) * BATCH, moment)
    assert.equal((await post(body)).status, 200)
    assert.equal((await post(body)).status, 200)
    batches++
    const { requests, total_t } = await usage()
    assert.deepEqual(
      { requests, total_t },
      { requests: batches * BATCH, total_t: batches * BATCH * 5 },
      moment,
    )
  }
})
