import type { Log } from '../../../../runner/plugin.ts'
import type { CacheKeys } from './keys.ts'
import type { SearchCommands } from './search-commands.ts'
import { type ContextSize, SearchPlan } from './search-plan.ts'

export interface Found {
  readonly distance: number
  readonly packed: Buffer
}

/** RediSearch is not loaded: asked again after so long. */
const ABSENT_PAUSE_MS = 60_000
const HNSW = ['TYPE', 'FLOAT32', 'DISTANCE_METRIC', 'COSINE', 'M', '16', 'EF_CONSTRUCTION', '200']

/**
 * The HNSW index over the vectors of one embedding identity. It is made when it is missing, whoever comes first, and
 * Redis fills it from the entries that are there; after a flush the next search makes it anew.
 */
export class VectorIndex {
  readonly #definition: readonly string[]
  readonly #name: string
  readonly #send: SearchCommands
  readonly #now: () => number
  readonly #log: Log
  readonly #plan: SearchPlan
  #making: Promise<void> | undefined
  #absentUntil = 0
  #isAbsenceKnown = false

  constructor(
    send: SearchCommands,
    keys: CacheKeys,
    options: { dimensions: number; now: () => number; log: Log; slowSearchMs?: number },
  ) {
    this.#send = send
    const vector = [...HNSW, 'DIM', String(options.dimensions)]
    this.#definition = [
      ...['ON', 'HASH', 'PREFIX', '1', keys.entryPrefix, 'STOPWORDS', '0'],
      ...['SCHEMA', 't', 'TAG', 'CASESENSITIVE', 'v', 'VECTOR', 'HNSW', String(vector.length), ...vector],
    ]
    this.#name = keys.index(this.#definition.join(' '))
    this.#now = options.now
    this.#log = options.log
    this.#plan = new SearchPlan({
      dimensions: options.dimensions,
      slowMs: options.slowSearchMs,
      count: (tag) => this.#count(tag),
      now: () => performance.now(),
    })
  }

  get name(): string {
    return this.#name
  }

  /** Nearest first. @throws Error of Redis */
  async search(tag: string, vector: Buffer, count: number, timeoutMs: number): Promise<readonly Found[]> {
    if (this.#now() < this.#absentUntil) return []
    try {
      const startedAt = performance.now()
      const found = foundIn(await this.#send.buffer(this.#query(tag, vector, count, timeoutMs)))
      this.#plan.took(tag, performance.now() - startedAt)
      return found
    } catch (error) {
      if (isUnknownCommand(error)) {
        this.#absent()
        return []
      }
      if (!isNoIndex(error)) throw error
      await this.ensure()
      return []
    }
  }

  /** Makes the index unless it is there. */
  ensure(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async drop(): Promise<void> {
    await this.#send.buffer(['FT.DROPINDEX', this.#name]).catch((error: unknown) => {
      if (!isNoIndex(error)) throw error
    })
  }

  async #make(): Promise<void> {
    try {
      await this.#send.buffer(['FT.CREATE', this.#name, ...this.#definition])
    } catch (error) {
      if (isUnknownCommand(error)) this.#absent()
      else if (!messageOf(error).includes('already exists')) throw error
    }
  }

  #absent(): void {
    this.#absentUntil = this.#now() + ABSENT_PAUSE_MS
    if (this.#isAbsenceKnown) return
    this.#isAbsenceKnown = true
    this.#log.warn({}, 'this Redis has no RediSearch: the cache matches exactly only')
  }

  async #count(tag: string): Promise<ContextSize> {
    const count = async (query: string) => {
      const reply = await this.#send.text(['FT.SEARCH', this.#name, query, 'LIMIT', '0', '0', 'DIALECT', '2'])
      return Number(Array.isArray(reply) ? reply[0] : 0)
    }
    return { context: await count(`@t:{${tag}}`), index: await count('*') }
  }

  #query(tag: string, vector: Buffer, count: number, timeoutMs: number): (string | Buffer)[] {
    const size = String(count)
    return [
      ...['FT.SEARCH', this.#name, `(@t:{${tag}})=>[KNN ${size} @v $q ${this.#plan.attributesOf(tag)} AS n]`],
      ...['PARAMS', '2', 'q', vector],
      ...['RETURN', '2', 'n', 'd', 'SORTBY', 'n', 'LIMIT', '0', size],
      ...['TIMEOUT', String(timeoutMs), 'DIALECT', '2'],
    ]
  }
}

/** `[total, key, [field, value, ...], ...]` */
function foundIn(reply: unknown): Found[] {
  const found: Found[] = []
  if (!Array.isArray(reply)) return found
  for (let i = 2; i < reply.length; i += 2) {
    const fields: unknown = reply[i]
    if (!Array.isArray(fields)) continue
    const at = (name: string): unknown => {
      for (let j = 0; j + 1 < fields.length; j += 2) if (String(fields[j]) === name) return fields[j + 1]
      return undefined
    }
    const packed = at('d')
    const distance = Number(String(at('n')))
    if (Buffer.isBuffer(packed) && Number.isFinite(distance)) found.push({ distance, packed })
  }
  return found
}

function isNoIndex(error: unknown): boolean {
  return /no such index|unknown index/i.test(messageOf(error))
}

function isUnknownCommand(error: unknown): boolean {
  return /unknown (?:redis )?command/i.test(messageOf(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
