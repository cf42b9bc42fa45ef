/** Every script takes the time from Redis: the clocks of the instances do not matter. */
const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** KEYS: the hash of breakers. ARGV: fields. Gives the time and each field's value, '' when there is none. */
export const READ_BREAKERS = `${NOW}
local reply = { now }
for i = 1, #ARGV do
  reply[i + 1] = redis.call('HGET', KEYS[1], ARGV[i]) or ''
end
return reply`

/**
 * KEYS: the hash of breakers. ARGV: its time to live, then field, value before ('' for none), value after. Writes the
 * fields that still have the value before and gives 1 or 0 for each.
 */
export const SWAP_BREAKERS = `
local reply = {}
for i = 2, #ARGV, 3 do
  local current = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if current == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    reply[#reply + 1] = 1
  else
    reply[#reply + 1] = 0
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return reply`

/**
 * KEYS: requests in flight and ends that came early, of one provider, by expiry. ARGV: the two times to live, then
 * 'begin' or 'end' and a request id, in turn.
 */
export const CHANGE_IN_FLIGHT = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
for i = 3, #ARGV, 2 do
  local id = ARGV[i + 1]
  if ARGV[i] == 'begin' then
    if redis.call('ZREM', KEYS[2], id) == 0 then
      redis.call('ZADD', KEYS[1], now + ARGV[1], id)
    end
  elseif redis.call('ZREM', KEYS[1], id) == 0 then
    redis.call('ZADD', KEYS[2], now + ARGV[2], id)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 0`

/** KEYS: the hash of breakers, then the requests in flight of each provider. Gives time, the hash, the counts. */
export const SNAPSHOT = `${NOW}
local counts = {}
for i = 2, #KEYS do
  counts[i - 1] = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf')
end
return { now, redis.call('HGETALL', KEYS[1]), counts }`
