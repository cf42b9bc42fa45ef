import { type Folded, foldedText } from '../fold.ts'
import { LEXICON } from '../lexicon.ts'
import { CLASS, LATIN, type Squashed } from '../squash.ts'
import type { Derived } from './types.ts'

const COMMON =
  'the of and to in is you that it he was for on are as with his they i at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first been call who its now find long down day did get come made may part over new say tell me please give show a ' +
  'question questions answer answers user users model without must never always should cannot anything something nothing respond response responses reply act role character request requests information following last next after before again only even than too very well still most any every other another same own such through between under while where why because both few being having does doing done going want wants need needs help explain write story code text message messages chat talk topic person human world life given take keep start stop begin end open allow allowed am was been mode possible content use used using ask asked provide provided create generate example name task rules follow instructions here also between different kind real think believe understand remember speak language english even though however instead every thing things good bad right wrong sure okay yes great big small old best free full whole much more less enough around against until since during about above below inside outside off back away down over behind across along still yet already ever once twice maybe perhaps really actually simply exactly step steps detail details list format line lines word words sentence paragraph letter letters money man woman friend game play player computer system data file files internet website email phone house school country city government company president police doctor'
const SLOTS = 16_384
const MAX_WORD = 16

/** Hashes of the vocabulary's words, from their last letter to their first: words are looked up from their ends. */
const vocabulary = new Int32Array(SLOTS)

const START = 0x811c9dc5
const extend = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

const isWord = (hash: number): boolean => {
  for (
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    vocabulary[slot] !== 0;
    slot = (slot + 1) & (SLOTS - 1)
  ) {
    if (vocabulary[slot] === hash) return true
  }
  return false
}

