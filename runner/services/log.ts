import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import pino, { type Logger } from 'pino'
import { toRunnerError } from '../errors.ts'

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** undefined: standard output. */
  readonly file: string | undefined
}

export interface ReopenableLog {
  readonly log: Logger
  /** After a log rotation. */
  reopen(): void
  flush(): void
}

/** Names under which a credential could travel; pino replaces them wherever an object with one is logged. */
const SECRET_PATHS = ['authorization', 'apikey', 'api_key', 'key', 'password', 'secret', 'token'].flatMap(
  (name) => [name, `*.${name}`],
)

/** @throws RunnerError SETTINGS_INVALID when the file cannot be written: pino would go on and say nothing. */
export function createLog(settings: LogSettings): ReopenableLog {
  if (settings.file !== undefined) requireWritable(settings.file)
  const file = pino.destination({ dest: settings.file ?? 1, mkdir: true, sync: false, minLength: 0 })
  const log = pino(
    {
      level: settings.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    file,
  )
  return {
    log,
    reopen: () => {
      if (settings.file !== undefined) file.reopen()
    },
    flush: () => {
      try {
        file.flushSync()
      } catch {
        // The destination was never ready, so nothing was buffered either.
      }
    },
  }
}

function requireWritable(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    closeSync(openSync(file, 'a'))
  } catch (cause) {
    throw toRunnerError(cause, 'SETTINGS_INVALID', 'settings: /log/file')
  }
}

/** Code, message and the chain of causes; stacks only for what the runner did not name. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? { code: error.code } : {}
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  const stack = error.name === 'RunnerError' || error.cause !== undefined ? {} : { stack: error.stack }
  return { name: error.name, ...code, message: error.message, ...cause, ...stack }
}
