import type { Raw } from './tokenize.ts'

/** What people say before their question. */
const FRAMES: readonly (readonly string[])[] = [
  'i want to know',
  'i would like to know',
  'i d like to know',
  'i need to know',
  'i wonder',
  'may i ask',
  'do you know',
  'does anyone know',
  'can you tell me',
  'could you tell me',
  'can you explain',
  'could you explain',
  'can you please explain',
  'could you please explain',
  'please tell me',
  'please explain',
  'tell me',
  'explain to me',
  'explain',
].map((frame) => frame.split(' '))
const QUESTION_WORDS: ReadonlySet<string> = new Set('what how why when where who whom whose which'.split(' '))

/** The pieces without the words that only announce a question: "I want to know how ...", "Explain what ...", 解释一下什么是. */
export function withoutFrame(raw: readonly Raw[]): readonly Raw[] {
  for (const frame of FRAMES) {
    if (
      frame.every((word, i) => raw[i]?.text === word) &&
      QUESTION_WORDS.has(raw[frame.length]?.text ?? '')
    ) {
      return raw.slice(frame.length)
    }
  }
  const from = raw.findIndex(({ text }) => !ZH_POLITE.has(text) && !ZH_EXPLAIN.has(text))
  const isAnnounced = raw.slice(0, from).some(({ text }) => ZH_EXPLAIN.has(text))
  return isAnnounced && raw[from]?.kind === 'zhAsk' ? raw.slice(from) : raw
}

/** 解释 and 说明, as the tables or single letters have them. */
const ZH_EXPLAIN: ReadonlySet<string> = new Set(['解释', '说明', ...'解释说明'])
const ZH_POLITE: ReadonlySet<string> = new Set(
  '请 你 您 麻烦 帮我 给我 能 可以 能不能 可不可以 一下 下'.split(' '),
)
