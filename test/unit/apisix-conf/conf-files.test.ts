import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { loadResources } from '../../../apisix-conf/cli/load-resources.ts'
import { formatProblem, type Resource } from '../../../apisix-conf/cli/resource.ts'
import { renderStandalone } from '../../../apisix-conf/cli/standalone.ts'
import { builtinPlugins } from '../../../plugins/index.ts'
import { noProviderLeft } from '../../../plugins/llm-router/refusals.ts'
import { arrayOf, recordOf } from '../../../runner/llm/json.ts'
import { loadSettings, pluginSettings } from '../../../runner/settings/load.ts'
import { readLogEntry } from '../../../runner/usage/log-entry.ts'
import { CONF_DIR, CONF_ENV } from './conf-dir.ts'

const withCertificate = { ...CONF_ENV, LLM_FALLBACK_CERT: 'cert', LLM_FALLBACK_CERT_KEY: 'key' }
const { resources, problems } = loadResources(CONF_DIR, withCertificate)
const pluginsOf = (kind: Resource['kind'], id: string) =>
  recordOf(resources.find((one) => one.kind === kind && one.id === id)?.value.plugins)

test('are valid, all of them, without a warning', () => {
  assert.deepEqual(problems.map(formatProblem), [])
})

test('agree with apisix.yaml', () => {
  assert.equal(readFileSync(join(CONF_DIR, 'apisix.yaml'), 'utf8'), renderStandalone(CONF_DIR), 'npm run gen')
})

test('let the failover route split, clear and rewrite as the LLM routes do', () => {
  const llm = pluginsOf('plugin_configs', 'llm')
  const failover = pluginsOf('routes', 'llm-fallback')
  for (const name of [
    'traffic-split',
    'proxy-buffering',
    'serverless-post-function',
    'serverless-pre-function',
  ]) {
    assert.deepEqual(failover[name], llm[name], name)
  }
})

test('put nginx’s error pages into the form of the API that was called', () => {
  const pages = { openai: pluginsOf('plugin_configs', 'llm'), messages: pluginsOf('routes', 'llm-messages') }
  const [openai, anthropic] = Object.values(pages).map((plugins) => recordOf(plugins['response-rewrite']))
  assert.deepEqual({ ...anthropic, body: openai?.body }, openai)
  const same = (body: unknown, stop: { body?: unknown }) =>
    assert.deepEqual(JSON.parse(String(body)), JSON.parse(String(stop.body)))
  same(openai?.body, noProviderLeft('chat-completions', 5000))
  same(anthropic?.body, noProviderLeft('messages', 5000))
})

test('log under the names that the usage flow reads, and no credentials', () => {
  const { log_format: format, max_resp_body_bytes: bytes } = recordOf(
    pluginsOf('plugin_configs', 'llm')['http-logger'],
  )
  assert.equal(bytes, 16_777_216)
  const values: Record<string, unknown> = {
    $sent_http_x_request_id: 'id-1',
    $request_id: 'nginx-1',
    $msec: '1700000000.123',
    $route_id: 'r',
    $consumer_name: 'a',
    $request_method: 'POST',
    $uri: '/v1/chat/completions',
    $status: 200,
    $upstream_status: '503, 200',
    $upstream_header_time: '0.010, 0.250',
    $request_time: 1.5,
    $request_completion: 'OK',
    $request_body: '{"model":"gpt-4"}',
    $resp_body: '{}',
    $body_bytes_sent: '2',
    $sent_http_content_type: 'application/json',
    $upstream_http_retry_after: '30',
    $sent_http_x_llm_provider: 'dashscope',
  }
  const entry = Object.fromEntries(
    Object.entries(recordOf(format)).map(([name, variable]) => {
      assert.ok(String(variable) in values, `${name}: ${variable}`)
      return [name, values[String(variable)]]
    }),
  )
  assert.deepEqual(readLogEntry(entry), {
    requestId: 'id-1',
    timeMs: 1_700_000_000_123,
    routeId: 'r',
    consumer: 'a',
    method: 'POST',
    uri: '/v1/chat/completions',
    status: 200,
    upstreamStatuses: [503, 200],
    headerTimeMs: 250,
    requestTimeMs: 1500,
    completed: true,
    requestBody: '{"model":"gpt-4"}',
    responseBody: '{}',
    responseBytes: 2,
    contentType: 'application/json',
    retryAfter: '30',
    provider: 'dashscope',
    llm: undefined,
  })
  assert.equal(readLogEntry({ ...entry, request_id: undefined }).requestId, 'nginx-1')
})

test('hold a log entry back for a second at most: until it comes, its request counts as under way', () => {
  for (const { value } of resources) {
    const logger = recordOf(recordOf(value.plugins)['http-logger'])
    if (logger.uri === undefined) continue
    assert.deepEqual([logger.inactive_timeout, logger.buffer_duration], [1, 1])
  }
})

test('give each endpoint its route, each behind a key', () => {
  const open = resources.filter(({ kind, id, value }) => {
    const config = pluginsOf('plugin_configs', String(value.plugin_config_id))
    return (
      kind === 'routes' && id !== 'llm-fallback' && !{ ...config, ...recordOf(value.plugins) }['key-auth']
    )
  })
  assert.deepEqual(open, [])
  const uris = resources.flatMap(({ kind, value }) => (kind === 'routes' ? [value.uri ?? value.uris] : []))
  for (const path of ['chat/completions', 'completions', 'responses', 'embeddings', 'messages']) {
    assert.ok(uris.includes(`/v1/${path}`), path)
  }
})

test('come with settings that the runner and its plugins accept', () => {
  const file = join(CONF_DIR, 'llm-runner.yaml')
  const settings = loadSettings({ file, env: CONF_ENV, flags: {} })
  for (const { name, settings: schema } of builtinPlugins) pluginSettings(settings, name, schema)
  assert.equal(settings.usage.auth_header, CONF_ENV.LLM_USAGE_AUTH)
  const uri = String(recordOf(pluginsOf('plugin_configs', 'llm')['http-logger']).uri)
  assert.equal(uri, `http://127.0.0.1:${settings.usage.port}/usage`)
})

test('fit the listeners of config.yaml', () => {
  const {
    apisix,
    nginx_config: nginx,
    'ext-plugin': runner,
  } = parse(readFileSync(join(CONF_DIR, 'config.yaml'), 'utf8'))
  const onLoopback = [...apisix.node_listen, ...apisix.ssl.listen].filter(({ ip }) => ip === '127.0.0.1')
  const ports = onLoopback.map(({ port }) => port)
  const failover = resources.find(({ kind, id }) => kind === 'routes' && id === 'llm-fallback')
  const [condition] = arrayOf(failover?.value.vars)
  assert.deepEqual(condition, ['server_port', 'in', ports.map(String)])
  for (const { kind, value } of resources) {
    if (kind !== 'upstreams') continue
    const [, fallback] = value.nodes as { port: number }[]
    assert.equal(fallback?.port, value.scheme === 'https' ? 9444 : 9081)
  }
  const ignored = loadSettings({ file: join(CONF_DIR, 'llm-runner.yaml'), env: CONF_ENV, flags: {} })
  assert.deepEqual(recordOf(ignored.plugins['llm-router']).control_ignored_ports, ports)
  assert.match(nginx.http_server_configuration_snippet, /^proxy_next_upstream .*http_429.*non_idempotent;$/m)
  assert.match(runner.path_for_test, /:=\/run\/llm-runner\/runner\.sock/)
})
