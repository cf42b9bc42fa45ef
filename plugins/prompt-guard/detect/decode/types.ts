import type { Disguise } from '../verdict.ts'

/** A text read by undoing a disguise, and the place of the disguised text in the piece it was found in. */
export type Derived = { text: string; disguise: Disguise; start: number; end: number }
