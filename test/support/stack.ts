import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { applyResources } from '../../apisix-conf/cli/apply.ts'
import { loadResources } from '../../apisix-conf/cli/load-resources.ts'
import type { Resource } from '../../apisix-conf/cli/resource.ts'
import type { JsonObject } from '../../runner/json.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { type Provider, startProvider } from '../provider/provider.ts'
import { freePort } from './free-port.ts'
import { RunnerProcess } from './runner-process.ts'

/**
 * The whole product: scripted providers, a gateway, the runner as a process, and the files of apisix-conf applied
 * through the Admin API. With the E2E_ variables of test/README.md the gateway is a real APISIX instead of ours.
 */
export interface Stack {
  readonly gatewayUrl: string
  readonly usageUrl: string
  readonly providers: Readonly<Record<ProviderName, Provider>>
  readonly runner: RunnerProcess
  readonly dataDir: string
  /** Our gateway; undefined with a real APISIX. */
  readonly gateway: Gateway | undefined
  /** A client as its users have it. */
  client(consumer: Consumer): OpenAI
  keyOf(consumer: Consumer): string
  /** Applies the conf files, changed by the test. */
  apply(change?: ConfChange): Promise<void>
  /** Usage of a consumer today, once `requests` of them are counted. */
  usage(consumer: string, requests: number): Promise<Usage>
  /** Usage of a consumer today when nothing is under way any more: the logger sends what it has within a second. */
  settledUsage(consumer: string): Promise<Usage>
  /** One metric family, as Prometheus reads it. */
  metric(name: string): Promise<string>
  close(): Promise<void>
}

export interface Usage {
  readonly requests: number
  readonly prompt_t: number
  readonly completion_t: number
  readonly total_t: number
  readonly cost_usd: string
}

export type ProviderName = 'openai' | 'qwen' | 'anthropic' | 'ollama'
export type Consumer = 'business_unit_A' | 'business_unit_B' | 'internal'
/** Gets the conf of one runner plugin of one resource and answers what it should be. */
export type ConfChange = (plugin: string, conf: JsonObject, resource: Resource) => JsonObject

export interface StackOptions {
  readonly workers?: number
  readonly runnerEnv?: Readonly<Record<string, string>>
  readonly change?: ConfChange
  /** Default: free ports. */
  readonly ports?: { readonly gateway?: number; readonly admin?: number; readonly usage?: number }
  /** Default: random ones. */
  readonly consumerKeys?: Readonly<Record<ConsumerKey, string>>
  /** A real OpenAI-compatible provider instead of the scripted one. */
  readonly openai?: { readonly url: URL; readonly apiKey: string }
  /** The built runner; default: from source. */
  readonly runnerMain?: string
}
export type ConsumerKey = 'BUSINESS_UNIT_A_KEY' | 'BUSINESS_UNIT_B_KEY' | 'INTERNAL_KEY'

const CONF_DIR = fileURLToPath(new URL('../../apisix-conf', import.meta.url))
const PROVIDERS: readonly ProviderName[] = ['openai', 'qwen', 'anthropic', 'ollama']
const NEXT_UPSTREAM =
  'error timeout invalid_header http_429 http_500 http_502 http_503 http_504 non_idempotent'
