import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { REFERENCE } from '../../../apisix-conf/cli/expand-env.ts'
import { loadResources } from '../../../apisix-conf/cli/load-resources.ts'
import { readResources } from '../../../apisix-conf/cli/read-files.ts'
import { formatProblem } from '../../../apisix-conf/cli/resource.ts'
import { GuardSettingsSchema } from '../../../plugins/prompt-guard/settings.ts'
import { MeteringSettingsSchema } from '../../../plugins/token-metering/settings.ts'
import { recordOf } from '../../../runner/llm/json.ts'
import { loadSettings } from '../../../runner/settings/load.ts'
import { compileValidator } from '../../../runner/validate.ts'
import { CONF_DIR } from './conf-dir.ts'

// There is no Docker where the tests run: what compose and the Dockerfile name is checked against what there is.
const root = fileURLToPath(new URL('../../../', import.meta.url))
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')

/** As compose does it with an empty environment. */
const compose = parse(text.replace(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true }) as Compose

interface Service {
  image?: string
  build?: { context: string; target: string }
  restart?: string
  command?: string[]
  environment?: Record<string, string | number>
  depends_on?: Record<string, { condition: string }>
  volumes?: (string | { type: string; source: string; target: string })[]
  configs?: { source: string; target: string }[]
  ports?: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
}
interface Compose {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  configs: Record<string, { content: string }>
}

const services = Object.entries(compose.services)
const environmentOf = (name: string) =>
  Object.fromEntries(
    Object.entries(compose.services[name]?.environment ?? {}).map(([key, value]) => [key, String(value)]),
  )

test('pins every image, and builds targets that the Dockerfile has', () => {
  for (const [name, { image = '', build }] of services) {
    assert.match(image, /^[\w./-]+:[\w.-]+$/, name)
    assert.doesNotMatch(image, /:latest$/, name)
    if (build) assert.match(dockerfile, new RegExp(`^FROM \\S+ AS ${build.target}$`, 'm'), name)
  }
  assert.match(dockerfile, /^FROM node:20\.\d+\.\d+-/m)
})

test('copies only files that are there and that .dockerignore lets through', () => {
  for (const line of dockerfile.match(/^COPY (?!--from).*$/gm) ?? []) {
    for (const path of line.split(' ').slice(1, -1)) {
      assert.ok(existsSync(join(root, path)), path)
      assert.ok(ignored.includes(`!${path}`), `.dockerignore keeps ${path} out`)
    }
  }
})

test('runs as an ordinary user, from files that the build makes', () => {
  for (const stage of ['provider', 'runner']) {
    const body = dockerfile.split(new RegExp(`^FROM \\S+ AS ${stage}$`, 'm'))[1]?.split(/^FROM /m)[0] ?? ''
    assert.match(body, /^USER node$/m, stage)
    assert.match(body, /^HEALTHCHECK /m, stage)
  }
  const commands = [
    ...services.map(([, { command }]) => command ?? []),
    JSON.parse(dockerfile.match(/^CMD (\[.*main\.js.*\])$/m)?.[1] ?? '[]'),
  ]
  for (const file of commands.flat().filter((part: string) => /\.(ts|js|yaml)$/.test(part))) {
    const source = String(file).replace(/^dist\/(.*)\.js$/, '$1.ts')
    assert.ok(existsSync(join(root, source)), String(file))
  }
})

test('starts each service after those it needs, by health', () => {
  for (const [name, { depends_on: needs = {} }] of services) {
    for (const [needed, { condition }] of Object.entries(needs)) {
      const service = compose.services[needed]
      assert.ok(service, `${name} needs ${needed}`)
      const once = service.restart === 'no'
      assert.equal(
        condition,
        once ? 'service_completed_successfully' : 'service_healthy',
        `${name} > ${needed}`,
      )
      assert.ok(once || service.healthcheck?.test || service.build, `${needed} has no health check`)
    }
  }
})

test('mounts files, volumes and configs that exist', () => {
  for (const [name, { volumes = [], configs = [] }] of services) {
    for (const volume of volumes) {
      const source = typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source
      if (source.startsWith('.')) assert.ok(existsSync(join(root, source)), `${name}: ${source}`)
      else assert.ok(source in compose.volumes, `${name}: ${source}`)
    }
    for (const { source } of configs) assert.ok(source in compose.configs, `${name}: ${source}`)
  }
})

