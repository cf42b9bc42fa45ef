import type { FunctionTag } from './en-function.ts'

/** Chinese words that carry grammar, politeness or question form; longest match wins. */
const GROUPS: Readonly<Partial<Record<FunctionTag, string>>> = {
  skip: `的 地 得 了 着 过 呢 啊 吧 呀 哦 嘛 哈 吗 么 之 其 该 此 这 那 这个 那个 这些 那些 这种 那种 这样 那样 这部 这款 这首 这位 这本 这件 这家 这台 这只 这条 这张 这次 它 它们
    我 我们 你 你们 您 咱 咱们 自己 本人 一个 一种 一位 一名 一座 一部 一款 一下 一些 一点 有点 个 请 请问 麻烦 谢谢 你好 您好 求 求助
    帮我 告诉我 我想知道 想知道 我想问 想问 想问一下 我想 想 想要 要 会 能 能够 可以 可 就 便 都 也 还 还是 又 再 才 却 则 则是 所 而 而且
    并 并且 且 很 非常 十分 真的 真 太 挺 更 最为 特别 是的 呗 噢 诶 嗯 们 位 名 座 条 只 件 款 所有的 有 具有 拥有 曾 曾经 已 已经 正在 正
    当时 当 时 大概 大约 约 左右 中 里 内 处 来 去 起来 出来 里面 之中 各自 到底 究竟 一般 通常 应该 应 进行 加以
    是不是 能不能 可不可以 会不会 有没有 是否 能否 可否 要不要 好不好`,
  and: '和 与 及 以及 还有 跟 同 、',
  or: '或 或者 或是',
  be: '是 为 即 就是 乃 叫 叫做 叫作 作为 属于 位于',
  aux: '',
  clause: '因为 所以 如果 但 但是 不过 然而 虽然 尽管 由于 因此 而是 那么 当然 其中',
  at: '在 于',
  from: '从 自 由',
  to: '到 至 往 向 给 对 对于 入',
  by: '被 遭',
  with: '把 将',
  for: '为了',
  of: '关于 有关',
  as: '像 如',
  than: '比 比起 较',
  via: '通过 藉由',
}

export const ZH_FUNCTION: ReadonlyMap<string, FunctionTag> = new Map(
  Object.entries(GROUPS).flatMap(([tag, words]) =>
    words
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => [word, tag as FunctionTag] as const),
  ),
)
