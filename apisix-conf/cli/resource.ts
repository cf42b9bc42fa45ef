import type { JsonObject } from '../../runner/json.ts'

/** The kinds of the Admin API that the CLI knows, each after those that it may refer to. */
export const KINDS = [
  'plugin_metadata',
  'ssls',
  'upstreams',
  'consumers',
  'plugin_configs',
  'global_rules',
  'routes',
] as const

export type Kind = (typeof KINDS)[number]

/** One object of the Admin API as APISIX wants it: variables expanded, ext-plugin confs as strings of JSON. */
export interface Resource {
  readonly kind: Kind
  /** Last part of its URL; for consumers the username, for plugin_metadata the plugin's name. */
  readonly id: string
  /** Path of its file, relative to the conf folder. */
  readonly file: string
  readonly value: JsonObject
}

/** Something wrong in a file. Errors stop everything before the first request to APISIX. */
export interface Problem {
  readonly level: 'error' | 'warning'
  readonly file: string
  /** JSON pointer into the file; "" for all of it. */
  readonly path: string
  readonly message: string
}

export function formatProblem({ level, file, path, message }: Problem): string {
  return `${level}: ${file}${path === '' ? '' : `: ${path}`}: ${message}`
}

/** `routes/llm-models`. */
export function nameOf({ kind, id }: Pick<Resource, 'kind' | 'id'>): string {
  return `${kind}/${id}`
}

/** By kind in the order of dependency, then by id. */
export function inOrder<T extends Pick<Resource, 'kind' | 'id'>>(resources: readonly T[]): T[] {
  return [...resources].sort(
    (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  )
}
