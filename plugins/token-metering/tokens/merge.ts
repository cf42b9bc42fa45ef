import { NO_RANK, type Vocabulary } from './vocabulary.ts'

/** Up to this many bytes a scan for the lowest rank is faster than keeping buckets. */
const SCAN_LIMIT = 48
/** Scratch for pieces beyond this many bytes is given back after use. */
const KEPT_CAPACITY = 1 << 16

/**
 * Counts the tokens that byte-pair merging leaves of one piece: always the pair of lowest rank first, the leftmost
 * among equals, as tiktoken does. Short pieces are scanned; long ones take O(n log n) at worst and about O(n) on
 * repetitive input, where few different ranks occur at a time. Not reentrant: it owns its scratch memory.
 */
export class PieceMerger {
  readonly #vocabulary: Vocabulary
  readonly #shortRanks = new Int32Array(SCAN_LIMIT)
  readonly #shortPairs = new Int32Array(SCAN_LIMIT)
  #long: LongMerge | undefined

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
  }

  count(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length <= SCAN_LIMIT) return this.#scan(bytes, start, length)
    const long = this.#long !== undefined && this.#long.capacity >= length ? this.#long : undefined
    const merge = long ?? new LongMerge(this.#vocabulary, 1 << (32 - Math.clz32(length - 1)))
    if (merge.capacity <= KEPT_CAPACITY) this.#long = merge
    return merge.count(bytes, start, length)
  }

  #scan(bytes: Uint8Array, start: number, length: number): number {
    const vocabulary = this.#vocabulary
    const ranks = this.#shortRanks
    const pairs = this.#shortPairs
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i] ?? 0
      ranks[i] = vocabulary.byteRanks[byte] ?? NO_RANK
      pairs[i] =
        i + 1 < length
          ? (vocabulary.bytePairRanks[(byte << 8) | (bytes[start + i + 1] ?? 0)] ?? NO_RANK)
          : NO_RANK
    }
    let left = length
    for (;;) {
      let lowest = NO_RANK
      let at = 0
      for (let i = 0; i < left - 1; i++) {
        const rank = pairs[i] ?? NO_RANK
        if (rank < lowest) {
          lowest = rank
          at = i
        }
      }
      if (lowest === NO_RANK) return left
      left--
      for (let i = at + 1; i < left; i++) {
        ranks[i] = ranks[i + 1] ?? NO_RANK
        pairs[i] = pairs[i + 1] ?? NO_RANK
      }
      ranks[at] = lowest
      pairs[at] = at + 1 < left ? vocabulary.pairRank(lowest, ranks[at + 1] ?? 0) : NO_RANK
      if (at > 0) pairs[at - 1] = vocabulary.pairRank(ranks[at - 1] ?? 0, lowest)
    }
  }
}

/**
 * Merging with one bucket of positions for each rank and a heap of the ranks that have one. A bucket's entry is stale
 * when the pair at its position has changed since; positions that came out of order are sorted when their turn comes.
 */
class LongMerge {
  readonly capacity: number
  readonly #vocabulary: Vocabulary
  readonly #ranks: Int32Array
  readonly #pairs: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  // Every merge makes two new pairs at most, and there are fewer merges than bytes.
  readonly #entryPosition: Int32Array
  readonly #entryNext: Int32Array
  #entries = 0
  readonly #bucketHead: Int32Array
  readonly #bucketTail: Int32Array
  readonly #bucketUnsorted: Uint8Array
  readonly #heap: Int32Array
  #heapSize = 0

  constructor(vocabulary: Vocabulary, capacity: number) {
    this.#vocabulary = vocabulary
    this.capacity = capacity
    this.#ranks = new Int32Array(capacity)
    this.#pairs = new Int32Array(capacity)
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#entryPosition = new Int32Array(capacity * 3)
    this.#entryNext = new Int32Array(capacity * 3)
    this.#bucketHead = new Int32Array(vocabulary.size).fill(-1)
    this.#bucketTail = new Int32Array(vocabulary.size)
    this.#bucketUnsorted = new Uint8Array(vocabulary.size)
    this.#heap = new Int32Array(Math.min(capacity * 3, vocabulary.size) + 1)
  }

