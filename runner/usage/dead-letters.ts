import { createHash } from 'node:crypto'
import { appendFile, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isRecord } from '../llm/json.ts'
import type { Rejected } from './digest.ts'

/** Keeps aside what could not be read, without the texts: strings become their length and hash. */
export interface DeadLetters {
  keep(rejected: readonly Rejected[]): Promise<void>
}

export class FileDeadLetters implements DeadLetters {
  readonly #file: string
  readonly #maxBytes: number

  constructor(file: string, maxBytes: number) {
    this.#file = file
    this.#maxBytes = maxBytes
  }

  async keep(rejected: readonly Rejected[]): Promise<void> {
    const size = (await stat(this.#file).catch(() => undefined))?.size ?? 0
    const lines = rejected.map(({ reason, raw }) => JSON.stringify({ reason, entry: withoutTexts(raw) }))
    const text = `${lines.join('\n')}\n`
    if (size + text.length > this.#maxBytes) return
    await mkdir(dirname(this.#file), { recursive: true })
    await appendFile(this.#file, text, { mode: 0o600 })
  }
}

const MAX_KEPT_TEXT = 64
const MAX_KEPT_FIELDS = 64

function withoutTexts(raw: unknown): unknown {
  if (typeof raw === 'string') return summary(raw)
  if (!isRecord(raw)) return typeof raw === 'object' ? summary(JSON.stringify(raw)) : raw
  return Object.fromEntries(
    Object.entries(raw)
      .slice(0, MAX_KEPT_FIELDS)
      .map(([name, value]) => [
        name.slice(0, MAX_KEPT_TEXT),
        typeof value === 'object' || /body|header|authorization|key/i.test(name)
          ? summary(typeof value === 'string' ? value : JSON.stringify(value))
          : typeof value === 'string' && value.length > MAX_KEPT_TEXT
            ? summary(value)
            : value,
      ]),
  )
}

function summary(text: string | undefined): { length: number; sha256: string } {
  const value = text ?? ''
  return { length: value.length, sha256: createHash('sha256').update(value).digest('hex').slice(0, 16) }
}
