import type { Alignment } from './align.ts'
import { areOpposite } from './lexicon/tables.ts'
import type { Reading, Token, TokenKind } from './read.ts'
import type { RejectReason } from './verdict.ts'

/** Kinds whose presence on one side alone changes the answer, in the order they are reported. */
const EXACT: readonly (readonly [TokenKind, RejectReason])[] = [
  ['url', 'url'],
  ['id', 'identifier'],
  ['number', 'number'],
  ['date', 'date'],
  ['negation', 'negation'],
]

/** Words looked at for opposites on each side: more unmatched words than this differ anyway. */
const MAX_OPPOSITES = 12

/** The first kind of difference that no similarity can excuse, or undefined. */
export function exactDifference(
  a: Reading,
  b: Reading,
  alignment: Alignment,
): { reason: RejectReason; detail: string } | undefined {
  const left = alignment.unmatchedA.flatMap((i) => a.tokens[i] ?? [])
  const right = alignment.unmatchedB.flatMap((j) => b.tokens[j] ?? [])
  for (const [kind, reason] of EXACT) {
    const x = left.filter((token) => token.kind === kind).length
    const y = right.filter((token) => token.kind === kind).length
    if (x + y > 0)
      return { reason, detail: x > 0 && y > 0 ? 'replaced' : x > 0 ? 'query only' : 'candidate only' }
  }
  for (const x of left.slice(0, MAX_OPPOSITES)) {
    for (const y of right.slice(0, MAX_OPPOSITES)) {
      if (areOpposite(x.key, y.key)) return { reason: 'antonym', detail: 'opposite words' }
    }
  }
  return undefined
}

export function isName(token: Token): boolean {
  return token.kind === 'name'
}
