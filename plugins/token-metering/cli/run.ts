import { parseArgs } from 'node:util'
import { Ajv } from 'ajv'
import { Cluster, Redis } from 'ioredis'
import { RunnerError } from '../../../runner/plugin.ts'
import { type Tenant, TenantRepository, TenantSchema } from '../tenants/tenant.ts'
import { FORMATS, type Format, formatRows } from './format-rows.ts'
import { type UsageQuery, usageFromClickHouse, usageFromRedis } from './usage-rows.ts'

const HELP = `Usage and bills of token-metering.

  npm run usage -- (--consumer NAME | --all) (--day yyyy-mm-dd | --month yyyy-mm) [--models]
                   [--format table|json|csv] [--source redis|clickhouse]
  npm run usage -- tenant list | get NAME | delete NAME
  npm run usage -- tenant set NAME [--tier T] [--limits JSON] [--allow-model M]... [--status active|disabled]

  --redis URL        default: LLM_RUNNER_REDIS_URL, else redis://127.0.0.1:6379
  --key-prefix P     default: LLM_RUNNER_REDIS_KEY_PREFIX
  --cluster          the URL names a node of a Redis Cluster
  --clickhouse URL   default: CLICKHOUSE_URL, else http://127.0.0.1:8123; CLICKHOUSE_USER, CLICKHOUSE_PASSWORD
  --database D       default: llm

Amounts are exact. Days and months are those of the runner's time_zone.
Exit codes: 0 done, 1 a server refuses or is away, 2 wrong arguments, 3 nothing found.
`

export interface CliWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
}

const isTenant = new Ajv({ allErrors: true, strict: false }).compile<Tenant>(TenantSchema)

class WrongArguments extends Error {}

/** @returns the exit code */
export async function runCli(args: readonly string[], world: CliWorld): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    if (values.help) {
      world.out(HELP)
      return 0
    }
    if (positionals[0] === 'tenant') return await tenantCommand(positionals.slice(1), values, world)
    if (positionals.length > 0) throw new WrongArguments(`unknown command: ${positionals[0]}`)
    return await usageCommand(values, world)
  } catch (error) {
    const isWrong =
      error instanceof WrongArguments || (error as { code?: string }).code?.startsWith('ERR_PARSE')
    world.err(`${(error as Error).message}\n${isWrong ? 'See --help.\n' : ''}`)
    return isWrong ? 2 : 1
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      consumer: { type: 'string' },
      all: { type: 'boolean', default: false },
      day: { type: 'string' },
      month: { type: 'string' },
      models: { type: 'boolean', default: false },
      format: { type: 'string', default: 'table' },
      source: { type: 'string', default: 'redis' },
      tier: { type: 'string' },
      limits: { type: 'string' },
      'allow-model': { type: 'string', multiple: true },
      status: { type: 'string' },
      redis: { type: 'string' },
      'key-prefix': { type: 'string' },
      cluster: { type: 'boolean', default: false },
      clickhouse: { type: 'string' },
      database: { type: 'string', default: 'llm' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}
type Values = ReturnType<typeof parse>['values']

async function usageCommand(values: Values, world: CliWorld): Promise<number> {
  const format = FORMATS.find((name) => name === values.format)
  if (!format) throw new WrongArguments(`--format is one of ${FORMATS.join(', ')}`)
  if ((values.consumer === undefined) === !values.all) throw new WrongArguments('give --consumer or --all')
  const query: UsageQuery = { consumer: values.consumer, period: periodOf(values), byModel: values.models }
  const rows =
    values.source === 'clickhouse'
      ? await usageFromClickHouse(clickHouseOf(values, world), query)
      : values.source === 'redis'
        ? await withRedis(values, world, (redis, keySpace) => usageFromRedis(redis, keySpace, query))
        : wrong('--source is redis or clickhouse')
  world.out(formatRows(rows, format satisfies Format))
  return rows.length > 0 ? 0 : 3
}

async function tenantCommand(
  [command, name]: readonly string[],
  values: Values,
  world: CliWorld,
): Promise<number> {
  if (command !== 'list' && name === undefined)
    throw new WrongArguments(`tenant ${command ?? ''}: which one?`)
  return withRedis(values, world, async (redis, { prefix }) => {
    const tenants = new TenantRepository(redis, prefix)
    const show = (what: unknown) => world.out(`${JSON.stringify(what, undefined, 2)}\n`)
    switch (command) {
      case 'list':
        show(await tenants.list())
        return 0
      case 'get': {
        const tenant = await tenants.get(name ?? '')
        if (tenant) show(tenant)
        return tenant ? 0 : 3
      }
      case 'set': {
        const tenant = tenantOf(name ?? '', values, await tenants.get(name ?? ''))
        await tenants.set(tenant)
        show(tenant)
        return 0
      }
      case 'delete':
        return (await tenants.delete(name ?? '')) ? 0 : 3
      default:
        throw new WrongArguments(`unknown command: tenant ${command}`)
    }
  })
}

/** What is not given stays as it was. */
function tenantOf(consumer: string, values: Values, known: Tenant | undefined): Tenant {
  const tenant = {
    status: 'active',
    ...known,
    consumer,
    ...(values.tier === undefined ? {} : { tier: values.tier }),
    ...(values.limits === undefined ? {} : { limits: jsonOf(values.limits) }),
    ...(values['allow-model'] === undefined ? {} : { allowed_models: values['allow-model'] }),
    ...(values.status === undefined ? {} : { status: values.status }),
  }
  if (!isTenant(tenant)) {
    const texts = (isTenant.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
    throw new WrongArguments(`tenant: ${texts.join('; ')}`)
  }
  return tenant
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return wrong('--limits is not JSON')
  }
}

function periodOf({ day, month }: Values): string {
  if ((day === undefined) === (month === undefined)) throw new WrongArguments('give --day or --month')
  if (day !== undefined) return isDate(day) ? day : wrong('--day is yyyy-mm-dd')
  return isDate(`${month}-01`) ? String(month) : wrong('--month is yyyy-mm')
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
  )
}

