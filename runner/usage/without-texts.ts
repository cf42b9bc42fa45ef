import { createHash } from 'node:crypto'
import { isRecord } from '../llm/json.ts'

const MAX_KEPT_TEXT = 64
const MAX_KEPT_FIELDS = 64

/**
 * What may be kept of a log entry that could not be read: its fields and short values. Longer texts, bodies and
 * whatever could hold a credential become their length and hash. Small and flat whatever came in.
 */
export function withoutTexts(raw: unknown): unknown {
  if (!isRecord(raw)) return typeof raw === 'string' || typeof raw === 'object' ? summary(raw) : raw
  return Object.fromEntries(
    Object.entries(raw)
      .slice(0, MAX_KEPT_FIELDS)
      .map(([name, value]) => [
        name.slice(0, MAX_KEPT_TEXT),
        typeof value === 'object' || isSensitive(name) || (typeof value === 'string' && isLong(value))
          ? summary(value)
          : value,
      ]),
  )
}

function isSensitive(name: string): boolean {
  return /body|header|authorization|key|token|secret|uri|arg/i.test(name)
}

function isLong(text: string): boolean {
  return text.length > MAX_KEPT_TEXT
}

function summary(value: unknown): { length: number; sha256: string } {
  const text = typeof value === 'string' ? value : textOf(value)
  return { length: text.length, sha256: createHash('sha256').update(text).digest('hex').slice(0, 16) }
}

/** JSON.parse takes a depth that JSON.stringify does not. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}
