import { readFileSync } from 'node:fs'
import { RunnerError } from '../../runner/plugin.ts'
import { type Calendar, calendarIn } from './calendar.ts'
import { ExchangeRates } from './cost/exchange.ts'
import { PriceTable } from './cost/price-table.ts'
import type { MeteringSettings } from './settings.ts'

/** What the settings say beyond their schema: days, prices and exchange rates. */
export interface Tariff {
  readonly calendar: Calendar
  readonly prices: PriceTable
  readonly rates: ExchangeRates
}

/** The built package has its code one folder deeper than the sources. */
const BUILTIN_PRICES = new URL(
  import.meta.url.endsWith('.ts') ? '../../schemas/prices.json' : '../../../schemas/prices.json',
  import.meta.url,
)

/** @throws RunnerError SETTINGS_INVALID naming every problem with its setting. */
export function readTariff(settings: MeteringSettings): Tariff {
  const problems: string[] = []
  const read = <T>(setting: string, value: () => T): T | undefined => {
    try {
      return value()
    } catch (error) {
      problems.push(`/${setting}: ${(error as Error).message}`)
      return undefined
    }
  }
  const calendar = read('time_zone', () => calendarIn(settings.time_zone))
  const file = read('price_file', () => readPrices(settings.price_file))
  const prices = file && read('prices', () => PriceTable.parse(file.json, settings.price_overrides))
  const rates = read('usd_per_unit', () => new ExchangeRates(settings.usd_per_unit))
  if (calendar && prices && rates) return { calendar, prices, rates }
  throw new RunnerError('SETTINGS_INVALID', problems.join('; '))
}

function readPrices(file: string | undefined): { json: unknown } {
  return { json: JSON.parse(readFileSync(file ?? BUILTIN_PRICES, 'utf8')) }
}
