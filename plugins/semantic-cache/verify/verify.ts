import { align } from './align.ts'
import { blocksOf } from './blocks.ts'
import { excusesAddition, excusesWords, isNearEnough } from './closeness.ts'
import { indentation, quotesIn } from './code-marks.ts'
import { exactDifference, isName } from './differences.ts'
import { directionClash, joinClash } from './direction.ts'
import { withoutFrame } from './frame.ts'
import { isFreeOrder } from './free-order.ts'
import { grammarClash } from './grammar.ts'
import { ACRONYMS, PROPER } from './lexicon/cased.ts'
import { judgeOrder } from './order.ts'
import { asksWhy, questionClass, sameQuestion } from './question.ts'
import { readPieces } from './read.ts'
import { references, sameReferences, sameSeats } from './reference.ts'
import { isOwnStory, isRequest } from './request.ts'
import { isHarmless } from './substitution.ts'
import { foldText, isKnownLanguage, mainScript } from './text.ts'
import { type Raw, tokenize } from './tokenize.ts'
import type { Rejection, RejectReason, Verdict, VerifyOptions } from './verdict.ts'

/** Longer texts are not compared, in UTF-16 units: with their length grows the time that the event loop is held. */
export const MAX_CHARS = 2000
/** Content words of the longer text per word of the shorter one. */
const MAX_LENGTH_RATIO = 2
/** In a statement of so few words, as in a question, it matters who is meant. */
const SHORT_STATEMENT = 10

/**
 * Decides whether the answer stored for `candidate` also answers `query`, once their embeddings are near
 * enough. Linear in the length of the texts, pure, and on the safe side: what it cannot judge it rejects.
 */
export function verify(query: string, candidate: string, options: VerifyOptions = {}): Verdict {
  const maxChars = options.maxChars ?? MAX_CHARS
  if (query.length > maxChars || candidate.length > maxChars) return reject('too_long')
  if (query === candidate) return query.trim() === '' ? reject('empty') : { accept: true }
  const left = foldText(query)
  const right = foldText(candidate)
  const script = mainScript(left)
  if (script !== mainScript(right)) return reject('language')
  const han = script === 'han'
  const leftRaw = withoutFrame(tokenize(left))
  const rightRaw = withoutFrame(tokenize(right))
  const isCode = leftRaw.some(isAssignment) && rightRaw.some(isAssignment)
  if (isCode && quotesIn(left) !== quotesIn(right)) return reject('identifier', 'quotes')
  if (indentation(left) !== indentation(right)) return reject('identifier', 'indent')
  if (sameWords(leftRaw, rightRaw)) return { accept: true }
  const a = readPieces(leftRaw)
  const b = readPieces(rightRaw)
  if (a.tokens.length === 0 || b.tokens.length === 0) return reject('empty')
  const longer = Math.max(a.tokens.length, b.tokens.length)
  if (longer > MAX_LENGTH_RATIO * Math.min(a.tokens.length, b.tokens.length)) return reject('length')
  const asked = questionClass(left, leftRaw, han)
  const answered = questionClass(right, rightRaw, han)
  if (!sameQuestion(asked, answered)) return reject('question', `${asked}|${answered}`)
  if (asksWhy(leftRaw) !== asksWhy(rightRaw) && asked !== 'why') return reject('question', 'second')
  const clash = grammarClash(
    { folded: left, raw: leftRaw, asked },
    { folded: right, raw: rightRaw, asked: answered },
    han,
  )
  if (clash !== undefined) return reject('grammar', clash)
  const pointed = asked !== 'none' || answered !== 'none' || longer <= SHORT_STATEMENT
  if (pointed && !sameReferences(references(leftRaw), references(rightRaw), asked)) return reject('reference')
  const alignment = align(a.tokens, b.tokens)
  const exact = exactDifference(a, b, alignment)
  if (exact !== undefined) return reject(exact.reason, exact.detail)
  const names = [
    ...alignment.unmatchedA.flatMap((i) => a.tokens[i] ?? []),
    ...alignment.unmatchedB.flatMap((j) => b.tokens[j] ?? []),
  ].some(isName)
  if (names) return reject('name')
  const joined = joinClash(a, b, alignment)
  if (joined !== undefined) return reject('direction', joined)
  const blocks = blocksOf(alignment)
  const judged = judgeOrder(a, b, blocks)
  const isFree = han && judged === 'different' && sameSeats(leftRaw, rightRaw)
  const order = isFree && isFreeOrder(a, b, alignment, blocks) ? 'moved' : judged
  if (order === 'different') return reject('order')
  if (order !== 'voice' && order !== 'listed') {
    const turned = directionClash(a, b, alignment)
    if (turned !== undefined) return reject('direction', turned)
  }
  // Without embeddings the words alone decide.
  const { closeness, isInstructed } = options
  const isQuestion = asked !== 'none' || answered !== 'none'
  const excused =
    closeness !== undefined &&
    (isKnownLanguage(left, script) || isKnownLanguage(right, script)) &&
    (isQuestion
      ? excusesAddition(a, b, alignment, closeness)
      : !isInstructed &&
        excusesWords(a, b, alignment, order, closeness) &&
        !isPrompt(left, leftRaw) &&
        !isPrompt(right, rightRaw))
  if (!excused && !isHarmless(a, b, alignment)) return reject('content')
  return closeness === undefined || isNearEnough(a, b, closeness) ? { accept: true } : reject('closeness')
}

/** No statement, though it is no question. */
function isPrompt(folded: string, raw: readonly Raw[]): boolean {
  return isRequest(folded) || isOwnStory(raw)
}

function isAssignment({ kind, text }: Raw): boolean {
  return kind === 'mark' && (text === '=' || text === '+')
}

/** Nothing but case, width, spaces and sentence marks differs. */
function sameWords(left: readonly Raw[], right: readonly Raw[]): boolean {
  const x = left.filter((piece) => !isSentenceMark(piece))
  const y = right.filter((piece) => !isSentenceMark(piece))
  return x.length > 0 && x.length === y.length && x.every((piece, i) => samePiece(piece, y[i]))
}

const SENTENCE_MARKS: ReadonlySet<string> = new Set(['.', ',', '?', '!', ';', '。', '"', "'"])

function isSentenceMark({ kind, text }: Raw): boolean {
  return kind === 'mark' && SENTENCE_MARKS.has(text)
}

function samePiece(x: Raw, y: Raw | undefined): boolean {
  return (
    x.kind === y?.kind &&
    x.text === y.text &&
    x.value === y.value &&
    x.suffix === y.suffix &&
    x.currency === y.currency &&
    (x.upper === y.upper || !ACRONYMS.has(x.text)) &&
    (x.cap === y.cap || !PROPER.has(x.text))
  )
}

function reject(reason: RejectReason, detail?: string): Rejection {
  return detail === undefined ? { accept: false, reason } : { accept: false, reason, detail }
}
