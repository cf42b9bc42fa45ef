import { compileGlob, type TextTest } from '../../glob.ts'

/** A model or provider pattern of the price table: a glob that ignores case, and how specific it is. */
export interface NamePattern {
  readonly isExact: boolean
  /** Characters that stand for themselves: the more, the more specific. */
  readonly literalLength: number
  /** The name must be in lower case. */
  readonly matches: TextTest
}

export function compileNamePattern(pattern: string): NamePattern {
  const literals = pattern.replace(/[*?]/g, '')
  return {
    isExact: literals.length === pattern.length,
    literalLength: literals.length,
    matches: compileGlob(pattern.toLowerCase()),
  }
}
