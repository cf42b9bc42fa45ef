#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { builtinPlugins } from '../plugins/index.ts'
import { RunnerError } from './errors.ts'
import { checkPluginSettings, importPlugins } from './open-plugins.ts'
import { startSingle } from './process/single.ts'
import { startSupervisor } from './process/supervisor.ts'
import { socketPath } from './rpc/listener.ts'
import { createLog } from './services/log.ts'
import { loadSettings } from './settings/load.ts'
import { printSettings } from './settings/print.ts'
import type { Settings } from './settings/schema.ts'

const HELP = `llm-runner: external plugin runner for Apache APISIX

  llm-runner [--settings FILE] [--listen unix:/path.sock] [--workers N] [--log-level LEVEL]
  llm-runner --print-settings    all settings, of the plugins too, with their defaults, as YAML
  llm-runner --check             read the settings, say what is wrong, start nothing
  llm-runner --help

Settings come from FILE (default: LLM_RUNNER_SETTINGS, else ./llm-runner.yaml if it is there), then from
LLM_RUNNER_<SECTION>_<KEY> variables, then from flags. APISIX_LISTEN_ADDRESS and APISIX_CONF_EXPIRE_TIME are
understood as APISIX sets them. SIGTERM drains, SIGHUP opens the log file anew and reloads log.level, body limits and
deadlines.call_ms.
`
/** APISIX sends SIGKILL about a second after SIGTERM to a runner that it spawned. */
const SPAWNED_DRAIN_MS = 800

const OPTIONS = {
  settings: { type: 'string' },
  listen: { type: 'string' },
  workers: { type: 'string' },
  'log-level': { type: 'string' },
  'print-settings': { type: 'boolean' },
  check: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const flags = readFlags()

if (flags.help) process.stdout.write(HELP)
else if (flags['print-settings']) process.stdout.write(printSettings(builtinPlugins))
else await run().catch(fail)

async function run(): Promise<void> {
  const settings = readSettings()
  if (flags.check) {
    socketPath(settings.listen)
    checkPluginSettings([...builtinPlugins, ...(await importPlugins(settings.extra_plugins))], settings)
    process.stdout.write('settings are valid\n')
    return
  }
  const logging = createLog({ level: settings.log.level, file: settings.log.file })
  const { log } = logging
  const start = settings.workers > 0 ? startSupervisor : startSingle
  const running = await start(settings, logging)
  log.info({ listen: settings.listen, usage_port: running.usagePort, workers: settings.workers }, 'ready')

  const spawnedByApisix = process.env.APISIX_LISTEN_ADDRESS !== undefined
  const drainMs = spawnedByApisix
    ? Math.min(SPAWNED_DRAIN_MS, settings.deadlines.drain_ms)
    : settings.deadlines.drain_ms
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal, drain_ms: drainMs }, 'draining')
    // Whatever a plugin's close waits for, the process ends.
    setTimeout(() => process.exit(1), drainMs + (spawnedByApisix ? 100 : 10_000)).unref()
    await running.stop(drainMs)
    log.info({}, 'stopped')
    logging.flush()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
  process.on('SIGHUP', () => {
    try {
      running.reload(readSettings())
      log.info(
        {},
        'settings reloaded: log.level, body limits, deadlines.call_ms; the others change with a restart',
      )
    } catch (err) {
      log.error({ err }, 'settings not reloaded, the old ones stay')
    }
  })
}

function readFlags() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    process.stderr.write(`llm-runner: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

function readSettings(): Settings {
  const fallback = existsSync('llm-runner.yaml') ? 'llm-runner.yaml' : undefined
  return loadSettings({
    file: flags.settings ?? process.env.LLM_RUNNER_SETTINGS ?? fallback,
    env: process.env,
    flags: {
      ...(flags.listen === undefined ? {} : { listen: flags.listen }),
      ...(flags.workers === undefined ? {} : { workers: Number(flags.workers) }),
      ...(flags['log-level'] === undefined ? {} : { log: { level: flags['log-level'] } }),
    },
  })
}

function fail(error: unknown): never {
  const lines =
    error instanceof RunnerError ? [error.message, causeOf(error)] : [String((error as Error).stack ?? error)]
  process.stderr.write(`llm-runner: ${lines.filter(Boolean).join('\n  ')}\n`)
  process.exit(1)
}

/** Most messages say their cause already. */
function causeOf({ cause, message }: RunnerError): string | undefined {
  return cause instanceof Error && !message.includes(cause.message) ? `because: ${cause.message}` : undefined
}
