import { appendFile, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Rejected } from './digest.ts'

/** Keeps aside what could not be read. */
export interface DeadLetters {
  keep(rejected: readonly Rejected[]): Promise<void>
}

/** A file of JSON lines that stops growing at `maxBytes`. */
export class FileDeadLetters implements DeadLetters {
  readonly #file: string
  readonly #maxBytes: number

  constructor(file: string, maxBytes: number) {
    this.#file = file
    this.#maxBytes = maxBytes
  }

  async keep(rejected: readonly Rejected[]): Promise<void> {
    let left = this.#maxBytes - ((await stat(this.#file).catch(() => undefined))?.size ?? 0)
    let text = ''
    for (const one of rejected) {
      const line = `${JSON.stringify(one)}\n`
      left -= Buffer.byteLength(line)
      if (left < 0) break
      text += line
    }
    if (text === '') return
    await mkdir(dirname(this.#file), { recursive: true })
    await appendFile(this.#file, text, { mode: 0o600 })
  }
}
