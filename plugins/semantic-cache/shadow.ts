import type { Observation } from '../../runner/plugin.ts'
import type { CacheEntry } from './store/cache-store.ts'

/** `gone`: the entry expired meanwhile. `no_answer`: the live call brought none that could be compared. */
export type ShadowResult = 'equal' | 'similar' | 'different' | 'gone' | 'no_answer'

export interface ShadowComparison {
  readonly result: ShadowResult
  /** 0 to 1; undefined when there was nothing to compare. */
  readonly similarity: number | undefined
}

/** From here two answers say about the same; models seldom choose the same words twice. */
const SIMILAR_FROM = 0.5
const MAX_CHARS = 20_000

/** What would have been served against what was answered. */
export function compareWithLive(
  stored: CacheEntry | undefined,
  { event, answer }: Observation,
): ShadowComparison {
  if (!stored) return { result: 'gone', similarity: undefined }
  const live = answer?.choices[0]?.content
  if (event.outcome !== 'completed' || !answer?.complete || !live) {
    return { result: 'no_answer', similarity: undefined }
  }
  const similarity = textSimilarity(stored.choices[0]?.content ?? '', live)
  const result = similarity === 1 ? 'equal' : similarity >= SIMILAR_FROM ? 'similar' : 'different'
  return { result, similarity }
}

/**
 * Dice's coefficient of the character pairs of both texts, case, width, space and punctuation aside: 0 (no pair in
 * common) to 1 (the same). Linear; reads the first 20,000 characters.
 */
export function textSimilarity(a: string, b: string): number {
  const left = folded(a)
  const right = folded(b)
  if (left === right) return 1
  const pairs = new Map<string, number>()
  for (let i = 0; i + 1 < left.length; i++) {
    const pair = left.slice(i, i + 2)
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  let common = 0
  for (let i = 0; i + 1 < right.length; i++) {
    const pair = right.slice(i, i + 2)
    const left = pairs.get(pair) ?? 0
    if (left === 0) continue
    common++
    pairs.set(pair, left - 1)
  }
  const total = Math.max(0, left.length - 1) + Math.max(0, right.length - 1)
  // 1 is for equal texts alone.
  return total === 0 ? 0 : Math.min(0.9999, (2 * common) / total)
}

function folded(text: string): string {
  return text
    .slice(0, MAX_CHARS)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}\p{Cf}]+/gu, '')
}
