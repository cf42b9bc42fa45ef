import { recordOf } from '../../runner/llm/json.ts'
import type { ChainItem } from './chains.ts'
import type { Problem } from './resource.ts'

/** Consumers in a tier that token-metering has no limits for: a typing error there is a tenant without limits. */
export function checkTiers(items: readonly ChainItem[]): Problem[] {
  return items
    .filter(({ plugin, conf }) => plugin === 'token-metering' && Object.keys(recordOf(conf.tiers)).length > 0)
    .flatMap(({ conf, locate }) => {
      const { default_tier: byDefault = 'basic', consumers, tiers } = conf
      const used: [pointer: string, tier: unknown][] = [
        ['/default_tier', byDefault],
        ...Object.entries(recordOf(consumers)).map(([name, tier]): [string, unknown] => [
          `/consumers/${name}`,
          tier,
        ]),
      ]
      return used.flatMap(([pointer, tier]) => {
        if (typeof tier !== 'string' || Object.hasOwn(recordOf(tiers), tier)) return []
        const message = `tier "${tier}" has no limits in token-metering; if that is meant, name it there with {}`
        return [{ level: 'warning' as const, ...locate(pointer), message }]
      })
    })
}
