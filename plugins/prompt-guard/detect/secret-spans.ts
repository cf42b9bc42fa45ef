import type { SecretKind } from './secret-table.ts'
import type { SecretSpan } from './secrets.ts'

/** A secret and the number of the text that it stands in. */
export type TextSecret = SecretSpan & { text: number }

const NONE = new Int32Array(0)
const NO_KINDS: ReadonlySet<SecretKind> = new Set()
/** Text, start, end and kind of each. */
const FIELDS = 4
const FIRST_ROOM = 64

/** What spans are of, by number: a kind and the id of the shape that was seen. */
const types: Pick<SecretSpan, 'kind' | 'id'>[] = []
const NO_TYPE = { kind: 'api_key', id: '' } as const
const typeNumbers = new Map<string, number>()

const typeOf = ({ kind, id }: SecretSpan): number => {
  let number = typeNumbers.get(id)
  if (number === undefined) {
    number = types.push({ kind, id }) - 1
    typeNumbers.set(id, number)
  }
  return number
}

/**
 * Secrets in the order of their texts, and in each text in the order of their places. Kept as numbers: a request of a
 * megabyte can have 150,000, and the collector would stop for 20 ms and more to move as many objects.
 */
export class SecretSpans implements Iterable<TextSecret> {
  /** Made with the first one: most requests have none. */
  #kinds: Set<SecretKind> | undefined
  #numbers = NONE
  #length = 0

  get length(): number {
    return this.#length
  }

  get kinds(): ReadonlySet<SecretKind> {
    return this.#kinds ?? NO_KINDS
  }

  add(span: SecretSpan, text: number): void {
    const at = this.#length * FIELDS
    if (at === this.#numbers.length) this.#grow()
    this.#numbers.set([text, span.start, span.end, typeOf(span)], at)
    this.#kinds ??= new Set()
    this.#kinds.add(span.kind)
    this.#length++
  }

  *[Symbol.iterator](): Generator<TextSecret> {
    for (let index = 0; index < this.#length; index++) yield this.#at(index)
  }

  /** Those of one text. */
  *ofText(text: number): Generator<TextSecret> {
    for (let index = this.#firstOf(text); this.#isOf(text, index); index++) yield this.#at(index)
  }

  isIn(text: number): boolean {
    return this.#isOf(text, this.#firstOf(text))
  }

  #at(index: number): TextSecret {
    const at = index * FIELDS
    const [text = 0, start = 0, end = 0, type = 0] = this.#numbers.subarray(at, at + FIELDS)
    return { ...(types[type] ?? NO_TYPE), start, end, text }
  }

  #isOf(text: number, index: number): boolean {
    return index < this.#length && this.#numbers[index * FIELDS] === text
  }

  /** Where the secrets of a text begin, or would. */
  #firstOf(text: number): number {
    let from = 0
    let to = this.#length
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#numbers[middle * FIELDS] ?? 0) < text) from = middle + 1
      else to = middle
    }
    return from
  }

  #grow(): void {
    const numbers = new Int32Array(Math.max(FIRST_ROOM * FIELDS, this.#numbers.length * 2))
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}
