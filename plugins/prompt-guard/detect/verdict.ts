import type { Category } from './rule-table.ts'
import type { SecretSpans } from './secret-spans.ts'
import { CALIBRATION } from './weights.ts'

/** Where a text comes from. Text from tools is data: instructions in it weigh more. */
export type Origin = 'user' | 'tool' | 'system' | 'assistant'

export type InspectInput = string | { text: string; origin?: Origin }

/** What a view of a text is: as written, or as read by undoing a disguise. */
export type View = 'plain' | Disguise

export type Disguise =
  | 'spaced'
  | 'leet'
  | 'base64'
  | 'base32'
  | 'hex'
  | 'binary'
  | 'char_codes'
  | 'morse'
  | 'escapes'
  | 'rot13'
  | 'caesar'
  | 'reversed'
  | 'selectors'
  | 'joined'

export type Flag =
  | 'invisible_characters'
  | 'tag_characters'
  | 'look_alikes'
  | 'encoded_payload'
  | 'disguised_phrase'

/** Offsets in UTF-16 code units of the inspected text with number `text`. */
export type Span = { text: number; start: number; end: number }

export type RuleReport = {
  id: string
  category: Category | 'deny'
  weight: number
  view: View
  span: Span
}

export type Verdict = {
  /** Calibrated chance, 0 to 1, that the worst of the texts is an attack. */
  score: number
  /** Whether the score reaches the threshold, or a deny pattern matches. */
  isAttack: boolean
  /** Of the rule that weighs most; `classifier` where only the classifier sees an attack; `none` below threshold. */
  category: Category | 'deny' | 'classifier' | 'none'
  rules: RuleReport[]
  layers: { patterns: number; classifier: number }
  flags: Flag[]
  secrets: SecretSpans
  /** A budget ran out before everything was looked at: treat as not inspected (fail closed where that matters). */
  truncated: boolean
  /** Code units looked at, those of decoded payloads too. */
  inspectedChars: number
}

/** Default threshold on {@link Verdict.score}: fewer than 1% false positives on held-out sources. */
export const DEFAULT_THRESHOLD: number = CALIBRATION.threshold
