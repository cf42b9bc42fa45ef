import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { PriceEntry } from '../../../../../plugins/token-metering/cost/price-file.ts'
import { PriceTable } from '../../../../../plugins/token-metering/cost/price-table.ts'
import { RunnerError } from '../../../../../runner/plugin.ts'

const NOW = new Date('2026-11-22T12:00:00Z')

function entry(source: string, models: string[], rest: Partial<PriceEntry> = {}): PriceEntry {
  const per_million = { input: '1', output: '2' }
  return { models, currency: 'USD', valid_from: '2026-01-01', per_million, source, ...rest }
}

function sourceOf(prices: PriceEntry[], provider: string, model: string, at = NOW): string | undefined {
  return PriceTable.parse({ prices }).priceOf(provider, model, at)?.source
}

test('prefers an exact name to a pattern and a longer pattern to a shorter one', () => {
  const prices = [
    entry('any', ['*']),
    entry('gpt', ['gpt-*']),
    entry('4o', ['gpt-4o*']),
    entry('exact', ['gpt-4o']),
  ]
  assert.equal(sourceOf(prices, 'p', 'gpt-4o'), 'exact')
  assert.equal(sourceOf(prices, 'p', 'gpt-4o-mini'), '4o')
  assert.equal(sourceOf(prices, 'p', 'gpt-5'), 'gpt')
  assert.equal(sourceOf(prices, 'p', 'qwen'), 'any')
})

test('prefers a named provider to any, and ignores the case of names', () => {
  const prices = [
    entry('any', ['m']),
    entry('azure', ['m'], { provider: 'azure-*' }),
    entry('eu', ['m'], { provider: 'azure-eu' }),
  ]
  assert.equal(sourceOf(prices, 'Azure-EU', 'M'), 'eu')
  assert.equal(sourceOf(prices, 'azure-us', 'm'), 'azure')
  assert.equal(sourceOf(prices, 'other', 'm'), 'any')
})

test('takes the price that is valid at the time, and the one for the hour before that for the day', () => {
  const prices = [
    entry('old', ['m']),
    entry('new', ['m'], { valid_from: '2026-06-01' }),
    entry('peak', ['m'], { hours: { utc: ['01:00-02:00'] } }),
  ]
  assert.equal(sourceOf(prices, 'p', 'm', new Date('2025-12-31')), undefined)
  assert.equal(sourceOf(prices, 'p', 'm', new Date('2026-05-31')), 'old')
  assert.equal(sourceOf(prices, 'p', 'm', new Date('2026-06-01')), 'new')
  assert.equal(sourceOf(prices, 'p', 'm', new Date('2026-06-01T01:30:00Z')), 'peak')
})

test('lets overrides win over everything in the file', () => {
  const table = PriceTable.parse({ prices: [entry('file', ['gpt-4o'], { provider: 'openai' })] }, [
    entry('contract', ['gpt-*']),
  ])
  assert.equal(table.priceOf('openai', 'gpt-4o', NOW)?.source, 'contract')
})

test('reports every problem at once, with its path', () => {
  const broken = { ...entry('x', []), currency: 'usd', valid_from: 'soon', extra: 1 }
  const odd = entry('x', ['m'], { per_million: { input: '1.1234567', output: '1e3' } })
  assert.throws(
    () => PriceTable.parse({ prices: [broken, odd] }, [entry('x', ['m'], { valid_from: '2026-13-01' })]),
    (error: unknown) => {
      assert.ok(error instanceof RunnerError)
      assert.equal(error.code, 'SETTINGS_INVALID')
      for (const path of [
        '/prices/0/models',
        '/prices/0/currency',
        '/prices/0/valid_from',
        '/prices/0: must NOT have additional properties "extra"',
        '/prices/1/per_million/input',
        '/prices/1/per_million/output',
        'overrides/prices/0/valid_from',
      ]) {
        assert.ok(error.message.includes(path), path)
      }
      return true
    },
  )
  assert.throws(() => PriceTable.parse('nonsense'), RunnerError)
  assert.throws(() => PriceTable.parse({ prices: [] }, {}), RunnerError)
})

