import { type Observation, readNote, type UsageEvent, type UsageFields } from '../../runner/plugin.ts'
import { cacheNote } from '../semantic-cache/note.ts'
import type { ByteRatios } from './byte-ratios.ts'
import { countPrompt } from './count-prompt.ts'
import { meteringNote } from './note.ts'
import type { EventPricer } from './pricer.ts'
import { encodingForModel } from './tokens/model-encoding.ts'
import type { TokenCounter } from './tokens/token-counter.ts'

export interface PricingParts {
  readonly counter: TokenCounter
  readonly ratios: ByteRatios
  readonly pricer: EventPricer
}

/** Fills in what the wire did not say: estimated tokens, cost, money saved. At once where the provider told the tokens. */
export function priceEvent(
  observation: Observation,
  parts: PricingParts,
): Partial<UsageFields> | Promise<Partial<UsageFields>> {
  const { event } = observation
  if (event.usage_source === 'provider') {
    parts.ratios.learn(event)
    return priced(observation, {}, parts.pricer)
  }
  // A call that failed before any output, or never happened, used nothing.
  const called = event.outcome !== 'served' && event.outcome !== 'refused'
  if (!called || event.status >= 400) return priced(observation, {}, parts.pricer)
  return estimated(observation, parts).then((tokens) => priced(observation, tokens, parts.pricer))
}

function priced(
  { event, notes }: Observation,
  tokens: Partial<UsageFields>,
  pricer: EventPricer,
): Partial<UsageFields> {
  const note = readNote(notes, meteringNote)
  const cache = readNote(notes, cacheNote)
  const counted: UsageEvent = { ...event, ...tokens }
  return {
    ...tokens,
    ...pricer.cost(counted),
    tier: event.tier ?? note?.tier ?? null,
    cache: cache?.result ?? null,
    cache_similarity: cache?.result === 'hit' ? cache.similarity : null,
    saved_usd: cache?.result === 'hit' ? pricer.saved(counted, cache) : null,
  }
}

async function estimated(
  observation: Observation,
  { counter, ratios }: PricingParts,
): Promise<Partial<UsageFields>> {
  const { event, answer, notes } = observation
  // Of a stream that broke off the provider may have told one side: that is no estimate.
  const promptTokens =
    event.prompt_t ||
    (readNote(notes, meteringNote)?.prompt_tokens ?? (await promptTokensOf(observation, counter)))
  const text = (answer?.choices ?? []).map((choice) => `${choice.reasoning ?? ''}${choice.content}`).join('')
  const fromText = text !== ''
  const completionTokens =
    event.completion_t ||
    (fromText
      ? (await counter.count(text, encodingForModel(event.model ?? '').encoding)).tokens
      : ratios.tokens(event))
  return {
    prompt_t: promptTokens,
    completion_t: completionTokens,
    total_t: promptTokens + completionTokens,
    usage_source: fromText ? 'tokenizer' : 'bytes',
    usage_estimated: true,
  }
}

async function promptTokensOf(
  { endpoint, requestJson }: Observation,
  counter: TokenCounter,
): Promise<number> {
  if (!endpoint || !requestJson) return 0
  return (await countPrompt(endpoint, requestJson, counter)).tokens
}
