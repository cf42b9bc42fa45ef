import type { Token } from './read.ts'

/** Which token of one text is which of the other. */
export interface Alignment {
  /** For each token of `a` its place in `b`, or -1. */
  toB: Int32Array
  toA: Int32Array
  unmatchedA: number[]
  unmatchedB: number[]
}

/** A word that stands in a text more often than this is matched by its first places only. */
const MAX_PLACES = 8

/**
 * Pairs equal keys, longest common runs first where they are of two or more, so that a repeated word goes with
 * its neighbours. Each step looks at no more than MAX_PLACES places: linear in the number of tokens.
 */
export function align(a: readonly Token[], b: readonly Token[]): Alignment {
  const toB = new Int32Array(a.length).fill(-1)
  const toA = new Int32Array(b.length).fill(-1)
  const places = new Map<string, number[]>()
  for (const [j, token] of b.entries()) {
    const list = places.get(token.key)
    if (list === undefined) places.set(token.key, [j])
    else if (list.length < MAX_PLACES) list.push(j)
  }
  for (const minimum of [3, 2, 1]) {
    let expected = 0
    for (let i = 0; i < a.length; i++) {
      const known = toB[i] ?? -1
      if (known >= 0) {
        expected = known + 1
        continue
      }
      let best = -1
      let bestRun = 0
      for (const j of places.get(a[i]?.key ?? '') ?? []) {
        if ((toA[j] ?? -1) >= 0) continue
        const run = runLength(a, b, toA, toB, i, j)
        if (run < minimum) continue
        if (run > bestRun || (run === bestRun && Math.abs(j - expected) < Math.abs(best - expected))) {
          best = j
          bestRun = run
        }
      }
      if (best < 0) continue
      for (let k = 0; k < bestRun; k++) {
        toB[i + k] = best + k
        toA[best + k] = i + k
      }
      expected = best + bestRun
    }
  }
  return { toB, toA, unmatchedA: gaps(toB), unmatchedB: gaps(toA) }
}

const MAX_RUN = 16

function runLength(
  a: readonly Token[],
  b: readonly Token[],
  toA: Int32Array,
  toB: Int32Array,
  i: number,
  j: number,
): number {
  let run = 0
  while (
    run < MAX_RUN &&
    i + run < a.length &&
    j + run < b.length &&
    a[i + run]?.key === b[j + run]?.key &&
    (toB[i + run] ?? 0) < 0 &&
    (toA[j + run] ?? 0) < 0
  ) {
    run++
  }
  return run
}

function gaps(map: Int32Array): number[] {
  const list: number[] = []
  for (let i = 0; i < map.length; i++) if ((map[i] ?? 0) < 0) list.push(i)
  return list
}
