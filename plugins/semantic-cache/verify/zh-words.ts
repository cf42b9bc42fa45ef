import { DAY } from './lexicon/calendar.ts'
import type { FunctionTag } from './lexicon/en-function.ts'
import { ZH_NEGATION, ZH_NOT_NEGATION } from './lexicon/negation.ts'
import { ZH_WORDS } from './lexicon/tables.ts'
import { ZH_FUNCTION } from './lexicon/zh-function.ts'
import { ZH_QUESTION } from './lexicon/zh-question.ts'

export interface ZhWord {
  kind: 'word' | 'fn' | 'neg' | 'date' | 'ask'
  tag?: FunctionTag
}

const WORDS = new Map<string, ZhWord>()
for (const word of ZH_WORDS) WORDS.set(word, { kind: 'word' })
for (const word of ZH_NOT_NEGATION) WORDS.set(word, { kind: 'word' })
for (const word of ZH_NEGATION) WORDS.set(word, { kind: 'neg' })
for (const word of DAY.keys()) if (word.charCodeAt(0) > 0x4e00) WORDS.set(word, { kind: 'date' })
for (const word of ZH_QUESTION.keys()) WORDS.set(word, { kind: 'ask' })
for (const [word, tag] of ZH_FUNCTION) WORDS.set(word, { kind: 'fn', tag })

/** Longest word that starts with a character; most characters start none and cost one look-up. */
const LONGEST = new Map<string, number>()
for (const word of WORDS.keys()) {
  const first = word.charAt(0)
  LONGEST.set(first, Math.max(LONGEST.get(first) ?? 0, word.length))
}

/** The longest known word at `at`, or undefined. */
export function zhWordAt(text: string, at: number): { text: string; word: ZhWord } | undefined {
  const longest = LONGEST.get(text.charAt(at))
  if (longest === undefined) return undefined
  for (let length = Math.min(longest, text.length - at); length > 0; length--) {
    const piece = text.slice(at, at + length)
    const word = WORDS.get(piece)
    if (word !== undefined) return { text: piece, word }
  }
  return undefined
}
