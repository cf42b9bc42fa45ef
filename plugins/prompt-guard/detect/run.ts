import type { CleanTexts } from './clean-texts.ts'
import type { DetectorOptions } from './detector.ts'
import { SecretSpans } from './secret-spans.ts'
import type { SecretKind } from './secret-table.ts'
import { DEFAULT_SECRET_KINDS } from './secrets.ts'
import type { Verdict } from './verdict.ts'

/** Code units of derived texts that even the shortest input may have. */
const DERIVED_CHARS = 65_536

/** What calls of one detector have in common. */
export type Policy = {
  readonly options: DetectorOptions
  readonly kinds: ReadonlySet<SecretKind>
  /** Undefined where every text is inspected anew. */
  readonly clean: CleanTexts | undefined
}

type Numbers = { score: number; patterns: number; classifier: number }

/** One call's state. */
export type Run = Policy & {
  verdict: Verdict
  /** Of the text that is looked at; {@link takeOver} adds them to those of the verdict. */
  own: Numbers
  /** Rules that the text has matched: each is reported once for a text. */
  reported: Set<string>
  derivedLeft: number
}

/** `options` must not change while the policy is used. */
export const toPolicy = (options: DetectorOptions, clean?: CleanTexts): Policy => {
  const { secrets } = options
  const kinds = secrets === true ? DEFAULT_SECRET_KINDS : secrets || []
  return { options, clean, kinds: new Set(kinds) }
}

export const startRun = (policy: Policy): Run => ({
  ...policy,
  derivedLeft: DERIVED_CHARS,
  own: { score: 0, patterns: 0, classifier: 0 },
  reported: new Set(),
  verdict: {
    score: 0,
    isAttack: false,
    category: 'none',
    rules: [],
    layers: { patterns: 0, classifier: 0 },
    flags: [],
    secrets: new SecretSpans(),
    truncated: false,
    inspectedChars: 0,
  },
})

/** The numbers of one text into those of all; twice does no harm. */
export const takeOver = ({ verdict }: Run, { score, patterns, classifier }: Numbers): void => {
  const { layers } = verdict
  verdict.score = Math.max(verdict.score, score)
  layers.patterns = Math.max(layers.patterns, patterns)
  layers.classifier = Math.max(layers.classifier, classifier)
}
