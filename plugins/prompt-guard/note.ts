import { type Notes, noteKey, readNote } from '../../runner/plugin.ts'

export type Action = 'block' | 'mask' | 'flag' | 'observe'

/** One thing that was found and what was done about it. Never the text itself. */
export interface Finding {
  readonly action: Action
  /** Of the detector, or `secret`, `not_inspected`, `token_prompt`, `content` (an external check's verdict), `check_failed`. */
  readonly category: string
  /** 0 to 1. */
  readonly score: number
  /** Rule ids, deny patterns, kinds of secrets, or `<check>:<label>`. */
  readonly rules: readonly string[]
  /** Disguises that were seen. */
  readonly flags: readonly string[]
}

/** Only left when something was found. */
export interface GuardNote {
  readonly findings: readonly Finding[]
}

export const guardNote = noteKey<GuardNote>('prompt-guard')

/** What a usage event is marked with: `guard:<category>` for each category that was found. */
export function guardFlags(notes: Notes): readonly string[] {
  const findings = readNote(notes, guardNote)?.findings ?? []
  return [...new Set(findings.map((finding) => `guard:${finding.category}`))]
}
