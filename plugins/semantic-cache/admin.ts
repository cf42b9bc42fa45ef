import type { AdminReply, AdminRequest } from '../../runner/plugin.ts'
import {
  checkNames,
  entryJson,
  FILTER_NAMES,
  filterOf,
  formatScope,
  PAGE_NAMES,
  pageOf,
  QueryError,
} from './entry-query.ts'
import { type CacheInventory, isEmptyFilter } from './store/inventory.ts'

/**
 * `GET stats`, `GET entries?...`, `GET entries/<key>`, `DELETE entries/<key>`, `DELETE entries?...` (with `all=true`
 * alone for everything). undefined: there is nothing at this path.
 */
export async function answerOperator(
  { method, path, query }: AdminRequest,
  inventory: CacheInventory,
  nowMs: number,
): Promise<AdminReply | undefined> {
  const [what, key, ...rest] = path.filter((part) => part !== '')
  if (rest.length > 0) return undefined
  try {
    if (what === 'stats' && key === undefined && method === 'GET') {
      return { status: 200, json: await statsJson(inventory) }
    }
    if (what !== 'entries') return undefined
    if (method === 'GET') {
      return key === undefined ? await list(query, inventory, nowMs) : await inspect(key, inventory, nowMs)
    }
    if (method === 'DELETE') {
      return key === undefined ? await purge(query, inventory, nowMs) : await remove(key, inventory)
    }
    return { status: 405, json: { error: 'GET or DELETE' } }
  } catch (error) {
    if (error instanceof QueryError) return { status: 400, json: { error: error.message } }
    return { status: 503, json: { error: 'the store of the cache is away' } }
  }
}

export async function statsJson(inventory: CacheInventory) {
  const { scopes, ...stats } = await inventory.stats()
  return { ...stats, scopes: scopes.map(({ scope, ...one }) => ({ scope: formatScope(scope), ...one })) }
}

async function list(query: URLSearchParams, inventory: CacheInventory, nowMs: number): Promise<AdminReply> {
  checkNames(query, [...FILTER_NAMES, ...PAGE_NAMES])
  const { total, entries } = await inventory.list(filterOf(query, nowMs), pageOf(query))
  return { status: 200, json: { total, entries: entries.map((meta) => entryJson(meta, nowMs)) } }
}

async function inspect(key: string, inventory: CacheInventory, nowMs: number): Promise<AdminReply> {
  const found = await inventory.inspect(key)
  if (!found) return NO_ENTRY
  const choices = found.choices === undefined ? {} : { choices: found.choices }
  return { status: 200, json: { ...entryJson(found.meta, nowMs), ...choices } }
}

async function remove(key: string, inventory: CacheInventory): Promise<AdminReply> {
  return (await inventory.remove(key)) ? { status: 200, json: { removed: 1 } } : NO_ENTRY
}

async function purge(query: URLSearchParams, inventory: CacheInventory, nowMs: number): Promise<AdminReply> {
  checkNames(query, [...FILTER_NAMES, 'all'])
  const filter = filterOf(query, nowMs)
  const isAll = query.get('all') === 'true'
  if (isEmptyFilter(filter) !== isAll) {
    throw new QueryError(isAll ? 'all=true stands alone' : 'say what: a filter, or all=true')
  }
  return { status: 200, json: { removed: await inventory.purge(filter) } }
}

const NO_ENTRY: AdminReply = { status: 404, json: { error: 'there is no such entry' } }
