import { noteKey } from '../../runner/plugin.ts'

/** What the guard found; only left when it found something. Never the text itself. */
export interface GuardNote {
  readonly action: 'block' | 'mask' | 'flag' | 'observe'
  readonly category: string
  readonly score: number
  readonly rules: readonly string[]
  readonly flags: readonly string[]
}

export const guardNote = noteKey<GuardNote>('prompt-guard')
