/**
 * Functions that the scripts share. Lua counts in doubles, which are exact up to 2^53: token counts stay below that,
 * and money is a pair of whole dollars and 1e-12 dollars (0 to 999999999999), added with a carry and compared as a pair.
 * Numbers that are joined to text become text with %.0f, because Lua itself writes 1e+14; as arguments of a call Redis
 * writes them whole.
 *
 * Where a script decides by what it reads, it reads all it needs of a key at once and writes all it changed at once.
 * Counters are better increased one by one: reading and writing 22 fields costs twice as much as 14 HINCRBY.
 */
export const LUA_PARTS = `
local PICO = 1000000000000
local WINDOW_MS = 60000
local SLOTS = 61

-- Gateways that counted before us kept strings under the names of our totals (INCRBY token_usage:<consumer>:<day>). They
-- are kept, under another name: an error in the middle of a script would leave an event half counted.
local function ours(key)
  local length = redis.pcall('HLEN', key)
  if type(length) == 'table' then redis.call('RENAME', key, key .. ':not-ours') end
  return key
end

local function int(n) return string.format('%.0f', n) end

local function plus(usd, pico, moreUsd, morePico)
  usd = usd + moreUsd
  pico = pico + morePico
  if pico >= PICO then return usd + 1, pico - PICO end
  if pico < 0 then return usd - 1, pico + PICO end
  return usd, pico
end

local function isMore(usd, pico, thanUsd, thanPico)
  return usd > thanUsd or (usd == thanUsd and pico > thanPico)
end

-- The window: a hash with tokens (t), requests (r) and the newest time (m) of each of the last 61 seconds, their sums
-- (T, R), the newest second (n) and the last time of all (l). A second leaves 60 s after the newest thing in it; the
-- oldest of the 61 is the one that is leaving.
local function openWindow(key, now)
  local second = math.floor(now / 1000)
  local leaving, current = (second + 1) % SLOTS, second % SLOTS
  local v = redis.call('HMGET', key, 'n', 'T', 'R', 'l', 'm' .. leaving, 't' .. leaving, 'r' .. leaving,
    'm' .. current, 't' .. current, 'r' .. current)
  local w = { key = key, now = now, newest = tonumber(v[1] or second), tokens = tonumber(v[2] or 0),
    requests = tonumber(v[3] or 0), last = tonumber(v[4] or 0), slot = current, slotMs = tonumber(v[8] or 0),
    slotTokens = tonumber(v[9] or 0), slotRequests = tonumber(v[10] or 0) }
  if second - w.newest >= SLOTS then
    redis.call('DEL', key)
    w.newest, w.tokens, w.requests, w.last = second, 0, 0, 0
    w.slotMs, w.slotTokens, w.slotRequests = 0, 0, 0
    return w
  end
  local gone = {}
  if v[5] and tonumber(v[5]) + WINDOW_MS <= now then
    w.tokens, w.requests = w.tokens - tonumber(v[6] or 0), w.requests - tonumber(v[7] or 0)
    gone = { 'm' .. leaving, 't' .. leaving, 'r' .. leaving }
  end
  if second > w.newest then
    local fields = {}
    for s = w.newest + 1, second do
      local slot = s % SLOTS
      fields[#fields + 1] = 't' .. slot
      fields[#fields + 1] = 'r' .. slot
      gone[#gone + 1] = 'm' .. slot
    end
    local values = redis.call('HMGET', key, unpack(fields))
    for i = 1, #values, 2 do
      w.tokens, w.requests = w.tokens - tonumber(values[i] or 0), w.requests - tonumber(values[i + 1] or 0)
      gone[#gone + 1] = fields[i]
      gone[#gone + 1] = fields[i + 1]
    end
    w.newest = second
    w.slotMs, w.slotTokens, w.slotRequests = 0, 0, 0
  end
  if #gone > 0 then
    redis.call('HDEL', key, unpack(gone))
    redis.call('HSET', key, 'n', w.newest, 'T', w.tokens, 'R', w.requests)
  end
  return w
end

-- What is too old to matter is ignored.
local function addToWindow(w, thenMs, tokens, requests)
  if thenMs > w.now then thenMs = w.now end
  local second = math.floor(thenMs / 1000)
  if (tokens == 0 and requests == 0) or thenMs + WINDOW_MS <= w.now or second <= w.newest - SLOTS then return end
  local slot = second % SLOTS
  if slot ~= w.slot then
    local v = redis.call('HMGET', w.key, 'm' .. slot, 't' .. slot, 'r' .. slot)
    w.slot, w.slotMs, w.slotTokens, w.slotRequests = slot, tonumber(v[1] or 0), tonumber(v[2] or 0), tonumber(v[3] or 0)
  end
  w.tokens, w.requests = w.tokens + tokens, w.requests + requests
  w.slotTokens, w.slotRequests = w.slotTokens + tokens, w.slotRequests + requests
  w.slotMs, w.last = math.max(w.slotMs, thenMs), math.max(w.last, thenMs)
  redis.call('HSET', w.key, 'n', w.newest, 'T', w.tokens, 'R', w.requests, 'l', w.last,
    'm' .. slot, w.slotMs, 't' .. slot, w.slotTokens, 'r' .. slot, w.slotRequests)
  redis.call('PEXPIRE', w.key, 120000)
end

-- Milliseconds until the amount (of t or r) has left the window.
local function msUntilFree(w, kind, amount)
  local fields = {}
  for s = w.newest - SLOTS + 1, w.newest do
    fields[#fields + 1] = kind .. s % SLOTS
    fields[#fields + 1] = 'm' .. s % SLOTS
  end
  local values = redis.call('HMGET', w.key, unpack(fields))
  local freed = 0
  for i = 1, #values, 2 do
    freed = freed + tonumber(values[i] or 0)
    if freed >= amount then return math.max(1, tonumber(values[i + 1] or 0) + WINDOW_MS - w.now) end
  end
  return WINDOW_MS
end

-- What one consumer holds: the amounts of one request, if it has any, and the sums.
local function openHeld(held, amounts, id)
  local v = redis.call('HMGET', amounts, id, '#tokens', '#cost_usd', '#cost_pico')
  local h = { held = held, amounts = amounts, id = id, tokens = tonumber(v[2] or 0), usd = tonumber(v[3] or 0),
    pico = tonumber(v[4] or 0) }
  if v[1] then
    local t, u, p, m = string.match(v[1], '^(%d+) (%d+) (%d+) (%d+)$')
    h.own = { tokens = tonumber(t), usd = tonumber(u), pico = tonumber(p), madeMs = tonumber(m) }
    h.tokens = h.tokens - h.own.tokens
    h.usd, h.pico = plus(h.usd, h.pico, -h.own.usd, -h.own.pico)
  end
  return h
end

-- Takes the request's own reservation away; its amounts are off the sums already.
local function dropOwn(h)
  redis.call('ZREM', h.held, h.id)
  if redis.call('ZCARD', h.held) == 0 then
    redis.call('DEL', h.amounts)
  else
    redis.call('HDEL', h.amounts, h.id)
    redis.call('HSET', h.amounts, '#tokens', h.tokens, '#cost_usd', h.usd, '#cost_pico', h.pico)
  end
end
`
