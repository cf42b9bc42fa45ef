import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodingForModel } from '../../../../../plugins/token-metering/tokens/model-encoding.ts'

test('knows the encodings of OpenAI models, also of snapshots that no list has', () => {
  for (const model of [
    'gpt-4o',
    'gpt-4o-2099-01-01',
    'gpt-4.1-mini',
    'gpt-5',
    'gpt-5-nano',
    'o1',
    'o3-pro',
    'o4-mini',
    'gpt-oss-120b',
  ]) {
    assert.deepEqual(encodingForModel(model), { encoding: 'o200k_base', exact: true }, model)
  }
  for (const model of [
    'gpt-4',
    'gpt-4-turbo',
    'gpt-4-0314',
    'gpt-3.5-turbo-1106',
    'gpt-35-turbo',
    'text-embedding-3-small',
  ]) {
    assert.deepEqual(encodingForModel(model), { encoding: 'cl100k_base', exact: true }, model)
  }
})

test('looks through provider paths, fine-tuning and capitals', () => {
  assert.equal(encodingForModel('openai/gpt-4').encoding, 'cl100k_base')
  assert.equal(encodingForModel('ft:gpt-4o-mini-2024-07-18:acme::abc').exact, true)
  assert.equal(encodingForModel('ft:gpt-3.5-turbo:acme').encoding, 'cl100k_base')
  assert.equal(encodingForModel('GPT-4o').exact, true)
})

test('says that it estimates for models with another or an unknown tokenizer', () => {
  for (const model of [
    'qwen-max',
    'deepseek-chat',
    'claude-sonnet-4',
    'llama3',
    'my-deployment',
    '',
    'ft:',
    'a/',
  ]) {
    assert.deepEqual(encodingForModel(model), { encoding: 'o200k_base', exact: false }, model)
  }
  assert.deepEqual(encodingForModel('text-davinci-003'), { encoding: 'cl100k_base', exact: false })
})