  count(bytes: Uint8Array, start: number, length: number): number {
    this.#entries = 0
    this.#heapSize = 0
    const { byteRanks, bytePairRanks } = this.#vocabulary
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i] ?? 0
      this.#ranks[i] = byteRanks[byte] ?? NO_RANK
      this.#next[i] = i + 1
      this.#previous[i] = i - 1
      const pair =
        i + 1 < length ? (bytePairRanks[(byte << 8) | (bytes[start + i + 1] ?? 0)] ?? NO_RANK) : NO_RANK
      this.#setPair(i, pair)
    }
    let left = length
    while (this.#heapSize > 0) left -= this.#mergeBucket(this.#popRank(), length)
    return left
  }

  /** Merges the pairs of one rank from left to right; stops early when a pair of a lower rank appears. */
  #mergeBucket(rank: number, length: number): number {
    if (this.#bucketUnsorted[rank] === 1) this.#sortBucket(rank)
    let merged = 0
    let entry = this.#bucketHead[rank] ?? -1
    this.#bucketHead[rank] = -1
    while (entry !== -1) {
      const at = this.#entryPosition[entry] ?? 0
      entry = this.#entryNext[entry] ?? -1
      if (this.#pairs[at] !== rank) continue
      merged++
      const lowest = this.#mergeAt(at, rank, length)
      if (lowest < rank && entry !== -1) {
        this.#bucketHead[rank] = entry
        this.#pushRank(rank)
        break
      }
    }
    return merged
  }

  /** Joins the token at `at` with the next one and returns the lower rank of the two new pairs. */
  #mergeAt(at: number, rank: number, length: number): number {
    const removed = this.#next[at] ?? length
    const after = this.#next[removed] ?? length
    this.#ranks[at] = rank
    this.#next[at] = after
    this.#pairs[removed] = NO_RANK
    let right = NO_RANK
    if (after < length) {
      this.#previous[after] = at
      right = this.#vocabulary.pairRank(rank, this.#ranks[after] ?? 0)
    }
    let left = NO_RANK
    const before = this.#previous[at] ?? -1
    if (before >= 0) {
      left = this.#vocabulary.pairRank(this.#ranks[before] ?? 0, rank)
      this.#setPair(before, left)
    }
    this.#setPair(at, right)
    return Math.min(left, right)
  }

  #setPair(at: number, rank: number): void {
    this.#pairs[at] = rank
    if (rank === NO_RANK) return
    const entry = this.#entries++
    this.#entryPosition[entry] = at
    this.#entryNext[entry] = -1
    if (this.#bucketHead[rank] === -1) {
      this.#bucketHead[rank] = entry
      this.#bucketUnsorted[rank] = 0
      this.#pushRank(rank)
    } else {
      const tail = this.#bucketTail[rank] ?? 0
      this.#entryNext[tail] = entry
      if ((this.#entryPosition[tail] ?? 0) > at) this.#bucketUnsorted[rank] = 1
    }
    this.#bucketTail[rank] = entry
  }

  #sortBucket(rank: number): void {
    this.#bucketUnsorted[rank] = 0
    const live: number[] = []
    for (let entry = this.#bucketHead[rank] ?? -1; entry !== -1; entry = this.#entryNext[entry] ?? -1) {
      const at = this.#entryPosition[entry] ?? 0
      if (this.#pairs[at] === rank) live.push(at)
    }
    const sorted = Int32Array.from(live).sort()
    let entry = this.#bucketHead[rank] ?? -1
    let last = -1
    for (const at of sorted) {
      this.#entryPosition[entry] = at
      last = entry
      entry = this.#entryNext[entry] ?? -1
    }
    if (last === -1) this.#bucketHead[rank] = -1
    else this.#entryNext[last] = -1
  }

  #pushRank(rank: number): void {
    const heap = this.#heap
    let at = this.#heapSize++
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] ?? 0
      if (above <= rank) break
      heap[at] = above
      at = parent
    }
    heap[at] = rank
  }

  #popRank(): number {
    const heap = this.#heap
    const top = heap[0] ?? NO_RANK
    const size = --this.#heapSize
    const moved = heap[size] ?? NO_RANK
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child++
      const below = heap[child] ?? 0
      if (below >= moved) break
      heap[at] = below
      at = child
    }
    heap[at] = moved
    return top
  }
}
