import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { CacheEntry } from '../cache-store.ts'

const PLAIN = 0
const DEFLATED = 1
/** Shorter texts do not get shorter. */
const WORTH_IT = 256
/** Beyond it the event loop would be held for milliseconds. */
const ASYNC_FROM = 32_768
/** No answer that was accepted can be longer, whatever the bytes in Redis say. */
const MAX_BYTES = 8 << 20

const deflateAsync = promisify(deflateRaw)

/** Everything of an entry but its vector, compressed. */
export async function pack(entry: CacheEntry): Promise<Buffer> {
  const json = Buffer.from(JSON.stringify(entry))
  if (json.length < WORTH_IT) return tagged(PLAIN, json)
  return tagged(DEFLATED, json.length < ASYNC_FROM ? deflateRawSync(json) : await deflateAsync(json))
}

/** undefined: not an entry of this version, damaged, or larger than any entry can be. */
export function unpack(packed: Buffer): CacheEntry | undefined {
  try {
    const body = packed.subarray(1)
    if (packed[0] === PLAIN) return entryOf(body)
    if (packed[0] === DEFLATED) return entryOf(inflateRawSync(body, { maxOutputLength: MAX_BYTES }))
    return undefined
  } catch {
    return undefined
  }
}

function entryOf(json: Buffer): CacheEntry | undefined {
  const entry = JSON.parse(json.toString('utf8')) as Partial<CacheEntry> | null
  const whole =
    typeof entry?.scope === 'string' && typeof entry.storedMs === 'number' && Array.isArray(entry.choices)
  return whole ? (entry as CacheEntry) : undefined
}

function tagged(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), body])
}
