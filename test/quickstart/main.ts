import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ConfChange, type Stack, type StackOptions, startStack } from '../support/stack.ts'
import { curlLines } from './curl-lines.ts'
import { printStory, tellStory } from './story.ts'

const HELP = `npm run quickstart              gateway, runner and a scripted provider on port 9080, until Ctrl-C
npm run quickstart -- --once    runs the story once, prints what happened, exits 0 or 1
  --port 9080   --admin-port 9180   --usage-port 9320
OPENAI_BASE_URL, OPENAI_API_KEY     a real provider instead of the scripted one
APISIX_ADMIN_URL, APISIX_ADMIN_KEY  a real APISIX in front (APISIX_URL, default http://127.0.0.1:9080; it must use
                                    the socket in RUNNER_SOCKET, default /tmp/llm-runner.sock, see docs/apisix.md)
`
const KEYS = {
  BUSINESS_UNIT_A_KEY: 'biz-a-api-key-demo',
  BUSINESS_UNIT_B_KEY: 'biz-b-api-key-demo',
  INTERNAL_KEY: 'internal-api-key-demo',
}
/** Small enough that the story can use it up. */
const BASIC_TOKENS_PER_DAY = 2500

const flags = readFlags()

if (flags.help) process.stdout.write(HELP)
else process.exitCode = await run()

async function run(): Promise<number> {
  useRealApisix()
  const stack = await startStack(optionsFrom()).catch(giveUp)
  try {
    if (flags.once) {
      const steps = await tellStory(stack)
      printStory(steps)
      return steps.every((step) => step.ok) ? 0 : 1
    }
    process.stdout.write(curlLines(stack, KEYS))
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    return 0
  } finally {
    await close(stack)
  }
}

function readFlags() {
  try {
    return parseArgs({
      options: {
        once: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string', default: '9080' },
        'admin-port': { type: 'string', default: '9180' },
        'usage-port': { type: 'string', default: '9320' },
      },
    }).values
  } catch (error) {
    return giveUp(error)
  }
}

function giveUp(error: unknown): never {
  const { message } = error as Error
  const hint = message.includes('EADDRINUSE')
    ? 'Something listens there already: take other ports with --port, --admin-port and --usage-port.\n'
    : ''
  process.stderr.write(`quickstart: ${message}\n${hint}`)
  process.exit(1)
}

/** The stack takes a real APISIX from the variables of the end-to-end suite. */
function useRealApisix(): void {
  const { env } = process
  if (!env.APISIX_ADMIN_URL) return
  env.E2E_GATEWAY_URL ??= env.APISIX_URL ?? 'http://127.0.0.1:9080'
  env.E2E_ADMIN_URL ??= env.APISIX_ADMIN_URL
  env.E2E_ADMIN_KEY ??= env.APISIX_ADMIN_KEY ?? ''
  env.E2E_RUNNER_SOCKET ??= env.RUNNER_SOCKET ?? '/tmp/llm-runner.sock'
}

function optionsFrom(): StackOptions {
  const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: apiKey } = process.env
  if (baseUrl && !apiKey)
    giveUp(new Error('OPENAI_BASE_URL needs OPENAI_API_KEY, any text if it asks for none'))
  const openai = apiKey ? { url: new URL(baseUrl ?? 'https://api.openai.com/v1'), apiKey } : undefined
  return {
    ports: {
      gateway: portOf(flags.port),
      admin: portOf(flags['admin-port']),
      usage: portOf(flags['usage-port']),
    },
    consumerKeys: KEYS,
    runnerMain: fileURLToPath(new URL('../../dist/runner/main.js', import.meta.url)),
    change: demoConf(openai?.url),
    ...(openai ? { openai } : {}),
  }
}

function portOf(text: string): number {
  const port = Number(text)
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : giveUp(new Error(`${text} is no port`))
}

function demoConf(openaiUrl: URL | undefined): ConfChange {
  return (plugin, conf) => {
    if (plugin === 'token-metering') {
      return {
        ...conf,
        consumer_limits: { business_unit_B: { tokens_per_day: BASIC_TOKENS_PER_DAY } },
        completion_reserve: 256,
      }
    }
    const base = openaiUrl?.pathname.replace(/\/$/, '') ?? '/v1'
    if (plugin !== 'llm-router' || base === '/v1') return conf
    const providers = conf.providers as Record<string, object>
    const paths = { 'chat-completions': `${base}/chat/completions` }
    return { ...conf, providers: { ...providers, openai: { ...providers.openai, paths } } }
  }
}

async function close(stack: Stack): Promise<void> {
  await stack.runner.stop()
  await stack.close()
}
