import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainItem } from '../../../../apisix-conf/cli/chains.ts'
import { checkReferences } from '../../../../apisix-conf/cli/check-references.ts'
import type { Kind, Resource } from '../../../../apisix-conf/cli/resource.ts'
import type { JsonObject } from '../../../../runner/json.ts'

const resource = (kind: Kind, id: string, value: JsonObject): Resource => ({
  kind,
  id,
  file: `${kind}/${id}.yaml`,
  value,
})
const openai = resource('upstreams', 'openai', { nodes: [{ host: 'a' }] })
const split = (...upstreams: string[]) => ({
  'traffic-split': {
    rules: upstreams.map((id) => ({
      match: [{ vars: [['http_x_llm_upstream', '==', id]] }],
      weighted_upstreams: [{ upstream_id: id }],
    })),
  },
})
const router = (file: string, conf: JsonObject): ChainItem => ({
  plugin: 'llm-router',
  conf,
  file,
  path: '/plugins/ext-plugin-pre-req/conf/0',
  locate: (pointer) => ({ file: 'plugin-confs/llm-router.yaml', path: pointer }),
})
const said = (resources: readonly Resource[], items: readonly ChainItem[] = []) =>
  checkReferences(resources, items).map(({ level, path, message }) => `${level} ${path} ${message}`)

test('finds an upstream that traffic-split names and nobody has', () => {
  const route = resource('routes', 'r', { upstream_id: 'openai', plugins: split('openai', 'qwen') })
  assert.deepEqual(said([openai, route]), [
    'error /plugins/traffic-split/rules/1/weighted_upstreams/0/upstream_id there is no upstreams/qwen',
  ])
})

test('finds a provider of llm-router that traffic-split does not know, also over a plugin_config', () => {
  const config = resource('plugin_configs', 'llm', { plugins: split('openai') })
  const route = resource('routes', 'r', { upstream_id: 'openai', plugin_config_id: 'llm' })
  const conf = { providers: { openai: { upstream: 'openai' }, dashscope: { upstream: 'qwen' } } }
  const problems = said([openai, config, route], [router(config.file, conf)])
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /error \/providers\/dashscope\/upstream no rule of traffic-split .* "qwen"/)
})

test('finds rules and a spill that name no provider', () => {
  const conf = {
    providers: { a: {} },
    rules: [{ targets: [{ provider: 'a' }, { provider: 'b' }], context_overflow: [{ provider: 'c' }] }],
    spill: { provider: 'd' },
  }
  assert.deepEqual(said([], [router('routes/r.yaml', conf)]), [
    'error /rules/0/targets/1/provider there is no provider "b" in providers',
    'error /rules/0/context_overflow/0/provider there is no provider "c" in providers',
    'error /spill/provider there is no provider "d" in providers',
  ])
})

test('finds a failover that cannot work', () => {
  const upstream = resource('upstreams', 'u', {
    scheme: 'https',
    retries: 2,
    nodes: [{ host: 'api' }, { host: 'llm-fallback.local', priority: -1 }],
    checks: { active: { type: 'http' } },
  })
  const problems = said([upstream]).join('\n')
  assert.match(problems, /error \/checks\/active\/type is http, but the scheme is https/)
  assert.match(problems, /error \/pass_host must be node/)
  assert.match(problems, /warning \/retries must be 1/)
  assert.match(problems, /warning \/nodes\/1\/host has no certificate in ssls/)
  const ssl = resource('ssls', 's', { snis: ['llm-fallback.local'] })
  assert.doesNotMatch(said([upstream, ssl]).join('\n'), /certificate/)
})

test('finds limits of an upstream that end a failover, or take a provider out for two 429', () => {
  const nodes = [{ host: 'api' }, { host: '127.0.0.1', priority: -1 }]
  const timeout = { connect: 5, send: 60, read: 120 }
  const upstream = (more: object) =>
    said([resource('upstreams', 'u', { nodes, pass_host: 'node', timeout, ...more })])
  assert.deepEqual(upstream({ retry_timeout: 30, checks: { active: {} } }), [
    'warning /retry_timeout must be 0 or more than 185 s, what one attempt may take: after a timeout nobody else is asked',
    'warning /checks/passive/unhealthy should all be 0: else two retried answers, be they 429, take the provider out',
  ])
  const off = { unhealthy: { tcp_failures: 0, http_failures: 0, timeouts: 0 } }
  assert.deepEqual(upstream({ retry_timeout: 190, checks: { active: {}, passive: off } }), [])
  assert.deepEqual(upstream({ retry_timeout: 0 }), [])
})

test('finds an exact path that would take requests from the failover route', () => {
  const chat = resource('routes', 'chat', { upstream_id: 'openai', uri: '/v1/chat', methods: ['POST'] })
  const models = resource('routes', 'models', { upstream_id: 'openai', uri: '/v1/models', methods: ['GET'] })
  const failover = (uris: string[], plugins = {}) =>
    resource('routes', 'f', {
      upstream_id: 'openai',
      uris,
      plugins,
      methods: ['POST'],
      vars: [['server_port', '==', '9444']],
    })
  assert.match(said([openai, chat, models, failover(['/*'])]).join('\n'), /error \/uris lacks \/v1\/chat,/)
  assert.deepEqual(said([openai, chat, models, failover(['/v1/chat', '/*'])]), [])
  const careless = failover(['/v1/chat'], {
    'key-auth': {},
    'ext-plugin-pre-req': { allow_degradation: true },
  })
  const problems = said([openai, careless]).join('\n')
  assert.match(problems, /error \/plugins\/key-auth belongs to the first pass/)
  assert.match(problems, /error \/plugins\/ext-plugin-pre-req\/allow_degradation must not be true/)
})

test('warns when the runner comes before the consumer is known', () => {
  const route = resource('routes', 'r', {
    upstream_id: 'openai',
    plugins: { 'key-auth': {}, 'ext-plugin-pre-req': { conf: [] } },
  })
  assert.match(said([openai, route]).join('\n'), /warning .*priority must be below 2500/)
})
