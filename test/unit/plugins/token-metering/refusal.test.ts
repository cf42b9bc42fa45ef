import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateLimitHeaders, refusal } from '../../../../plugins/token-metering/refusal.ts'
import type { Remaining } from '../../../../plugins/token-metering/store/usage-store.ts'

const asked = (quotaMessage?: string) => ({ limits: {}, tokens: 10, quotaMessage })
const remaining: Remaining = { requests: 7, requestsResetMs: 900, tokens: 1234, tokensResetMs: 360_000 }

test('names the headers and writes the durations as OpenAI does', () => {
  assert.deepEqual(rateLimitHeaders({ requests_per_minute: 10, tokens_per_minute: 5000 }, remaining), {
    'x-ratelimit-limit-requests': '10',
    'x-ratelimit-remaining-requests': '7',
    'x-ratelimit-reset-requests': '900ms',
    'x-ratelimit-limit-tokens': '5000',
    'x-ratelimit-remaining-tokens': '1234',
    'x-ratelimit-reset-tokens': '6m0s',
  })
})

test('writes durations of every size', () => {
  const cases: [number, string][] = [
    [-5, '0ms'],
    [0.2, '1ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1001, '2s'],
    [59_999, '1m0s'],
    [3_600_000, '1h0m0s'],
    [86_399_000, '23h59m59s'],
  ]
  for (const [tokensResetMs, expected] of cases) {
    const headers = rateLimitHeaders({ tokens_per_day: 1 }, { ...remaining, tokensResetMs })
    assert.equal(headers['x-ratelimit-reset-tokens'], expected)
  }
})

test('says nothing of limits that are not there, and tells of the smaller one of two', () => {
  assert.deepEqual(rateLimitHeaders({ usd_per_day: '5' }, { ...remaining, requests: null, tokens: null }), {})
  const both = rateLimitHeaders({ tokens_per_minute: 500, tokens_per_day: 400 }, remaining)
  assert.equal(both['x-ratelimit-limit-tokens'], '400')
  assert.equal('x-ratelimit-limit-requests' in both, false)
})

test('a rate limit is rate_limit_exceeded with the seconds to wait, rounded up and at least one', () => {
  for (const [retryAfterMs, seconds] of [
    [0, '1'],
    [1000, '1'],
    [1001, '2'],
    [60_000, '60'],
  ] as const) {
    const stop = refusal(
      'chat-completions',
      { allowed: false, exceeded: 'requests_per_minute', retryAfterMs, remaining },
      { 'x-ratelimit-limit-requests': '10' },
      asked('Ask your administrator.'),
    )
    assert.equal(stop.status, 429)
    assert.deepEqual(stop.headers, { 'x-ratelimit-limit-requests': '10', 'retry-after': seconds })
    assert.deepEqual(JSON.parse(stop.body).error, {
      message: `Limit reached: requests per minute. Try again in ${seconds} s.`,
      type: 'requests',
      param: null,
      code: 'rate_limit_exceeded',
    })
  }
})

test('a quota is insufficient_quota, in the words of the conf where it has any', () => {
  for (const exceeded of ['tokens_per_day', 'usd_per_day', 'usd_per_month'] as const) {
    const result = { allowed: false, exceeded, retryAfterMs: 5000, remaining } as const
    const own = JSON.parse(
      refusal('chat-completions', result, {}, asked('Ask your administrator.')).body,
    ).error
    assert.equal(own.message, 'Ask your administrator.')
    assert.equal(own.code, 'insufficient_quota')
    assert.equal(own.type, 'insufficient_quota')
    const plain = JSON.parse(refusal('chat-completions', result, {}, asked()).body).error
    assert.match(plain.message, /^Limit reached: .+\. Try again in 5 s\.$/)
  }
})

test('answers Anthropic clients in their own form', () => {
  const result = { allowed: false, exceeded: 'tokens_per_minute', retryAfterMs: 1, remaining } as const
  const body = JSON.parse(refusal('messages', result, {}, asked()).body)
  assert.equal(body.type, 'error')
  assert.equal(body.error.type, 'rate_limit_error')
})

test('tells who asks for more than a limit allows at all that waiting does not help', () => {
  for (const exceeded of ['tokens_per_minute', 'tokens_per_day'] as const) {
    const result = { allowed: false, exceeded, retryAfterMs: 5000, remaining } as const
    const messageFor = (tokens: number) =>
      JSON.parse(
        refusal('completions', result, {}, { limits: { [exceeded]: 100 }, tokens, quotaMessage: undefined })
          .body,
      ).error.message
    assert.match(
      messageFor(101),
      /^Request too large: it may use 101 tokens, and 100 tokens per .*max_tokens/,
    )
    assert.doesNotMatch(messageFor(100), /too large/)
  }
})
