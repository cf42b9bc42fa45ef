/**
 * Aho-Corasick over UTF-16 code units. ASCII letters, digits and signs step through a dense table; other code units
 * (Chinese mostly) through a table of first steps, then a hash of trie edges and failure links, so that the tables stay
 * small. `l` and `i` are one letter: the signs that stand for them in leet are the same. Verify a hit where that matters.
 *
 * States are numbered by depth, so that the rows that most texts visit lie together, and those where a phrase ends
 * come last, so that one comparison tells whether there is something to report.
 */
export type Automaton = {
  readonly dense: Uint16Array
  readonly fail: Uint16Array
  /** Least state in which a phrase ends, its own or one on its failure path. */
  readonly firstEnd: number
  /** Number of each code unit that steps through the hash, 0 for those in no phrase. */
  readonly unitIds: Uint16Array
  /** Step from the start, by {@link unitIds}. */
  readonly firstSteps: Uint16Array
  readonly edgeKeys: Int32Array
  readonly edgeTargets: Uint16Array
  /** First phrase that ends in a state, -1 for none. */
  readonly output: Int32Array
  /** Next phrase that ends in the same state, by phrase. */
  readonly nextOutput: Int32Array
  /** Nearest state on the failure path with an output. */
  readonly outputLink: Uint16Array
  /** Length of each phrase in code units. */
  readonly lengths: Uint16Array
}

const WIDTH = 64
const SMALL_L = 108
const SMALL_I = 105

/** Dense class of a code unit, 0 when it steps through the hash. */
const CLASS_OF = new Uint8Array(65536)
for (let letter = 97; letter < 123; letter++) CLASS_OF[letter] = letter - 96
CLASS_OF[SMALL_L] = CLASS_OF[SMALL_I] ?? 0
for (let digit = 48; digit < 58; digit++) CLASS_OF[digit] = digit - 48 + 27
;[...'\n !"#$%&\'()*+,-./:;<=>?@[]_{|}'].forEach((sign, index) => {
  CLASS_OF[sign.charCodeAt(0)] = index < WIDTH - 37 ? index + 37 : 0
})

const UNIT_BITS = 14
const MAX_UNITS = (1 << UNIT_BITS) - 1
const MAX_STATES = 65_535

const edgeKey = (state: number, unitId: number): number => (state << UNIT_BITS) | unitId

const slotOf = (key: number, mask: number): number => {
  const mixed = Math.imul(key, 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) & mask
}

const find = (keys: Int32Array, key: number): number => {
  const mask = keys.length - 1
  let slot = slotOf(key, mask)
  for (;;) {
    const held = keys[slot]
    if (held === key) return slot
    if (held === -1 || held === undefined) return -1
    slot = (slot + 1) & mask
  }
}

type Trie = { edges: ReadonlyMap<number, number>[]; output: number[]; nextOutput: Int32Array }

const buildTrie = (phrases: readonly Uint16Array[]): Trie => {
  const edges: Map<number, number>[] = [new Map()]
  const output = [-1]
  const nextOutput = new Int32Array(phrases.length).fill(-1)
  phrases.forEach((phrase, id) => {
    let state = 0
    for (const raw of phrase) {
      const unit = raw === SMALL_L ? SMALL_I : raw
      let next = edges[state]?.get(unit)
      if (next === undefined) {
        next = edges.length
        edges[state]?.set(unit, next)
        edges.push(new Map())
        output.push(-1)
      }
      state = next
    }
    nextOutput[id] = output[state] ?? -1
    output[state] = id
  })
  if (edges.length > MAX_STATES) throw new RangeError('too many phrases for one automaton')
  return { edges, output, nextOutput }
}

type Failures = { fail: Int32Array; outputLink: Int32Array; byDepth: number[] }

const findFailures = ({ edges, output }: Trie): Failures => {
  const fail = new Int32Array(edges.length)
  const outputLink = new Int32Array(edges.length)
  const byDepth = [0]
  const step = (from: number, unit: number): number => {
    for (let state = from; ; state = fail[state] ?? 0) {
      const next = edges[state]?.get(unit)
      if (next !== undefined) return next
      if (state === 0) return 0
    }
  }
  for (let head = 0; head < byDepth.length; head++) {
    const state = byDepth[head] ?? 0
    for (const [unit, next] of edges[state] ?? []) {
      if (state !== 0) {
        const target = step(fail[state] ?? 0, unit)
        fail[next] = target
        outputLink[next] = (output[target] ?? -1) >= 0 ? target : (outputLink[target] ?? 0)
      }
      byDepth.push(next)
    }
  }
  return { fail, outputLink, byDepth }
}

/** The trie with its states in a new order: `order[new] = old`. */
const reorder = (
  { edges, output, nextOutput }: Trie,
  { fail, outputLink }: Failures,
  order: readonly number[],
) => {
  const numbers = new Uint16Array(order.length)
  order.forEach((old, number) => {
    numbers[old] = number
  })
  return {
    edges: order.map((old) =>
      Array.from(edges[old] ?? [], ([unit, next]) => [unit, numbers[next] ?? 0] as const),
    ),
    output: Int32Array.from(order, (old) => output[old] ?? -1),
    fail: Uint16Array.from(order, (old) => numbers[fail[old] ?? 0] ?? 0),
    outputLink: Uint16Array.from(order, (old) => numbers[outputLink[old] ?? 0] ?? 0),
    nextOutput,
  }
}

