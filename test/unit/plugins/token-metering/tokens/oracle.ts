import { createRequire } from 'node:module'
import fc from 'fast-check'
import { Tiktoken, type TiktokenBPE } from 'js-tiktoken/lite'
import type { Encoding } from '../../../../../plugins/token-metering/tokens/tokenizer.ts'

const require = createRequire(import.meta.url)

export function ranksOf(encoding: Encoding): TiktokenBPE {
  return require(`js-tiktoken/ranks/${encoding}`) as TiktokenBPE
}

/**
 * The encoding's own pattern, with the two things that JavaScript's regex reads differently than tiktoken's Rust
 * regex put right: `\s` is White_Space, and case folding makes U+017F an s.
 */
export function referencePattern(encoding: Encoding): string {
  return ranksOf(encoding)
    .pat_str.replaceAll('\\s', '\\p{White_Space}')
    .replaceAll('\\S', '\\P{White_Space}')
    .replaceAll("'S|", "'S|'\u017f|")
}

/** js-tiktoken with that pattern; quadratic in the longest piece, so for short texts only. */
export function referenceTokenizer(encoding: Encoding): (text: string) => number {
  const tiktoken = new Tiktoken({ ...ranksOf(encoding), pat_str: referencePattern(encoding) })
  return (text) => tiktoken.encode(text, [], []).length
}

const SNIPPETS = [
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\n\n',
    '\u0085',
    '\u00a0',
    '\u3000',
    '\ufeff',
    '\u2028',
    '\u200b',
    '\u0000',
  ],
  ...[
    "'s",
    "'S",
    "'\u017f",
    "'ll",
    "'LL",
    "'vE",
    "'re",
    "'d",
    "'",
    '\u2019s',
    '/',
    '//',
    '.',
    '...',
    '!!',
    '---',
  ],
  ...[
    'a',
    'A',
    'ab',
    'AB',
    'Ab',
    'aB',
    'hello',
    'World',
    'HTTPServer',
    'ß',
    'é',
    'e\u0301',
    '\u0301',
    'ǅ',
    'ʰ',
    'ª',
  ],
  ...[
    '你',
    '好',
    '今天天气',
    'つ',
    'ツー',
    '한국',
    'ภาษา',
    'ال',
    'हिन्दी',
    'Ж',
    'ж',
    '0',
    '12',
    '1234',
    '٣',
    '½',
    '²',
  ],
  ...[
    '😀',
    '👩‍👩‍👧',
    '🇨🇳',
    '❤️',
    '𝒳',
    '𠀀',
    '\ud800',
    '\udc00',
    '<|endoftext|>',
    '<|im_start|>',
    '{"a":',
    '```',
    '=>',
    '\u{e0100}',
  ],
]

/** Texts of all kinds of characters, and of short pieces that meet in the ways the patterns tell apart. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.array(fc.constantFrom(...SNIPPETS), { maxLength: 40 }).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom(...SNIPPETS), fc.integer({ min: 1, max: 60 }))
    .map(([snippet, times]) => snippet.repeat(times)),
)
