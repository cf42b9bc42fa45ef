import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Script, seededRandom } from '../../provider/script.ts'

const call = { path: '/v1/chat/completions', model: 'gpt-4o' }

test('prefers the header to the queue and the queue to the default', () => {
  const script = new Script('openai', 1)
  script.update({ queue: [{ status: 500, times: 2 }, { status: 503 }], default: { text: 'default' } })
  assert.deepEqual(script.choose(call, '{"text":"own"}'), { text: 'own' })
  assert.equal(script.choose(call, undefined).status, 500)
  assert.equal(script.choose(call, undefined).status, 500)
  assert.equal(script.choose(call, undefined).status, 503)
  assert.equal(script.choose(call, undefined).text, 'default')
})

test('holds a behaviour back from calls it is not meant for', () => {
  const script = new Script('qwen', 1)
  const header =
    '[{"only":{"provider":"openai"},"status":503},{"only":{"model":"gpt-4o"},"text":"qwen here"}]'
  assert.deepEqual(script.choose(call, header).text, 'qwen here')
  script.update({ queue: { only: { path: '/embeddings' }, status: 500 } })
  assert.deepEqual(script.choose(call, undefined), {})
  assert.equal(script.choose({ ...call, path: '/v1/embeddings' }, undefined).status, 500)
})

test('flaps by the seed: the same schedule each time, near the odds', () => {
  const run = (seed: number) => {
    const script = new Script('openai', seed)
    script.update({ default: [{ odds: 0.3, status: 503 }, { text: 'up' }] })
    return Array.from({ length: 1000 }, () => script.choose(call, undefined).status ?? 200)
  }
  assert.deepEqual(run(7), run(7))
  assert.notDeepEqual(run(7), run(8))
  const down = run(7).filter((status) => status === 503).length
  assert.ok(down > 250 && down < 350, `${down} of 1000`)
})

test('refuses what is not a behaviour and keeps the script as it was', () => {
  const script = new Script('openai', 1)
  script.update({ default: { text: 'kept' } })
  for (const bad of [
    { queue: [{ statsu: 500 }] },
    { default: { status: 'x' } },
    { queue: [1] },
    { que: [] },
  ]) {
    assert.throws(() => script.update(bad), TypeError)
  }
  assert.throws(() => script.choose(call, '{not json'), TypeError)
  assert.equal(script.choose(call, undefined).text, 'kept')
})

test('gives known numbers for a known seed', () => {
  const random = seededRandom(42)
  assert.deepEqual(
    [random(), random(), random()],
    [0.6011037519201636, 0.44829055899754167, 0.8524657934904099],
  )
})
