import type { Raw } from './tokenize.ts'

/** What kind of answer a question wants. `none`: no question word, as in a command or keywords. */
export type QuestionClass =
  | 'none'
  | 'yesno'
  | 'who'
  | 'what'
  | 'when'
  | 'where'
  | 'why'
  | 'how'
  | 'how_many'
  | 'how_long'
  | 'how_old'
  | 'how_often'
  | 'how_far'

const EN: readonly [RegExp, QuestionClass][] = [
  [/^(?:how come|why|what (?:is|are|was|were|s) the (?:\w+ )?(?:reasons?|causes?) )/, 'why'],
  [/^how (?:many|much)/, 'how_many'],
  [/^how long/, 'how_long'],
  [/^how (?:old)/, 'how_old'],
  [/^how often/, 'how_often'],
  [/^how (?:far|tall|high|big|large|wide|deep|fast)/, 'how_far'],
  [/^(?:what|which) (?:time|date|day|year|month)/, 'when'],
  [/^(?:what|which) (?:place|country|city) /, 'where'],
  [
    /^(?:what|which) (?:is|are|was|were|s) (?:the |a |some )?(?:\w+ ){0,2}(?:ways?|methods?|steps?|procedures?) (?:to|of|for|i)/,
    'how',
  ],
  [/^how/, 'how'],
  [/^(?:who|whom|whose)/, 'who'],
  [/^when/, 'when'],
  [/^where/, 'where'],
  [/^(?:what|which)/, 'what'],
]

const ZH: readonly [RegExp, QuestionClass][] = [
  [
    /为什么|为何|为啥|怎么会|怎么老|怎么总|怎么一直|怎么还|干嘛|凭什么|怎么回事|什么原因|怎么[^，。？]{0,8}[不没]了?|咋[不没]/,
    'why',
  ],
  [/多久|多长时间/, 'how_long'],
  [/多大(?:年纪|岁数)|几岁|多少岁/, 'how_old'],
  [/什么时候|何时|几点|几号|哪天|哪年|哪一年|啥时|什么时间|几月/, 'when'],
  [/多少|几[个位次人元块条种天年]/, 'how_many'],
  [/多远|多高|多重|多宽|多深/, 'how_far'],
  [/哪里|哪儿|在哪|何处|什么地方|啥地方|哪有/, 'where'],
  [/谁|什么人/, 'who'],
  [/怎么|如何|怎样|咋|什么(?:方法|办法)/, 'how'],
  [/什么|哪个|哪些|哪种|哪款|哪部|啥|哪/, 'what'],
  [/吗|是否|能否|可否|是不是|能不能|可不可以|会不会|有没有|要不要|么[？?]?$|可以不$|[？?].*$/, 'yesno'],
]

const AUX = new Set(
  'is are was were am do does did can could will would should shall may might must has have had'.split(' '),
)
/** "Can you tell me how ..." asks how. */
const POLITE =
  /^(?:(?:can|could|would|will) (?:you|anyone|someone|anybody|somebody)(?: please)? (?:please )?(?:tell|explain|show|help|let)|do you know|does anyone know|is there (?:a|any) (?:way|method) to|i (?:want|would like|need) to know|please|tell me|explain)/

/** Classifies by the first question word of the text. */
export function questionClass(folded: string, raw: readonly Raw[], han: boolean): QuestionClass {
  if (han) {
    for (const [pattern, name] of ZH) if (pattern.test(folded)) return name
    return 'none'
  }
  const words: string[] = []
  for (const piece of raw) {
    if (piece.kind === 'word') words.push(piece.text)
    if (words.length >= 40) break
  }
  const text = words.join(' ')
  const first = words[0] ?? ''
  const polite = POLITE.test(text)
  if (polite && /^is there/.test(text)) return 'how'
  if (AUX.has(first) && !polite) return 'yesno'
  // A question word counts at the start or near it: later ones are mostly relative pronouns.
  const limit = polite ? 12 : folded.includes('?') ? 8 : 1
  for (let i = 0; i < Math.min(words.length, limit); i++) {
    const word = words[i] ?? ''
    if (!/^(?:who|whom|whose|what|which|when|where|why|how)$/.test(word)) continue
    if (word === 'when' && !asksWhen(words[i + 1]) && !folded.includes('?')) continue
    const rest = words.slice(i, i + 8).join(' ')
    for (const [pattern, name] of EN) if (pattern.test(`${rest} `)) return name
  }
  return 'none'
}

/** "When did it start", "when to start"; not "When it started, ...". */
function asksWhen(next: string | undefined): boolean {
  return next === undefined || next === 's' || next === 'to' || AUX.has(next)
}

const COMPATIBLE: readonly (readonly [QuestionClass, QuestionClass])[] = [
  ['none', 'what'],
  ['none', 'how'],
  ['what', 'how_many'],
  ['when', 'how_long'],
]

/** "... and why?": a second question asks for more. */
export function asksWhy(raw: readonly Raw[]): boolean {
  return raw.some((piece) => piece.kind === 'word' && piece.text === 'why')
}

/** Whether one answer can serve both kinds of question. */
export function sameQuestion(a: QuestionClass, b: QuestionClass): boolean {
  return a === b || COMPATIBLE.some(([x, y]) => (a === x && b === y) || (a === y && b === x))
}
