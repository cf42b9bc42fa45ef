import { createRequire } from 'node:module'
import { PieceMerger } from './merge.ts'
import { PieceCounts, REMEMBERED_BYTES } from './piece-counts.ts'
import { cl100kPlainWord, o200kPlainWord, PLAIN_WORD_WINDOW, type PlainWord } from './plain-word.ts'
import { Seams } from './seams.ts'
import { cl100kPieceEnd, o200kPieceEnd, type PieceEnd } from './split.ts'
import { TextBytes } from './text-bytes.ts'
import { NO_RANK, type RankData, Vocabulary } from './vocabulary.ts'

export type Encoding = 'cl100k_base' | 'o200k_base'

interface Pattern {
  readonly pieceEnd: PieceEnd
  readonly plainWord: PlainWord
}

const PATTERNS: Readonly<Record<Encoding, Pattern>> = {
  cl100k_base: { pieceEnd: cl100kPieceEnd, plainWord: cl100kPlainWord },
  o200k_base: { pieceEnd: o200kPieceEnd, plainWord: o200kPlainWord },
}

/** A buffer of up to this many bytes is kept between calls. */
const KEPT_BYTES = 1 << 17
const WARM_UP_UNITS = 1 << 15
/** A piece nearer to the end of the buffer than this is counted byte by byte. */
const WINDOW = Math.max(PLAIN_WORD_WINDOW, REMEMBERED_BYTES)

/** Exact counts in one encoding; special tokens are plain text. Synchronous, so its memory serves every call. */
export class Tokenizer {
  readonly #vocabulary: Vocabulary
  readonly #merger: PieceMerger
  readonly #seams: Seams
  readonly #pattern: Pattern
  readonly #pieces: PieceCounts
  readonly #parts: PieceCounts
  #kept = new TextBytes(4096)

  constructor(data: RankData, pattern: Pattern) {
    this.#vocabulary = new Vocabulary(data)
    this.#merger = new PieceMerger(this.#vocabulary)
    this.#seams = new Seams(this.#vocabulary.tokens)
    this.#pattern = pattern
    this.#pieces = new PieceCounts((text, start, end) => this.#countPiece(text, start, end))
    this.#parts = new PieceCounts(({ bytes }, start, end) => this.#merger.count(bytes, start, end))
  }

  /** Never throws; a lone surrogate counts as U+FFFD. */
  count(text: string): number {
    const most = text.length * 3
    const memory = this.#memory(most <= KEPT_BYTES ? most : Buffer.byteLength(text))
    memory.take(text)
    return this.#count(memory)
  }

  /** Counts the longest beginning of the text that has at most `maxBytes` bytes; `units` says how much that is. */
  countWithin(text: string, maxBytes: number): { tokens: number; units: number } {
    const memory = this.#memory(maxBytes)
    const units = memory.take(text, maxBytes)
    return { tokens: this.#count(memory), units }
  }

  #memory(bytes: number): TextBytes {
    if (bytes <= this.#kept.capacity) return this.#kept
    const memory = new TextBytes(bytes)
    if (bytes <= KEPT_BYTES) this.#kept = memory
    return memory
  }

  #count(text: TextBytes): number {
    const { bytes, classes, length, view } = text
    const { pieceEnd, plainWord } = this.#pattern
    let tokens = 0
    let start = 0
    for (const last = length - WINDOW; start <= last; ) {
      const size = plainWord(view, start) || pieceEnd(bytes, classes, start, length) - start
      if (size === 1) tokens++
      else if (size <= REMEMBERED_BYTES) tokens += this.#pieces.count(text, start, size)
      else tokens += this.#countPiece(text, start, start + size)
      start += size
    }
    while (start < length) {
      const end = pieceEnd(bytes, classes, start, length)
      tokens += this.#countPiece(text, start, end)
      start = end
    }
    return tokens
  }

  #countPiece(text: TextBytes, start: number, end: number): number {
    const { bytes } = text
    if (this.#vocabulary.rankOf(bytes, start, end) !== NO_RANK) return 1
    let tokens = 0
    for (let from = start; from < end; ) {
      const to = this.#seams.next(bytes, from, end)
      const isShort = to - from <= REMEMBERED_BYTES && from + REMEMBERED_BYTES <= text.length
      tokens += isShort ? this.#parts.count(text, from, to - from) : this.#merger.count(bytes, from, to)
      from = to
    }
    return tokens
  }
}

const require = createRequire(import.meta.url)
const tokenizers = new Map<Encoding, Tokenizer>()

/**
 * The tokenizer of an encoding. The first call reads the ranks and builds the tables, some tens of milliseconds in
 * one go: make it while starting, before there is traffic.
 */
export function tokenizerFor(encoding: Encoding): Tokenizer {
  const known = tokenizers.get(encoding)
  if (known !== undefined) return known
  const path = require.resolve(`js-tiktoken/ranks/${encoding}`)
  const data: RankData = require(path)
  // The text of the ranks is megabytes that nobody needs again.
  delete require.cache[path]
  const tokenizer = new Tokenizer(data, PATTERNS[encoding])
  // Compiles the hot loops now and not under the first request.
  tokenizer.count(data.bpe_ranks.slice(-WARM_UP_UNITS))
  tokenizers.set(encoding, tokenizer)
  return tokenizer
}

/** How many tokens the text has, exactly. For texts of unknown size see `countTokensBounded` and `TokenCounter`. */
export function countTokens(text: string, encoding: Encoding): number {
  return tokenizerFor(encoding).count(text)
}
