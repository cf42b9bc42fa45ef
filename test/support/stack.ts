import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { loadResources } from '../../apisix-conf/cli/load-resources.ts'
import type { JsonObject, UsageEvent } from '../../runner/plugin.ts'
import { type Gateway, startGateway } from '../gateway/gateway.ts'
import { certificateFor } from '../integration/gateway/support/certificate.ts'
import { type Provider, startProvider } from '../provider/provider.ts'
import { applyResources, awaitApplied, marker } from './applied.ts'
import { freePort } from './free-port.ts'
import { RunnerProcess } from './runner-process.ts'
import {
  type ConfChange,
  PROVIDERS,
  type ProviderName,
  providerEnv,
  type ResourceChange,
  realOpenai,
  withConfs,
} from './stack-conf.ts'
import { listenHostFor, type RealApisix, realApisix } from './stack-place.ts'
import { postedBytes, readEvents, readMetric, readUsage, type Usage, untilStill } from './stack-readings.ts'

export type { ConfChange, ProviderName, ResourceChange } from './stack-conf.ts'
export type { Usage } from './stack-readings.ts'

/**
 * The whole product: scripted providers, a gateway, the runner as a process, and the files of apisix-conf applied
 * through the Admin API. With the E2E_ variables of test/README.md the gateway is a real APISIX instead of ours.
 */
export interface Stack {
  readonly gatewayUrl: string
  readonly usageUrl: string
  /** The failover listeners, which only the gateway itself may reach. */
  readonly fallbackPort: number
  readonly fallbackTlsPort: number
  readonly providers: Readonly<Record<ProviderName, Provider>>
  readonly runner: RunnerProcess
  readonly dataDir: string
  /** Our gateway; undefined with a real APISIX. */
  readonly gateway: Gateway | undefined
  /** Clients as users have them, without retries of their own. */
  client(consumer: Consumer): OpenAI
  anthropic(consumer: Consumer): Anthropic
  keyOf(consumer: Consumer): string
  /** What the runner shows to the providers. */
  readonly providerKeys: Readonly<
    Record<'OPENAI_API_KEY' | 'DASHSCOPE_API_KEY' | 'ANTHROPIC_API_KEY', string>
  >
  /** Applies the conf files, changed by the test, else by the options of the stack. */
  apply(change?: ConfChange, resources?: ResourceChange): Promise<void>
  /** Usage of a consumer today, once `requests` of them are counted. */
  usage(consumer: string, requests: number): Promise<Usage>
  /** Usage of a consumer today when no request and no log entry is under way any more. */
  settledUsage(consumer: string): Promise<Usage>
  /** With `recordEvents`: what was billed since the last call, in order, once nothing is under way any more. */
  newEvents(): Promise<UsageEvent[]>
  /** One metric family, as Prometheus reads it. */
  metric(name: string): Promise<string>
  close(): Promise<void>
}

export type Consumer = 'business_unit_A' | 'business_unit_B' | 'internal'

export interface StackOptions {
  readonly workers?: number
  readonly runnerEnv?: Readonly<Record<string, string>>
  /** More settings of the runner, as in its YAML file. */
  readonly settings?: (place: Pick<RealApisix, 'controlUrl' | 'fallbackPort'>) => JsonObject
  readonly change?: ConfChange
  readonly resources?: ResourceChange
  readonly recordEvents?: boolean
  /** The certificate of the TLS failover listener, for https providers. */
  readonly tlsFallback?: boolean
  /** The scripted providers speak TLS, and the failover goes through the TLS listener. */
  readonly https?: boolean
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
const RECORDER = fileURLToPath(new URL('./event-recorder.ts', import.meta.url))
const NEXT_UPSTREAM =
  'error timeout invalid_header http_429 http_500 http_502 http_503 http_504 non_idempotent'
const USAGE_DEADLINE_MS = 60_000

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { env } = process
  const real = realApisix()
  const dir = await mkdtemp(join(tmpdir(), 'llm-stack-'))
  const dataDir = join(dir, 'data')
  const eventFile = join(dir, 'events.jsonl')
  const socketPath = real?.runnerSocket ?? join(dir, 'runner.sock')
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

  const providerHost = real?.providerHost ?? '127.0.0.1'
  const providers = await startProviders(providerKeys, listenHostFor(providerHost), options.https)
  const gateway = real ? undefined : await startOurGateway(options, socketPath)
  const place = real ?? placeOf(gateway as Gateway, socketPath)
  const { gatewayUrl, adminUrl, adminKey, fallbackPort, fallbackTlsPort } = place
  const settingsFile = join(dir, 'runner.json')
  await writeFile(settingsFile, JSON.stringify(settingsOf(options, place, eventFile)))
  const usageUrl = `http://127.0.0.1:${usagePort}`
  const runner = new RunnerProcess({
    socketPath,
    usagePort,
    workers: options.workers ?? 0,
    ...(options.runnerMain === undefined ? {} : { main: options.runnerMain }),
    env: {
      ...providerKeys,
      LLM_RUNNER_SETTINGS: settingsFile,
      LLM_RUNNER_USAGE_HOST: listenHostFor(place.usageHost),
      LLM_RUNNER_USAGE_AUTH_HEADER: usageAuth,
      LLM_RUNNER_DATA_DIR: dataDir,
      ...options.runnerEnv,
    },
  })
  await runner.start()

