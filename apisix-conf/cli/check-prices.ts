import { readFileSync } from 'node:fs'
import { PriceTable } from '../../plugins/token-metering/cost/price-table.ts'
import { recordOf } from '../../runner/llm/json.ts'
import type { ChainItem } from './chains.ts'
import { targetsOf } from './check-router.ts'
import type { Problem } from './resource.ts'

const PRICES = new URL(
  import.meta.url.endsWith('.ts') ? '../../schemas/prices.json' : '../../../schemas/prices.json',
  import.meta.url,
)

/** Models that llm-router sends requests to and that the built-in price table does not know: their cost would be null. */
export function checkPrices(items: readonly ChainItem[], prices: PriceTable = builtinPrices()): Problem[] {
  const now = new Date()
  return items
    .filter(({ plugin }) => plugin === 'llm-router')
    .flatMap((item) =>
      targetsOf(item.conf).flatMap(({ pointer, provider, model }) => {
        if (typeof provider !== 'string' || typeof model !== 'string') return []
        const sent = modelSent(item, provider, model)
        if (prices.priceOf(provider, sent, now)) return []
        const message = `schemas/prices.json has no price for ${sent} of ${provider}: its cost will be null`
        return [{ level: 'warning' as const, ...item.locate(`${pointer}/model`), message }]
      }),
    )
}

/** The name under which the provider, and so the bill, knows the model. */
function modelSent({ conf }: ChainItem, provider: string, model: string): string {
  const { aliases, models } = recordOf(recordOf(conf.providers)[provider])
  const named = recordOf(aliases)[model] ?? recordOf(recordOf(models)[model]).name
  return typeof named === 'string' ? named : model
}

let table: PriceTable | undefined
function builtinPrices(): PriceTable {
  table ??= PriceTable.parse(JSON.parse(readFileSync(PRICES, 'utf8')))
  return table
}
