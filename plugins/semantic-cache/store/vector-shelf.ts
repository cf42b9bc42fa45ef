/** Places that are compared before a vector may be given up: fewer cost more checks, more are read in vain. */
const STEP = 64
/** What rounding to 32 bits may take from a bound. */
const SLACK = 1e-5

/**
 * Unit vectors of one length in one block of memory, each with its owner. Beside each other they are compared about
 * twice as fast as when every vector is an object of its own; those that cannot be near enough are mostly given up after
 * a sixth of their places, by the lengths of what is left of both vectors (Cauchy-Schwarz).
 */
export class VectorShelf<Owner> {
  readonly #dimensions: number
  readonly #steps: number
  readonly #owners: Owner[] = []
  readonly #rowOf = new Map<Owner, number>()
  /** Starts with room for one: most contexts are conversations of which no second question is like the first. */
  #block: Float32Array
  /** Of each row the length of what follows each step. */
  #rests: Float32Array

  constructor(dimensions: number) {
    this.#dimensions = dimensions
    this.#steps = Math.ceil(dimensions / STEP)
    this.#block = new Float32Array(dimensions)
    this.#rests = new Float32Array(this.#steps)
  }

  get size(): number {
    return this.#owners.length
  }

  /** @param row below `size` */
  ownerAt(row: number): Owner | undefined {
    return this.#owners[row]
  }

  /** As the last row. @param vector of the shelf's length; it is copied */
  add(owner: Owner, vector: Float32Array): void {
    const row = this.#owners.length
    if ((row + 1) * this.#dimensions > this.#block.length) this.#resize(2 * row)
    this.#block.set(vector, row * this.#dimensions)
    this.#rests.set(restsOf(vector, this.#steps), row * this.#steps)
    this.#owners.push(owner)
    this.#rowOf.set(owner, row)
  }

  /** The last row takes the place of the one that goes, so who walks the rows downwards misses none. */
  remove(owner: Owner): void {
    const row = this.#rowOf.get(owner)
    if (row === undefined) return
    this.#rowOf.delete(owner)
    const last = this.#owners.pop() as Owner
    const { size } = this
    if (row < size) {
      this.#owners[row] = last
      this.#rowOf.set(last, row)
      this.#block.copyWithin(row * this.#dimensions, size * this.#dimensions, (size + 1) * this.#dimensions)
      this.#rests.copyWithin(row * this.#steps, size * this.#steps, (size + 1) * this.#steps)
    }
    if (4 * size * this.#dimensions < this.#block.length && size > 0) this.#resize(2 * size)
  }

  /**
   * Cosines of the unit vector `vector` with the rows from `from` up to and without `to`, into the first places of
   * `cosines`; -1 for those below `atLeast`, of which not all is read.
   */
  compare(vector: Float32Array, from: number, to: number, atLeast: number, cosines: Float64Array): void {
    const length = this.#dimensions
    const steps = this.#steps
    const block = this.#block
    const rests = this.#rests
    // As 64 bits once, or every product would convert both numbers.
    const wide = Float64Array.from(vector)
    const own = restsOf(vector, steps)
    for (let row = from; row < to; row++) {
      let cosine = 0
      for (let step = 0; step < steps; step++) {
        const start = step * STEP
        cosine += dot(wide, start, Math.min(length, start + STEP), block, row * length)
        const left = (own[step] as number) * (rests[row * steps + step] as number)
        if (cosine + left + SLACK >= atLeast) continue
        cosine = -1
        break
      }
      cosines[row - from] = cosine
    }
  }

  #resize(rows: number): void {
    this.#block = resized(this.#block, rows * this.#dimensions)
    this.#rests = resized(this.#rests, rows * this.#steps)
  }
}

function resized(from: Float32Array, length: number): Float32Array {
  const to = new Float32Array(length)
  to.set(from.subarray(0, Math.min(length, from.length)))
  return to
}

function restsOf(vector: Float32Array, steps: number): Float64Array {
  const rests = new Float64Array(steps)
  let squares = 0
  for (let step = steps - 1; step >= 0; step--) {
    rests[step] = Math.sqrt(squares)
    const end = Math.min(vector.length, (step + 1) * STEP)
    for (let i = step * STEP; i < end; i++) squares += (vector[i] as number) ** 2
  }
  return rests
}

/** Four sums at a time, since an addition would wait for the one before it: a quarter less time. */
function dot(vector: Float64Array, from: number, to: number, block: Float32Array, at: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  const fours = to - ((to - from) % 4)
  for (let i = from; i < fours; i += 4) {
    a += (vector[i] as number) * (block[at + i] as number)
    b += (vector[i + 1] as number) * (block[at + i + 1] as number)
    c += (vector[i + 2] as number) * (block[at + i + 2] as number)
    d += (vector[i + 3] as number) * (block[at + i + 3] as number)
  }
  for (let i = fours; i < to; i++) a += (vector[i] as number) * (block[at + i] as number)
  return a + b + c + d
}