const addWord = (word: string): void => {
  let hash = START
  for (let at = word.length - 1; at >= 0; at--) hash = extend(hash, word.charCodeAt(at))
  if (isWord(hash)) return
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  while (vocabulary[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
  vocabulary[slot] = hash
}

for (const word of COMMON.split(' ')) addWord(word)
for (const phrases of Object.values(LEXICON)) {
  for (const word of phrases.split(/[^a-z]+/)) if (word.length > 2 && word.length <= MAX_WORD) addWord(word)
}

/** Cuts letters into words of the vocabulary, as few stray letters as possible, then as few words as possible. */
const segment = (letters: string): string => {
  const size = letters.length
  const cost = new Float64Array(size + 1)
  const length = new Uint8Array(size + 1)
  for (let end = 1; end <= size; end++) {
    cost[end] = (cost[end - 1] ?? 0) + 3
    length[end] = 1
    let hash = START
    for (let word = 1; word <= MAX_WORD && word <= end; word++) {
      hash = extend(hash, letters.charCodeAt(end - word))
      const price = (cost[end - word] ?? 0) + 1 + (word < 3 ? 0.5 : 0)
      if (price < (cost[end] ?? 0) && isWord(hash)) {
        cost[end] = price
        length[end] = word
      }
    }
  }
  const words: string[] = []
  for (let end = size; end > 0; end -= length[end] || 1)
    words.push(letters.slice(end - (length[end] || 1), end))
  return words.reverse().join(' ')
}

const MIN_LONE_LETTERS = 8

/** Joins letters that stand alone ("i g n o r e   a l l", "i.g.n.o.r.e"): wider gaps part words, else a vocabulary. */
export const findSpaced = (folded: Folded, squashed: Squashed, text: string, found: Derived[]): void => {
  if (squashed.loneLetters < MIN_LONE_LETTERS) return
  const { chars, length } = folded
  let out = ''
  let run = ''
  let isWide = false
  let last = -1
  const flush = (): void => {
    if (run.length > 0) out += ` ${isWide ? run : segment(run)} `
    run = ''
    isWide = false
  }
  for (let at = 0; at < length; at++) {
    const unit = chars[at] ?? 0
    const isLatin = CLASS[unit] === LATIN
    const isLone =
      isLatin &&
      CLASS[chars[at - 1] ?? 0] !== LATIN &&
      CLASS[at + 1 < length ? (chars[at + 1] ?? 0) : 0] !== LATIN
    if (isLone) {
      const gap = run.length > 0 ? (folded.map[at] ?? 0) - last : 0
      if (gap > 8) flush()
      else if (gap > 2) {
        isWide = true
        run += ' '
      }
      run += String.fromCharCode(unit)
      last = folded.map[at] ?? 0
    } else if (isLatin || unit > 127) {
      flush()
      out += String.fromCharCode(unit)
    } else if (run.length === 0) out += String.fromCharCode(unit)
  }
  flush()
  found.push({ text: out, disguise: 'spaced', start: 0, end: text.length })
}

/** Hardly a word is as long: the longest of everyday English have 17 letters. */
const MIN_JOINED = 20
/** Where one run is as long, shorter ones may be joined words as well. */
const MIN_PARTED = 8
/** Share of the letters that are in words of the vocabulary: else the run is another language or no text. */
const MIN_KNOWN = 0.45
/** Names in code are as short as this, and hold an abbreviation or two. */
const MAX_NAME = 23
const MIN_KNOWN_IN_NAME = 0.7
const MIN_KNOWN_WORD = 3
const RUN = new RegExp(`[a-z]{${MIN_PARTED},}`, 'g')
/** Where less of a text is joined, only that is read, not the text around it: else all code would be read again. */
const MIN_SHARE = 0.3

/** Looks at every twentieth letter only, and at those before it where it might be the end of a run. */
const hasLongRun = ({ chars, length }: Folded): boolean => {
  for (let at = MIN_JOINED - 1; at < length; ) {
    let before = at
    while (before > at - MIN_JOINED && CLASS[chars[before] ?? 0] === LATIN) before--
    if (before === at - MIN_JOINED) return true
    at = before + MIN_JOINED
  }
  return false
}

/** The words of a run, or undefined where it is none of joined words. */
const wordsOf = (run: string): string | undefined => {
  const words = segment(run)
  let known = 0
  for (const word of words.split(' ')) if (word.length >= MIN_KNOWN_WORD) known += word.length
  const share = run.length > MAX_NAME ? MIN_KNOWN : MIN_KNOWN_IN_NAME
  return known >= run.length * share ? words : undefined
}

/** Parts words that were written as one ("ignoreallpreviousinstructions", "IgnoreAllPrevious"), by a vocabulary. */
export const findJoined = (folded: Folded, text: string, found: Derived[]): void => {
  if (!hasLongRun(folded)) return
  const joined = foldedText(folded)
  let letters = 0
  const runs: string[] = []
  const parted = joined.replace(RUN, (run) => {
    const words = wordsOf(run)
    if (words === undefined) return run
    letters += run.length
    if (run.length >= MIN_JOINED) runs.push(words)
    return ` ${words} `
  })
  if (letters === 0) return
  const isMostlyJoined = letters >= joined.length * MIN_SHARE
  const reading = isMostlyJoined ? parted : runs.join('\n')
  if (reading !== '') found.push({ text: reading, disguise: 'joined', start: 0, end: text.length })
}

const MIN_LEET_WORDS = 2
const MIN_LEET_SHARE = 0.1
const LETTERS_PER_WORD = 5

/** The folded text with digits and signs inside words as letters. */
export const findLeet = (folded: Folded, squashed: Squashed, text: string, found: Derived[]): void => {
  const { leetWords, length } = squashed
  if (leetWords < MIN_LEET_WORDS || leetWords * LETTERS_PER_WORD < length * MIN_LEET_SHARE) return
  const plain = foldedText(folded).split('')
  for (let letter = 0; letter < length; letter++) {
    const at = squashed.at[letter] ?? 0
    const unit = squashed.chars[letter] ?? 0
    if (folded.chars[at] !== unit) plain[at] = String.fromCharCode(unit)
  }
  found.push({ text: plain.join(''), disguise: 'leet', start: 0, end: text.length })
}
