import { noteKey } from '../../runner/plugin.ts'
import type { BypassReason } from './eligible.ts'

/** What the cache did: read by token-metering (money saved) and by the cache's own observer (what to store). */
export type CacheNote =
  | {
      readonly result: 'hit'
      readonly layer: 'exact' | 'semantic'
      readonly similarity: number
      readonly model: string
      readonly saved_prompt_tokens: number
      readonly saved_completion_tokens: number
    }
  | {
      readonly result: 'miss'
      readonly scope: string
      readonly key: string
      readonly context: string
      readonly ttl_s: number
      readonly max_answer_bytes: number
      /** false: the query is too long or the route wants exact matches only. */
      readonly semantic: boolean
      /** Others wait for this request's answer. */
      readonly leads?: true
      /** There was a hit; it is to be compared with the live answer. */
      readonly shadow?: ShadowedHit
    }
  | { readonly result: 'bypass'; readonly reason: BypassReason }

export const cacheNote = noteKey<CacheNote>('semantic-cache')

export interface ShadowedHit {
  readonly layer: 'exact' | 'semantic'
  readonly similarity: number
  /** Of the entry, in the same scope. */
  readonly key: string
}
