import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { crc32 } from 'node:zlib'
import { RunnerError } from '../errors.ts'

/**
 * An append-only file of records that survives a crash: each line is the CRC-32 of its text and the text; an append
 * settles when its bytes are on the disk (fsync). Appends that come while the disk is busy share the next fsync.
 */
export interface JournalOptions {
  readonly dir: string
  readonly name: string
  /** Of all segments; an append beyond it is refused, so that the sender keeps its data. */
  readonly maxBytes: number
  /** A segment is closed at this size. */
  readonly segmentBytes?: number
}

interface Waiting {
  readonly text: string
  resolve(): void
  reject(error: Error): void
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024

export class Journal {
  readonly #options: JournalOptions
  readonly #segmentBytes: number
  /** Segment number > bytes; the last one is open. */
  readonly #segments: Map<number, number>
  #handle: FileHandle
  #current: number
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined

  private constructor(
    options: JournalOptions,
    segments: Map<number, number>,
    handle: FileHandle,
    current: number,
  ) {
    this.#options = options
    this.#segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
    this.#segments = segments
    this.#handle = handle
    this.#current = current
  }

  /**
   * Opens the journal and hands every whole record to `replay`, oldest first. What a crash left half-written at the
   * end is cut off: it was never acknowledged.
   * @param onCorrupt gets each line in the middle whose checksum is wrong; it is skipped.
   */
  static async open(
    options: JournalOptions,
    replay: (text: string, segment: number) => void,
    onCorrupt: (segment: string, line: number) => void,
  ): Promise<Journal> {
    await mkdir(options.dir, { recursive: true, mode: 0o700 })
    const segments = new Map<number, number>()
    const numbers = await segmentNumbers(options)
    for (const number of numbers) {
      const path = segmentPath(options, number)
      segments.set(number, await replaySegment(path, (text) => replay(text, number), onCorrupt))
    }
    const current = numbers.at(-1) ?? 1
    const path = segmentPath(options, current)
    const handle = await open(path, 'a', 0o600)
    const kept = segments.get(current) ?? 0
    if ((await handle.stat()).size > kept) await truncate(path, kept)
    segments.set(current, kept)
    return new Journal(options, segments, handle, current)
  }

  get bytes(): number {
    let bytes = 0
    for (const size of this.#segments.values()) bytes += size
    return bytes
  }

  /** Number of the segment that the next record goes to. */
  get currentSegment(): number {
    return this.#current
  }

  /** @throws RunnerError STORE_UNAVAILABLE when the journal is full or the disk refuses. */
  async append(texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return
    const text = texts.map((record) => `${checksum(record)} ${record}\n`).join('')
    if (this.bytes + text.length > this.#options.maxBytes) {
      throw new RunnerError('STORE_UNAVAILABLE', `journal ${this.#options.name} is full: ${this.bytes} bytes`)
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject })
      this.#flushing ??= this.#flush().finally(() => {
        this.#flushing = undefined
      })
    })
  }

  /** Deletes the segments before `segment`: their records are not needed any more. */
  async forgetBefore(segment: number): Promise<void> {
    for (const number of [...this.#segments.keys()]) {
      if (number >= segment || number === this.#current) continue
      await unlink(segmentPath(this.#options, number)).catch(() => {})
      this.#segments.delete(number)
    }
  }

  async close(): Promise<void> {
    await this.#flushing
    await this.#handle.close()
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#roll()
        const bytes = Buffer.from(batch.map((waiting) => waiting.text).join(''))
        await this.#handle.appendFile(bytes)
        await this.#handle.datasync()
        this.#segments.set(this.#current, (this.#segments.get(this.#current) ?? 0) + bytes.length)
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        const error = new RunnerError(
          'STORE_UNAVAILABLE',
          `journal ${this.#options.name} cannot be written`,
          { cause },
        )
        for (const { reject } of batch) reject(error)
      }
    }
  }

  async #roll(): Promise<void> {
    if ((this.#segments.get(this.#current) ?? 0) < this.#segmentBytes) return
    await this.#handle.close()
    this.#current++
    this.#handle = await open(segmentPath(this.#options, this.#current), 'a', 0o600)
    this.#segments.set(this.#current, 0)
  }
}

async function segmentNumbers({ dir, name }: JournalOptions): Promise<number[]> {
  return (await readdir(dir))
    .map((file) =>
      file.startsWith(`${name}.`) && file.endsWith('.journal')
        ? Number(file.slice(name.length + 1, -8))
        : Number.NaN,
    )
    .filter((number) => Number.isInteger(number))
    .sort((a, b) => a - b)
}

function segmentPath({ dir, name }: JournalOptions, number: number): string {
  return join(dir, `${name}.${String(number).padStart(8, '0')}.journal`)
}

/** @returns the bytes up to the end of the last whole record. */
async function replaySegment(
  path: string,
  replay: (text: string) => void,
  onCorrupt: (segment: string, line: number) => void,
): Promise<number> {
  let goodBytes = 0
  let bytes = 0
  let number = 0
  let suspects: number[] = []
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number++
    bytes += Buffer.byteLength(line) + 1
    const text = line.slice(9)
    if (line.slice(0, 8) !== checksum(text)) {
      suspects.push(number)
      continue
    }
    // Only a broken line with good ones behind it is corruption; at the end it is an append that a crash cut.
    for (const suspect of suspects) onCorrupt(path, suspect)
    suspects = []
    goodBytes = bytes
    replay(text)
  }
  return goodBytes
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
