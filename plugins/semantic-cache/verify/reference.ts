import { ACRONYMS } from './lexicon/cased.ts'
import type { QuestionClass } from './question.ts'
import type { Raw } from './tokenize.ts'

/** Whom or what a text points at outside itself: the answer to "my dog" is not that to "this dog". */
const GROUPS: Readonly<Record<string, string>> = {
  me: 'i me my mine we us our ours 我 我们 咱 咱们 本人 我的',
  you: 'you your yours 你 您 你们',
  self: 'myself yourself himself herself themselves oneself 自己',
  he: 'he him his 他',
  she: 'she her hers 她',
  they: 'they them their theirs 他们 她们',
  this: 'this these following 这 此 该 这个 这些 这种 这样',
  that: 'those 那 那个 那些 那种 那样',
}

const GROUP: ReadonlyMap<string, string> = new Map(
  Object.entries(GROUPS).flatMap(([name, words]) => words.split(' ').map((word) => [word, name] as const)),
)

/** After these a person is only the asker: "how do I", "can you", 我想. */
const BEFORE_SUBJECT: ReadonlySet<string> = new Set(
  'do does did can could should would will may might shall must how when where why to if 请 帮 帮我 告诉我 请问 为什么 怎么 如何'.split(
    ' ',
  ),
)
const AFTER_SUBJECT: ReadonlySet<string> = new Set(
  '想 要 想要 能 可以 会 该 应该 需要 怎么 如何 怎样 have 有 need want'.split(' '),
)

/** Longer lists are compared by their start: nobody names persons more often in a question. */
const MAX_REFERENCES = 16

/**
 * Groups referred to. Where two persons appear their order counts, since "I ask you" is not "you ask me";
 * otherwise each group counts once. Generic subjects are left out.
 */
export function references(raw: readonly Raw[]): string {
  const seen: string[] = []
  for (let i = 0; i < raw.length && seen.length < MAX_REFERENCES; i++) {
    const text = raw[i]?.text ?? ''
    const group = GROUP.get(text) ?? (raw[i]?.kind === 'zhFn' && text.startsWith('这') ? 'this' : undefined)
    if (group === undefined || isGeneric(raw, i) || (raw[i]?.upper && ACRONYMS.has(text))) continue
    seen.push(group)
  }
  const groups = [...new Set(seen)].sort()
  return groups.filter((group) => PERSONS.has(group)).length > 1 ? seen.join(' ') : groups.join(' ')
}

/** Whoever asks how to do something asks for himself: "reset my password", "reset a password". */
const ASKER: ReadonlySet<string> = new Set(['', 'me', 'self', 'me self'])

export function sameReferences(a: string, b: string, asked: QuestionClass): boolean {
  return a === b || (asked === 'how' && ASKER.has(a) && ASKER.has(b))
}

const PERSONS: ReadonlySet<string> = new Set(['me', 'you', 'he', 'she', 'they'])
/** "tell me", "give us": the asker again. */
const GIVERS: ReadonlySet<string> = new Set('tell give show teach help let explain send'.split(' '))
const SUBJECTS: ReadonlySet<string> = new Set(['i', 'you', 'we', '我', '你', '我们'])

function isGeneric(raw: readonly Raw[], i: number): boolean {
  const text = raw[i]?.text ?? ''
  if ((text === 'me' || text === 'us') && GIVERS.has(raw[i - 1]?.text ?? '')) return true
  if (!SUBJECTS.has(text)) return false
  const next = raw[i + 1]?.text ?? ''
  return BEFORE_SUBJECT.has(raw[i - 1]?.text ?? '') || AFTER_SUBJECT.has(next) || next.startsWith('有')
}

const ZH_PERSONS: ReadonlySet<string> = new Set('我 我们 你 你们 您 他 他们 她 她们'.split(' '))

/** Whether Chinese persons stand before the same words: not so in 我老婆打我, 我打我老婆. One alone may stand anywhere. */
export function sameSeats(x: readonly Raw[], y: readonly Raw[]): boolean {
  const seats = (raw: readonly Raw[]) =>
    raw.flatMap(({ text }, i) => (ZH_PERSONS.has(text) ? [raw[i + 1]?.text ?? ''] : [])).sort()
  const [left, right] = [seats(x), seats(y)]
  return Math.max(left.length, right.length) < 2 || left.join(' ') === right.join(' ')
}