  const certificate =
    (options.tlsFallback ?? options.https) ? certificateFor('llm-fallback.local') : undefined
  const ports = mapProviders((name) => providers[name].port)
  const confEnv = {
    ...consumerKeys,
    ...(options.https
      ? providerEnv('https', providerHost, ports, 'llm-fallback.local', fallbackTlsPort)
      : providerEnv('http', providerHost, ports, '127.0.0.1', fallbackPort)),
    ...(options.openai ? realOpenai(options.openai.url) : {}),
    LLM_USAGE_URL: `http://${place.usageHost}:${usagePort}/usage`,
    LLM_USAGE_AUTH: usageAuth,
    LLM_FALLBACK_PORT: String(fallbackPort),
    LLM_FALLBACK_TLS_PORT: String(fallbackTlsPort),
    ...(certificate && { LLM_FALLBACK_CERT: certificate.cert, LLM_FALLBACK_CERT_KEY: certificate.key }),
  }
  const apply: Stack['apply'] = async (
    change = options.change ?? ((_plugin, conf) => conf),
    changeResource = options.resources ?? ((resource) => resource),
  ) => {
    const { resources, problems } = loadResources(CONF_DIR, confEnv)
    const errors = problems.filter(({ level }) => level === 'error')
    if (errors.length > 0)
      throw new Error(errors.map(({ file, path, message }) => `${file}${path}: ${message}`).join('\n'))
    const changed = resources.map((resource) => withConfs(changeResource(resource), change))
    await applyResources(adminUrl, adminKey, real ? [...changed, marker()] : changed)
    if (real) await awaitApplied(gatewayUrl)
  }
  await apply()
  const keyOf = (consumer: Consumer) =>
    consumerKeys[`${consumer.toUpperCase()}_KEY` as keyof typeof consumerKeys]
  const untilIdle = async () => {
    if (gateway) return gateway.waitForIdle()
    await untilStill(() => postedBytes(usageUrl))
  }
  let eventsRead = 0

  return {
    gatewayUrl,
    usageUrl,
    fallbackPort,
    fallbackTlsPort,
    providers,
    runner,
    dataDir,
    gateway,
    providerKeys,
    keyOf,
    apply,
    client: (consumer) =>
      new OpenAI({
        baseURL: `${gatewayUrl}/v1`,
        apiKey: 'unused',
        defaultHeaders: { apikey: keyOf(consumer) },
        maxRetries: 0,
      }),
    anthropic: (consumer) =>
      new Anthropic({
        baseURL: gatewayUrl,
        // Sent as a bearer, which key-auth does not look at.
        apiKey: 'unused',
        defaultHeaders: { 'x-api-key': keyOf(consumer) },
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
      await untilIdle()
      return readUsage(usageUrl, consumer)
    },
    newEvents: async () => {
      await untilIdle()
      await untilStill(async () => (await readEvents(eventFile)).length, 20)
      const events = await readEvents(eventFile)
      const fresh = events.slice(eventsRead)
      eventsRead = events.length
      return fresh
    },
    metric: (name) => readMetric(usageUrl, name),
    close: async () => {
      await gateway?.close()
      await runner.kill()
      await Promise.all(PROVIDERS.map((name) => providers[name].close()))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function startOurGateway(options: StackOptions, runnerSocket: string): Promise<Gateway> {
  const fallback = { port: await freePort(), host: '127.0.0.1' }
  return startGateway({
    listen: [{ port: options.ports?.gateway ?? 0 }, fallback, { port: 0, host: '127.0.0.1', tls: true }],
    adminPort: options.ports?.admin ?? 0,
    runnerSocket,
    proxyNextUpstream: NEXT_UPSTREAM,
    proxyHideHeader: ['X-Request-Id'],
    proxyBufferBytes: 16 * 1024,
    hosts: { 'llm-fallback.local': '127.0.0.1' },
  })
}

function placeOf(gateway: Gateway, runnerSocket: string): RealApisix {
  const { url, adminUrl, adminKey, controlUrl, listeners } = gateway
  return {
    gatewayUrl: url,
    adminUrl,
    adminKey,
    controlUrl,
    runnerSocket,
    fallbackPort: listeners[1]?.port ?? 0,
    fallbackTlsPort: listeners[2]?.port ?? 0,
    providerHost: '127.0.0.1',
    usageHost: '127.0.0.1',
  }
}

function settingsOf({ settings, recordEvents }: StackOptions, place: RealApisix, file: string): JsonObject {
  const own = settings?.(place) ?? {}
  if (!recordEvents) return own
  return {
    ...own,
    extra_plugins: [RECORDER],
    plugins: { ...(own.plugins as JsonObject | undefined), 'event-recorder': { file } },
  }
}

type ProviderKeys = Readonly<Record<'OPENAI_API_KEY' | 'DASHSCOPE_API_KEY' | 'ANTHROPIC_API_KEY', string>>

async function startProviders(
  keys: ProviderKeys,
  host: string,
  https = false,
): Promise<Record<ProviderName, Provider>> {
  const common = { host, ...(https && { tls: certificateFor('provider.local') }) }
  const [openai, qwen, anthropic, ollama] = await Promise.all([
    startProvider({ ...common, name: 'openai', requireKey: keys.OPENAI_API_KEY }),
    startProvider({ ...common, name: 'qwen', requireKey: keys.DASHSCOPE_API_KEY }),
    startProvider({ ...common, name: 'anthropic', requireKey: keys.ANTHROPIC_API_KEY }),
    startProvider({ ...common, name: 'ollama' }),
  ])
  return { openai, qwen, anthropic, ollama }
}

function mapProviders<T>(read: (name: ProviderName) => T): Record<ProviderName, T> {
  return Object.fromEntries(PROVIDERS.map((name) => [name, read(name)])) as Record<ProviderName, T>
}
