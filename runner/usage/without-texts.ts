import { createHash } from 'node:crypto'
import { isRecord } from '../llm/json.ts'
import { PLAIN_FIELDS } from './log-entry.ts'

const MAX_KEPT_TEXT = 64
const MAX_KEPT_FIELDS = 64

/**
 * What may be kept of a log entry that could not be read: the names of its fields, and the values of those that hold
 * neither texts nor credentials. All others, whatever a log format calls them, become their length and hash. Small and
 * flat whatever came in.
 */
export function withoutTexts(raw: unknown): unknown {
  if (!isRecord(raw)) return mayBeKept('', raw) ? raw : summary(raw)
  return Object.fromEntries(
    Object.entries(raw)
      .slice(0, MAX_KEPT_FIELDS)
      .map(([name, value]) => [
        name.slice(0, MAX_KEPT_TEXT),
        mayBeKept(name, value) ? value : summary(value),
      ]),
  )
}

function mayBeKept(name: string, value: unknown): boolean {
  if (typeof value === 'string') return PLAIN_FIELDS.has(name) && value.length <= MAX_KEPT_TEXT
  return typeof value !== 'object'
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
