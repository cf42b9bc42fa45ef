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
  'score',
] as const

export type RejectReason = (typeof REJECT_REASONS)[number]

export interface Rejection {
  accept: false
  reason: RejectReason
  /** Which kind of difference decided, never the words themselves: they may be a user's secret. */
  detail?: string
}

export type Verdict = { accept: true; score?: number } | Rejection

export interface VerifyOptions {
  /** Cosine similarity of the two embeddings, if known; it sharpens the last step. */
  similarity?: number
  /** Longest text that is read at all, in UTF-16 units. */
  maxChars?: number
  /** What the learned score of the last step must reach, 0..1. Higher is safer. */
  minScore?: number
}
