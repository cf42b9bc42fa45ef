import type { Closeness } from './closeness.ts'

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
  'grammar',
  'direction',
  'order',
  'content',
  'closeness',
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
  /** How near the embeddings are beyond the threshold, 0 to 1; see closeness.ts. Without it the words alone decide. */
  closeness?: Closeness
  /** What is no question may be data, to be translated or judged by instructions elsewhere: each of its words counts. */
  isInstructed?: boolean
  /** Longest text that is read at all, in UTF-16 units. */
  maxChars?: number
}
