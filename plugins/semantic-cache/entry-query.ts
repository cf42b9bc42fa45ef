import {
  ENTRY_ORDERS,
  type EntryFilter,
  type EntryMeta,
  type EntryOrder,
  type Page,
} from './store/inventory.ts'

/** What operators write in query strings and on the command line. */

/** Something an operator wrote cannot be understood; the message says what. */
export class QueryError extends Error {}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000
/** RediSearch gives no more than the first million results. */
const MAX_OFFSET = 999_000
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
export const FILTER_NAMES = [
  'scope',
  'model',
  'older_than',
  'newer_than',
  'min_uses',
  'max_uses',
  'max_similarity',
] as const
export const PAGE_NAMES = ['order', 'limit', 'offset'] as const

/** @throws QueryError */
export function filterOf(query: URLSearchParams, nowMs: number): EntryFilter {
  const text = (name: string) => query.get(name) ?? undefined
  const given = {
    scope: mapped(text('scope'), parseScope),
    model: mapped(text('model'), modelName),
    storedBeforeMs: mapped(text('older_than'), (age) => nowMs - seconds('older_than', age) * 1000),
    storedAfterMs: mapped(text('newer_than'), (age) => nowMs - seconds('newer_than', age) * 1000),
    minUses: mapped(text('min_uses'), (uses) => number('min_uses', uses)),
    maxUses: mapped(text('max_uses'), (uses) => number('max_uses', uses)),
    maxSimilarity: mapped(text('max_similarity'), (similarity) => number('max_similarity', similarity)),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** @throws QueryError */
export function pageOf(query: URLSearchParams): Page {
  const order = query.get('order') ?? 'stored'
  if (!isOrder(order)) throw new QueryError(`order is one of ${ENTRY_ORDERS.join(', ')}`)
  const limit = number('limit', query.get('limit') ?? String(DEFAULT_LIMIT))
  const offset = number('offset', query.get('offset') ?? '0')
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new QueryError(`limit is 1 to ${MAX_LIMIT}`)
  }
  if (!Number.isInteger(offset) || offset > MAX_OFFSET) {
    throw new QueryError(`offset is a whole number up to ${MAX_OFFSET}`)
  }
  return { order, limit, offset }
}

/** @throws QueryError on a name that nothing reads, or twice: a filter that is misspelt must not purge everything. */
export function checkNames(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new QueryError(`unknown ${name}; known are ${known.join(', ')}`)
    if (query.getAll(name).length > 1) throw new QueryError(`${name} stands there twice`)
  }
}

/** `consumer:NAME`, `tier:NAME`, `route:ID`, `global`, or the scope as it is stored. @throws QueryError */
export function parseScope(text: string): string {
  if (text === 'global') return JSON.stringify(['global'])
  const [, kind, name] = /^(consumer|tier|route):(.+)$/s.exec(text) ?? []
  if (kind !== undefined && name !== undefined) return JSON.stringify([kind, name])
  if (isStored(text)) return text
  throw new QueryError('scope is consumer:NAME, tier:NAME, route:ID or global')
}

function isStored(text: string): boolean {
  try {
    const scope: unknown = JSON.parse(text)
    return Array.isArray(scope) && typeof scope[0] === 'string'
  } catch {
    return false
  }
}

/** RediSearch would take a star for the rest of any name. */
function modelName(text: string): string {
  if (text === '' || text.includes('*')) throw new QueryError('model is a whole name, without *')
  return text
}

export function formatScope(scope: string): string {
  try {
    const [kind, name] = JSON.parse(scope) as [string, string?]
    return name === undefined ? kind : `${kind}:${name}`
  } catch {
    return scope
  }
}

/** As others see an entry. */
export function entryJson(meta: EntryMeta, nowMs: number) {
  return {
    key: meta.id,
    scope: formatScope(meta.scope),
    model: meta.model,
    age_s: Math.max(0, Math.floor((nowMs - meta.storedMs) / 1000)),
    expires_in_s: Math.max(0, Math.floor((meta.expiresMs - nowMs) / 1000)),
    last_used_ms: meta.lastUsedMs,
    uses: meta.uses,
    lowest_similarity: meta.lowestSimilarity,
    bytes: meta.bytes,
    prompt_t: meta.promptTokens,
    completion_t: meta.completionTokens,
    semantic: meta.semantic,
    ...(meta.prompt === undefined ? {} : { prompt: meta.prompt }),
  }
}

function mapped<T>(text: string | undefined, map: (text: string) => T): T | undefined {
  return text === undefined ? undefined : map(text)
}

function isOrder(text: string): text is EntryOrder {
  return (ENTRY_ORDERS as readonly string[]).includes(text)
}

function seconds(name: string, text: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  if (count === undefined) throw new QueryError(`${name} is a time such as 90s, 15m, 2h or 7d`)
  return Number(count) * (SECONDS[unit] ?? 1)
}

function number(name: string, text: string): number {
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) throw new QueryError(`${name} is a number`)
  return Number(text)
}
