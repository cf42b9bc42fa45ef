import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../runner/json.ts'
import { isRecord, parseJson, recordOf } from '../../runner/llm/json.ts'
import { EXT_PLUGINS } from './chains.ts'
import { redact } from './redact.ts'
import type { Kind } from './resource.ts'

/** What the Admin API adds to an object by itself. */
const SERVER_FIELDS = ['create_time', 'update_time', 'id']
/** What the Admin API never gives back. */
const WRITE_ONLY: Partial<Record<Kind, readonly string[]>> = { ssls: ['key', 'keys'] }

/** The object in a form that two of the same meaning share: confs of the runner's plugins parsed. */
export function comparable(kind: Kind, value: JsonObject): JsonObject {
  const hidden = new Set([...SERVER_FIELDS, ...(WRITE_ONLY[kind] ?? [])])
  const own = Object.fromEntries(Object.entries(value).filter(([key]) => !hidden.has(key)))
  if (!isRecord(own.plugins)) return own
  const plugins: Record<string, unknown> = { ...own.plugins }
  for (const name of EXT_PLUGINS) {
    const conf = recordOf(plugins[name]).conf
    if (Array.isArray(conf)) plugins[name] = { ...recordOf(plugins[name]), conf: conf.map(parsed) }
  }
  return { ...own, plugins }
}

function parsed(item: unknown): unknown {
  const { name, value } = recordOf(item)
  const conf = typeof value === 'string' ? parseJson(value) : undefined
  return conf === undefined ? item : { name, value: conf }
}

export function isSame(kind: Kind, a: JsonObject, b: JsonObject): boolean {
  return isDeepStrictEqual(comparable(kind, a), comparable(kind, b))
}

/** One difference, ready to be shown: secrets are not in it. undefined: not there. */
export interface Change {
  readonly path: string
  readonly from: string | undefined
  readonly to: string | undefined
}

/** What turns `from` into `to`, leaf by leaf. */
export function changesBetween(kind: Kind, from: JsonObject, to: JsonObject): Change[] {
  return walk(comparable(kind, from), comparable(kind, to), [kind])
}

/** Paths begin with the kind, since what is secret depends on it. */
function walk(from: unknown, to: unknown, path: readonly string[]): Change[] {
  if (isDeepStrictEqual(from, to)) return []
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    return from.flatMap((item, i) => walk(item, to[i], [...path, String(i)]))
  }
  if (isRecord(from) && isRecord(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()
    return keys.flatMap((key) => walk(from[key], to[key], [...path, key]))
  }
  return [{ path: pointerOf(path.slice(1)), from: show(from, path), to: show(to, path) }]
}

function pointerOf(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const MAX_SHOWN_CHARS = 200

function show(value: unknown, path: readonly string[]): string | undefined {
  if (value === undefined) return undefined
  const text = JSON.stringify(redact(value, path))
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}...` : text
}
