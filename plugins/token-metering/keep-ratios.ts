import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Services } from '../../runner/plugin.ts'
import type { ByteRatios } from './byte-ratios.ts'
import { UsageKeys } from './store/redis/keys.ts'

const SAVE_EVERY_MS = 30_000

/**
 * Keeps the learned ratios in Redis, else in `data_dir`, so that a restart does not forget them. With several runners
 * the last one to save wins: they see the same models.
 */
export async function keepRatios(
  ratios: ByteRatios,
  services: Services,
): Promise<{ close(): Promise<void> }> {
  const { role, log } = services
  const place = placeOf(services)
  if (role === 'requests' || !place) return { close: async () => {} }
  await place.load().then(
    (dumped) => ratios.load(dumped),
    (err) => log.warn({ err }, 'learned byte ratios not read; estimates begin anew'),
  )
  const save = async () => {
    if (!ratios.takeChange()) return
    await place.save(ratios.dump()).catch((err) => log.warn({ err }, 'learned byte ratios not kept'))
  }
  const timer = setInterval(() => void save(), SAVE_EVERY_MS)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await save()
    },
  }
}

interface Place {
  load(): Promise<Record<string, unknown>>
  save(dumped: Record<string, string>): Promise<void>
}

function placeOf({ redis, redisKeys, dataDir }: Services): Place | undefined {
  if (redis) {
    const key = new UsageKeys(redisKeys).byteRatios()
    return {
      load: () => redis.hgetall(key),
      save: async (dumped) => {
        await redis.hset(key, dumped)
      },
    }
  }
  if (dataDir === undefined) return undefined
  const file = join(dataDir, 'byte-ratios.json')
  return {
    load: async () => {
      const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return '{}'
        throw cause
      })
      return JSON.parse(text) as Record<string, unknown>
    },
    save: async (dumped) => {
      await writeFile(`${file}.new`, JSON.stringify(dumped), { mode: 0o600 })
      await rename(`${file}.new`, file)
    },
  }
}
