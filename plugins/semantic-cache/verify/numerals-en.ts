const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const ORDINALS: Readonly<Record<string, number>> = {
  first: 1,
  second: 2,
  third: 3,
  fourth: 4,
  fifth: 5,
  sixth: 6,
  seventh: 7,
  eighth: 8,
  ninth: 9,
  tenth: 10,
  eleventh: 11,
  twelfth: 12,
  thirteenth: 13,
  fourteenth: 14,
  fifteenth: 15,
  sixteenth: 16,
  seventeenth: 17,
  eighteenth: 18,
  nineteenth: 19,
  twentieth: 20,
  thirtieth: 30,
  fortieth: 40,
  fiftieth: 50,
  sixtieth: 60,
  seventieth: 70,
  eightieth: 80,
  ninetieth: 90,
  hundredth: 100,
}
const SMALL = new Map<string, number>([
  ...UNITS.map((word, value) => [word, value] as const),
  ...TENS.flatMap((word, i) => (word === '' ? [] : [[word, i * 10] as const])),
])
const SCALES = new Map([
  ['hundred', 100],
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
])
const WORDS = new Map([
  ['dozen', 12],
  ['once', 1],
  ['twice', 2],
  ['thrice', 3],
  ['half', 0.5],
  ['couple', 2],
  ['pair', 2],
])

/** Factor of a scale word after digits ("1.5 million"), or undefined. */
export function enScale(word: string): number | undefined {
  return SCALES.get(word)
}

export interface SpelledNumber {
  value: number
  ordinal: boolean
  /** How many words it took. */
  words: number
}

/**
 * Reads a spelled-out number at `from`: "two hundred and five", "twenty-third" (split at the hyphen), "dozen".
 * Looks at no more than 12 words.
 */
export function parseEnNumber(words: readonly string[], from: number): SpelledNumber | undefined {
  const first = words[from]
  if (first === undefined) return undefined
  const alone = WORDS.get(first)
  if (alone !== undefined) return { value: alone, ordinal: false, words: 1 }
  let total = 0
  let section = 0
  let seen = 0
  let ordinal = false
  let small = false
  let i = from
  for (; i < words.length && i < from + 12; i++) {
    const word = words[i] ?? ''
    const value = SMALL.get(word)
    const scale = SCALES.get(word)
    const rank = ORDINALS[word]
    if (value !== undefined) {
      // "nineteen eighty four" and "five six" are not sums.
      if (small && !(section % 10 === 0 && section % 100 !== 0 && value < 10 && value > 0)) break
      section += value
      small = true
    } else if (scale !== undefined) {
      if (seen === 0) return undefined
      if (scale === 100) section = (section === 0 ? 1 : section) * 100
      else {
        total += (section === 0 ? 1 : section) * scale
        section = 0
      }
      small = false
    } else if (rank !== undefined) {
      if (small && !(section % 10 === 0 && rank < 10)) break
      section += rank
      ordinal = true
      i++
      seen = i - from
      break
    } else if (word === 'and' && seen > 0 && !small && SMALL.has(words[i + 1] ?? '')) {
      continue
    } else break
    seen = i + 1 - from
  }
  return seen === 0 ? undefined : { value: total + section, ordinal, words: seen }
}