function wrong(message: string): never {
  throw new WrongArguments(message)
}

function clickHouseOf(values: Values, { env }: CliWorld) {
  if (!/^\w+$/.test(values.database)) throw new WrongArguments('--database is a plain name')
  return {
    url: values.clickhouse ?? env.CLICKHOUSE_URL ?? 'http://127.0.0.1:8123',
    user: env.CLICKHOUSE_USER ?? 'default',
    password: env.CLICKHOUSE_PASSWORD ?? '',
    database: values.database,
  }
}

async function withRedis<T>(
  values: Values,
  { env }: CliWorld,
  work: (redis: Redis, keySpace: { prefix: string; cluster: boolean }) => Promise<T>,
): Promise<T> {
  const url = values.redis ?? env.LLM_RUNNER_REDIS_URL ?? 'redis://127.0.0.1:6379'
  const options = { connectTimeout: 3000, maxRetriesPerRequest: 1, retryStrategy: () => null }
  const redis = values.cluster
    ? (new Cluster([url], { redisOptions: options, clusterRetryStrategy: () => null }) as unknown as Redis)
    : new Redis(url, { ...options, lazyConnect: true })
  let cause: Error | undefined
  redis.on('error', (error: Error) => {
    cause = error
  })
  try {
    const prefix = values['key-prefix'] ?? env.LLM_RUNNER_REDIS_KEY_PREFIX ?? ''
    return await work(redis, { prefix, cluster: values.cluster })
  } catch (error) {
    if (error instanceof WrongArguments) throw error
    const message = `Redis: ${(cause ?? (error as Error)).message}`
    throw new RunnerError('STORE_UNAVAILABLE', message, { cause: error })
  } finally {
    redis.disconnect()
  }
}
