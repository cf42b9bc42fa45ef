import { classifyUtf8 } from './char-class.ts'

const encoder = new TextEncoder()

/** A text as UTF-8 with the class of every byte (see `classifyUtf8`), in memory that one text after the other uses. */
export class TextBytes {
  readonly bytes: Uint8Array
  readonly classes: Uint8Array
  /** Of `bytes`, for reading four at a time. */
  readonly view: DataView
  /** Bytes of the text; what lies beyond is left from earlier ones. */
  length = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
    this.classes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  get capacity(): number {
    return this.bytes.length
  }

  /**
   * Takes in the longest beginning of the text that has at most `maxBytes` bytes; a lone surrogate becomes U+FFFD.
   * @returns how many UTF-16 units that is
   */
  take(text: string, maxBytes: number = this.capacity): number {
    const room = maxBytes < this.capacity ? this.bytes.subarray(0, maxBytes) : this.bytes
    const { read, written } = encoder.encodeInto(text, room)
    this.length = written
    classifyUtf8(this.bytes, written, this.classes)
    return read
  }
}
