import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { LuaScript } from '../store/redis/lua-script.ts'
import type { Backlog, Outbox, OutboxBatch } from './outbox.ts'

export interface RedisOutboxOptions {
  readonly stream: string
  readonly lock: string
  /** Name of the sink: each has a consumer group of its own. */
  readonly group: string
  /** All sinks of the stream: nothing leaves it before each of them has it. */
  readonly groups: readonly string[]
  /** Field of a stream entry that holds the record. */
  readonly field: 'e' | 'a'
  readonly lockMs: number
}

/** Takes the lock or keeps it. Reply: 2 taken anew, 1 kept, 0 another has it. */
const LOCK = new LuaScript(`
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
if holder then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 2
`)

const UNLOCK = new LuaScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

/**
 * Marks entries as done for one group, then drops what is done for all groups, unless a group has not been made yet.
 * Arguments: the group, how many groups follow, the groups, the entries.
 */
const DONE = new LuaScript(`
local stream, group, groups = KEYS[1], ARGV[1], tonumber(ARGV[2])
local missing = {}
for i = 3, 2 + groups do missing[ARGV[i]] = true end
for i = 3 + groups, #ARGV, 500 do
  redis.call('XACK', stream, group, unpack(ARGV, i, math.min(i + 499, #ARGV)))
end
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local minMs, minSeq
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local of = {}
  for i = 1, #info, 2 do of[info[i]] = info[i + 1] end
  missing[of['name']] = nil
  local ms, seq
  if of['pending'] > 0 then
    ms, seq = parts(redis.call('XPENDING', stream, of['name'], '-', '+', 1)[1][1])
  else
    ms, seq = parts(of['last-delivered-id'])
    seq = seq + 1
  end
  if not minMs or ms < minMs or (ms == minMs and seq < minSeq) then minMs, minSeq = ms, seq end
end
if not minMs or next(missing) then return 0 end
return redis.call('XTRIM', stream, 'MINID', string.format('%.0f-%.0f', minMs, minSeq))
`)

type Entry = [id: string, fields: string[] | null]

/**
 * A stream of Redis. One relay at a time works on it, the one with the lock, so the order is kept and records rarely go
 * out twice; when it dies the lock expires and the next one begins with what was taken and not done.
 */
export class RedisOutbox implements Outbox {
  readonly name: string
  readonly #redis: Redis
  readonly #options: RedisOutboxOptions
  readonly #me = randomUUID()
  #renewal: NodeJS.Timeout | undefined
  #groupKnown = false
  /** Entries may have been taken, by us or by a relay before us, and not done. */
  #leftOver = true

  constructor(redis: Redis, options: RedisOutboxOptions) {
    this.#redis = redis
    this.#options = options
    this.name = options.stream
  }

  async take(max: number): Promise<OutboxBatch | undefined> {
    const locked = await this.#lock()
    if (locked === 0) return undefined
    if (locked === 2) this.#leftOver = true
    await this.#ensureGroup()
    const entries = await this.#entries(max).catch((error: Error) => {
      if (error.message.startsWith('NOGROUP')) this.#groupKnown = false
      throw error
    })
    if (entries.length === 0) return undefined
    // Until this batch is done, another look begins with it.
    this.#leftOver = true
    this.#keepLock()
    const { stream, group, groups, field } = this.#options
    return {
      records: entries.flatMap(([, fields]) => {
        const at = fields?.indexOf(field) ?? -1
        return at === -1 || !fields ? [] : [fields[at + 1] ?? '']
      }),
      done: async () => {
        await DONE.run(this.#redis, {
          keys: [stream],
          args: [group, groups.length, ...groups, ...entries.map(([id]) => id)],
        })
        this.#leftOver = entries.length === max
      },
    }
  }

  async backlog(): Promise<Backlog> {
    const { stream } = this.#options
    const [records, oldest] = await Promise.all([
      this.#redis.xlen(stream),
      this.#redis.xrange(stream, '-', '+', 'COUNT', 1),
    ])
    const id = oldest[0]?.[0]
    return { records, oldestMs: id === undefined ? undefined : Number(id.split('-')[0]) }
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal)
    await UNLOCK.run(this.#redis, { keys: [this.#options.lock], args: [this.#me] }).catch(() => {})
  }

  async #lock(): Promise<number> {
    const { lock, lockMs } = this.#options
    return Number(await LOCK.run(this.#redis, { keys: [lock], args: [this.#me, lockMs] }))
  }

  /** A slow sink must not cost the lock. */
  #keepLock(): void {
    if (this.#renewal) return
    const { lock, lockMs } = this.#options
    this.#renewal = setInterval(() => {
      void LOCK.run(this.#redis, { keys: [lock], args: [this.#me, lockMs] }).catch(() => {})
    }, lockMs / 3)
    this.#renewal.unref()
  }

  async #entries(max: number): Promise<Entry[]> {
    const { stream, group } = this.#options
    if (this.#leftOver) {
      const reply = await this.#redis.xautoclaim(stream, group, this.#me, 0, '0-0', 'COUNT', max)
      const claimed = reply[1] as Entry[]
      if (claimed.length > 0) return claimed
      this.#leftOver = false
    }
    const reply = (await this.#redis.xreadgroup(
      'GROUP',
      group,
      this.#me,
      'COUNT',
      max,
      'STREAMS',
      stream,
      '>',
    )) as [string, Entry[]][] | null
    return reply?.[0]?.[1] ?? []
  }

  async #ensureGroup(): Promise<void> {
    if (this.#groupKnown) return
    const { stream, group } = this.#options
    await this.#redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch((error: Error) => {
      if (!error.message.startsWith('BUSYGROUP')) throw error
    })
    this.#groupKnown = true
  }
}
