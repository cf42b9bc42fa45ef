/** Rank data as `js-tiktoken/ranks/*` has it: lines `! <first rank> <base64> <base64> ...`. */
export interface RankData {
  readonly bpe_ranks: string
}

/** No such token; also larger than any rank, so that a minimum over ranks passes it by. */
export const NO_RANK = 0x7fffffff

/** Token r is `pool[starts[r], starts[r + 1])`. */
export interface TokenBytes {
  readonly pool: Uint8Array
  readonly starts: Uint32Array
}

const RANK_BITS = 18
const RANK_MASK = (1 << RANK_BITS) - 1
const PAIR_CACHE_BITS = 15
const PAIR_CACHE_STRIDE = 4

/**
 * The tokens of one encoding and their ranks, in typed arrays: an open-addressing hash over the packed bytes of all
 * tokens takes about 5 MB for o200k_base, where a Map keyed by strings takes tens of MB and several times the build time.
 */
export class Vocabulary {
  readonly size: number
  readonly longestToken: number
  /** Rank of each single byte. */
  readonly byteRanks = new Int32Array(256).fill(NO_RANK)
  /** Rank of each pair of bytes, indexed by first << 8 | second. */
  readonly bytePairRanks = new Int32Array(65536).fill(NO_RANK)
  readonly #pool: Uint8Array
  readonly #starts: Uint32Array
  /** Top 14 bits of the hash, then rank + 1; 0 is an empty slot. */
  readonly #slots: Uint32Array
  readonly #slotShift: number
  /** Direct-mapped memo of `pairRank`: left, right, rank and padding. */
  readonly #pairCache = new Int32Array(PAIR_CACHE_STRIDE << PAIR_CACHE_BITS).fill(-1)

  constructor(data: RankData) {
    const decoded = decodeRanks(data.bpe_ranks)
    this.#pool = decoded.pool
    this.#starts = decoded.starts
    this.size = decoded.starts.length - 1
    if (this.size >= RANK_MASK) throw new RangeError(`more tokens than ${RANK_BITS} bits can number`)
    const slotBits = 33 - Math.clz32(this.size)
    this.#slots = new Uint32Array(1 << slotBits)
    this.#slotShift = 32 - slotBits
    let longest = 0
    for (let rank = 0; rank < this.size; rank++) {
      const start = this.#starts[rank] ?? 0
      const end = this.#starts[rank + 1] ?? 0
      longest = Math.max(longest, end - start)
      this.#insert(rank, start, end)
    }
    this.longestToken = longest
  }

  get tokens(): TokenBytes {
    return { pool: this.#pool, starts: this.#starts }
  }

  /** The rank of `bytes[start, end)` as one token, or NO_RANK. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.longestToken) return NO_RANK
    return this.#find(mixed(hashOf(HASH_SEED, bytes, start, end)), bytes, start, end, bytes, end, end)
  }

  /** The rank of the token that two tokens make when joined, or NO_RANK. */
  pairRank(left: number, right: number): number {
    const cache = this.#pairCache
    const at =
      ((Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77)) >>> (32 - PAIR_CACHE_BITS)) *
      PAIR_CACHE_STRIDE
    if (cache[at] === left && cache[at + 1] === right) return cache[at + 2] ?? NO_RANK
    const starts = this.#starts
    const leftStart = starts[left] ?? 0
    const leftEnd = starts[left + 1] ?? 0
    const rightStart = starts[right] ?? 0
    const rightEnd = starts[right + 1] ?? 0
    let rank = NO_RANK
    if (leftEnd - leftStart + rightEnd - rightStart <= this.longestToken) {
      const pool = this.#pool
      const hash = hashOf(hashOf(HASH_SEED, pool, leftStart, leftEnd), pool, rightStart, rightEnd)
      rank = this.#find(mixed(hash), pool, leftStart, leftEnd, pool, rightStart, rightEnd)
    }
    cache[at] = left
    cache[at + 1] = right
    cache[at + 2] = rank
    return rank
  }

  #insert(rank: number, start: number, end: number): void {
    const pool = this.#pool
    const first = pool[start] ?? 0
    if (end - start === 1) this.byteRanks[first] = rank
    if (end - start === 2) this.bytePairRanks[(first << 8) | (pool[start + 1] ?? 0)] = rank
    const hash = mixed(hashOf(HASH_SEED, pool, start, end))
    const mask = this.#slots.length - 1
    let slot = hash >>> this.#slotShift
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = (hash << RANK_BITS) | (rank + 1)
  }

  /** Looks up the joined bytes of two ranges; the second may be empty. */
  #find(
    hash: number,
    left: Uint8Array,
    leftStart: number,
    leftEnd: number,
    right: Uint8Array,
    rightStart: number,
    rightEnd: number,
  ): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const fingerprint = (hash << RANK_BITS) >>> RANK_BITS
    const leftLength = leftEnd - leftStart
    const wanted = leftLength + rightEnd - rightStart
    for (let slot = hash >>> this.#slotShift; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] ?? 0
      if (entry === 0) return NO_RANK
      if (entry >>> RANK_BITS !== fingerprint) continue
      const rank = (entry & RANK_MASK) - 1
      const start = this.#starts[rank] ?? 0
      if ((this.#starts[rank + 1] ?? 0) - start !== wanted) continue
      if (!sameBytes(this.#pool, start, left, leftStart, leftEnd)) continue
      if (sameBytes(this.#pool, start + leftLength, right, rightStart, rightEnd)) return rank
    }
  }
}

const HASH_SEED = 0x811c9dc5 | 0

/** FNV-1a, continued from `hash`. */
function hashOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
  let result = hash
  for (let i = start; i < end; i++) result = Math.imul(result ^ (bytes[i] ?? 0), 0x01000193)
  return result
}

/** Spreads the hash: its top bits choose the slot, its low 14 bits are the fingerprint. */
function mixed(hash: number): number {
  const spread = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return spread ^ (spread >>> 13)
}

function sameBytes(pool: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (pool[at + i - start] !== bytes[i]) return false
  }
  return true
}

const BASE64_VALUES = (() => {
  const values = new Uint8Array(128)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i
  return values
})()

/** Decodes all tokens to one run of bytes. */
function decodeRanks(text: string): TokenBytes {
  const pool = new Uint8Array(Math.ceil(text.length * 0.75))
  const starts = new Uint32Array((text.length >> 1) + 2)
  let tokens = 0
  let length = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const rankAt = line.indexOf(' ') + 1
    const tokensAt = line.indexOf(' ', rankAt) + 1
    if (Number(line.slice(rankAt, tokensAt)) !== tokens) throw new RangeError('token ranks have a gap')
    let bits = 0
    let bitCount = 0
    for (let i = tokensAt; i <= line.length; i++) {
      const code = i < line.length ? line.charCodeAt(i) : 0x20
      if (code === 0x20) {
        starts[++tokens] = length
        bitCount = 0
      } else if (code !== 0x3d) {
        bits = (bits << 6) | (BASE64_VALUES[code] ?? 0)
        bitCount += 6
        if (bitCount >= 8) {
          bitCount -= 8
          pool[length++] = bits >> bitCount
        }
      }
    }
  }
  return { pool: pool.slice(0, length), starts: starts.slice(0, tokens + 1) }
}
