import { LUA_PARTS } from './lua-parts.ts'
import { LuaScript } from './lua-script.ts'

/**
 * Takes a request out of every quota at once, or none.
 * Reply: allowed (1 or 0), the limit that refused or '', ms until it may be tried again (-1 next day, -2 next month),
 * tokens and requests of the last minute, tokens of the day with what is held, ms until the tokens of this request and
 * until one request have left the window.
 */
export const RESERVE = new LuaScript(`${LUA_PARTS}
local day, month, held, amounts, rate, budget = unpack(KEYS)
local id, now, expires = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local tokens, usd, pico = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local function limit(i) return tonumber(ARGV[i]) end
local perDay, perMinute, requestsPerMinute, concurrent = limit(7), limit(8), limit(9), limit(10)
local dayUsd, dayPico, monthUsd, monthPico = limit(11), limit(12), limit(13), limit(14)
local budgets, budgetTtl = ARGV[15], ARGV[16]

for _, late in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', int(now), 'LIMIT', 0, 1000)) do
  drop(held, amounts, late)
end
-- A later pass of the same request (a failover inside APISIX) takes the place of its own first one.
local ownTokens, ownUsd, ownPico, ownMadeMs = 0, 0, 0, nil
local own = redis.call('HGET', amounts, id)
if own then
  local t, u, p, m = string.match(own, '^(%d+) (%d+) (%d+) (%d+)$')
  ownTokens, ownUsd, ownPico, ownMadeMs = tonumber(t), tonumber(u), tonumber(p), tonumber(m)
end
local ownRequests = own and 1 or 0

local lastMinute, requests, newest = windowTotals(rate, now)
local heldTokens = tonumber(redis.call('HGET', amounts, '#tokens') or 0) - ownTokens
local heldUsd, heldPico = money(amounts, '#cost')
heldUsd, heldPico = heldUsd - ownUsd, heldPico - ownPico
if heldPico < 0 then heldUsd, heldPico = heldUsd - 1, heldPico + PICO end
local usedToday = tonumber(redis.call('HGET', day, 'total_t') or 0) + heldTokens
local ownInWindow = own and math.floor(ownMadeMs / 1000) > newest - SLOTS
if ownInWindow then
  lastMinute = lastMinute - ownTokens
  requests = requests - 1
end

local exceeded, retry = '', 0
if concurrent and redis.call('ZCARD', held) - ownRequests + 1 > concurrent then
  exceeded, retry = 'concurrent_requests', 1000
elseif requestsPerMinute and requests + 1 > requestsPerMinute then
  exceeded, retry = 'requests_per_minute', msUntilFree(rate, newest, now, 'r', requests + 1 - requestsPerMinute)
elseif perMinute and lastMinute + tokens > perMinute then
  exceeded, retry = 'tokens_per_minute', msUntilFree(rate, newest, now, 't', lastMinute + tokens - perMinute)
elseif perDay and usedToday + tokens > perDay then
  exceeded, retry = 'tokens_per_day', -1
end
if exceeded == '' and dayUsd then
  local spentUsd, spentPico = plus(heldUsd, heldPico, usd, pico)
  local u, p = money(day, 'cost')
  spentUsd, spentPico = plus(spentUsd, spentPico, u, p)
  if isMore(spentUsd, spentPico, dayUsd, dayPico) then exceeded, retry = 'usd_per_day', -1 end
end
if exceeded == '' and monthUsd then
  local spentUsd, spentPico = plus(heldUsd, heldPico, usd, pico)
  local u, p = money(month, 'cost')
  spentUsd, spentPico = plus(spentUsd, spentPico, u, p)
  if isMore(spentUsd, spentPico, monthUsd, monthPico) then exceeded, retry = 'usd_per_month', -2 end
end

local justHeld = 0
if exceeded == '' then
  if own then
    drop(held, amounts, id)
    if ownInWindow then addToWindow(rate, now, ownMadeMs, -ownTokens, -1) end
  end
  redis.call('ZADD', held, int(expires), id)
  redis.call('HSET', amounts, id, int(tokens) .. ' ' .. int(usd) .. ' ' .. int(pico) .. ' ' .. int(now))
  redis.call('HINCRBY', amounts, '#tokens', int(tokens))
  addMoney(amounts, '#cost', usd, pico)
  local keepMs = expires - now + 60000
  if redis.call('PTTL', held) < keepMs then
    redis.call('PEXPIRE', held, int(keepMs))
    redis.call('PEXPIRE', amounts, int(keepMs))
  elseif redis.call('PTTL', amounts) < 0 then
    redis.call('PEXPIRE', amounts, redis.call('PTTL', held))
  end
  addToWindow(rate, now, now, tokens, 1)
  lastMinute, requests, usedToday, justHeld = lastMinute + tokens, requests + 1, usedToday + tokens, tokens
end
if budgets ~= '' and redis.call('GET', budget) ~= budgets then
  redis.call('SET', budget, budgets, 'EX', budgetTtl)
end

local tokensReset, requestsReset = 0, 0
if perMinute then tokensReset = msUntilFree(rate, newest, now, 't', math.max(1, justHeld)) end
if requestsPerMinute then requestsReset = msUntilFree(rate, newest, now, 'r', 1) end
return { exceeded == '' and 1 or 0, exceeded, retry, lastMinute, requests, usedToday, tokensReset, requestsReset }
`)

/** Keys: held, amounts, rate. Arguments: request id, now. */
export const RELEASE = new LuaScript(`${LUA_PARTS}
local held, amounts, rate = unpack(KEYS)
local tokens, madeMs = drop(held, amounts, ARGV[1])
if not tokens then return 0 end
addToWindow(rate, tonumber(ARGV[2]), madeMs, -tokens, -1)
return 1
`)
