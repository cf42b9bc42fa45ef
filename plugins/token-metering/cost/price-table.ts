import { Ajv, type ErrorObject } from 'ajv'
import { RunnerError } from '../../../runner/plugin.ts'
import { compileEntry, type Price, type PriceRule } from './price.ts'
import { type PriceFile, PriceFileSchema } from './price-file.ts'

const validate = new Ajv({ allErrors: true, strict: true }).compile<PriceFile>(PriceFileSchema)

const MAX_KNOWN = 1000
const MAX_KNOWN_LENGTH = 300

/**
 * What each model costs at each moment. Overrides are looked at first, all of them before any entry of the file.
 * Among the entries that match, an exact model name beats a pattern, a longer pattern a shorter one, a named provider
 * any provider, an entry for hours of the day one for the whole day, and the latest valid_from the earlier ones.
 */
export class PriceTable {
  readonly #rules: readonly PriceRule[]
  /** What matches a provider and a model, at whatever time: every request asks, and clients may write any name. */
  readonly #known = new Map<string, readonly PriceRule[]>()

  private constructor(rules: readonly PriceRule[]) {
    this.#rules = rules
  }

  /**
   * @param json content of a price file
   * @param overrides entries of the same form, from the settings
   * @throws RunnerError SETTINGS_INVALID with every problem and its path
   */
  static parse(json: unknown, overrides: unknown = []): PriceTable {
    const file = compileFile(json, '')
    const override = compileFile({ prices: overrides }, 'overrides')
    const problems = [...file.problems, ...override.problems]
    if (problems.length > 0) throw new RunnerError('SETTINGS_INVALID', `prices: ${problems.join('; ')}`)
    return new PriceTable([...override.rules, ...file.rules])
  }

  /**
   * Undefined when nothing matches: an unknown model is not free. Case of names does not matter. Where the provider is
   * not known ('', a route without the router) a model has the price of the one provider that the table has it from;
   * when several sell it there is none.
   */
  priceOf(provider: string, model: string, at: Date): Price | undefined {
    for (const rule of this.#rulesOf(provider, model)) if (rule.holdsAt(at)) return rule.price
    return undefined
  }

  #rulesOf(provider: string, model: string): readonly PriceRule[] {
    const names = `${provider}\n${model}`
    const known = this.#known.get(names)
    if (known) return known
    const providerName = provider.toLowerCase()
    const modelName = model.toLowerCase()
    const ofModel = this.#rules.filter((rule) => rule.model.matches(modelName))
    const matching = ofModel.filter((rule) => rule.provider.matches(providerName))
    const rules = provider === '' && matching.length === 0 ? ofOnlyProvider(ofModel) : matching
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    if (names.length <= MAX_KNOWN_LENGTH) this.#known.set(names, rules)
    return rules
  }
}

/** Patterns that take any model say nothing of who makes this one. */
function ofOnlyProvider(rules: readonly PriceRule[]): readonly PriceRule[] {
  const naming = rules.filter((rule) => rule.model.literalLength > 0)
  return new Set(naming.map((rule) => rule.providerPattern)).size === 1 ? naming : []
}

function compileFile(json: unknown, prefix: string): { rules: PriceRule[]; problems: string[] } {
  if (!validate(json)) {
    return { rules: [], problems: (validate.errors ?? []).map((error) => describe(error, prefix)) }
  }
  const compiled = json.prices.map(compileEntry)
  const problems = compiled.flatMap((entry, i) =>
    entry.problems.map((text) => `${prefix}/prices/${i}${text}`),
  )
  const rules = compiled.flatMap((entry) => entry.rules)
  return { rules: problems.length > 0 ? [] : rules.sort(bySpecificity), problems }
}

function bySpecificity(a: PriceRule, b: PriceRule): number {
  return (
    Number(b.model.isExact) - Number(a.model.isExact) ||
    b.model.literalLength - a.model.literalLength ||
    b.provider.literalLength - a.provider.literalLength ||
    Number(b.provider.isExact) - Number(a.provider.isExact) ||
    Number(b.hasHours) - Number(a.hasHours) ||
    b.validFromMs - a.validFromMs
  )
}

function describe(error: ErrorObject, prefix: string): string {
  const detail = error.keyword === 'additionalProperties' ? ` "${error.params.additionalProperty}"` : ''
  return `${prefix}${error.instancePath || '/'}: ${error.message ?? error.keyword}${detail}`
}
