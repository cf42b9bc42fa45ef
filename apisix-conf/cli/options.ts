import { parseArgs } from 'node:util'

export const HELP = `apisix-conf: brings the files of a conf folder into APISIX through its Admin API

  apply  [NAME...] [--dry-run]     create and update what differs, in the order of dependency
  diff   [NAME...]                 show what apply would change
  check                            look for everything that is wrong in the files; needs no server and no secrets
  export [--out DIR]               write what APISIX has as files, secrets as \${VARIABLES}; to stdout without --out
  delete [NAME...] (--yes | --dry-run)     delete the objects of the files, in the opposite order
  attach ROUTE [--config ID] [--dry-run]   add the plugins of plugin_configs/ID (default llm) to a route in APISIX
  detach ROUTE [--dry-run]                 take them off again and leave the rest of the route as it was

  NAME is kind/id, such as routes/llm-models; without one, everything is meant.
  --dir DIR      the conf folder (default: the one that this program is in)
  --timeout S    seconds that one request to the Admin API may take (default 10)
  --help

Environment: APISIX_ADMIN_URL (default http://127.0.0.1:9180), APISIX_ADMIN_KEY, and the variables that the files name
as \${NAME} or \${NAME:-default}. References inside the confs of the runner's plugins are left as they are: the runner
resolves them from its own environment.

Exit codes: 0 done, nothing to do; 1 the files are wrong, or export would overwrite one; 2 the command is wrong; 3 the Admin API refused or could not be
reached; 4 diff found differences; 5 attach refused, the route has plugins of its own in those places.
`

export const EXIT = { ok: 0, files: 1, usage: 2, admin: 3, differs: 4, conflict: 5 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const COMMANDS = ['apply', 'diff', 'check', 'export', 'delete', 'attach', 'detach'] as const
type Command = (typeof COMMANDS)[number]

export interface Options {
  readonly command: Command
  /** What follows the command. */
  readonly names: readonly string[]
  readonly dir: string
  readonly dryRun: boolean
  readonly yes: boolean
  readonly out: string | undefined
  readonly config: string
  readonly timeoutMs: number
  readonly adminUrl: string
  readonly adminKey: string | undefined
}

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** undefined: --help. @throws UsageError */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaultDir: string,
): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [command, ...names] = positionals
  const known = COMMANDS.find((one) => one === command)
  if (!known) throw new UsageError(command === undefined ? 'no command' : `unknown command "${command}"`)
  const one = known === 'attach' || known === 'detach'
  if (one && names.length !== 1) throw new UsageError(`${known} needs the id of one route`)
  if ((known === 'check' || known === 'export') && names.length > 0)
    throw new UsageError(`${known} takes no names`)
  const seconds = Number(values.timeout ?? 10)
  if (!(seconds > 0 && seconds <= 600)) throw new UsageError('--timeout must be seconds, up to 600')
  return {
    command: known,
    names,
    dir: values.dir ?? defaultDir,
    dryRun: values['dry-run'] ?? false,
    yes: values.yes ?? false,
    out: values.out,
    config: values.config ?? 'llm',
    timeoutMs: seconds * 1000,
    adminUrl: adminUrl(env.APISIX_ADMIN_URL || 'http://127.0.0.1:9180'),
    adminKey: env.APISIX_ADMIN_KEY || undefined,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        out: { type: 'string' },
        config: { type: 'string' },
        timeout: { type: 'string' },
        'dry-run': { type: 'boolean' },
        yes: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function adminUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new UsageError('APISIX_ADMIN_URL is no URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError('APISIX_ADMIN_URL must be http(s)')
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/apisix\/admin$/, '')}`
}
