// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { loadResources } from '../../../../apisix-conf/cli/load-resources.ts'
import { formatProblem } from '../../../../apisix-conf/cli/resource.ts'
import { arrayOf, recordOf } from '../../../../runner/llm/json.ts'
import { confDir } from '../conf-dir.ts'

const upstream = { type: 'roundrobin', nodes: [{ host: 'a', port: 80, weight: 1 }] }
const chain = (...conf: object[]) => ({
  upstream_id: 'openai',
  uri: '/a',
  plugins: { 'ext-plugin-pre-req': { _meta: { priority: 2000 }, conf } },
})

function load(t: TestContext, files: Record<string, unknown>, env: Record<string, string> = {}) {
  const dir = confDir(t, { 'upstreams/openai.json': upstream, ...files })
  const { resources, problems, unset } = loadResources(dir, env)
  return { resources, unset, problems: problems.map(formatProblem) }
}

test('says which folder it cannot read, in place of taking it for empty', (t) => {
  const { problems } = load(t, { routes: 'a file where a folder should be' })
  assert.match(problems.join(), /^error: routes: ENOTDIR/)
})

test('turns a conf of several files and an object into one string of JSON, later ones first', (t) => {
  const { resources, problems } = load(t, {
    'plugin-confs/tiers.yaml': 'default_tier: gold\nconsumers: { a: premium }\n',
    'plugin-confs/cache.yaml': 'ttl_s: 60\n',
    'routes/r.yaml': chain({
      name: 'semantic-cache',
      from: ['tiers.yaml', 'cache.yaml'],
      value: { default_tier: 'silver' },
    }),
  })
  assert.deepEqual(problems, [])
  const route = resources.find(({ kind }) => kind === 'routes')
  const { conf } = recordOf(recordOf(route?.value.plugins)['ext-plugin-pre-req'])
  assert.deepEqual(
    arrayOf(conf).map((item) => ({ ...recordOf(item), value: JSON.parse(String(recordOf(item).value)) })),
    [{ name: 'semantic-cache', value: { default_tier: 'silver', consumers: { a: 'premium' }, ttl_s: 60 } }],
  )
})

test('puts kinds into the order in which they need each other', (t) => {
  const { resources } = load(t, {
    'routes/r.json': { uri: '/a', upstream_id: 'openai', plugin_config_id: 'p' },
    'plugin_configs/p.json': { plugins: {} },
    'consumers/a.json': {},
    'ssls/s.json': { sni: 'a', cert: 'c', key: 'k' },
  })
  assert.deepEqual(
    resources.map(({ kind, id }) => `${kind}/${id}`),
    ['ssls/s', 'upstreams/openai', 'consumers/a', 'plugin_configs/p', 'routes/r'],
  )
  assert.deepEqual(resources[2]?.value, { username: 'a' })
})

test('leaves references in confs of the runner to the runner', (t) => {
  const conf = { providers: { openai: { upstream: 'openai', api_key: '${OPENAI_API_KEY}' } } }
  const { resources, problems } = load(
    t,
    {
      'routes/r.json': {
        ...chain({
          name: 'llm-router',
          value: { ...conf, rules: [{ targets: [{ provider: 'openai' }] }] },
        }),
        methods: ['GET'],
      },
    },
    { OPENAI_API_KEY: 'sk-must-not-appear' },
  )
  assert.deepEqual(problems, [])
  assert.equal(JSON.stringify(resources).includes('sk-must-not-appear'), false)
})

