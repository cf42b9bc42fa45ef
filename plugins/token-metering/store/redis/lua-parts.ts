/**
 * Functions that the scripts share. Lua counts in doubles, which are exact up to 2^53: token counts stay below that,
 * and money is a pair of whole dollars and 1e-12 dollars (0 to 999999999999), added with a carry and compared as a pair.
 * Numbers are formatted with %.0f because tostring writes 1e+12.
 */
export const LUA_PARTS = `
local PICO = 1000000000000
local SLOTS = 61

local function int(n) return string.format('%.0f', n) end

local function addMoney(key, name, usd, pico)
  if usd == 0 and pico == 0 then return end
  local whole = usd
  local rest = redis.call('HINCRBY', key, name .. '_pico', int(pico))
  if rest >= PICO then
    redis.call('HINCRBY', key, name .. '_pico', int(-PICO))
    whole = whole + 1
  elseif rest < 0 then
    redis.call('HINCRBY', key, name .. '_pico', int(PICO))
    whole = whole - 1
  end
  if whole ~= 0 then redis.call('HINCRBY', key, name .. '_usd', int(whole)) end
end

local function money(key, name)
  local pair = redis.call('HMGET', key, name .. '_usd', name .. '_pico')
  return tonumber(pair[1] or 0), tonumber(pair[2] or 0)
end

local function plus(usd, pico, moreUsd, morePico)
  usd = usd + moreUsd
  pico = pico + morePico
  if pico >= PICO then return usd + 1, pico - PICO end
  return usd, pico
end

local function isMore(usd, pico, thanUsd, thanPico)
  return usd > thanUsd or (usd == thanUsd and pico > thanPico)
end

-- The window: a hash with tokens (t) and requests (r) of each of the last 61 seconds, their sums (T, R) and the newest
-- second (n). 61, because a second that has only begun to leave still counts.
local function advance(key, now)
  local second = math.floor(now / 1000)
  local newest = tonumber(redis.call('HGET', key, 'n'))
  if not newest then return second end
  if second <= newest then return newest end
  if second - newest >= SLOTS then
    redis.call('DEL', key)
    return second
  end
  local fields = {}
  for s = newest + 1, second do
    fields[#fields + 1] = 't' .. int(s % SLOTS)
    fields[#fields + 1] = 'r' .. int(s % SLOTS)
  end
  local values = redis.call('HMGET', key, unpack(fields))
  local tokens, requests = 0, 0
  for i = 1, #values, 2 do
    tokens = tokens + tonumber(values[i] or 0)
    requests = requests + tonumber(values[i + 1] or 0)
  end
  redis.call('HDEL', key, unpack(fields))
  if tokens ~= 0 then redis.call('HINCRBY', key, 'T', int(-tokens)) end
  if requests ~= 0 then redis.call('HINCRBY', key, 'R', int(-requests)) end
  redis.call('HSET', key, 'n', int(second))
  return second
end

local function addToWindow(key, now, thenMs, tokens, requests)
  if tokens == 0 and requests == 0 then return end
  local newest = advance(key, now)
  local second = math.floor(thenMs / 1000)
  if second > newest then second = newest end
  if second <= newest - SLOTS then return end
  redis.call('HSET', key, 'n', int(newest))
  if tokens ~= 0 then
    redis.call('HINCRBY', key, 't' .. int(second % SLOTS), int(tokens))
    redis.call('HINCRBY', key, 'T', int(tokens))
  end
  if requests ~= 0 then
    redis.call('HINCRBY', key, 'r' .. int(second % SLOTS), int(requests))
    redis.call('HINCRBY', key, 'R', int(requests))
  end
  redis.call('PEXPIRE', key, 120000)
end

local function windowTotals(key, now)
  local newest = advance(key, now)
  local sums = redis.call('HMGET', key, 'T', 'R')
  return tonumber(sums[1] or 0), tonumber(sums[2] or 0), newest
end

-- Milliseconds until the amount has left the window.
local function msUntilFree(key, newest, now, kind, amount)
  local fields = {}
  for age = SLOTS - 1, 0, -1 do fields[#fields + 1] = kind .. int((newest - age) % SLOTS) end
  local values = redis.call('HMGET', key, unpack(fields))
  local freed = 0
  for i = 1, SLOTS do
    freed = freed + tonumber(values[i] or 0)
    if freed >= amount then return (newest - (SLOTS - i) + SLOTS) * 1000 - now end
  end
  return SLOTS * 1000
end

-- Takes a reservation away. Gives its tokens and the time it was made, or nil.
local function drop(held, amounts, id)
  local value = redis.call('HGET', amounts, id)
  if not value then return nil end
  redis.call('HDEL', amounts, id)
  redis.call('ZREM', held, id)
  local tokens, usd, pico, madeMs = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
  if redis.call('ZCARD', held) == 0 then
    redis.call('DEL', amounts)
  else
    redis.call('HINCRBY', amounts, '#tokens', '-' .. tokens)
    addMoney(amounts, '#cost', -tonumber(usd), -tonumber(pico))
  end
  return tonumber(tokens), tonumber(madeMs)
end
`
