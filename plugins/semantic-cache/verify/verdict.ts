/** Why a candidate's answer must not be served for the query; goes into metrics and the debug header. */
export const REJECT_REASONS = [
  'too_long',
  'empty',
  'language',
  'length',
  'question',
  'number',
  'date',
  'negation',
  'antonym',
  'code',
  'url',
  'identifier',
  'name',
  'reference',
  'direction',
  'order',
  'content',
] as const

export type RejectReason = (typeof REJECT_REASONS)[number]

export interface Rejection {
  accept: false
  reason: RejectReason
  /** Which kind of difference decided, never the words themselves: they may be a user's secret. */
  detail?: string
}

export type Verdict = { accept: true } | Rejection

export interface VerifyOptions {
  /**
   * Cosine similarity of the two embeddings. No rule uses it: on the pairs measured it says nothing beyond the
   * threshold the candidate has already passed.
   */
  similarity?: number
  /** Longest text that is read at all, in UTF-16 units. */
  maxChars?: number
}
