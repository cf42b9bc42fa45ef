import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Type } from 'typebox'
import { builtinPlugins } from '../../../plugins/index.ts'
import { loadSettings, pluginSettings } from '../../../runner/settings/load.ts'
import { printSettings } from '../../../runner/settings/print.ts'

const dir = await mkdtemp(join(tmpdir(), 'llm-settings-'))
after(() => rm(dir, { recursive: true, force: true }))
let files = 0

async function load(
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  flags: Readonly<Record<string, unknown>> = {},
) {
  const file = join(dir, `${++files}.yaml`)
  await writeFile(file, yaml)
  return loadSettings({ file, env, flags })
}
/** How the file refers to a variable. */
const ref = (name: string) => `\${${name}}`
const problemsOf = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('the settings were taken'),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SETTINGS_INVALID')
      return error.message
    },
  )

test('an empty file gives the defaults', async () => {
  const settings = await load('')
  assert.equal(settings.workers, 0)
  assert.equal(settings.usage.port, 9320)
  assert.equal(settings.deadlines.call_ms, 10_000)
  assert.equal(settings.redis, undefined)
})

test('says every problem at once, each with its place', async () => {
  const message = await problemsOf(
    load(`workers: many\nlimts: {}\nusage: { port: 70000, auth_header: "${ref('NO_SECRET')}" }\n`, {
      LLM_RUNNER_NO_SUCH: '1',
      LLM_RUNNER_LIMITS_MAX_BODY_BYTES: '[',
    }),
  )
  for (const part of [
    /\/workers: must be integer/,
    /unknown key "limts"/,
    /\/usage\/port/,
    /\/usage\/auth_header: the environment has no NO_SECRET/,
    /LLM_RUNNER_NO_SUCH names no setting/,
    /LLM_RUNNER_LIMITS_MAX_BODY_BYTES is not YAML/,
  ]) {
    assert.match(message, part)
  }
})

test('takes secrets and defaults from the environment', async () => {
  const settings = await load(
    `redis: { url: "redis://:${ref('REDIS_PASSWORD')}@${ref('REDIS_HOST:-127.0.0.1')}:6379" }\nextra_plugins: ["${ref('where')}/x.js"]\n`,
    { REDIS_PASSWORD: 'p$1', where: '/opt' },
  )
  assert.equal(settings.redis?.url, 'redis://:p$1@127.0.0.1:6379')
  assert.deepEqual(settings.extra_plugins, ['/opt/x.js'])
})

test('flags win over the environment, and that over the file', async () => {
  const yaml = 'listen: /from-file\nworkers: 1\nlog: { level: warn, file: /l }\n'
  const env = { LLM_RUNNER_LISTEN: '/from-env', LLM_RUNNER_WORKERS: '2' }
  const settings = await load(yaml, env, { workers: 3, log: { level: 'error' } })
  assert.equal(settings.listen, '/from-env')
  assert.equal(settings.workers, 3)
  assert.deepEqual(settings.log, { level: 'error', file: '/l' })
})

test('understands what APISIX sets when it spawns the runner', async () => {
  const settings = await load('listen: /mine\n', {
    APISIX_LISTEN_ADDRESS: 'unix:/apisix.sock',
    LLM_RUNNER_LISTEN: '/not-here',
    APISIX_CONF_EXPIRE_TIME: '10',
  })
  assert.equal(settings.listen, 'unix:/apisix.sock')
  assert.equal(settings.conf_expire_s, 60)
  assert.match(await problemsOf(load('', { APISIX_CONF_EXPIRE_TIME: 'soon' })), /conf_expire_s/)
})

test('a text from the environment is taken as it is, and numbers and lists are read', async () => {
  const settings = await load('', {
    LLM_RUNNER_USAGE_AUTH_HEADER: '*12345678: "',
    LLM_RUNNER_USAGE_ADMIN_KEY: '1234567890',
    LLM_RUNNER_USAGE_PORT: '0',
    LLM_RUNNER_EXTRA_PLUGINS: '[/a.js, /b.js]',
  })
  assert.equal(settings.usage.auth_header, '*12345678: "')
  assert.equal(settings.usage.admin_key, '1234567890')
  assert.equal(settings.usage.port, 0)
  assert.deepEqual(settings.extra_plugins, ['/a.js', '/b.js'])
})

test('a problem never quotes a secret', async () => {
  const message = await problemsOf(load(`usage: { auth_header: "${ref('S')}" }\n`, { S: 'sec-ret' }))
  assert.doesNotMatch(message, /sec-ret/)
})

test('names the file that is missing or is no YAML', async () => {
  assert.throws(() => loadSettings({ file: join(dir, 'none.yaml'), env: {}, flags: {} }), {
    code: 'SETTINGS_INVALID',
    message: /none\.yaml/,
  })
  assert.match(await problemsOf(load('a: [')), /\.yaml/)
  assert.match(await problemsOf(load('- a list\n')), /must be object/)
})

test('paths of extra plugins are relative to the file', async () => {
  assert.deepEqual((await load('extra_plugins: [./mine.js]')).extra_plugins, [join(dir, 'mine.js')])
})

test('settings of a plugin get their defaults, and unknown keys are refused', async () => {
  const schema = Type.Object({ size: Type.Integer({ default: 5 }) }, { additionalProperties: false })
  const settings = await load('plugins: { mine: {}, other: { sise: 1 } }')
  assert.deepEqual(pluginSettings(settings, 'mine', schema), { size: 5 })
  assert.throws(() => pluginSettings(settings, 'other', schema), {
    message: /\/plugins\/other: .*unknown key "sise"/,
  })
})

test('what --print-settings prints is valid and says the defaults', async () => {
  const printed = printSettings(builtinPlugins)
  const { plugins, ...settings } = await load(printed)
  const { plugins: _, ...defaults } = await load('')
  assert.deepEqual(settings, defaults)
  for (const { name, settings: schema } of builtinPlugins) {
    const own = pluginSettings(await load(printed), name, schema)
    assert.deepEqual(own, pluginSettings(await load(''), name, schema), name)
    assert.ok(name in plugins, name)
  }
  const everything = printed.replace(/^(\s*)# (\w+:.*)$/gm, '$1$2')
  assert.match(everything, /^ {2}auth_header:/m)
  assert.match(everything, /^socket_group:/m)
  assert.match(everything, /^ {4}alert_webhook:/m)
  for (const line of printed.split('\n')) assert.doesNotMatch(line, /undefined|\[object/)
})
