/** Chinese question words to the kind of question; they keep their place in the sentence, as nouns do. */
const LINES = `
what 什么 啥 哪些 哪个 哪种 哪款 哪部 哪家 哪 有什么 有啥 有哪些 都有哪些 都有什么 是什么 是啥 是哪些 是哪个 什么是 啥是 叫什么 叫啥 什么样的 什么样 哪几种 有哪几种
how 怎么 如何 怎样 咋 怎么才能 怎样才能 如何才能 怎么能 怎么可以 要怎么 该怎么 应该怎么 应该如何
how_is 怎么样 咋样 好不好 好吗 怎样啊 如何呢
wrong 怎么了 怎么啦 咋了 咋啦
do_what 怎么办 咋办
why 为什么 为何 为啥 怎么会 怎么回事 怎么老 怎么总是 咋回事
who 谁 是谁 什么人 谁是
where 哪里 哪儿 在哪里 在哪儿 在哪 何处 哪有 哪里有 什么地方 在什么地方
when 什么时候 何时 几时 啥时候 啥时 是什么时候 在什么时候 什么时间
how_many 多少 几 有多少 是多少 多少个 几个 有几个
how_long 多久 多长时间 要多久 需要多久
`

export const ZH_QUESTION: ReadonlyMap<string, string> = new Map(
  LINES.trim()
    .split('\n')
    .flatMap((line) => {
      const [name = '', ...words] = line.split(' ')
      return words.map((word) => [word, `ask:${name}`] as const)
    }),
)