type Edges = readonly (readonly (readonly [unit: number, next: number])[])[]

const buildDense = (edges: Edges, fail: Uint16Array, byDepth: readonly number[]): Uint16Array => {
  const dense = new Uint16Array(edges.length * WIDTH)
  for (const state of byDepth) {
    const failure = fail[state] ?? 0
    if (state !== 0) dense.copyWithin(state * WIDTH, failure * WIDTH, failure * WIDTH + WIDTH)
    for (const [unit, next] of edges[state] ?? []) {
      const cls = CLASS_OF[unit] ?? 0
      if (cls > 0) dense[state * WIDTH + cls] = next
    }
  }
  return dense
}

const buildHash = (edges: Edges) => {
  const hashed = edges.flatMap((list, state) =>
    list.filter(([unit]) => CLASS_OF[unit] === 0).map(([unit, next]) => ({ state, unit, next })),
  )
  const unitIds = new Uint16Array(65536)
  let units = 0
  for (const { unit } of hashed) if (unitIds[unit] === 0) unitIds[unit] = ++units
  if (units > MAX_UNITS) throw new RangeError('too many characters for one automaton')
  let slots = 16
  while (slots < hashed.length * 3) slots *= 2
  const edgeKeys = new Int32Array(slots).fill(-1)
  const edgeTargets = new Uint16Array(slots)
  const firstSteps = new Uint16Array(units + 1)
  for (const { state, unit, next } of hashed) {
    const id = unitIds[unit] ?? 0
    if (state === 0) firstSteps[id] = next
    const key = edgeKey(state, id)
    let slot = slotOf(key, slots - 1)
    while (edgeKeys[slot] !== -1) slot = (slot + 1) & (slots - 1)
    edgeKeys[slot] = key
    edgeTargets[slot] = next
  }
  return { unitIds, edgeKeys, edgeTargets, firstSteps }
}

/** Compiles phrases; a phrase's index is its id. At most 65,535 states. */
export const compileAutomaton = (phrases: readonly Uint16Array[]): Automaton => {
  const trie = buildTrie(phrases)
  const failures = findFailures(trie)
  const { byDepth, outputLink } = failures
  const isEnd = (state: number): boolean => (trie.output[state] ?? -1) >= 0 || outputLink[state] !== 0
  const silent = byDepth.filter((state) => !isEnd(state))
  const order = [...silent, ...byDepth.filter(isEnd)]
  const { edges, ...tables } = reorder(trie, failures, order)
  const places = new Map(order.map((old, number) => [old, number]))
  return {
    ...tables,
    ...buildHash(edges),
    dense: buildDense(
      edges,
      tables.fail,
      byDepth.map((old) => places.get(old) ?? 0),
    ),
    firstEnd: silent.length,
    lengths: Uint16Array.from(phrases, (phrase) => phrase.length),
  }
}

/** Phrase ids and the index after their last code unit, as pairs, in order of their ends. */
export type Matches = { pairs: Int32Array; count: number; overflow: boolean }

export const createMatches = (capacity: number): Matches => ({
  pairs: new Int32Array(capacity * 2),
  count: 0,
  overflow: false,
})

/** Writes every occurrence of every phrase; beyond the capacity it stops and sets `overflow`. Linear. */
export const scan = (automaton: Automaton, chars: Uint16Array, length: number, matches: Matches): Matches => {
  const { dense, fail, firstEnd, unitIds, firstSteps, edgeKeys, edgeTargets } = automaton
  const { output, nextOutput, outputLink } = automaton
  const { pairs } = matches
  const capacity = pairs.length
  let written = 0
  let state = 0
  matches.overflow = false
  for (let index = 0; index < length; index++) {
    const unit = chars[index] ?? 0
    const cls = CLASS_OF[unit] ?? 0
    if (cls > 0) state = dense[state * WIDTH + cls] ?? 0
    else {
      const unitId = unitIds[unit] ?? 0
      let next = unitId === 0 ? 0 : -1
      while (next < 0) {
        if (state === 0) next = firstSteps[unitId] ?? 0
        else {
          const slot = find(edgeKeys, edgeKey(state, unitId))
          if (slot >= 0) next = edgeTargets[slot] ?? 0
          else state = fail[state] ?? 0
        }
      }
      state = next
    }
    if (state < firstEnd) continue
    for (let at = state; at !== 0; at = outputLink[at] ?? 0) {
      for (let id = output[at] ?? -1; id >= 0; id = nextOutput[id] ?? -1) {
        if (written >= capacity) {
          matches.count = written >> 1
          matches.overflow = true
          return matches
        }
        pairs[written++] = id
        pairs[written++] = index + 1
      }
    }
  }
  matches.count = written >> 1
  return matches
}
