import { type Money, parseScaled } from './money.ts'
import { compileNamePattern, type NamePattern } from './name-pattern.ts'
import type { PriceEntry, RatesJson } from './price-file.ts'

/** Money for one token of each kind. Every kind has a price: what the list leaves out costs as the schema says. */
export interface Rates {
  readonly input: Money
  readonly cachedInput: Money
  readonly cacheWrite: Money
  readonly output: Money
  readonly reasoning: Money
  readonly audioInput: Money
  readonly audioOutput: Money
}

export interface Price {
  readonly currency: string
  readonly rates: Rates
  /** Highest threshold first. */
  readonly tiers: readonly { readonly abovePromptTokens: number; readonly rates: Rates }[]
  readonly source: string
}

/** A price with the conditions under which it holds, for one model pattern. */
export interface PriceRule {
  readonly provider: NamePattern
  /** As the entry writes it; `*` without one. */
  readonly providerPattern: string
  readonly model: NamePattern
  readonly hasHours: boolean
  readonly validFromMs: number
  holdsAt(at: Date): boolean
  readonly price: Price
}

/** Price per million tokens times 1e6 is Money (1e-12) per token. */
const PRICE_DECIMALS = 6
const MINUTES_PER_DAY = 24 * 60

/** One rule for each model pattern of an entry that fits the schema; `problems` says what is wrong beyond that. */
export function compileEntry(entry: PriceEntry): { rules: PriceRule[]; problems: string[] } {
  const validFromMs = Date.parse(entry.valid_from)
  const validToMs = entry.valid_to === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.valid_to)
  const thresholds = (entry.tiers ?? []).map((tier) => tier.above_prompt_tokens)
  const problems: string[] = []
  if (!isRealDate(entry.valid_from)) problems.push('/valid_from: no such date')
  if (entry.valid_to !== undefined && !isRealDate(entry.valid_to)) problems.push('/valid_to: no such date')
  if (validToMs <= validFromMs) problems.push('/valid_to: must be after valid_from')
  if (new Set(thresholds).size < thresholds.length) problems.push('/tiers: two tiers have the same threshold')
  const spans = (entry.hours?.utc ?? []).map(parseSpan)
  if (spans.some(([start, end]) => end <= start)) problems.push('/hours/utc: a span must end after it starts')
  const weekdays = entry.hours?.weekdays
  const provider = compileNamePattern(entry.provider ?? '*')
  const price = compilePrice(entry)
  const holdsAt = (at: Date): boolean => {
    const ms = at.getTime()
    if (!(ms >= validFromMs && ms < validToMs)) return false
    if (entry.hours === undefined) return true
    if (weekdays !== undefined && !weekdays.includes(at.getUTCDay() || 7)) return false
    const minute = at.getUTCHours() * 60 + at.getUTCMinutes()
    return spans.some(([start, end]) => minute >= start && minute < end)
  }
  const hasHours = entry.hours !== undefined
  const rules = entry.models.map((model) => ({
    provider,
    providerPattern: entry.provider ?? '*',
    model: compileNamePattern(model),
    hasHours,
    validFromMs,
    holdsAt,
    price,
  }))
  return { rules, problems }
}

function compilePrice(entry: PriceEntry): Price {
  const tiers = (entry.tiers ?? []).map((tier) => ({
    abovePromptTokens: tier.above_prompt_tokens,
    rates: compileRates(tier.per_million),
  }))
  return {
    currency: entry.currency,
    rates: compileRates(entry.per_million),
    tiers: tiers.sort((a, b) => b.abovePromptTokens - a.abovePromptTokens),
    source: entry.source,
  }
}

function compileRates(json: RatesJson): Rates {
  const perToken = (text: string) => parseScaled(text, PRICE_DECIMALS)
  return {
    input: perToken(json.input),
    cachedInput: perToken(json.cached_input ?? json.input),
    cacheWrite: perToken(json.cache_write ?? json.input),
    output: perToken(json.output),
    reasoning: perToken(json.reasoning ?? json.output),
    audioInput: perToken(json.audio_input ?? json.input),
    audioOutput: perToken(json.audio_output ?? json.output),
  }
}

/** `2026-02-30` parses in some forms and not in others; it is a date in none. */
function isRealDate(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.replace('Z', ''))
}

function parseSpan(text: string): [startMinute: number, endMinute: number] {
  const [start = '', end = ''] = text.split('-')
  return [minuteOfDay(start), minuteOfDay(end)]
}

function minuteOfDay(text: string): number {
  const [hours = '0', minutes = '0'] = text.split(':')
  return Math.min(MINUTES_PER_DAY, Number(hours) * 60 + Number(minutes))
}
