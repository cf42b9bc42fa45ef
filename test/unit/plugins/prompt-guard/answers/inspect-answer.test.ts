import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspectAnswer } from '../../../../../plugins/prompt-guard/answers/inspect-answer.ts'
import { overlap } from '../../../../../plugins/prompt-guard/answers/overlap.ts'
import type { AnswerSettings } from '../../../../../plugins/prompt-guard/settings.ts'
import type { Observation } from '../../../../../runner/plugin.ts'
import { turnsOf } from '../../../../support/turns.ts'

const SYSTEM =
  'You are Falcon, the assistant of Example Bank. Never mention the internal rate table. Customers with a balance above ' +
  'fifty thousand get the premium rate of three percent, all others get one and a half. Always answer in formal English.'
const settings: AnswerSettings = { leak: true, secret_kinds: ['api_key'], checks: [], max_chars: 100_000 }

function observation(content: string, user = 'Hello', system = SYSTEM): Observation {
  return {
    event: { route_id: 'llm', flags: [] },
    endpoint: 'chat-completions',
    answer: { choices: [{ index: 0, role: 'assistant', content }] },
    requestJson: {
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
    },
    notes: {},
  } as unknown as Observation
}

const categories = async (seen: Observation, own: Partial<AnswerSettings> = {}) =>
  (await inspectAnswer(seen, { ...settings, ...own })).map(({ category }) => category)

test('finds an answer that repeats the system prompt, whatever its case and line breaks', async () => {
  const quoted = `Sure! My instructions:\n> ${SYSTEM.toUpperCase().replaceAll('. ', '.\n> ')}`
  assert.deepEqual(await categories(observation(quoted)), ['leak'])
  assert.deepEqual(await categories(observation(`${'Blah blah. '.repeat(50)}${SYSTEM.slice(70, 250)}`)), [
    'leak',
  ])
})

test('finds it in Chinese', async () => {
  const system = '你是示例银行的助手小鹰，不得提及内部利率表，余额超过五万元的客户享受百分之三的优惠利率。'
  assert.deepEqual(await categories(observation(`我的设定是：${system}`, '你好', system)), ['leak'])
  assert.deepEqual(await categories(observation('您好，请问有什么可以帮您？', '你好', system)), [])
})

test('an answer that obeys the system prompt, or quotes what the user quoted, is no leak', async () => {
  const polite =
    'Good morning. I am Falcon, the assistant of Example Bank. How may I help you with your account?'
  assert.deepEqual(await categories(observation(polite)), [])
  assert.deepEqual(await categories(observation(SYSTEM, `Translate: ${SYSTEM}`)), [])
  assert.deepEqual(
    await categories(observation('I am a helpful assistant.', 'hi', 'You are a helpful assistant.')),
    [],
  )
})

test('finds secrets of the named kinds, and nothing on routes that are not read', async () => {
  const key = `Use AKIA${'ABCDEFGHIJKLMNOP'} for it.`
  assert.deepEqual(await categories(observation(key)), ['secret'])
  assert.deepEqual(await categories(observation(key), { routes: ['other'] }), [])
  assert.deepEqual(await categories(observation(key), { secret_kinds: [] }), [])
})

test('overlap says how long the longest run is and how much of the secret is there', async () => {
  const secret = 'one two three four five six seven eight nine ten'
  assert.deepEqual(await overlap(secret, secret), { longestRun: 10, share: 1 })
  assert.deepEqual(await overlap(secret, 'zero one two three four five six'), { longestRun: 6, share: 0.2 })
  assert.deepEqual(await overlap(secret, 'nothing of it'), { longestRun: 0, share: 0 })
})

test('reads a long answer to a huge request in turns', async () => {
  const answer = `${'The harbour is quiet. '.repeat(4_000)}${SYSTEM}`
  const { turns, result } = await turnsOf(() => categories(observation(answer)))
  assert.deepEqual(result, ['leak'])
  assert.ok(turns >= 10, `${turns} turns`)
  const addresses = observation('a@b.co '.repeat(12_000), 'Hello', 'You help.')
  const listed = await turnsOf(() => categories(addresses, { secret_kinds: ['email'] }))
  assert.deepEqual(listed.result, ['secret'])
  assert.ok(listed.turns >= 5, `${listed.turns} turns`)
  const silent = { ...observation('Fine.'), requestJson: { messages: Array(20_000).fill({ role: 'user' }) } }
  assert.ok((await turnsOf(() => categories(silent))).turns >= 15)
})
