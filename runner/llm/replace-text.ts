import type { JsonPath } from './types.ts'

export interface Replacement {
  path: JsonPath
  text: string
}

/** The body with one text replaced; what lies beside the path is shared. A path that leads nowhere changes nothing. */
export function replaceText<T>(body: T, path: JsonPath, newText: string): T {
  return replaceTexts(body, [{ path, text: newText }])
}

/** Many replacements at once: every container is copied at most once, so the work stays linear in the body. */
export function replaceTexts<T>(body: T, replacements: Iterable<Replacement>): T {
  const copies = new Set<object>()
  let root: unknown = body
  for (const { path, text } of replacements) {
    if (leadsSomewhere(root, path)) root = path.length === 0 ? text : write(root, path, text, copies)
  }
  return root as T
}

function leadsSomewhere(root: unknown, path: JsonPath): boolean {
  let value = root
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false
    value = child(value, key)
  }
  return true
}

function write(root: unknown, path: JsonPath, text: string, copies: Set<object>): unknown {
  const top = own(root as object, copies)
  let parent = top
  for (let depth = 0; depth < path.length; depth++) {
    const key = path[depth] ?? ''
    const value = depth === path.length - 1 ? text : own(child(parent, key) as object, copies)
    set(parent, key, value)
    if (typeof value === 'object') parent = value
  }
  return top
}

/** JSON may hold a key named __proto__; for all others defineProperty would cost most of the replacement. */
function set(parent: object, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
  } else {
    ;(parent as Record<string | number, unknown>)[key] = value
  }
}

function own(value: object, copies: Set<object>): object {
  if (copies.has(value)) return value
  const copy = Array.isArray(value) ? value.slice() : { ...value }
  copies.add(copy)
  return copy
}

function child(parent: object, key: string | number): unknown {
  return (parent as Record<string | number, unknown>)[key]
}
