import { lemma } from './lemma.ts'
import { AMBIGUOUS_MONTHS, DAY, MONTH } from './lexicon/calendar.ts'
import { ACRONYMS, BEFORE_MONTH, PROPER } from './lexicon/cased.ts'
import { EN_FUNCTION, type FunctionTag } from './lexicon/en-function.ts'
import { EN_NEGATION } from './lexicon/negation.ts'
import { canonical, PHRASES } from './lexicon/tables.ts'
import { UNITS } from './lexicon/units.ts'
import { ZH_QUESTION } from './lexicon/zh-question.ts'
import { enScale, parseEnNumber } from './numerals-en.ts'
import { hourOf, type Raw, tokenize } from './tokenize.ts'

export type TokenKind = 'word' | 'name' | 'zh' | 'number' | 'date' | 'id' | 'url' | 'negation'

/** A piece that carries content. */
export interface Token {
  kind: TokenKind
  /** Equal keys mean the same: lemma, synonym and quantity are resolved. */
  key: string
  /** Tags of the function words and marks between the content token before and this one. */
  cue: readonly Cue[]
}

/** `comma` parts items, `mark` is any other punctuation, `stop` a sentence's end, `of` also a possessive. */
export type Cue = FunctionTag | 'comma' | 'mark' | 'stop'

export interface Reading {
  tokens: Token[]
  /** What follows the last token. */
  tail: readonly Cue[]
}

const STOPS = new Set(['.', '!', '?', '。', ';'])

/** Words, numbers and names of a folded text in order, with the grammar between them. */
export function read(folded: string): Reading {
  return readPieces(tokenize(folded))
}

export function readPieces(raw: readonly Raw[]): Reading {
  const words = raw.map((piece) => (piece.kind === 'word' ? piece.text : ''))
  const lemmas = words.map((word) => (word === '' ? '' : lemma(word)))
  const tokens: Token[] = []
  let cue: Cue[] = []
  let sentenceStart = true
  const isShouted = raw.every((piece) => piece.kind !== 'word' || piece.text.length < 2 || piece.upper)
  const hasSymbols = raw.some((piece, i) => isSymbol(piece, raw[i + 1]))
  /** Places of particles that were read with their verb. */
  const parted = new Set<number>()
  const push = (kind: TokenKind, key: string) => {
    tokens.push({ kind, key, cue })
    cue = []
    sentenceStart = false
  }

  for (let i = 0; i < raw.length; i++) {
    const piece = raw[i]
    if (piece === undefined) break
    switch (piece.kind) {
      case 'mark': {
        if (isOperator(raw, i)) {
          push('id', piece.text)
          break
        }
        const stop = STOPS.has(piece.text)
        if (piece.text === '&' || piece.text === '、') cue.push('and')
        else cue.push(stop ? 'stop' : piece.text === ',' ? 'comma' : 'mark')
        if (stop) sentenceStart = true
        break
      }
      case 'url':
        push('url', piece.text)
        break
      case 'id':
        push('id', identifierKey(piece.text))
        break
      case 'zhFn':
        if (VERBS_AFTER_HOW.has(piece.text) && ZH_QUESTION.get(raw[i - 1]?.text ?? '') === 'ask:how') {
          push('zh', piece.text)
          break
        }
        cue.push(piece.tag ?? 'skip')
        break
      case 'zhNeg':
        push('negation', 'not')
        break
      case 'zhDate':
        push('date', `day:${DAY.get(piece.text) ?? piece.text}`)
        break
      case 'zhAsk':
        push('zh', ZH_QUESTION.get(piece.text) ?? piece.text)
        break
      case 'zh':
        push('zh', canonical(piece.text))
        break
      case 'ordinal':
        push('number', `o:${piece.value}`)
        break
      case 'number': {
        const [key, used] = quantity(piece, lemmas, raw, i)
        push(key.startsWith('month:') ? 'date' : 'number', key)
        i += used
        break
      }
      case 'word': {
        const initial = sentenceStart
        sentenceStart = false
        if (!isShouted && isAcronym(piece, raw[i + 1])) {
          push('name', piece.text.toUpperCase())
          break
        }
        if (piece.text === 'a' && hasSymbols && isSymbolicA(piece, raw[i + 1], initial)) {
          push('name', 'a')
          break
        }
        const phrase = phraseAt(lemmas, i)
        if (phrase !== undefined) {
          push('word', canonical(phrase.key))
          i += phrase.words - 1
          break
        }
        if (FRAMES.has(piece.text) && (words[i + 1] === 'me' || words[i + 1] === 'us')) {
          cue.push('skip')
          break
        }
        const particle = PARTICLE_VERBS.has(lemmas[i] ?? '') ? particleOf(raw, i) : undefined
        if (particle !== undefined) {
          parted.add(particle)
          push('word', canonical(`turn_${raw[particle]?.text}`))
          break
        }
        if (parted.has(i)) break
        if (EN_NEGATION.has(piece.text)) {
          push('negation', piece.text === 'never' ? 'never' : 'not')
          break
        }
        const month = MONTH.get(piece.text)
        if (month !== undefined && isMonth(raw, i, initial || isShouted)) {
          push('date', `month:${month}`)
          break
        }
        const spelled = parseEnNumber(words, i)
        if (spelled !== undefined && !(spelled.words === 1 && piece.text === 'one')) {
          const next = lemmas[i + spelled.words] ?? ''
          const unit = spelled.ordinal ? undefined : UNITS.get(next)
          if (unit !== undefined) push('number', quantityKey(spelled.value, unit.name, unit.factor))
          else push('number', `${spelled.ordinal ? 'o' : 'n'}:${spelled.value}`)
          i += spelled.words - 1 + (unit === undefined ? 0 : 1)
          break
        }
        if (piece.text === 'too' && isExcess(raw[i + 1])) {
          push('word', 'too')
          break
        }
        const tag = EN_FUNCTION.get(piece.text)
        if ((tag !== undefined || piece.text === 'one') && !isMainVerb(raw, i)) {
          cue.push(tag ?? 'skip')
          break
        }
        const day = DAY.get(piece.text)
        if (day !== undefined) {
          push('date', `day:${day}`)
          break
        }
        const isProper = piece.cap && !initial && !isShouted && PROPER.has(piece.text)
        const key = isProper ? piece.text.toUpperCase() : canonical(lemmas[i] ?? piece.text)
        push(piece.cap && !initial ? 'name' : 'word', key)
        break
      }
    }
  }
  orderDates(tokens)
  // 天气如何 asks what it is like, 如何做 asks how to do it.
  const last = tokens.at(-1)
  if (last?.key === 'ask:how') tokens[tokens.length - 1] = { ...last, key: 'ask:how_is' }
  return { tokens, tail: cue }
}

