import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
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

/** A place between two records. */
export interface JournalPosition {
  readonly segment: number
  readonly offset: number
}

interface Waiting {
  readonly bytes: Buffer
  resolve(): void
  reject(error: Error): void
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024
const READ_BYTES = 1024 * 1024
const NEWLINE = 10

export class Journal {
  readonly #options: JournalOptions
  readonly #segmentBytes: number
  /** Segment number > bytes that are safely on the disk; the last one is open. */
  readonly #segments: Map<number, number>
  #handle: FileHandle
  #current: number
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** Whatever touches the open file, one after the other. */
  #work: Promise<void> = Promise.resolve()
  #closed = false

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
    const handle = await openSegment(options, current)
    const kept = segments.get(current) ?? 0
    if ((await handle.stat()).size > kept) await handle.truncate(kept)
    segments.set(current, kept)
    return new Journal(options, segments, handle, current)
  }

  get bytes(): number {
    let bytes = 0
    for (const size of this.#segments.values()) bytes += size
    return bytes
  }

  /** Behind the last record that is on the disk. */
  get end(): JournalPosition {
    return { segment: this.#current, offset: this.#segments.get(this.#current) ?? 0 }
  }

  /** Before the first record. */
  get start(): JournalPosition {
    return { segment: Math.min(...this.#segments.keys()), offset: 0 }
  }

  /**
   * @param texts records without line breaks, such as JSON
   * @throws RunnerError STORE_UNAVAILABLE when the journal is full or the disk refuses.
   */
  async append(texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return
    const bytes = Buffer.from(texts.map((record) => `${checksum(record)} ${record}\n`).join(''))
    if (this.#closed) throw this.#unavailable('is closed')
    if (this.bytes + this.#waitingBytes + bytes.length > this.#options.maxBytes) {
      throw this.#unavailable(`is full: ${this.bytes} bytes`)
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject })
      this.#waitingBytes += bytes.length
      if (this.#waiting.length === 1) void this.#exclusive(() => this.#flush())
    })
  }

  /**
   * Up to `maxRecords` records from a place on, and the place behind them. Records whose checksum is wrong are left
   * out. A place before the first segment that is kept is taken for the first.
   */
  async read(
    from: JournalPosition,
    maxRecords: number,
  ): Promise<{ records: readonly string[]; next: JournalPosition }> {
    let { segment, offset } = from
    if (segment < this.start.segment) ({ segment, offset } = this.start)
    for (;;) {
      const size = this.#segments.get(segment) ?? 0
      if (offset < size && maxRecords <= 0) return { records: [], next: { segment, offset } }
      if (offset < size) {
        const part = await readRecords(segmentPath(this.#options, segment), offset, size, maxRecords)
        if (part.records.length > 0) {
          return { records: part.records, next: { segment, offset: part.offset } }
        }
        offset = part.offset
      } else {
        const later = [...this.#segments.keys()].filter((number) => number > segment)
        if (later.length === 0) return { records: [], next: { segment, offset } }
        segment = Math.min(...later)
        offset = 0
      }
    }
  }

  /** Closes the open segment, if it has records, so that it can be forgotten. */
  async roll(): Promise<void> {
    await this.#exclusive(async () => {
      if ((this.#segments.get(this.#current) ?? 0) > 0) await this.#nextSegment()
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
    this.#closed = true
    await this.#exclusive(() => this.#handle.close())
  }

  #exclusive(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    const bytes = Buffer.concat(batch.map((waiting) => waiting.bytes))
    try {
      if ((this.#segments.get(this.#current) ?? 0) >= this.#segmentBytes) await this.#nextSegment()
      await this.#handle.appendFile(bytes)
      await this.#handle.datasync()
      this.#segments.set(this.#current, (this.#segments.get(this.#current) ?? 0) + bytes.length)
      for (const { resolve } of batch) resolve()
    } catch (cause) {
      // Half a batch may be in the file. It was not acknowledged, and what is appended next must not stick to it.
      await this.#handle
        .truncate(this.#segments.get(this.#current) ?? 0)
        .catch(() => this.#nextSegment().catch(() => {}))
      for (const { reject } of batch) reject(this.#unavailable('cannot be written', cause))
    } finally {
      this.#waitingBytes -= bytes.length
    }
  }

  async #nextSegment(): Promise<void> {
    const handle = await openSegment(this.#options, this.#current + 1)
    await this.#handle.close().catch(() => {})
    this.#current++
    this.#handle = handle
    this.#segments.set(this.#current, 0)
  }

  #unavailable(what: string, cause?: unknown): RunnerError {
    return new RunnerError('STORE_UNAVAILABLE', `journal ${this.#options.name} ${what}`, { cause })
  }
}

/** A new file is only safe once its directory is on the disk too. */
async function openSegment(options: JournalOptions, number: number): Promise<FileHandle> {
  const handle = await open(segmentPath(options, number), 'a', 0o600)
  const dir = await open(options.dir, 'r')
  await dir.sync().finally(() => dir.close())
  return handle
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
  let number = 0
  let suspects: number[] = []
  for await (const { text, end } of linesOf(path, 0, Number.POSITIVE_INFINITY)) {
    number++
    if (text === undefined) {
      suspects.push(number)
      continue
    }
    // Only a broken line with good ones behind it is corruption; at the end it is an append that a crash cut.
    for (const suspect of suspects) onCorrupt(path, suspect)
    suspects = []
    goodBytes = end
    replay(text)
  }
  return goodBytes
}

async function readRecords(
  path: string,
  from: number,
  to: number,
  max: number,
): Promise<{ records: string[]; offset: number }> {
  const records: string[] = []
  let offset = from
  for await (const { text, end } of linesOf(path, from, to)) {
    offset = end
    if (text !== undefined) records.push(text)
    if (records.length >= max) break
  }
  // Without a whole line up to the end there is nothing more to come in this segment.
  return { records, offset: records.length > 0 ? offset : to }
}

interface Line {
  /** undefined: the checksum is wrong. */
  readonly text: string | undefined
  /** Offset in the file behind the line. */
  readonly end: number
}

/** Whole lines; only "\n" ends one, since JSON may hold every other line separator. */
async function* linesOf(path: string, from: number, to: number): AsyncGenerator<Line> {
  const file = await open(path, 'r')
  try {
    let rest: Buffer = Buffer.alloc(0)
    let restAt = from
    for (;;) {
      const at = restAt + rest.length
      const wanted = Math.min(READ_BYTES, to - at)
      if (wanted <= 0) return
      const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, at)
      if (bytesRead === 0) return
      const block = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      let start = 0
      for (let end = block.indexOf(NEWLINE); end !== -1; end = block.indexOf(NEWLINE, start)) {
        yield { text: recordOf(block.toString('utf8', start, end)), end: restAt + end + 1 }
        start = end + 1
      }
      rest = block.subarray(start)
      restAt += start
    }
  } finally {
    await file.close()
  }
}

function recordOf(line: string): string | undefined {
  const text = line.slice(9)
  return line.slice(0, 8) === checksum(text) ? text : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
