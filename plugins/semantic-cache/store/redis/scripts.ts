import { Script } from './script.ts'

/**
 * The books of a scope: KEYS are the sorted sets by use and by expiry, the bytes, the totals of all scopes. Entries
 * expire by themselves, so the books are put right by whoever writes, and by the sweep.
 */
const BOOKS = `
local used, expires, bytes, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function int(n) return string.format('%.0f', n) end
local function strike(key)
  local size = redis.call('HGET', bytes, key)
  redis.call('ZREM', used, key)
  redis.call('ZREM', expires, key)
  if not size then return end
  redis.call('HDEL', bytes, key)
  redis.call('HINCRBY', bytes, '', int(-tonumber(size)))
  redis.call('HINCRBY', totals, 'bytes', int(-tonumber(size)))
  redis.call('HINCRBY', totals, 'entries', -1)
end
local function strikeExpired(now, limit)
  local gone = redis.call('ZRANGE', expires, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  for _, key in ipairs(gone) do strike(key) end
  return #gone
end
`

/** Entries that one write may push out: bounds the time that Redis is held. */
const MAX_EVICTIONS = 100

/**
 * One entry with all that belongs to it. KEYS further: entry, meta, scopes, claim. ARGV: scope id, key, now,
 * expiry, bytes, limits (entries, bytes), prefixes of entries and metas, scope, then field counts and fields of both.
 * Reply: entries that were pushed out.
 */
export const PUT = new Script(`${BOOKS}
local entry, meta, scopes, claim = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local scopeId, key, now, expiresMs, size = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local maxEntries, maxBytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local entryPrefix, metaPrefix, scope = ARGV[8], ARGV[9], ARGV[10]
local entryFields = tonumber(ARGV[11])

strikeExpired(now, ${MAX_EVICTIONS})
strike(key)
local evicted = 0
while evicted < ${MAX_EVICTIONS} do
  local sum = tonumber(redis.call('HGET', bytes, '') or 0)
  if redis.call('ZCARD', used) < maxEntries and sum + size <= maxBytes then break end
  local oldest = redis.call('ZRANGE', used, 0, 0)[1]
  if not oldest then break end
  redis.call('UNLINK', entryPrefix .. oldest, metaPrefix .. oldest)
  strike(oldest)
  evicted = evicted + 1
end
redis.call('DEL', entry, meta, claim)
if size > maxBytes then return evicted end
redis.call('HSET', entry, unpack(ARGV, 12, 11 + entryFields))
redis.call('HSET', meta, unpack(ARGV, 12 + entryFields))
redis.call('PEXPIREAT', entry, expiresMs)
redis.call('PEXPIREAT', meta, expiresMs)
redis.call('ZADD', used, now, key)
redis.call('ZADD', expires, expiresMs, key)
redis.call('HSET', bytes, key, int(size))
redis.call('HINCRBY', bytes, '', int(size))
redis.call('HINCRBY', totals, 'bytes', int(size))
redis.call('HINCRBY', totals, 'entries', 1)
redis.call('HSET', scopes, scopeId, scope)
-- A runner with another model will never sweep these books.
local keep = tonumber(expiresMs) - tonumber(now) + 86400000
for _, book in ipairs({ used, expires, bytes, scopes, totals }) do
  if redis.call('PTTL', book) < keep then redis.call('PEXPIRE', book, int(keep)) end
end
return evicted
`)

/** KEYS further: entry, meta. ARGV: key. Reply: 1 when the entry was there. */
export const REMOVE = new Script(`${BOOKS}
strike(ARGV[1])
return redis.call('UNLINK', KEYS[5]) + 0 * redis.call('UNLINK', KEYS[6])
`)

/** KEYS further: scopes. ARGV: now, limit, scope id. Reply: entries that were struck out. */
export const SWEEP = new Script(`${BOOKS}
local gone = strikeExpired(ARGV[1], ARGV[2])
if redis.call('ZCARD', used) == 0 then
  redis.call('DEL', used, expires, bytes)
  redis.call('HDEL', KEYS[5], ARGV[3])
end
return gone
`)

/** KEYS: meta, used. ARGV: key, times, now, similarity. An entry that has gone stays away. */
export const TOUCH = new Script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[1], 'uses', ARGV[2])
redis.call('HSET', KEYS[1], 'last_used_ms', ARGV[3])
local lowest = tonumber(redis.call('HGET', KEYS[1], 'lowest_similarity') or 1)
if tonumber(ARGV[4]) < lowest then redis.call('HSET', KEYS[1], 'lowest_similarity', ARGV[4]) end
redis.call('ZADD', KEYS[2], 'XX', ARGV[3], ARGV[1])
return 1
`)
