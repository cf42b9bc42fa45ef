import type { Folded } from '../fold.ts'
import type { Squashed } from '../squash.ts'
import { findShifted, reversed } from './ciphers.ts'
import { findEncodings } from './encodings.ts'
import { findEscapes, findSelectors } from './escapes.ts'
import { findJoined, findLeet, findSpaced } from './spacing.ts'
import type { Derived } from './types.ts'

const MIN_SELECTORS = 8
const MIN_REVERSED = 2

/**
 * Texts that a piece of text may hide, each no longer than the piece is (twice for reversals). Most pieces have none;
 * what is found may be nonsense, which is judged like any text. Without `mayRewrite` only encodings are undone, not
 * spacing, leet, shifted letters and reversal: the text is itself a reading of such a kind. Linear.
 */
export const derive = (
  text: string,
  folded: Folded,
  squashed: Squashed,
  reversedWords: number,
  mayRewrite = true,
): Derived[] => {
  const found: Derived[] = []
  findEncodings(text, folded, found)
  findEscapes(text, found)
  if (folded.selectors >= MIN_SELECTORS) findSelectors(text, found)
  if (!mayRewrite) return found
  findSpaced(folded, squashed, text, found)
  findJoined(folded, text, found)
  findLeet(folded, squashed, text, found)
  findShifted(text, squashed, found)
  if (reversedWords >= MIN_REVERSED) found.push(...reversed(text))
  return found
}
