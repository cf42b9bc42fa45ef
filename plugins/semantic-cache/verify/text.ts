const QUOTES = /[\u2018\u2019\u201a\u2032\u00b4`]/g
const DOUBLE_QUOTES = /[\u201c\u201d\u201e\u2033«»『』「」《》〈〉]|``|''/g
const DASHES = /[\u2010-\u2015\u2212\uff5e\u301c~]/g
/** The dot inside a transliterated name parts nothing. */
const NAME_DOTS = /[\u00b7\u30fb\u2022\u2027]/g
const MARKS = /[\u0300-\u036f]/g

const SUPERSCRIPTS = /[\u00b2\u00b3\u00b9\u2070\u2074-\u207f]+/g
const FRACTION_AFTER_DIGIT = /(?<=\d)(?=[\u00bc-\u00be\u2150-\u215e])/g

/** One form for what looks or means the same in writing: width, quotes, dashes, accents. Keeps case. */
export function foldText(text: string): string {
  const folded = text
    .replace(NAME_DOTS, '')
    // Before they become plain digits: 10⁵ is not 105, 1½ is not 11/2.
    .replace(SUPERSCRIPTS, '^$&')
    .replace(FRACTION_AFTER_DIGIT, ' ')
    .normalize('NFKC')
    .replace(DOUBLE_QUOTES, '"')
    .replace(QUOTES, "'")
    .replace(DASHES, '-')
  return hasMarks(folded) ? folded.normalize('NFD').replace(MARKS, '').normalize('NFC') : folded
}

function hasMarks(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xc0 && code <= 0x36f) return true
    if (code >= 0x1e00 && code <= 0x1eff) return true
  }
  return false
}

export function isHan(code: number): boolean {
  return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf)
}

export type Script = 'latin' | 'han' | 'kana' | 'hangul' | 'cyrillic' | 'arabic' | 'other' | 'none'

/** The script of most letters; one Han character weighs as much as three Latin letters. */
export function mainScript(text: string): Script {
  const seen: Record<Exclude<Script, 'none'>, number> = {
    latin: 0,
    han: 0,
    kana: 0,
    hangul: 0,
    cyrillic: 0,
    arabic: 0,
    other: 0,
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) seen.latin += 1
    else if (code < 0xc0) continue
    else if (isHan(code)) seen.han += 3
    else if (code >= 0x3040 && code <= 0x30ff) seen.kana += 4
    else if (code >= 0xac00 && code <= 0xd7af) seen.hangul += 3
    else if (code >= 0x400 && code <= 0x52f) seen.cyrillic += 1
    else if (code >= 0x600 && code <= 0x6ff) seen.arabic += 1
    else if (code >= 0x250 && code < 0x2000) seen.other += 1
    else if (code < 0x250) seen.latin += 1
  }
  // A little kana among many Han characters is Japanese, not Chinese.
  if (seen.kana > 0 && seen.kana * 4 >= seen.han) return 'kana'
  let best: Script = 'none'
  let most = 0
  for (const [script, count] of Object.entries(seen)) {
    if (count > most) {
      most = count
      best = script as Script
    }
  }
  return best
}

const words = (list: string) => new RegExp(`(?<!\\p{L})(?:${list})(?!\\p{L})`, 'iu')
/** English has them, the languages beside it have not. */
const ENGLISH = words(
  'the|and|with|from|that|which|were|their|how|what|does|this|his|she|are|its|it|who|when|where|after|into|been|be|not|but|or',
)
/** Dutch and German have some of these, and Scandinavian or Romance languages some of those; only English has both. */
const GERMANIC = words('of|is|was|in')
const OTHERS = words('by|to|for|at|on|has|he|her')

/**
 * Whether the tables of negations, roles and qualifiers know this language. Of another one no difference can be judged:
 * its "not" is a word like any other.
 */
export function isKnownLanguage(folded: string, script: Script): boolean {
  if (script !== 'latin') return script === 'han'
  return ENGLISH.test(folded) || (GERMANIC.test(folded) && OTHERS.test(folded))
}
