import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { CachedChoice, CacheEntry } from '../cache-store.ts'

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
  return isEntry(entry) ? entry : undefined
}

const TEXTS = ['scope', 'key', 'context', 'query', 'model'] as const
const NUMBERS = ['promptTokens', 'completionTokens', 'storedMs', 'expiresMs'] as const

/** Another version, or another program, may have written it. */
function isEntry(entry: Partial<CacheEntry> | null): entry is CacheEntry {
  return (
    entry !== null &&
    TEXTS.every((name) => typeof entry[name] === 'string') &&
    NUMBERS.every((name) => Number.isFinite(entry[name])) &&
    Array.isArray(entry.choices) &&
    entry.choices.length > 0 &&
    entry.choices.every(isChoice)
  )
}

function isChoice(choice: Partial<CachedChoice> | null): boolean {
  return (
    typeof choice?.content === 'string' &&
    typeof choice.finishReason === 'string' &&
    Number.isInteger(choice.index) &&
    (choice.reasoning === undefined || typeof choice.reasoning === 'string')
  )
}

function tagged(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), body])
}
