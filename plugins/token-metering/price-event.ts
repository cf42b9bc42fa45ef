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

/** Fills in what the wire did not say: estimated tokens, cost, money saved. */
export async function priceEvent(
  observation: Observation,
  parts: PricingParts,
): Promise<Partial<UsageFields>> {
  const { event, notes } = observation
  const note = readNote(notes, meteringNote)
  const cache = readNote(notes, cacheNote)
  const tokens = await tokenFields(observation, parts)
  const counted: UsageEvent = { ...event, ...tokens }
  return {
    ...tokens,
    ...parts.pricer.cost(counted),
    tier: event.tier ?? note?.tier ?? null,
    cache: cache?.result ?? null,
    cache_similarity: cache?.result === 'hit' ? cache.similarity : null,
    saved_usd: cache?.result === 'hit' ? parts.pricer.saved(counted, cache) : null,
  }
}

/** The provider's own numbers stand; a call that failed before any output, or never happened, used nothing. */
async function tokenFields(
  observation: Observation,
  { counter, ratios }: PricingParts,
): Promise<Partial<UsageFields>> {
  const { event, answer, notes } = observation
  if (event.usage_source === 'provider') {
    ratios.learn(event)
    return {}
  }
  const called = event.outcome !== 'served' && event.outcome !== 'refused'
  if (!called || event.status >= 400) return {}
  const promptTokens =
    readNote(notes, meteringNote)?.prompt_tokens ?? (await promptTokensOf(observation, counter))
  const text = (answer?.choices ?? []).map((choice) => `${choice.reasoning ?? ''}${choice.content}`).join('')
  const fromText = text !== ''
  const completionTokens = fromText
    ? (await counter.count(text, encodingForModel(event.model ?? '').encoding)).tokens
    : ratios.tokens(event)
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
