import { createRequire } from 'node:module'
import { classifyUtf8 } from './char-class.ts'
import { PieceMerger } from './merge.ts'
import { cl100kPieceEnd, o200kPieceEnd, type PieceEnd } from './split.ts'
import { NO_RANK, type RankData, Vocabulary } from './vocabulary.ts'

export type Encoding = 'cl100k_base' | 'o200k_base'

/** What other places call these encodings; o200k_harmony differs from o200k_base in special tokens only. */
const ALIASES: Readonly<Record<string, Encoding>> = {
  cl100k_base: 'cl100k_base',
  o200k_base: 'o200k_base',
  o200k_harmony: 'o200k_base',
}

/** The encoding of this name or alias, as settings may give it. */
export function encodingNamed(name: string): Encoding | undefined {
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined
}

const PIECE_ENDS: Readonly<Record<Encoding, PieceEnd>> = {
  cl100k_base: cl100kPieceEnd,
  o200k_base: o200kPieceEnd,
}

/** Buffers up to this many bytes are kept between calls. */
const KEPT_BYTES = 1 << 17
const WARM_UP_UNITS = 1 << 15
const encoder = new TextEncoder()

/** Exact counts in one encoding; special tokens are plain text. Synchronous, so its buffers serve every call. */
export class Tokenizer {
  readonly #vocabulary: Vocabulary
  readonly #merger: PieceMerger
  readonly #pieceEnd: PieceEnd
  #bytes = new Uint8Array(4096)
  #classes = new Uint8Array(4096)

  constructor(data: RankData, pieceEnd: PieceEnd) {
    this.#vocabulary = new Vocabulary(data)
    this.#merger = new PieceMerger(this.#vocabulary)
    this.#pieceEnd = pieceEnd
  }

  /** Never throws; a lone surrogate counts as U+FFFD. */
  count(text: string): number {
    const room = text.length * 3
    if (room <= KEPT_BYTES) return this.countWithin(text, room).tokens
    const bytes = encoder.encode(text)
    return this.#countBytes(bytes, new Uint8Array(bytes.length), bytes.length)
  }

  /** Counts the longest beginning of the text that has at most `maxBytes` bytes; `units` says how much that is. */
  countWithin(text: string, maxBytes: number): { tokens: number; units: number } {
    this.#reserve(maxBytes)
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(0, maxBytes))
    return { tokens: this.#countBytes(this.#bytes, this.#classes, written), units: read }
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length >= bytes) return
    this.#bytes = new Uint8Array(bytes)
    this.#classes = new Uint8Array(bytes)
  }

  #countBytes(bytes: Uint8Array, classes: Uint8Array, length: number): number {
    classifyUtf8(bytes, length, classes)
    const pieceEnd = this.#pieceEnd
    const vocabulary = this.#vocabulary
    let tokens = 0
    for (let start = 0; start < length; ) {
      const end = pieceEnd(bytes, classes, start, length)
      const single = end - start === 1 || vocabulary.rankOf(bytes, start, end) !== NO_RANK
      tokens += single ? 1 : this.#merger.count(bytes, start, end)
      start = end
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
  const tokenizer = new Tokenizer(data, PIECE_ENDS[encoding])
  // Compiles the hot loops now and not under the first request.
  tokenizer.count(data.bpe_ranks.slice(-WARM_UP_UNITS))
  tokenizers.set(encoding, tokenizer)
  return tokenizer
}

/** How many tokens the text has, exactly. For texts of unknown size see `countTokensBounded` and `TokenCounter`. */
export function countTokens(text: string, encoding: Encoding): number {
  return tokenizerFor(encoding).count(text)
}