/** "1 April 2004" and "April 1, 2004" become one order: month, day, year, without the comma. */
function orderDates(tokens: Token[]): void {
  for (let i = 0; i < tokens.length; i++) {
    const month = tokens[i]
    if (month === undefined || month.kind !== 'date' || !month.key.startsWith('month:')) continue
    const before = tokens[i - 1]
    if (before !== undefined && isDay(before) && month.cue.every((tag) => tag === 'skip' || tag === 'of')) {
      tokens[i - 1] = { ...month, cue: before.cue }
      tokens[i] = { ...before, key: dayKey(before), cue: [] }
    } else {
      const after = tokens[i + 1]
      if (after !== undefined && isDay(after) && after.cue.every((tag) => tag === 'skip')) {
        tokens[i + 1] = { ...after, key: dayKey(after), cue: [] }
        i++
      }
    }
    const year = tokens[i + 1]
    if (
      year !== undefined &&
      /^n:[12]\d{3}$/.test(year.key) &&
      year.cue.every((tag) => tag === 'comma' || tag === 'of')
    ) {
      tokens[i + 1] = { ...year, cue: [] }
    }
  }
}

function isDay(token: Token): boolean {
  return /^[no]:(?:[12]?\d|3[01])$/.test(token.key)
}

function dayKey(token: Token): string {
  return `n:${token.key.slice(2)}`
}

/** 怎么来, 怎么过: with "how" before them these are the verb itself. */
const VERBS_AFTER_HOW: ReadonlySet<string> = new Set([...'来去过到给叫'])

/** Grammar words that carry the question when nothing follows: "what does it do", "what is it like". */
const LAST_WORDS: ReadonlySet<string> = new Set(['do', 'doing', 'done', 'use', 'uses', 'like'])
const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the'])

function isMainVerb(raw: readonly Raw[], i: number): boolean {
  const text = raw[i]?.text ?? ''
  if (LAST_WORDS.has(text)) return raw.slice(i + 1, i + 3).every((piece) => piece.kind === 'mark')
  return text === 'be' && raw[i - 1]?.text === 'to' && ARTICLES.has(raw[i + 1]?.text ?? '')
}

const OPERATORS: ReadonlySet<string> = new Set(['+', '^', '=', '<', '>', '×', '÷', '≤', '≥', '≠'])
/** Dashes and strokes calculate only between numbers. */
const NUMBER_OPERATORS: ReadonlySet<string> = new Set(['-', '/', '*'])

function isOperator(raw: readonly Raw[], i: number): boolean {
  const text = raw[i]?.text ?? ''
  if (OPERATORS.has(text)) return true
  return NUMBER_OPERATORS.has(text) && raw[i - 1]?.kind === 'number' && raw[i + 1]?.kind === 'number'
}

/** "Tell me ..." asks the same as the bare question. */
const FRAMES: ReadonlySet<string> = new Set(['tell', 'give', 'show'])

const PARTICLE_VERBS = new Set(['turn', 'switch'])
const PARTICLE_REACH = 6

