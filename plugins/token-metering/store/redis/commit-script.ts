import { LUA_PARTS } from './lua-parts.ts'
import { LuaScript } from './lua-script.ts'

/** Different models with a count of their own in one hash; the rest is counted under `other`. */
const MAX_MODELS = 200

/**
 * One event: mark it as committed, count it, settle its reservation, raise alerts, put it in the outbox. All or nothing:
 * whatever could be refused (the mark, an outbox that is full) comes before the first count.
 * Reply: 1 new, 0 duplicate, -1 outbox full; then tokens, dollars and pico-dollars of the day, and of the month.
 */
export const COMMIT = new LuaScript(`${LUA_PARTS}
local committed, day, month, held, amounts, rate, events, budget, alertedDay, alertedMonth, alerts = unpack(KEYS)
local id, now, madeMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local model, outcome, json = ARGV[4], ARGV[5], ARGV[6]
local numbers = {}
for number in string.gmatch(ARGV[7], '%S+') do numbers[#numbers + 1] = tonumber(number) end
local prompt, completion, total, cached, cacheWrite, reasoning, usd, pico, savedUsd, savedPico = unpack(numbers)
local isEstimated, isUnpriced = numbers[11] == 1, numbers[12] == 1
local commitTtl, dayTtl, monthTtl, outboxMax = unpack(numbers, 13)
local thresholds, consumer, dayName, monthName = ARGV[8], ARGV[9], ARGV[10], ARGV[11]

if redis.call('EXISTS', committed) == 1 then return { 0 } end
if outboxMax > 0 and redis.call('XLEN', events) >= outboxMax then return { -1 } end
ours(day)
ours(month)
redis.call('SET', committed, now, 'EX', commitTtl)

local function add(key, field, amount)
  if amount ~= 0 then redis.call('HINCRBY', key, field, amount) end
end
local function addMoney(key, name, moreUsd, morePico)
  if morePico ~= 0 then
    local rest = redis.call('HINCRBY', key, name .. '_pico', morePico)
    if rest >= PICO then
      redis.call('HINCRBY', key, name .. '_pico', -PICO)
      moreUsd = moreUsd + 1
    end
  end
  add(key, name .. '_usd', moreUsd)
end
-- One hash of totals. Gives its tokens and its money with this event.
local function count(key, ttl)
  if redis.call('HINCRBY', key, 'requests', 1) == 1 then redis.call('EXPIRE', key, ttl) end
  add(key, 'prompt_t', prompt)
  add(key, 'completion_t', completion)
  add(key, 'total_t', total)
  add(key, 'cached_t', cached)
  add(key, 'cache_write_t', cacheWrite)
  add(key, 'reasoning_t', reasoning)
  add(key, 'outcome:' .. outcome, 1)
  if isEstimated then
    add(key, 'estimated_requests', 1)
    add(key, 'estimated_t', total)
  end
  if isUnpriced then add(key, 'unpriced_requests', 1) end
  addMoney(key, 'cost', usd, pico)
  addMoney(key, 'saved', savedUsd, savedPico)
  if model ~= '' then
    local of = 'model:' .. model .. ':'
    if redis.call('HEXISTS', key, of .. 'requests') == 0 then
      if tonumber(redis.call('HGET', key, 'models') or 0) >= ${MAX_MODELS} then
        of = 'model:other:'
      else
        add(key, 'models', 1)
      end
    end
    add(key, of .. 'requests', 1)
    add(key, of .. 'prompt_t', prompt)
    add(key, of .. 'completion_t', completion)
    add(key, of .. 'total_t', total)
    addMoney(key, of .. 'cost', usd, pico)
  end
  local sums = redis.call('HMGET', key, 'total_t', 'cost_usd', 'cost_pico')
  return tonumber(sums[1] or 0), tonumber(sums[2] or 0), tonumber(sums[3] or 0)
end
local dayTokens, dayUsd, dayPico = count(day, dayTtl)
local _, monthUsd, monthPico = count(month, monthTtl)

local h = openHeld(held, amounts, id)
local w = openWindow(rate, now)
if h.own then
  dropOwn(h)
  addToWindow(w, h.own.madeMs, total - h.own.tokens, 0)
else
  addToWindow(w, madeMs, total, 0)
end
if outboxMax > 0 then redis.call('XADD', events, '*', 'e', json) end

local function raise(alerted, ttl, member, alert)
  if redis.call('SADD', alerted, member) == 0 then return end
  redis.call('EXPIRE', alerted, ttl)
  alert.alert_id = consumer .. ':' .. alert.period .. ':' .. member
  alert.consumer = consumer
  alert.request_id = id
  alert.timestamp_ms = madeMs
  redis.call('XADD', alerts, 'MAXLEN', '~', 100000, '*', 'a', cjson.encode(alert))
end
local function percentOf(usedUsd, usedPico, ofUsd, ofPico, percent)
  -- used * 100 >= limit * percent, in pairs
  local function times(u, p, factor)
    local scaled = p * factor
    local carry = math.floor(scaled / PICO)
    return u * factor + carry, scaled - carry * PICO
  end
  local leftUsd, leftPico = times(usedUsd, usedPico, 100)
  local rightUsd, rightPico = times(ofUsd, ofPico, percent)
  return not isMore(rightUsd, rightPico, leftUsd, leftPico)
end
if thresholds ~= '' then
  if isUnpriced then
    raise(alertedDay, dayTtl, 'unpriced_model:' .. model, { kind = 'unpriced_model', model = model, period = dayName })
  end
  local budgets = redis.call('GET', budget)
  if budgets then
    local perDay, bDayUsd, bDayPico, bMonthUsd, bMonthPico = string.match(budgets, '^(%d*) (%d*) (%d*) (%d*) (%d*)$')
    for text in string.gmatch(thresholds, '%d+') do
      local percent = tonumber(text)
      local function check(alerted, ttl, limit, period, used, of)
        raise(alerted, ttl, limit .. ':' .. text,
          { kind = 'budget', limit = limit, threshold = percent, period = period, used = used, of = of })
      end
      local function decimal(u, p) return int(u) .. '.' .. string.format('%012.0f', p) end
      if perDay ~= '' and dayTokens * 100 >= tonumber(perDay) * percent then
        check(alertedDay, dayTtl, 'tokens_per_day', dayName, int(dayTokens), perDay)
      end
      local du, dp = tonumber(bDayUsd), tonumber(bDayPico)
      if du and percentOf(dayUsd, dayPico, du, dp, percent) then
        check(alertedDay, dayTtl, 'usd_per_day', dayName, decimal(dayUsd, dayPico), decimal(du, dp))
      end
      local mu, mp = tonumber(bMonthUsd), tonumber(bMonthPico)
      if mu and percentOf(monthUsd, monthPico, mu, mp, percent) then
        check(alertedMonth, monthTtl, 'usd_per_month', monthName, decimal(monthUsd, monthPico), decimal(mu, mp))
      end
    end
  end
end
return { 1, int(dayTokens), int(dayUsd), int(dayPico), int(monthUsd), int(monthPico) }
`)