const builtIn = JSON.parse(
  readFileSync(new URL('../../../../../schemas/prices.json', import.meta.url), 'utf8'),
)

test('reads the built-in price list, where no two entries are for the same moment', () => {
  PriceTable.parse(builtIn)
  const seen = new Set<string>()
  for (const { provider, models, valid_from, hours } of builtIn.prices as PriceEntry[]) {
    for (const model of models) {
      const key = [provider, model, valid_from, JSON.stringify(hours)].join(' ')
      assert.ok(!seen.has(key), key)
      seen.add(key)
    }
  }
})

test('knows well-known models, charges nothing for local ones and has no price for unknown ones', () => {
  const table = PriceTable.parse(builtIn)
  for (const [provider, model] of [
    ['openai', 'gpt-4o-mini'],
    ['openai', 'gpt-5'],
    ['anthropic', 'claude-haiku-4-5-20251001'],
    ['gemini', 'gemini-2.5-pro'],
    ['dashscope', 'qwen-plus'],
    ['dashscope-intl', 'qwen3-max'],
    ['deepseek', 'deepseek-flash'],
    ['moonshot', 'kimi-k3'],
    ['zhipu', 'glm-5.3'],
  ] as const) {
    assert.ok((table.priceOf(provider, model, NOW)?.rates.input ?? 0n) > 0n, model)
  }
  assert.equal(table.priceOf('ollama', 'llama3:8b', NOW)?.rates.output, 0n)
  assert.equal(table.priceOf('openai', 'gpt-4o-clone', NOW), undefined)
})

test('does not take a small model for the big one whose name it starts with', () => {
  const table = PriceTable.parse(builtIn)
  const input = (model: string) => table.priceOf('openai', model, NOW)?.rates.input
  assert.equal(input('gpt-4o-mini-2024-07-18'), 150_000n)
  assert.equal(input('gpt-4.1-mini-2025-04-14'), 400_000n)
  assert.equal(input('gpt-5-nano'), 50_000n)
  assert.equal(input('gpt-5.4-2026-03-05'), 2_500_000n)
})

test('without a provider a model has the price of the only one that sells it by name', () => {
  const entry = (models: string[], input: string, provider?: string) => ({
    ...{
      models,
      currency: 'USD',
      valid_from: '2020-01-01',
      source: 'test',
      ...(provider ? { provider } : {}),
    },
    per_million: { input, output: '1' },
  })
  const table = PriceTable.parse({
    prices: [
      entry(['one-*'], '1', 'a'),
      entry(['one-big'], '2', 'a'),
      entry(['both'], '3', 'a'),
      entry(['both'], '4', 'b'),
      entry(['anywhere'], '5'),
      entry(['*'], '0', 'own-machine'),
    ],
  })
  const input = (model: string) => table.priceOf('', model, NOW)?.rates.input
  assert.equal(input('one-small'), 1_000_000n)
  assert.equal(input('one-big'), 2_000_000n)
  assert.equal(input('both'), undefined)
  assert.equal(input('anywhere'), 5_000_000n)
  assert.equal(input('unheard-of'), undefined)
  assert.equal(table.priceOf('c', 'one-big', NOW), undefined)
})

test('prices the well-known models of a route without the router', () => {
  const table = PriceTable.parse(builtIn)
  for (const model of ['gpt-4o', 'claude-sonnet-4-5', 'gemini-2.5-pro', 'glm-4.6']) {
    assert.ok((table.priceOf('', model, NOW)?.rates.input ?? 0n) > 0n, model)
  }
  assert.equal(table.priceOf('', 'qwen-plus', NOW), undefined, 'two prices, in two currencies')
})
