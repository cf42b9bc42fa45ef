import { hash } from 'node:crypto'

/**
 * Turns texts into vectors for the semantic layer.
 *
 * `identity` names model and dimension and becomes part of the index name, so that vectors of two models
 * never meet in one index. Vectors are L2-normalised, one per text, in the order of the texts; callers must
 * not write to them (a cache may hand out the same array twice).
 */
export interface Embedder {
  readonly identity: string
  readonly dimensions: number
  /** Rejects with {@link EmbedError} only. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>
  close?(): Promise<void>
}

/**
 * A name for file names and index names. What it cannot spell (a prefix in Chinese) is told apart by its hash: two
 * models must never have one name.
 */
export function identityOf(parts: readonly (string | number | undefined)[]): string {
  const written = parts.filter((part) => part !== undefined && part !== '').join('-')
  const safe = written.replace(/[^A-Za-z0-9._-]+/g, '_')
  return /^[\x20-\x7e]*$/.test(written) ? safe : `${safe}-${hash('sha256', written, 'hex').slice(0, 8)}`
}

export type EmbedErrorCode =
  /** The deadline passed, the adapter's own or the caller's. */
  | 'EMBED_TIMEOUT'
  /** The caller went away for a reason that says nothing about the embedder. */
  | 'EMBED_ABORTED'
  /** No connection, or it broke. */
  | 'EMBED_NETWORK'
  /** The endpoint answered with a status other than 200. */
  | 'EMBED_STATUS'
  /** The answer is larger than the limit. */
  | 'EMBED_TOO_LARGE'
  /** The answer is not what the API promises: not JSON, wrong count, wrong dimension, not finite. */
  | 'EMBED_SHAPE'
  /** The circuit is open: the embedder was not asked. */
  | 'EMBED_OPEN'
  /** An optional package or a model file is not there. */
  | 'EMBED_MISSING'
  /** The settings contradict each other. */
  | 'EMBED_SETTINGS'

/** Messages never hold a text, a key or an answer body. */
export class EmbedError extends Error {
  readonly code: EmbedErrorCode
  readonly status: number | undefined

  constructor(code: EmbedErrorCode, message: string, options?: { status?: number; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EmbedError'
    this.code = code
    this.status = options?.status
  }
}

/** What an aborted signal means: a passed deadline blames the embedder, anything else does not. */
export function abortError(signal: AbortSignal): EmbedError {
  const reason: unknown = signal.reason
  const timeout = reason instanceof Error && reason.name === 'TimeoutError'
  return timeout
    ? new EmbedError('EMBED_TIMEOUT', 'embedding took longer than its deadline')
    : new EmbedError('EMBED_ABORTED', 'embedding was aborted by its caller')
}

/**
 * Checks one vector as an API returned it and normalises it to length 1.
 * @throws EmbedError EMBED_SHAPE
 */
export function toVector(value: unknown, dimensions: number): Float32Array {
  if (!Array.isArray(value) || value.length !== dimensions) {
    const got = Array.isArray(value) ? `${value.length} numbers` : typeof value
    throw new EmbedError('EMBED_SHAPE', `expected a vector of ${dimensions} numbers, got ${got}`)
  }
  const vector = new Float32Array(dimensions)
  for (let i = 0; i < dimensions; i++) {
    const x: unknown = value[i]
    if (typeof x !== 'number' || !Number.isFinite(x)) {
      throw new EmbedError('EMBED_SHAPE', `vector element ${i} is not a finite number`)
    }
    vector[i] = x
  }
  return normalize(vector)
}

/** Scales to length 1 in place; a zero vector is EMBED_SHAPE, since its cosine to anything is undefined. */
export function normalize(vector: Float32Array): Float32Array {
  let sum = 0
  for (const x of vector) sum += x * x
  if (!(sum > 0) || !Number.isFinite(sum)) throw new EmbedError('EMBED_SHAPE', 'vector has no direction')
  const scale = 1 / Math.sqrt(sum)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * scale
  return vector
}
