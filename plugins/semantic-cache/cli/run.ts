import type { AdminReply } from '../../../runner/plugin.ts'
import { askRedis, askRunner } from './backend.ts'
import { EXIT, type ExitCode, HELP, readOptions, UsageError } from './options.ts'
import { formatReply } from './table.ts'

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
}

/** The whole program but for the process. Never throws. */
export async function runCli(args: readonly string[], { env, out, err }: CliContext): Promise<ExitCode> {
  try {
    const options = readOptions(args, env)
    if (!options) {
      out(HELP)
      return EXIT.ok
    }
    const reply = await (options.redisUrl === undefined ? askRunner(options) : askRedis(options))
    if (reply.status === 200) {
      out(options.format === 'json' ? `${JSON.stringify(reply.json, null, 2)}\n` : formatReply(reply.json))
      return EXIT.ok
    }
    err(`${errorOf(reply)}\n`)
    if (reply.status === 400) return EXIT.usage
    return reply.status === 404 && options.path.length > 1 ? EXIT.missing : EXIT.unreachable
  } catch (error) {
    err(`${(error as Error).message}\n`)
    if (error instanceof UsageError) {
      err('--help says more\n')
      return EXIT.usage
    }
    return EXIT.unreachable
  }
}

function errorOf({ status, json }: AdminReply): string {
  const error = (json as { error?: unknown }).error
  return typeof error === 'string' ? error : `the runner answered ${status}`
}
