import type { RequestRecords } from '../records/index.ts'
import { MemoryRequestRecords } from '../records/memory.ts'
import { RedisRequestRecords } from '../records/redis.ts'
import type { Log, Metrics, Services } from '../services/index.ts'
import { Journal } from '../services/journal.ts'
import { connectRedis } from '../services/redis.ts'
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
): Promise<ProcessServices> {
  const redis = settings.redis ? connectRedis(settings.redis, log) : undefined
  const records: RequestRecords = redis
    ? new RedisRequestRecords(redis, settings.redis?.key_prefix ?? '')
    : await share('request-records', () => new MemoryRequestRecords(settings.limits.max_request_records))
  return {
    records,
    servicesOf: (plugin) => ({
      log: log.child({ plugin }),
      clock: { now: Date.now },
      metrics,
      redis,
      dataDir: settings.data_dir,
      openJournal: async (name, maxBytes, replay) => {
        if (settings.data_dir === undefined) return undefined
        return Journal.open({ dir: settings.data_dir, name, maxBytes }, replay, (segment, line) => {
          log.error({ segment, line }, 'journal record is corrupt and was skipped')
        })
      },
      env: process.env,
      share: (name, create) => share(`${plugin}/${name}`, create),
    }),
    close: async () => {
      redis?.disconnect()
    },
  }
}