test('names hosts that are services, at ports that they listen on', () => {
  const ports: Record<string, number[]> = {
    apisix: [9080, 9180, 9090],
    runner: [9320],
    provider: [9601],
    'provider-backup': [9601],
    etcd: [2379],
    redis: [6379],
    kafka: [9092, 9093],
    clickhouse: [8123],
  }
  const addresses = [...text.matchAll(/\b([a-z][a-z-]+):(\d{4,5})\b/g)].filter(([, host]) => host !== 'http')
  assert.ok(addresses.length > 10)
  for (const [address, host = '', port] of addresses) {
    assert.ok(ports[host]?.includes(Number(port)), address)
  }
  for (const [name, { ports: published = [] }] of services) {
    for (const mapping of published) {
      const inside = Number(mapping.split(':').at(-1))
      assert.ok((ports[name] ?? [9090]).includes(inside) || inside === 9443, `${name} ${mapping}`)
    }
  }
})

test('tells the runner only what is a setting, and APISIX the same socket', () => {
  const env = environmentOf('runner')
  const settings = loadSettings({ file: join(CONF_DIR, 'llm-runner.yaml'), env, flags: {} })
  assert.equal(settings.redis?.url, 'redis://redis:6379')
  assert.deepEqual(settings.kafka?.brokers, ['kafka:9092'])
  assert.equal(settings.listen, `unix:${environmentOf('apisix').APISIX_RUNNER_SOCKET}`)
  const folder = (name: string) =>
    (compose.services[name]?.volumes ?? [])
      .map((volume) => (typeof volume === 'string' ? volume.split(':') : [volume.source, volume.target]))
      .find(([source]) => source === 'runner-socket')?.[1]
  assert.equal(folder('runner'), folder('apisix'))
  assert.ok(settings.listen.startsWith(`unix:${folder('apisix')}/`))
  assert.match(dockerfile, new RegExp(`install -d -o node .* ${folder('runner')} `))
  assert.equal(environmentOf('configure').LLM_USAGE_URL, `http://runner:${settings.usage.port}/usage`)
  assert.equal(environmentOf('configure').LLM_USAGE_AUTH, settings.usage.auth_header)
})

test('makes every topic that the plugins write to before the runner and ClickHouse start', () => {
  const topics = [
    compileValidator(MeteringSettingsSchema)({}),
    compileValidator(GuardSettingsSchema)({ records: {} }),
  ].flatMap((result) => {
    assert.ok(result.ok)
    return JSON.stringify(result.value).match(/(?<=topic":")[^"]+/g) ?? []
  })
  assert.equal(topics.length, 3)
  assert.deepEqual(environmentOf('kafka-topics').TOPICS?.split(' ').sort(), topics.sort())
  for (const name of ['runner', 'clickhouse']) assert.ok(compose.services[name]?.depends_on?.['kafka-topics'])
})

test('gives the job every variable that apisix-conf needs, and no other', () => {
  const env = environmentOf('configure')
  const { problems, resources } = loadResources(CONF_DIR, env)
  assert.deepEqual(problems.map(formatProblem), [])
  const known = new Set([
    ...[...JSON.stringify(readResources(CONF_DIR, [])).matchAll(REFERENCE)].map(([, name = '']) => name),
    'APISIX_ADMIN_URL',
    'APISIX_ADMIN_KEY',
  ])
  assert.deepEqual(
    Object.keys(env).filter((name) => !known.has(name)),
    [],
  )
  for (const { kind, value } of resources) {
    if (kind !== 'upstreams') continue
    const [provider] = value.nodes as { host: string }[]
    assert.ok(provider && provider.host in compose.services, JSON.stringify(provider))
  }
})

test('gives the runner every key that llm-router refers to', () => {
  const references = new Set<string>()
  for (const { value } of loadResources(CONF_DIR, environmentOf('configure')).resources) {
    const text = JSON.stringify(recordOf(value.plugins)['ext-plugin-pre-req'] ?? '')
    for (const [, name] of text.matchAll(/\$\{(\w+)\}/g)) references.add(name as string)
  }
  const env = environmentOf('runner')
  assert.deepEqual(
    [...references].filter((name) => !env[name]),
    [],
  )
})

test('gives APISIX every variable that its config.yaml does not default', () => {
  const config = readFileSync(join(CONF_DIR, 'config.yaml'), 'utf8').replace(/^\s*#.*$/gm, '')
  const env = environmentOf('apisix')
  for (const [, name = '', fallback] of config.matchAll(/\$\{\{(\w+)(:=[^}]*)?\}\}/g)) {
    assert.ok(env[name] ?? fallback, name)
  }
  for (const name of Object.keys(env)) assert.match(config, new RegExp(`\\$\\{\\{${name}\\b`), name)
})
