import type { JsonObject } from '../../../runner/plugin.ts'
import type { CompiledField } from './provider.ts'

export interface AdaptedBody {
  /** The same object when nothing had to change. */
  readonly json: JsonObject
  /** What `restoreBody` needs to undo it, for another provider. Holds no texts. */
  readonly restore: JsonObject
}

const NOTHING: JsonObject = Object.freeze({})
const MAX_RESTORED_CHARS = 1024

/** Names and drops fields as the provider wants them, and sets the model. */
export function adaptBody(
  fields: readonly Pick<CompiledField, 'from' | 'to'>[],
  sentModel: string,
  json: JsonObject,
): AdaptedBody {
  let changed: Record<string, unknown> | undefined
  let restore: Record<string, unknown> | undefined
  for (const { from, to } of fields) {
    const value = json[from]
    if (value === undefined) continue
    changed ??= { ...json }
    restore ??= {}
    delete changed[from]
    if (mayBeKept(value)) restore[from] = value
    if (to === undefined || json[to] !== undefined) continue
    changed[to] = value
    restore[to] = null
  }
  if (json.model !== sentModel) {
    changed ??= { ...json }
    changed.model = sentModel
  }
  return { json: changed ?? json, restore: restore ?? NOTHING }
}

/** The body before `adaptBody`, but for the model. */
export function restoreBody(json: JsonObject, restore: JsonObject): JsonObject {
  const entries = Object.entries(restore)
  if (entries.length === 0) return json
  const original: Record<string, unknown> = { ...json }
  for (const [name, value] of entries) {
    if (value === null) delete original[name]
    else original[name] = value
  }
  return original
}

/** Notes carry no texts: a dropped field comes back on a later pass when it is numbers and flags all the way down. */
function mayBeKept(value: unknown): boolean {
  return withoutText(value, 0) && JSON.stringify(value).length <= MAX_RESTORED_CHARS
}

function withoutText(value: unknown, depth: number): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return true
  if (typeof value !== 'object' || value === null || depth > 3) return false
  return Object.values(value).every((inner) => withoutText(inner, depth + 1))
}
