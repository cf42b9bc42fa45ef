import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VectorShelf } from '../../../../../plugins/semantic-cache/store/vector-shelf.ts'
import { seededRandom } from '../../../../provider/script.ts'

const DIMENSIONS = 6

/** A vector that tells its number, of a length that is no multiple of four. */
function vectorOf(n: number): Float32Array {
  return Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === DIMENSIONS - 1 ? n : i / 8))
}

function rowsOf(shelf: VectorShelf<string>): Map<string, number> {
  const products = new Float64Array(shelf.size)
  const last = new Float32Array(DIMENSIONS)
  last[DIMENSIONS - 1] = 1
  shelf.compare(last, 0, shelf.size, -1, products)
  return new Map([...products].map((product, row) => [shelf.ownerAt(row) ?? '', product]))
}

test('every owner keeps its vector, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 200 }), (steps) => {
      const shelf = new VectorShelf<string>(DIMENSIONS)
      const expected = new Map<string, number>()
      for (const [isAdded, n] of steps) {
        const owner = `owner ${n}`
        if (!isAdded) {
          shelf.remove(owner)
          expected.delete(owner)
        } else if (!expected.has(owner)) {
          shelf.add(owner, vectorOf(n))
          expected.set(owner, n)
        }
      }
      assert.equal(shelf.size, expected.size)
      assert.deepEqual(
        rowsOf(shelf),
        new Map([...rowsOf(shelf).keys()].map((key) => [key, expected.get(key)])),
      )
    }),
  )
})

test('compares the rows that it is asked for, with all places of the vectors', () => {
  const shelf = new VectorShelf<string>(DIMENSIONS)
  for (let n = 0; n < 5; n++) shelf.add(`${n}`, vectorOf(n))
  const products = new Float64Array(2)
  shelf.compare(vectorOf(2), 3, 5, -1, products)
  const product = (n: number) => vectorOf(2).reduce((sum, x, i) => sum + x * (vectorOf(n)[i] ?? 0), 0)
  assert.deepEqual([...products], [product(3), product(4)])
})

test('brings the last row into the place of the one that goes', () => {
  const shelf = new VectorShelf<string>(DIMENSIONS)
  for (let n = 0; n < 4; n++) shelf.add(`${n}`, vectorOf(n))
  shelf.remove('1')
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => shelf.ownerAt(row)),
    ['0', '3', '2', undefined],
  )
})

/** Of length 1, near the first of the axes the more `lean` there is, so that some are near each other. */
function unitVector(random: () => number, dimensions: number, lean: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, i) => random() - 0.5 + (i < 3 ? lean : 0))
  const length = Math.hypot(...vector)
  return vector.map((x) => x / length)
}

test('gives up no vector that is near enough, and tells of none as near that is not', () => {
  const random = seededRandom(7)
  for (const dimensions of [64, 100, 384]) {
    const vectors = Array.from({ length: 300 }, (_, n) => unitVector(random, dimensions, (n % 50) / 5))
    const shelf = new VectorShelf<number>(dimensions)
    vectors.forEach((vector, n) => {
      shelf.add(n, vector)
    })
    // Rows that were moved have to bring along what is known of them.
    for (let n = 0; n < 100; n++) shelf.remove(n)
    const cosines = new Float64Array(shelf.size)
    for (const atLeast of [0.5, 0.9, 0.99]) {
      const asked = vectors[249] as Float32Array
      shelf.compare(asked, 0, shelf.size, atLeast, cosines)
      let near = 0
      cosines.forEach((cosine, row) => {
        const other = vectors[shelf.ownerAt(row) as number] as Float32Array
        const expected = asked.reduce((sum, x, i) => sum + x * (other[i] as number), 0)
        if (expected >= atLeast) near++
        if (expected >= atLeast || cosine >= atLeast) assert.ok(Math.abs(cosine - expected) < 1e-5)
        else assert.ok(cosine === -1 || Math.abs(cosine - expected) < 1e-5)
      })
      assert.ok(near > 0 && near < shelf.size)
    }
  }
})
