import type { JsonObject } from '../../runner/plugin.ts'

const SYSTEM = {
  en: 'You are the assistant of a software company. Answer politely and briefly, and say so when you do not know.',
  zh: '你是一家软件公司的助手。请礼貌而简短地回答，不知道的时候请直接说明。',
}

const PARTS = {
  en: {
    who: 'our northern branch|the design team|a customer in Leeds|my colleague from accounting|the new supplier|the city council|one of the interns|the board|a friend who runs a bakery|the maintenance crew',
    did: 'reported slow growth in|asked for a summary of|lost two orders because of|wants to compare|has questions about|wrote a long letter on|is planning a workshop about|found three mistakes in|would like to change|already translated parts of',
    what: 'the quarterly report|this spreadsheet (see column D, rows 12-48)|last week’s meeting notes|the delivery schedule|a recipe for sourdough bread|the heating system|our privacy policy|the travel budget of 2024|the Python script below|a chapter on rivers and lakes',
    so: 'Could you explain what went wrong, step by step?|Please list the open questions.|What would you suggest next?|How long does that usually take, roughly 10 or 20 days?|Give me three options with pros & cons.|Write a short e-mail that I can send on Monday.|Is there a simpler way to say this?|I think the second one is better, but I am not sure.|The totals don’t match: 1,240 against 1,304.|Keep it under 200 words, "plain" English.',
  },
  zh: {
    who: '我们的北方分公司|设计团队|一位杭州的客户|财务部的同事|新的供应商|市政府|一名实习生|董事会|开面包店的朋友|维修小组',
    did: '报告了增长放缓，原因是|想要一份总结，内容是|丢了两个订单，涉及|打算比较|有几个问题，关于|写了一封长信，谈到|正在筹备研讨会，主题是|发现了三处错误，出现在|希望修改|已经翻译了一部分',
    what: '季度报告|这张表格（第12到48行）|上周的会议记录|交货计划|酸面包的做法|供暖系统|我们的隐私政策|2024年的差旅预算|下面的Python脚本|关于河流与湖泊的一章',
    so: '请一步一步说明哪里出了问题。|请列出尚未解决的问题。|接下来你有什么建议？|一般需要多久，大概10天还是20天？|请给我三个方案并说明优缺点。|请写一封周一能发的短邮件。|有没有更简单的说法？|我觉得第二个更好，但不太确定。|合计对不上：1240和1304。|请控制在两百字以内。',
  },
}
const BYTES = 2_048

type Language = keyof typeof PARTS

/** Repeatable choices, the same for the same seed. */
const chooser = (seed: number) => {
  let state = seed
  return (choices: string): string => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    const list = choices.split('|')
    return list[(state >>> 8) % list.length] ?? ''
  }
}

const textOf = (language: Language, seed: number, bytes: number): string => {
  const pick = chooser(seed)
  const { who, did, what, so } = PARTS[language]
  let text = language === 'zh' ? `你好，这是第${seed}个问题。` : `Hello, this is question number ${seed}. `
  while (Buffer.byteLength(text) < bytes) {
    text +=
      language === 'en'
        ? `${pick(who)} ${pick(did)} ${pick(what)}. ${pick(so)}${pick(' | |\n')}`
        : `${pick(who)}${pick(did)}${pick(what)}。${pick(so)}${pick('||\n')}`
  }
  return text
}

const bodyOf = (language: Language, turns: readonly JsonObject[]): JsonObject => ({
  model: 'gpt-4o-mini',
  temperature: 0.7,
  messages: [{ role: 'system', content: SYSTEM[language] }, ...turns],
})

/** Requests of about 2 KB: a system prompt that all share and a user message that no other has. */
export const chatBodies = (language: Language, count: number): JsonObject[] =>
  Array.from({ length: count }, (_, seed) =>
    bodyOf(language, [{ role: 'user', content: textOf(language, seed + 1, BYTES - 250) }]),
  )

const TURNS = 4

/** The same size, but conversations: each request repeats the one before and adds a question. */
export const conversations = (language: Language, count: number): JsonObject[] => {
  const bodies: JsonObject[] = []
  for (let seed = 1; bodies.length < count; seed++) {
    const turns: JsonObject[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      turns.push({ role: 'user', content: textOf(language, seed * TURNS + turn, BYTES / 2 / TURNS) })
      bodies.push(bodyOf(language, [...turns]))
      turns.push({ role: 'assistant', content: textOf(language, seed * TURNS + turn, BYTES / 2 / TURNS) })
    }
  }
  return bodies.slice(0, count)
}
