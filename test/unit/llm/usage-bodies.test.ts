import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TokenUsage } from '../../../runner/llm/index.ts'
import { readAnswer, readUsage } from '../../../runner/llm/index.ts'

interface Line {
  id: string
  api: string
  stream: boolean
  body: string
  expect: Record<string, number | null>
}

const lines: Line[] = readFileSync(new URL('../../fixtures/llm/usage.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))
const bodies = lines.map((line) => line.body)
/** Of a body's length; plain doubles would crowd near zero. */
const share = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000)
const body = fc.constantFrom(...bodies.filter((text) => text.length < 20_000))

function wire(usage: TokenUsage | undefined): Record<string, number | null> {
  return {
    prompt_tokens: usage?.promptTokens ?? null,
    completion_tokens: usage?.completionTokens ?? null,
    total_tokens: usage?.totalTokens ?? null,
    ...(usage?.cachedTokens !== undefined && { cached_tokens: usage.cachedTokens }),
    ...(usage?.reasoningTokens !== undefined && { reasoning_tokens: usage.reasoningTokens }),
  }
}

function assertSame(text: string): void {
  const { choices: _choices, brokenEvents: _broken, ...summary } = readAnswer(text)
  assert.deepEqual(readUsage(text), summary)
}

describe('bodies of real providers', () => {
  test('give the token counts read off them', () => {
    for (const line of lines) assert.deepEqual(wire(readAnswer(line.body).usage), line.expect, line.id)
  })

  test('give the same summary with and without their texts', () => {
    for (const text of bodies) assertSame(text)
  })

  test('are recognised, and have an answer or an error', () => {
    for (const line of lines) {
      const answer = readAnswer(line.body)
      const api = line.api === 'error-body' ? 'unknown' : line.api
      assert.ok(answer.api === api || (answer.api === 'openai-completions' && api === 'openai-chat'), line.id)
      assert.equal(answer.stream, line.stream, line.id)
      if (api === 'unknown') assert.ok(answer.error?.message, line.id)
      else if (api !== 'openai-embeddings') assert.ok(answer.choices.length > 0, line.id)
    }
  })

  test('give the same answer with CRLF, CR and comments in between', () => {
    for (const line of lines.filter(
      (candidate) => candidate.body.startsWith('data:') && !candidate.body.includes('\r'),
    )) {
      const answer = readAnswer(line.body)
      assert.deepEqual(readAnswer(line.body.replaceAll('\n', '\r\n')), answer, line.id)
      assert.deepEqual(readAnswer(line.body.replaceAll('\n', '\r')), answer, line.id)
      assert.deepEqual(
        readAnswer(`\ufeff: x\n\n${line.body.replaceAll('\n\n', '\n\n: keep-alive\n\n')}`),
        answer,
        line.id,
      )
    }
  })
})

describe('broken bodies', () => {
  test('cut anywhere never throw and keep both readers of one mind', () => {
    fc.assert(
      fc.property(body, share, (text, kept) => assertSame(text.slice(0, Math.floor(text.length * kept)))),
      { numRuns: 400 },
    )
  })

  test('with bytes lost, doubled or changed never throw', () => {
    const edits = fc.array(fc.tuple(share, fc.nat(30), fc.string({ maxLength: 5 })), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(body, edits, (text, changes) => {
        let changed = text
        for (const [place, gone, put] of changes) {
          const at = Math.floor(changed.length * place)
          changed = changed.slice(0, at) + put + changed.slice(at + gone)
        }
        readAnswer(changed)
        readUsage(changed)
      }),
      { numRuns: 400 },
    )
  })

  test('of random text never throw', () => {
    const tokens = fc.constantFrom(
      'data:',
      'event: error',
      '\n',
      '\n\n',
      '\r',
      '{',
      '}',
      '"usage":{',
      '[DONE]',
      ':',
      '[',
      'null',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.oneof(tokens, fc.string())).map((parts) => parts.join('')),
        ),
        (text) => {
          readAnswer(text, { status: 500 })
          readUsage(text)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('of any JSON, in any place that is read, never throw', () => {
    const keys = fc.constantFrom(
      'object',
      'type',
      'choices',
      'message',
      'delta',
      'content',
      'usage',
      'error',
      'output',
      'response',
      'candidates',
      'tool_calls',
      'function',
      'done',
      'data',
      'request_id',
      'index',
      'item',
      'usageMetadata',
      'id',
      'text',
      'parts',
    )
    const values = fc.constantFrom(
      'chat.completion',
      'response',
      'message',
      'message_start',
      'content_block_start',
      'response.x',
    )
    const json = fc.letrec((tie) => ({
      object: fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
      value: fc.oneof(
        { maxDepth: 3 },
        values,
        fc.jsonValue({ maxDepth: 1 }),
        tie('object'),
        fc.array(tie('object'), { maxLength: 2 }),
      ),
    })).object
    fc.assert(
      fc.property(fc.array(json, { minLength: 1, maxLength: 4 }), (objects) => {
        const texts = objects.map((object) => JSON.stringify(object))
        readAnswer(texts.join('\n'))
        readAnswer(texts.map((text) => `data: ${text}\n\n`).join(''))
      }),
      { numRuns: 1000 },
    )
  })
})
