import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CacheSettings, checkCacheSettings } from '../../../../plugins/semantic-cache/settings.ts'

test('refuses addresses that cannot be asked, by the name of the setting', () => {
  const http = (base_url: string) =>
    ({ embedder: { kind: 'http', base_url, model: 'm', dimensions: 2 } }) as CacheSettings
  const second = (url: string) =>
    ({ embedder: { kind: 'lexical' }, second_opinion: { kind: 'nli', url } }) as CacheSettings
  for (const url of ['', 'provider.example/v1', 'redis://provider.example', '/v1']) {
    assert.throws(() => checkCacheSettings(http(url)), /\/embedder\/base_url/)
    assert.throws(() => checkCacheSettings(second(url)), /\/second_opinion\/url/)
  }
  checkCacheSettings(http('https://provider.example/v1'))
  checkCacheSettings(second('http://provider.example/predict'))
})
