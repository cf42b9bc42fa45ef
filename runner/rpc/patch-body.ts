import type { JsonObject } from '../json.ts'
import { afterSpaces } from './json-members.ts'
import { spliceBody } from './splice-body.ts'

const BACKSLASH_U = Buffer.from('\\u00')
const CLOSING_BRACE = 0x7d
const COLON = 0x3a

/**
 * The bytes of a changed body: those that came, with one text exchanged and fields added at the end, which is what
 * routing and metering do. Going through a conversation of 24 KB takes several times as long: that is only done when it
 * is not beyond doubt where a value stands, or when more has changed.
 * @param before what `body` says, parsed.
 */
export function patchBody(body: Buffer, before: JsonObject, after: JsonObject): Buffer {
  return spliced(body, before, after) ?? spliceBody(body, before, after)
}

function spliced(body: Buffer, before: JsonObject, after: JsonObject): Buffer | undefined {
  let changed: string | undefined
  for (const name of Object.keys(before)) {
    if (after[name] === before[name]) continue
    if (changed !== undefined || after[name] === undefined) return undefined
    changed = name
  }
  const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name) && after[name] !== undefined)
  const end = body.lastIndexOf(CLOSING_BRACE)
  if (end < 0 || (added.length > 0 && Object.keys(before).length === 0)) return undefined
  const tail = Buffer.from(
    `${added.map((name) => `,${JSON.stringify(name)}:${JSON.stringify(after[name])}`).join('')}}`,
  )
  if (changed === undefined) return Buffer.concat([body.subarray(0, end), tail])
  const place = placeOf(body, changed, before[changed])
  if (!place) return undefined
  const value = Buffer.from(JSON.stringify(after[changed]))
  return Buffer.concat([body.subarray(0, place.from), value, body.subarray(place.to, end), tail])
}

/** Where the text of a field stands: only when its name occurs once in all of the body, and no name hides in escapes. */
function placeOf(body: Buffer, name: string, text: unknown): { from: number; to: number } | undefined {
  if (typeof text !== 'string') return undefined
  const key = Buffer.from(JSON.stringify(name))
  const at = body.indexOf(key)
  if (at < 0 || body.indexOf(key, at + 1) >= 0 || body.indexOf(BACKSLASH_U) >= 0) return undefined
  const colon = afterSpaces(body, at + key.length)
  if (body[colon] !== COLON) return undefined
  const from = afterSpaces(body, colon + 1)
  const written = Buffer.from(JSON.stringify(text))
  const to = from + written.length
  return written.equals(body.subarray(from, to)) ? { from, to } : undefined
}
