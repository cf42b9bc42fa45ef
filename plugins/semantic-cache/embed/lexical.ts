import { type Embedder, normalize } from './embedder.ts'

const DIMENSIONS = 384
/** Text beyond this adds nothing to a near-duplicate check and would cost linear time. */
const MAX_CHARS = 8192

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** Salts keep the feature families apart; weights say how much each family speaks. */
const FAMILY = {
  word: { salt: 0x9e3779b1, weight: 1 },
  wordPair: { salt: 0x85ebca6b, weight: 0.6 },
  gram: { salt: 0xc2b2ae35, weight: 0.35 },
  cjk: { salt: 0x27d4eb2f, weight: 0.5 },
  cjkPair: { salt: 0x165667b1, weight: 1 },
} as const

type Family = (typeof FAMILY)[keyof typeof FAMILY]

/**
 * The embedder of the quickstart: hashed words, word pairs, character trigrams and CJK bigrams. It needs no
 * model and sees no meaning, so it finds near-duplicates only.
 */
export class LexicalEmbedder implements Embedder {
  readonly identity: string
  readonly dimensions: number

  constructor(dimensions: number = DIMENSIONS) {
    this.dimensions = dimensions
    this.identity = `lexical-${dimensions}`
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map((text) => lexicalVector(text, this.dimensions))
  }
}

/** Pure and deterministic across processes; an empty text gives a fixed unit vector. */
export function lexicalVector(text: string, dimensions: number = DIMENSIONS): Float32Array {
  const vector = new Float32Array(dimensions)
  const chars = text.slice(0, MAX_CHARS).normalize('NFKC').toLowerCase()
  let wordHash = 0
  let wordLength = 0
  let previousWord = 0
  let previousCjk = 0
  // A rolling window of three characters; 32 (space) pads the edges of a word.
  let c1 = 32
  let c2 = 32

  const endWord = () => {
    if (wordLength === 0) return
    add(vector, wordHash, FAMILY.word)
    add(vector, mix(previousWord, wordHash), FAMILY.wordPair)
    add(vector, gram(c1, c2, 32), FAMILY.gram)
    previousWord = wordHash
    wordLength = 0
    c1 = 32
    c2 = 32
  }

  for (let i = 0; i < chars.length; i++) {
    const code = chars.charCodeAt(i)
    if (isCjk(code)) {
      endWord()
      add(vector, code, FAMILY.cjk)
      add(vector, mix(previousCjk, code), FAMILY.cjkPair)
      previousCjk = code
      previousWord = code
    } else if (isWordCode(code)) {
      if (wordLength === 0) wordHash = FNV_OFFSET
      wordHash = Math.imul(wordHash ^ code, FNV_PRIME) >>> 0
      if (wordLength > 0) add(vector, gram(c1, c2, code), FAMILY.gram)
      wordLength++
      c1 = c2
      c2 = code
      previousCjk = 0
    } else {
      endWord()
    }
  }
  endWord()
  // Punctuation alone still deserves a vector, and the same one each time.
  if (!vector.some((x) => x !== 0)) vector[0] = 1
  return normalize(vector)
}

function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 43 ||
    code === 35 ||
    (code > 0xbf && !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f))
  )
}

function isCjk(code: number): boolean {
  return (
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0x3040 && code <= 0x30ff) ||
    (code >= 0xac00 && code <= 0xd7af)
  )
}

function gram(a: number, b: number, c: number): number {
  return mix(mix(a, b), c)
}

function mix(a: number, b: number): number {
  return Math.imul((Math.imul(a, 0x01000193) ^ b) >>> 0, 0x85ebca6b) >>> 0
}

function add(vector: Float32Array, feature: number, family: Family): void {
  let h = (feature ^ family.salt) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  h = (h ^ (h >>> 16)) >>> 0
  const slot = (h >>> 1) % vector.length
  vector[slot] = (vector[slot] ?? 0) + ((h & 1) === 1 ? family.weight : -family.weight)
}