/** Place of the "on" or "off" that belongs to a verb with its object between ("turn dark mode off"). */
function particleOf(raw: readonly Raw[], verb: number): number | undefined {
  for (let i = verb + 1; i <= verb + PARTICLE_REACH; i++) {
    const piece = raw[i]
    if (piece?.kind !== 'word') return undefined
    if (piece.text === 'on' || piece.text === 'off') return i
  }
  return undefined
}

/** May, March and short forms that are names are months beside a number, and the first two in "in May". */
function isMonth(raw: readonly Raw[], i: number, isCapitalIdle: boolean): boolean {
  const { text = '', cap = false } = raw[i] ?? {}
  if (!AMBIGUOUS_MONTHS.has(text) || besideNumber(raw, i)) return true
  if (text !== 'may' && text !== 'march') return false
  return (cap && !isCapitalIdle) || BEFORE_MONTH.has(raw[i - 1]?.text ?? '')
}

/** "Too late" is more than late; "and cats too" is cats as well. */
function isExcess(next: Raw | undefined): boolean {
  return next?.kind === 'word' && !EN_FUNCTION.has(next.text)
}

/** US is a country; "US $ 5" is an amount. */
function isAcronym({ text, upper }: Raw, next: Raw | undefined): boolean {
  return upper === true && ACRONYMS.has(text) && next?.currency === undefined
}

/** Beside other letters that stand for something: A within a sentence, and an a that no thing follows. */
function isSymbolicA({ cap }: Raw, next: Raw | undefined, isInitial: boolean): boolean {
  if (cap && !isInitial) return true
  return next?.kind !== 'word' || EN_FUNCTION.has(next.text)
}

/** A letter that stands for something; beside one, "a" does too. The e of e-mail does not. */
function isSymbol({ kind, text }: Raw, next: Raw | undefined): boolean {
  return kind === 'word' && /^[bcefghjklnpqrvwxyz]$/.test(text) && next?.text !== '-'
}

function besideNumber(raw: readonly Raw[], i: number): boolean {
  const before = raw[i - 1]?.kind
  const after = raw[i + 1]?.kind
  return before === 'number' || after === 'number' || before === 'ordinal' || after === 'ordinal'
}

function phraseAt(lemmas: readonly string[], i: number): { key: string; words: number } | undefined {
  const first = lemmas[i] ?? ''
  const phrases = PHRASES.get(first)
  if (phrases === undefined) return undefined
  for (const phrase of phrases) {
    if (phrase.every((word, k) => lemmas[i + k] === word))
      return { key: phrase.join('_'), words: phrase.length }
  }
  return undefined
}

const DATE_SUFFIX: Readonly<Record<string, string>> = { 月: 'month', 日: 'day', 号: 'day' }

/** The key of a written number with what follows it, and how many further pieces that took. */
function quantity(piece: Raw, lemmas: readonly string[], raw: readonly Raw[], i: number): [string, number] {
  let value = piece.value ?? 0
  let used = 0
  const scale = enScale(lemmas[i + 1] ?? '')
  if (scale !== undefined) {
    value *= scale
    used = 1
  }
  if (piece.currency !== undefined) return [quantityKey(value, piece.currency, 1), used]
  const suffix = piece.suffix
  if (suffix !== undefined) {
    if (DATE_SUFFIX[suffix] === 'month') return [`month:${value}`, used]
    if (suffix === 'date' || DATE_SUFFIX[suffix] !== undefined || suffix === '年') return [`n:${value}`, used]
    if (suffix === 'am' || suffix === 'pm' || suffix === '点' || suffix === '时') {
      return [`t:${isHalfDay(suffix) ? hourOf(value, suffix === 'pm') : value}`, used]
    }
    const unit = UNITS.get(suffix)
    return unit === undefined
      ? [`n:${value}|${suffix}`, used]
      : [quantityKey(value, unit.name, unit.factor), used]
  }
  const next = raw[i + 1 + used]
  const word = next?.kind === 'word' ? (lemmas[i + 1 + used] ?? '') : (next?.text ?? '')
  if (isHalfDay(word)) return [`t:${hourOf(value, word === 'pm')}`, used + 1]
  const unit = next?.kind === 'word' || next?.kind === 'mark' ? UNITS.get(word) : undefined
  // Of what is no quantity the last zero counts: Python 3.10 is not 3.1.
  return unit === undefined
    ? [`n:${used === 0 && value >= 1 && /\.\d*0$/.test(piece.text) ? piece.text : round(value)}`, used]
    : [quantityKey(value, unit.name, unit.factor), used + 1]
}

function isHalfDay(text: string): boolean {
  return text === 'am' || text === 'pm'
}

function quantityKey(value: number, unit: string, factor: number): string {
  return `n:${round(value * factor)}|${unit}`
}

function round(value: number): number {
  return Number(value.toPrecision(10))
}

/** Versions lose their v; everything else is compared as written. */
function identifierKey(text: string): string {
  return /^[vV]\d/.test(text) ? text.slice(1) : text
}
