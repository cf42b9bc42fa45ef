import { LUA_PARTS } from './lua-parts.ts'
import { LuaScript } from './lua-script.ts'

/**
 * Takes a request out of every quota at once, or none.
 * Reply: allowed (1 or 0), the limit that refused or '', ms until it may be tried again (-1 next day, -2 next month),
 * tokens and requests of the last minute, tokens of the day with what is held, ms until the window is empty.
 */
export const RESERVE = new LuaScript(`${LUA_PARTS}
local day, month, held, amounts, rate, budget = unpack(KEYS)
local id, budgets = ARGV[1], ARGV[3]
-- An absent limit is no number.
local n, count = {}, 0
for number in string.gmatch(ARGV[2], '%S+') do
  count = count + 1
  n[count] = tonumber(number)
end
local now, expires, tokens, usd, pico, budgetTtl = n[1], n[2], n[3], n[4], n[5], n[6]
local perDay, perMinute, requestsPerMinute, concurrent = n[7], n[8], n[9], n[10]
local dayUsd, dayPico, monthUsd, monthPico = n[11], n[12], n[13], n[14]

for _, late in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now, 'LIMIT', 0, 1000)) do
  dropOwn(openHeld(held, amounts, late))
end
-- A later pass of the same request (a failover inside APISIX) takes the place of its own first one.
local h = openHeld(held, amounts, id)
local own = h.own
local today = redis.call('HMGET', ours(day), 'total_t', 'cost_usd', 'cost_pico')
local usedToday = tonumber(today[1] or 0) + h.tokens
local w = openWindow(rate, now)
local lastMinute, requests = w.tokens, w.requests
local ownInWindow = own and own.madeMs + WINDOW_MS > now
if ownInWindow then
  lastMinute, requests = lastMinute - own.tokens, requests - 1
end
local heldUsd, heldPico = plus(h.usd, h.pico, usd, pico)

local exceeded, retry = '', 0
if concurrent and redis.call('ZCARD', held) - (own and 1 or 0) + 1 > concurrent then
  exceeded, retry = 'concurrent_requests', 1000
elseif requestsPerMinute and requests + 1 > requestsPerMinute then
  exceeded, retry = 'requests_per_minute', msUntilFree(w, 'r', requests + 1 - requestsPerMinute)
elseif perMinute and lastMinute + tokens > perMinute then
  exceeded, retry = 'tokens_per_minute', msUntilFree(w, 't', lastMinute + tokens - perMinute)
elseif perDay and usedToday + tokens > perDay then
  exceeded, retry = 'tokens_per_day', -1
end
if exceeded == '' and dayUsd then
  local spentUsd, spentPico = plus(heldUsd, heldPico, tonumber(today[2] or 0), tonumber(today[3] or 0))
  if isMore(spentUsd, spentPico, dayUsd, dayPico) then exceeded, retry = 'usd_per_day', -1 end
end
if exceeded == '' and monthUsd then
  local sums = redis.call('HMGET', ours(month), 'cost_usd', 'cost_pico')
  local spentUsd, spentPico = plus(heldUsd, heldPico, tonumber(sums[1] or 0), tonumber(sums[2] or 0))
  if isMore(spentUsd, spentPico, monthUsd, monthPico) then exceeded, retry = 'usd_per_month', -2 end
end

if exceeded == '' then
  redis.call('ZADD', held, expires, id)
  redis.call('HSET', amounts, id, int(tokens) .. ' ' .. int(usd) .. ' ' .. int(pico) .. ' ' .. int(now),
    '#tokens', h.tokens + tokens, '#cost_usd', heldUsd, '#cost_pico', heldPico)
  -- Longer than needed, so that not every request has to prolong it.
  local keepMs = expires - now + 60000
  if redis.call('PTTL', held) < keepMs or redis.call('PTTL', amounts) < keepMs then
    redis.call('PEXPIRE', held, keepMs + 300000)
    redis.call('PEXPIRE', amounts, keepMs + 300000)
  end
  if ownInWindow then addToWindow(w, own.madeMs, -own.tokens, -1) end
  addToWindow(w, now, tokens, 1)
  usedToday = usedToday + tokens
elseif own then
  -- Refused or not, the first pass still holds what it holds.
  usedToday = usedToday + own.tokens
end
if budgets ~= '' and redis.call('GET', budget) ~= budgets then
  redis.call('SET', budget, budgets, 'EX', budgetTtl)
end
return { exceeded == '' and 1 or 0, exceeded, retry, w.tokens, w.requests, usedToday,
  math.max(0, w.last + WINDOW_MS - now) }
`)

/** Keys: held, amounts, rate. Arguments: request id, now. */
export const RELEASE = new LuaScript(`${LUA_PARTS}
local held, amounts, rate = unpack(KEYS)
local h = openHeld(held, amounts, ARGV[1])
if not h.own then return 0 end
dropOwn(h)
addToWindow(openWindow(rate, tonumber(ARGV[2])), h.own.madeMs, -h.own.tokens, -1)
return 1
`)