const USAGE_DEADLINE_MS = 15_000
/** More than http-logger's `inactive_timeout` in apisix-conf. */
const SETTLED_MS = 3000

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { env } = process
  const dir = await mkdtemp(join(tmpdir(), 'llm-stack-'))
  const socketPath = env.E2E_RUNNER_SOCKET ?? join(dir, 'runner.sock')
  const usagePort = Number(env.E2E_USAGE_PORT ?? options.ports?.usage ?? (await freePort()))
  const secret = (name: string) => `${name}-${Math.random().toString(36).slice(2)}-secret`
  const providerKeys = {
    OPENAI_API_KEY: options.openai?.apiKey ?? secret('openai'),
    DASHSCOPE_API_KEY: secret('dashscope'),
    ANTHROPIC_API_KEY: secret('anthropic'),
  }
  const consumerKeys = options.consumerKeys ?? {
    BUSINESS_UNIT_A_KEY: secret('a'),
    BUSINESS_UNIT_B_KEY: secret('b'),
    INTERNAL_KEY: secret('i'),
  }
  const usageAuth = secret('usage')

  const providers = await startProviders(providerKeys)
  const fallbackPort = Number(env.E2E_FALLBACK_PORT ?? (await freePort()))
  const gateway =
    env.E2E_GATEWAY_URL === undefined
      ? await startGateway({
          listen: [{ port: options.ports?.gateway ?? 0 }, { port: fallbackPort, host: '127.0.0.1' }],
          adminPort: options.ports?.admin ?? 0,
          runnerSocket: socketPath,
          proxyNextUpstream: NEXT_UPSTREAM,
          hosts: { 'llm-fallback.local': '127.0.0.1' },
        })
      : undefined
  const gatewayUrl = gateway?.url ?? String(env.E2E_GATEWAY_URL)
  const adminUrl = gateway?.adminUrl ?? String(env.E2E_ADMIN_URL)
  const adminKey = gateway?.adminKey ?? String(env.E2E_ADMIN_KEY)
  const usageUrl = `http://127.0.0.1:${usagePort}`
  const runner = new RunnerProcess({
    socketPath,
    usagePort,
    workers: options.workers ?? 0,
    ...(options.runnerMain === undefined ? {} : { main: options.runnerMain }),
    env: {
      ...providerKeys,
      LLM_RUNNER_USAGE_AUTH_HEADER: usageAuth,
      LLM_RUNNER_DATA_DIR: join(dir, 'data'),
      ...options.runnerEnv,
    },
  })
  await runner.start()

  const confEnv = {
    ...consumerKeys,
    ...providerEnv(providers, fallbackPort),
    ...(options.openai ? realOpenai(options.openai.url) : {}),
    LLM_USAGE_URL: `${usageUrl}/usage`,
    LLM_USAGE_AUTH: usageAuth,
    LLM_FALLBACK_PORT: String(fallbackPort),
  }
  const apply = async (change: ConfChange = options.change ?? ((_plugin, conf) => conf)) => {
    const { resources, problems } = loadResources(CONF_DIR, confEnv)
    const errors = problems.filter(({ level }) => level === 'error')
    if (errors.length > 0)
      throw new Error(errors.map(({ file, path, message }) => `${file}${path}: ${message}`).join('\n'))
    await applyResources(
      adminUrl,
      adminKey,
      resources.map((resource) => changed(resource, change)),
    )
  }
  await apply()
  const keyOf = (consumer: Consumer) =>
    consumerKeys[`${consumer.toUpperCase()}_KEY` as keyof typeof consumerKeys]

  return {
    gatewayUrl,
    usageUrl,
    providers,
    runner,
    dataDir: join(dir, 'data'),
    gateway,
    keyOf,
    apply,
    client: (consumer) =>
      new OpenAI({
        baseURL: `${gatewayUrl}/v1`,
        apiKey: 'unused',
        defaultHeaders: { apikey: keyOf(consumer) },
        maxRetries: 0,
      }),
    usage: async (consumer, requests) => {
      const deadline = Date.now() + USAGE_DEADLINE_MS
      for (;;) {
        const usage = await readUsage(usageUrl, consumer)
        if (usage.requests >= requests || Date.now() > deadline) return usage
        await sleep(50)
      }
    },
    settledUsage: async (consumer) => {
      let usage = await readUsage(usageUrl, consumer)
      for (;;) {
        await sleep(SETTLED_MS)
        const later = await readUsage(usageUrl, consumer)
        if (later.requests === usage.requests) return later
        usage = later
      }
    },
    metric: async (name) => {
      const page = await (await fetch(`${usageUrl}/metrics`)).text()
      return page
        .split('\n')
        .filter((line) => line.startsWith(name))
        .join('\n')
    },
    close: async () => {
      await gateway?.close()
      await runner.kill()
      await Promise.all(PROVIDERS.map((name) => providers[name].close()))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function readUsage(usageUrl: string, consumer: string): Promise<Usage> {
  const response = await fetch(`${usageUrl}/plugins/token-metering/usage/${encodeURIComponent(consumer)}`)
  return (await response.json()) as Usage
}

async function startProviders(keys: {
  OPENAI_API_KEY: string
  DASHSCOPE_API_KEY: string
  ANTHROPIC_API_KEY: string
}): Promise<Record<ProviderName, Provider>> {
  const [openai, qwen, anthropic, ollama] = await Promise.all([
    startProvider({ name: 'openai', requireKey: keys.OPENAI_API_KEY }),
    startProvider({ name: 'qwen', requireKey: keys.DASHSCOPE_API_KEY }),
    startProvider({ name: 'anthropic', requireKey: keys.ANTHROPIC_API_KEY }),
    startProvider({ name: 'ollama' }),
  ])
  return { openai, qwen, anthropic, ollama }
}

function providerEnv(providers: Readonly<Record<ProviderName, Provider>>, fallbackPort: number) {
  const host = process.env.E2E_PROVIDER_HOST ?? '127.0.0.1'
  return Object.fromEntries(
    PROVIDERS.flatMap((name) => {
      const prefix = PREFIXES[name]
      return [
        [`${prefix}_SCHEME`, 'http'],
        [`${prefix}_HOST`, host],
        [`${prefix}_PORT`, String(providers[name].port)],
        [`${prefix}_FALLBACK_HOST`, '127.0.0.1'],
        [`${prefix}_FALLBACK_PORT`, String(fallbackPort)],
      ]
    }),
  )
}
function realOpenai(url: URL) {
  const scheme = url.protocol.replace(':', '')
  return {
    OPENAI_SCHEME: scheme,
    OPENAI_HOST: url.hostname,
    OPENAI_PORT: url.port || (scheme === 'https' ? '443' : '80'),
  }
}

const PREFIXES = { openai: 'OPENAI', qwen: 'QWEN', anthropic: 'ANTHROPIC', ollama: 'OLLAMA' } as const

/** Runner confs are strings of JSON inside the resource, as APISIX wants them. */
function changed(resource: Resource, change: ConfChange): Resource {
  const plugins = resource.value.plugins as JsonObject | undefined
  const pre = plugins?.['ext-plugin-pre-req'] as { conf?: { name: string; value: string }[] } | undefined
  if (!pre?.conf) return resource
  const conf = pre.conf.map(({ name, value }) => ({
    name,
    value: JSON.stringify(change(name, JSON.parse(value) as JsonObject, resource)),
  }))
  return {
    ...resource,
    value: { ...resource.value, plugins: { ...plugins, 'ext-plugin-pre-req': { ...pre, conf } } },
  }
}
