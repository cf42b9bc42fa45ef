import { mkdir, realpath } from 'node:fs/promises'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { RequestRecords } from '../records/index.ts'
import { MemoryRequestRecords } from '../records/memory.ts'
import { RedisRequestRecords } from '../records/redis.ts'
import { RecordsWithFallback } from '../records/with-fallback.ts'
import { type Claim, claim } from '../services/claim.ts'
import type { Log, Metrics, Services } from '../services/index.ts'
import { Journal } from '../services/journal.ts'
import { connectKafka } from '../services/kafka.ts'
import { connectRedis, untilReady } from '../services/redis.ts'
import type { Settings } from '../settings/schema.ts'

export interface ProcessServices {
  readonly records: RequestRecords
  servicesOf(plugin: string): Services
  close(): Promise<void>
}

/** The adapters of one process. `share` decides whether embedded state is here or with the supervisor. */
export async function createServices(
  settings: Settings,
  log: Log & { child(bindings: object): Log },
  metrics: Metrics,
  share: Services['share'],
  role: Services['role'],
): Promise<ProcessServices> {
  const ownsDataDir = role === 'requests' ? undefined : await claimDataDir(settings.data_dir)
  const redis = settings.redis ? connectRedis(settings.redis, log) : undefined
  // Plugins that read at the start find it there; when it is away they open without it.
  if (redis) await untilReady(redis, settings.redis?.connect_timeout_ms ?? 0)
  const kafka = settings.kafka ? connectKafka(settings.kafka, log) : undefined
  const redisKeys = {
    prefix: settings.redis?.key_prefix ?? '',
    cluster: settings.redis?.cluster ?? false,
  }
  const own = await share<RequestRecords>(
    'request-records',
    () => new MemoryRequestRecords(settings.limits.max_request_records),
  )
  const records = redis ? new RecordsWithFallback(new RedisRequestRecords(redis, redisKeys), own) : own
  return {
    records,
    servicesOf: (plugin) => ({
      log: log.child({ plugin }),
      clock: { now: Date.now },
      metrics,
      redis,
      redisKeys,
      kafka,
      role,
      dataDir: settings.data_dir,
      openJournal: async (name, maxBytes, replay, segmentBytes) => {
        if (settings.data_dir === undefined) return undefined
        const options = { dir: settings.data_dir, name, maxBytes, ...(segmentBytes ? { segmentBytes } : {}) }
        return Journal.open(options, replay, (segment, line) => {
          log.error({ segment, line }, 'journal record is corrupt and was skipped')
        })
      },
      env: process.env,
      share: (name, create) => share(`${plugin}/${name}`, create),
    }),
    close: async () => {
      await kafka?.close()
      redis?.disconnect()
      ownsDataDir?.release()
    },
  }
}

/** For a runner before this one that has its last files to close. */
const DATA_DIR_WAIT_MS = 5_000

/** Two processes that append to the same journals would cut off what the other one has just promised to keep. */
async function claimDataDir(dataDir: string | undefined): Promise<Claim | undefined> {
  if (dataDir === undefined) return undefined
  const path = await mkdir(dataDir, { recursive: true, mode: 0o700 })
    .then(() => realpath(dataDir))
    .catch((cause) => {
      throw toRunnerError(cause, 'SETTINGS_INVALID', 'settings: /data_dir')
    })
  const own = await claim(`data_dir ${path}`, DATA_DIR_WAIT_MS)
  if (own !== 'taken') return own
  throw new RunnerError('SETTINGS_INVALID', `settings: /data_dir: another runner is working in ${path}`)
}
