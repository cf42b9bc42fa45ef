import type { QuestionClass } from './question.ts'
import type { Raw } from './tokenize.ts'

/** A text, as its grammar words are looked for. */
export interface Side {
  readonly folded: string
  readonly raw: readonly Raw[]
  readonly asked: QuestionClass
}

/**
 * Whether the words that carry no content ask for something else: about then or now, what may or should be, each or
 * any, whether I do it or it is done to me. Statements are left out: they change their tense in passing.
 */
export function grammarClash(x: Side, y: Side, han: boolean): string | undefined {
  const isQuestion = x.asked !== 'none' || y.asked !== 'none'
  const isShort = Math.min(x.folded.length, y.folded.length) <= SHORT_TEXT
  if (
    han ? (isQuestion || isShort) && aspectClash(x.folded, y.folded) : isQuestion && tenseClash(x.raw, y.raw)
  ) {
    return 'tense'
  }
  if (x.asked === 'yesno' && y.asked === 'yesno' && modalClash(x, y, han)) return 'modal'
  if (isQuestion && differ(quantifierOf(x.raw), quantifierOf(y.raw))) return 'quantifier'
  return differ(facing(x.raw), facing(y.raw)) ? 'person' : undefined
}

/** Characters of Chinese that are a command or a headline when they are no question. */
const SHORT_TEXT = 16

function differ(x: string | undefined, y: string | undefined): boolean {
  return x !== undefined && y !== undefined && x !== y
}

type Words = Readonly<Record<string, string>>

function tableOf(groups: Words): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(groups).flatMap(([name, words]) => words.split(' ').map((word) => [word, name] as const)),
  )
}

const TENSES = tableOf({ past: 'was were did', present: 'is are am do does', future: 'will shall' })

/** The first verb form that shows the tense. */
function tenseClash(x: readonly Raw[], y: readonly Raw[]): boolean {
  return differ(firstOf(TENSES, x), firstOf(TENSES, y))
}

function firstOf(table: ReadonlyMap<string, string>, raw: readonly Raw[]): string | undefined {
  for (const piece of raw) {
    const found = piece.kind === 'word' ? table.get(piece.text) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Each is in one text only, or the two of a line are in one text each. */
const EXPERIENCED = /曾|(?<!怎么|怎样|如何|咋|超|经|通|路|难|不)过(?=[吗没么?？]|$)/
const GOING_ON = /正在/
const DONE = /已经|已(?!知)/
const ABOUT_TO = /要[^，。？?]{1,6}了/

function aspectClash(x: string, y: string): boolean {
  const only = (pattern: RegExp) => pattern.test(x) !== pattern.test(y)
  if (only(EXPERIENCED) || only(ABOUT_TO)) return true
  return (GOING_ON.test(x) && DONE.test(y)) || (DONE.test(x) && GOING_ON.test(y))
}

const MODALS = tableOf({
  can: 'can could may might',
  will: 'will would shall',
  should: 'should must',
  do: 'do does',
  be: 'is are am',
})
const ZH_DUTY = /应该|应当|该(?=[\u4e00-\u9fff]{1,6}吗)|要不要|必须|需要/
const ZH_ABILITY = /能|可以|可否|可不可以/

/** "Can you ..." and "Would you ..." ask for the same favour. */
function modalClash(x: Side, y: Side, han: boolean): boolean {
  if (han) {
    const duty = [x, y].map(({ folded }) => ZH_DUTY.test(folded))
    const ability = [x, y].map(({ folded }) => ZH_ABILITY.test(folded))
    return (
      (duty[0] && !ability[0] && ability[1] && !duty[1]) ||
      (duty[1] && !ability[1] && ability[0] && !duty[0]) ||
      false
    )
  }
  const [first, second] = [x, y].map(({ raw }) =>
    raw[1]?.text === 'you' ? undefined : MODALS.get(raw[0]?.text ?? ''),
  )
  return differ(first, second)
}

const QUANTIFIERS = tableOf({
  each: 'every each everyone everybody everything',
  any: 'any some anyone someone anybody somebody',
})

/** undefined: none, or both. */
function quantifierOf(raw: readonly Raw[]): string | undefined {
  return onlyOf(QUANTIFIERS, raw)
}

function onlyOf(table: ReadonlyMap<string, string>, raw: readonly Raw[]): string | undefined {
  const found = new Set(raw.flatMap((piece) => (piece.kind === 'word' ? (table.get(piece.text) ?? []) : [])))
  return found.size === 1 ? [...found][0] : undefined
}

const FACING = tableOf({ doer: 'i we', done_to: 'me us' })
/** A relative pronoun: whom I blocked, who blocked me. Elsewhere the two often mean the same asker. */
const RELATIVE: ReadonlySet<string> = new Set(['who', 'whom', 'that', 'which'])

function facing(raw: readonly Raw[]): string | undefined {
  return raw.some((piece, i) => i > 0 && RELATIVE.has(piece.text)) ? onlyOf(FACING, raw) : undefined
}
