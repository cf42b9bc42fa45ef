import { type Builder, ByteBuffer, Encoding } from 'flatbuffers'

/** A header or argument: no value means a flag argument, or "delete this" in a rewrite (facts section 1). */
export interface TextEntry {
  readonly name: string
  readonly value?: string
}

/** Text on the wire is bytes; in the gateway it is a binary string, one character per byte. */
function toBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export function createText(builder: Builder, text: string): number {
  return builder.createString(toBytes(text))
}

/** Writes TextEntry tables, then the vector of them, in the order of ext-plugin/init.lua. */
export function createEntries(builder: Builder, entries: readonly TextEntry[]): number {
  const offsets: number[] = []
  for (const entry of entries) {
    const name = createText(builder, entry.name)
    const value = entry.value === undefined ? 0 : createText(builder, entry.value)
    builder.startObject(2)
    builder.addFieldOffset(0, name, 0)
    if (value !== 0) builder.addFieldOffset(1, value, 0)
    offsets.push(builder.endObject())
  }
  return createOffsets(builder, offsets)
}

function createOffsets(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4)
  for (let i = offsets.length - 1; i >= 0; i--) builder.addOffset(offsets[i] ?? 0)
  return builder.endVector()
}

/** Reads fields of one FlatBuffers table by slot number; an absent field reads as its default. */
export class Table {
  readonly #bytes: ByteBuffer
  readonly #position: number

  constructor(bytes: ByteBuffer, position: number) {
    this.#bytes = bytes
    this.#position = position
  }

  static root(payload: Uint8Array): Table {
    const bytes = new ByteBuffer(payload)
    return new Table(bytes, bytes.readInt32(bytes.position()) + bytes.position())
  }

  #at(slot: number): number {
    const offset = this.#bytes.__offset(this.#position, 4 + 2 * slot)
    return offset === 0 ? 0 : this.#position + offset
  }

  uint8(slot: number): number {
    const at = this.#at(slot)
    return at === 0 ? 0 : this.#bytes.readUint8(at)
  }

  uint16(slot: number): number {
    const at = this.#at(slot)
    return at === 0 ? 0 : this.#bytes.readUint16(at)
  }

  uint32(slot: number): number {
    const at = this.#at(slot)
    return at === 0 ? 0 : this.#bytes.readUint32(at)
  }

  text(slot: number): string | undefined {
    const at = this.#at(slot)
    if (at === 0) return undefined
    const bytes = this.#bytes.__string(at, Encoding.UTF8_BYTES) as Uint8Array
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }

  bytes(slot: number): Buffer | undefined {
    const at = this.#at(slot)
    if (at === 0) return undefined
    const start = this.#bytes.__vector(at)
    const all = this.#bytes.bytes()
    return Buffer.from(all.buffer, all.byteOffset + start, this.#bytes.__vector_len(at))
  }

  entries(slot: number): TextEntry[] {
    const at = this.#at(slot)
    if (at === 0) return []
    const start = this.#bytes.__vector(at)
    const entries: TextEntry[] = []
    for (let i = 0; i < this.#bytes.__vector_len(at); i++) {
      const entry = new Table(this.#bytes, this.#bytes.__indirect(start + 4 * i))
      const value = entry.text(1)
      entries.push(value === undefined ? { name: entry.text(0) ?? '' } : { name: entry.text(0) ?? '', value })
    }
    return entries
  }

  table(slot: number): Table | undefined {
    const at = this.#at(slot)
    return at === 0 ? undefined : new Table(this.#bytes, this.#bytes.__indirect(at))
  }
}