test('says everything that is wrong at once, with file and path', (t) => {
  const { problems } = load(t, {
    'plugin-confs/guard.yaml': 'actoin: block\nthreshold: 7\n',
    'plugin-confs/broken.yaml': 'a: [1\n',
    'routes/one.yaml': chain(
      { name: 'prompt-guard', from: 'guard.yaml' },
      { name: 'semantic-cache', from: 'nowhere.yaml' },
      { name: 'token-metering', from: 'broken.yaml' },
    ),
    'routes/two.yaml': { uri: '/b', upstream_id: 'missing', plugin_config_id: 'gone' },
    'routes/three.yaml': chain({ name: 'prompt-guard', from: 'guard.yaml', value: 'not JSON' }),
    'routes/four.yaml': { uri: '/d', plugins: { 'http-logger': { uri: 'http://a' } } },
    'consumers/a.yaml': { plugins: { 'key-auth': { key: '${NO_SUCH_KEY}' } } },
  })
  const text = problems.join('\n')
  assert.match(text, /error: plugin-confs\/guard\.yaml: conf of prompt-guard: unknown key "actoin"/)
  assert.match(text, /error: plugin-confs\/guard\.yaml: \/threshold: conf of prompt-guard: must be <= 1/)
  assert.match(text, /error: plugin-confs\/nowhere\.yaml: there is no such file/)
  assert.match(text, /error: plugin-confs\/broken\.yaml: /)
  assert.match(text, /error: routes\/two\.yaml: \/upstream_id: there is no upstreams\/missing/)
  assert.match(text, /error: routes\/two\.yaml: \/plugin_config_id: there is no plugin_configs\/gone/)
  assert.match(
    text,
    /error: routes\/three\.yaml: \/plugins\/ext-plugin-pre-req\/conf\/0\/value: must be an object/,
  )
  assert.match(text, /error: routes\/four\.yaml: has neither upstream_id nor upstream/)
  assert.match(text, /error: routes\/four\.yaml: \/plugins\/http-logger: has no log_format/)
  assert.match(
    text,
    /error: consumers\/a\.yaml: \/plugins\/key-auth\/key: the environment has no NO_SUCH_KEY/,
  )
  assert.equal(new Set(problems).size, problems.length, 'what two routes share is said once')
})

test('checks without secrets, and names the variables that apply would need', (t) => {
  const dir = confDir(t, { 'consumers/a.yaml': 'plugins: { key-auth: { key: "${A_KEY}" } }' })
  const { problems, unset } = loadResources(dir, {}, { allowUnset: true })
  assert.deepEqual(problems, [])
  assert.deepEqual(unset, ['A_KEY'])
})

test('leaves out a resource whose $when is empty', (t) => {
  const files = { 'ssls/s.yaml': '{ $when: "${CERT:-}", sni: a, cert: "${CERT}", key: "${CERT}" }' }
  assert.equal(load(t, files).resources.length, 1)
  const { resources } = load(t, files, { CERT: 'pem' })
  assert.deepEqual(resources[0]?.value, { sni: 'a', cert: 'pem', key: 'pem' })
})

test('finds an object that stands in two files, and a key that two consumers share', (t) => {
  const consumer = { plugins: { 'key-auth': { key: 'same-key' } } }
  const { problems } = load(t, {
    'consumers/a.yaml': consumer,
    'consumers/b.yaml': consumer,
    'consumers/c.yaml': { username: 'a' },
  })
  assert.deepEqual(problems, [
    'error: consumers/c.yaml: consumers/a stands in consumers/a.yaml already',
    'error: consumers/b.yaml: /plugins/key-auth/key: is the key of consumers/a.yaml as well',
  ])
})

test('refuses files that are too large, no objects, or named like no id', (t) => {
  const { problems } = load(t, {
    'routes/big.yaml': `desc: ${'x'.repeat(1_100_000)}`,
    'routes/list.yaml': '[1]',
    'routes/a b.yaml': '{}',
    'routes/bomb.yaml': `a: &a [1]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]`,
  })
  assert.match(problems.join('\n'), /big\.yaml: is over/)
  assert.match(problems.join('\n'), /list\.yaml: must hold an object/)
  assert.match(problems.join('\n'), /"a b" is no id/)
  assert.match(problems.join('\n'), /bomb\.yaml: /)
})
