import * as flatbuffers from 'flatbuffers'
import { RunnerError } from '../errors.ts'

/**
 * Checked reading of FlatBuffers tables. The package's own ByteBuffer trusts every offset (past the end it reads
 * zeros, and a forged vector length loops for minutes), so what comes from the socket is read here instead:
 * each offset is checked against the payload, and the bytes handed out are budgeted, because forged offsets may
 * point at the same bytes any number of times.
 */
const { SIZEOF_INT, SIZEOF_SHORT, FILE_IDENTIFIER_LENGTH } = flatbuffers

export interface TextEntry {
  readonly name: string
  /** undefined: the entry has no value (a flag argument; in a Rewrite, a deletion). */
  readonly value: string | undefined
}

/** APISIX passes at most 100 headers and 100 arguments by default; this leaves room and still bounds a forged vector. */
export const MAX_ENTRIES = 10_000

/** A bigger call is mostly values, for which no second copy of it is worth while. */
const MAX_CUT_FROM_BYTES = 16_384
const NOT_ASCII = /[^\0-\x7f]/

export class Payload {
  readonly bytes: Buffer
  #budget: number
  #chars: string | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.#budget = 2 * bytes.length
  }

  root(): Table {
    if (this.bytes.length < SIZEOF_INT + FILE_IDENTIFIER_LENGTH)
      throw broken(`payload of ${this.bytes.length} bytes is too short`)
    return new Table(this, this.u32(0))
  }

  u8(at: number): number {
    this.check(at, 1)
    return this.bytes[at] as number
  }

  u16(at: number): number {
    this.check(at, SIZEOF_SHORT)
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8)
  }

  u32(at: number): number {
    this.check(at, SIZEOF_INT)
    return this.bytes.readUInt32LE(at)
  }

  i32(at: number): number {
    this.check(at, SIZEOF_INT)
    return this.bytes.readInt32LE(at)
  }

  /** Follows the offset at `at` to where it points. */
  follow(at: number): number {
    const target = at + this.u32(at)
    this.check(target, SIZEOF_INT)
    return target
  }

  /** A vector's or string's first element and length, in elements of `elementBytes`. */
  vector(at: number, elementBytes: number): { start: number; length: number } {
    const head = this.follow(at)
    const length = this.u32(head)
    const start = head + SIZEOF_INT
    this.check(start, length * elementBytes)
    this.#spend(length * elementBytes)
    return { start, length }
  }

  /** The TextEntry that the offset at `at` points to. Most of a call is these, so no Table is made for each. */
  entry(at: number): TextEntry {
    const table = this.follow(at)
    const vtable = table - this.i32(table)
    const vtableBytes = this.u16(vtable)
    this.check(vtable, vtableBytes)
    // Slots 0 and 1 of the vtable, behind its two sizes.
    const name = vtableBytes >= 6 ? this.u16(vtable + 4) : 0
    const value = vtableBytes >= 8 ? this.u16(vtable + 6) : 0
    return {
      name: name === 0 ? '' : this.#name(table + name),
      value: value === 0 ? undefined : this.text(table + value),
    }
  }

  /** The string that the offset at `at` points to. */
  text(at: number): string {
    const head = this.follow(at)
    const length = this.u32(head)
    const start = head + SIZEOF_INT
    this.check(start, length)
    this.#spend(length)
    return this.bytes.toString('utf8', start, start + length)
  }

  /**
   * As `text`, for names: a call has a dozen short ones, all ASCII, and cutting them from one string costs a fifth of
   * as many calls to a decoder. What is cut keeps the whole payload in memory, so no text that is stored may be.
   */
  #name(at: number): string {
    if (this.bytes.length > MAX_CUT_FROM_BYTES) return this.text(at)
    const head = this.follow(at)
    const length = this.u32(head)
    const start = head + SIZEOF_INT
    this.check(start, length)
    this.#chars ??= this.bytes.toString('latin1')
    const name = this.#chars.slice(start, start + length)
    if (NOT_ASCII.test(name)) return this.text(at)
    this.#spend(length)
    return name
  }

  check(at: number, size: number): void {
    if (at < 0 || at + size > this.bytes.length) {
      throw broken(`offset ${at} + ${size} is outside the payload of ${this.bytes.length} bytes`)
    }
  }

  #spend(bytes: number): void {
    this.#budget -= bytes
    if (this.#budget < 0) throw broken('vectors overlap: more bytes are referred to than were sent')
  }
}

/** One table: `vtable` says at which offset each slot lies; slots past its end, and zero offsets, are absent. */
export class Table {
  readonly #payload: Payload
  readonly #at: number
  readonly #vtable: number
  readonly #vtableBytes: number

  constructor(payload: Payload, at: number) {
    this.#payload = payload
    this.#at = at
    this.#vtable = at - payload.i32(at)
    this.#vtableBytes = payload.u16(this.#vtable)
    payload.check(this.#vtable, this.#vtableBytes)
  }

  #field(slot: number): number {
    const entry = 2 * SIZEOF_SHORT + slot * SIZEOF_SHORT
    if (entry + SIZEOF_SHORT > this.#vtableBytes) return 0
    const offset = this.#payload.u16(this.#vtable + entry)
    return offset === 0 ? 0 : this.#at + offset
  }

  u8(slot: number): number {
    const field = this.#field(slot)
    return field === 0 ? 0 : this.#payload.u8(field)
  }

  u16(slot: number): number {
    const field = this.#field(slot)
    return field === 0 ? 0 : this.#payload.u16(field)
  }

  u32(slot: number): number {
    const field = this.#field(slot)
    return field === 0 ? 0 : this.#payload.u32(field)
  }

  text(slot: number): string | undefined {
    const field = this.#field(slot)
    if (field === 0) return undefined
    return this.#payload.text(field)
  }

  /** A view, not a copy. */
  bytes(slot: number): Buffer | undefined {
    const field = this.#field(slot)
    if (field === 0) return undefined
    const { start, length } = this.#payload.vector(field, 1)
    return this.#payload.bytes.subarray(start, start + length)
  }

  table(slot: number): Table | undefined {
    const field = this.#field(slot)
    return field === 0 ? undefined : new Table(this.#payload, this.#payload.follow(field))
  }

  entries(slot: number): TextEntry[] {
    const field = this.#field(slot)
    if (field === 0) return []
    const { start, length } = this.#payload.vector(field, SIZEOF_INT)
    if (length > MAX_ENTRIES) throw broken(`vector has ${length} entries, the limit is ${MAX_ENTRIES}`)
    const entries: TextEntry[] = new Array(length)
    for (let i = 0; i < length; i++) entries[i] = this.#payload.entry(start + i * SIZEOF_INT)
    return entries
  }
}

function broken(reason: string): RunnerError {
  return new RunnerError('FRAME_INVALID', `FlatBuffers payload: ${reason}`)
}
