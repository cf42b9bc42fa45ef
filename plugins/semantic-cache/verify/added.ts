import { lemma } from './lemma.ts'
import type { Reading } from './read.ts'
import { saysLittle } from './unexplained.ts'

/** Chinese words that a question has or has not: 什么牌子(的)好(用), 大家猜, 有(些)什么好处. */
const ZH_ADDED: ReadonlySet<string> = new Set(
  '用 指 上 去 来 些 值 弄 说 掉 话 最 好 买 吗 效果 味道 大家 各 推出 出现 一台 需要 说说 再'.split(' '),
)

/** The same in English. */
const EN_ADDED: ReadonlySet<string> = new Set(
  'nowadays precisely simply generally usually normally typically basically anyway perhaps maybe possibly effectively'
    .split(' ')
    .map(lemma),
)

/**
 * Whether words that only one of two questions has leave the question what it is. Any other word, however near the
 * embeddings are, may be the one that it hangs on: a house and a rented house, files and empty files.
 */
export function addsNothing({ tokens }: Reading, added: readonly number[]): boolean {
  return runsOf(added).every((run) => {
    const words = run.map((i) => tokens[i]?.key ?? '')
    // 有什么用 asks what for.
    if (words[0] === '用' && tokens[(run[0] ?? 0) - 1]?.key.startsWith('ask:')) return false
    return (
      ZH_ADDED.has(words.join('')) ||
      run.every((i) => saysLittle(tokens[i]) || EN_ADDED.has(tokens[i]?.key ?? ''))
    )
  })
}

/** A word that the tables do not know is read letter by letter: neighbours are looked at together. */
function runsOf(places: readonly number[]): number[][] {
  const runs: number[][] = []
  for (const place of places) {
    const last = runs.at(-1)
    if (last?.at(-1) === place - 1) last.push(place)
    else runs.push([place])
  }
  return runs
}
