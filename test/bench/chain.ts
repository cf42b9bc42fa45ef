/**
 * What the runner adds to a request as its client sees it, plugin by plugin: `npm run bench:chain`. The rig's own floor
 * (straight to the provider, through the gateway without the runner) is measured in the same run, in turn with the
 * rest. Gateway, runner and load generator are processes of their own; arrivals are scheduled. With the E2E_ variables
 * of test/README.md the gateway is a real APISIX. The last columns are CPU milliseconds a request of the runner and of our
 * gateway: what holds also on a machine that is shared. Flags: `--rates 100,500 --seconds 4 --rounds 2`;
 * `--template` sends prompts that are almost the same.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ResourceChange, type Stack, startStack } from '../support/stack.ts'
import { inTurn, withoutHealthChecks, withoutPlugins, withPlugin } from '../support/stack-conf.ts'
import type { LoadJob } from './chain/load.ts'
import { cpuMs, LoadProcess, startGatewayProcess } from './chain/processes.ts'

const { values: flags } = parseArgs({
  options: {
    rates: { type: 'string', default: '100,500' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    'stream-rate': { type: 'string', default: '50' },
    template: { type: 'boolean', default: false },
  },
})
const RATES = flags.rates.split(',').map(Number)
const STREAM_RATE = Number(flags['stream-rate'])
/** The built package, as it is deployed. */
const RUNNER = fileURLToPath(new URL('../../dist/runner/main.js', import.meta.url))

interface Case {
  readonly name: string
  /** Plugins of the runner; undefined: the gateway does not call it. */
  readonly plugins?: readonly string[]
  readonly direct?: true
  readonly logged?: true
}
const cases: readonly Case[] = [
  { name: 'provider, direct', direct: true },
  { name: 'gateway, no runner' },
  { name: 'runner, no plugin', plugins: [] },
  { name: 'guard', plugins: ['prompt-guard'] },
  { name: '+ router', plugins: ['prompt-guard', 'llm-router'] },
  { name: '+ cache (miss)', plugins: ['prompt-guard', 'llm-router', 'semantic-cache'] },
  { name: '+ metering', plugins: ['prompt-guard', 'llm-router', 'semantic-cache', 'token-metering'] },
  {
    name: '+ usage log',
    plugins: ['prompt-guard', 'llm-router', 'semantic-cache', 'token-metering'],
    logged: true,
  },
]
const FLOOR = 'gateway, no runner'

const dir = await mkdtemp(join(tmpdir(), 'llm-bench-chain-'))
const gateway = process.env.E2E_GATEWAY_URL ? undefined : await startGatewayProcess(join(dir, 'runner.sock'))
const stack = await startStack({ runnerMain: RUNNER })
const load = await LoadProcess.start()
const measured = new Map<string, number[]>()
/** CPU milliseconds a request, of runner and gateway. */
const cpu = new Map<string, [number, number]>()
let failed = 0
const modes: (readonly [string, boolean, number])[] = [
  ...RATES.map((rate) => [`${rate}/s`, false, rate] as const),
  ['TTFT', true, STREAM_RATE],
]
for (let round = 0; round < Number(flags.rounds); round++) {
  for (const one of cases) {
    if (!one.direct) await stack.apply((_plugin, conf) => conf, resourcesFor(one))
    await load.run({ ...jobFor(stack, one), stream: false, rate: 100, seconds: 1 })
    for (const [mode, stream, rate] of modes) {
      const seconds = Number(flags.seconds)
      const before = cpuOf()
      const report = await load.run({ ...jobFor(stack, one), stream, rate, seconds })
      const after = cpuOf()
      failed += report.failed
      const key = `${mode} ${one.name}`
      measured.set(key, [...(measured.get(key) ?? []), ...report.latencies])
      const used = after.map((ms, i) => (ms - (before[i] ?? 0)) / (rate * seconds))
      cpu.set(key, [used[0] ?? 0, used[1] ?? 0])
    }
  }
}
load.stop()
await stack.close()
gateway?.kill()
await rm(dir, { recursive: true, force: true })
print()
process.exit(failed > 0 ? 1 : 0)

function cpuOf(): number[] {
  return [stack.runner.pid, gateway?.pid].map((pid) => (pid === undefined ? 0 : cpuMs(pid)))
}

/** Only what is measured: no health checks, no request limits; the log belongs to metering. */
function resourcesFor({ plugins, logged }: Case): ResourceChange {
  const off = ['limit-req', 'limit-count', ...(logged ? [] : ['http-logger'])]
  const chain: ResourceChange = (resource) => {
    if (resource.id !== 'llm') return resource
    if (!plugins) return withoutPlugins(resource, ['ext-plugin-pre-req'])
    return withPlugin(resource, 'ext-plugin-pre-req', ({ conf, ...rest }) => {
      const chosen = (conf as { name: string }[]).filter(({ name }) => plugins.includes(name))
      return chosen.length > 0 ? { ...rest, conf: chosen } : rest
    })
  }
  return inTurn(withoutHealthChecks, (resource) => withoutPlugins(resource, off), chain)
}

/** Without the router the client itself brings the provider's key, and the default upstream is OpenAI. */
function jobFor(
  { gatewayUrl, providers, providerKeys, keyOf }: Stack,
  { direct }: Case,
): Omit<LoadJob, 'stream' | 'rate' | 'seconds'> {
  return {
    url: `${direct ? providers.openai.url : gatewayUrl}/v1/chat/completions`,
    model: 'gpt-4o',
    template: flags.template,
    headers: { authorization: `Bearer ${providerKeys.OPENAI_API_KEY}`, apikey: keyOf('internal') },
  }
}

function print(): void {
  const at = (list: readonly number[], share: number) => list[Math.floor(list.length * share)] ?? Number.NaN
  for (const [mode] of modes) {
    const floor = sorted(measured.get(`${mode} ${FLOOR}`))
    console.log(
      `\n${mode}${mode === 'TTFT' ? `, streams at ${STREAM_RATE}/s, ms to the first byte` : ', ms'}`,
    )
    console.log(row('', 'p50', 'p99', '+p50', '+p99', 'x p50', 'x p99', 'n', 'runner', 'gateway'))
    for (const { name } of cases) {
      const list = sorted(measured.get(`${mode} ${name}`))
      const [p50, p99] = [at(list, 0.5), at(list, 0.99)]
      const [f50, f99] = [at(floor, 0.5), at(floor, 0.99)]
      const added = name === FLOOR || name === cases[0]?.name ? ['', ''] : [p50 - f50, p99 - f99].map(ms)
      console.log(
        row(
          name,
          ms(p50),
          ms(p99),
          ...added,
          (p50 / f50).toFixed(2),
          (p99 / f99).toFixed(2),
          list.length,
          ...cpuCells(`${mode} ${name}`),
        ),
      )
    }
  }
  if (failed > 0) console.log(`\n${failed} requests failed: the figures are worth nothing`)
}

function cpuCells(key: string): string[] {
  return (cpu.get(key) ?? []).map((used) => used.toFixed(2))
}

function sorted(list: readonly number[] = []): number[] {
  return [...list].sort((a, b) => a - b)
}

function ms(value: number): string {
  return value.toFixed(2)
}

function row(first: string, ...cells: (string | number)[]): string {
  return first.padEnd(20) + cells.map((cell) => String(cell).padStart(9)).join('')
}
