import type { RequestContext } from '../context.ts'
import type { StepResult } from '../plugins/plugin.ts'
import type { ChainItem, ChainStep, PluginChain } from './plugin-chain.ts'

const FILTER_RESULTS = {}

/** `meta_filter`: evaluated once per request and plugin. */
function passesFilter(ctx: RequestContext, item: ChainItem): boolean {
  if (item.filter === undefined) return true
  const results = ctx.slot(FILTER_RESULTS, () => new Map<string, boolean>())
  let result = results.get(item.name)
  if (result === undefined) {
    result = item.filter(ctx.var)
    results.set(item.name, result)
  }
  return result
}

/** `run_plugin` for the phases that may answer: the first answer ends the request. */
export async function runSteps(ctx: RequestContext, chain: readonly ChainStep[]): Promise<StepResult> {
  for (const { item, run } of chain) {
    if (!passesFilter(ctx, item)) continue
    let result = run(ctx)
    if (result instanceof Promise) result = await result
    if (result === undefined) continue
    if (result.status >= 400 && item.errorResponse !== undefined)
      return { status: result.status, body: item.errorResponse }
    return result
  }
  return undefined
}

export function runHeaderFilters(ctx: RequestContext, chain: PluginChain): void {
  for (const item of chain.headerFilter) if (passesFilter(ctx, item)) item.instance.headerFilter?.(ctx)
}

export function runBodyFilters(
  ctx: RequestContext,
  chain: PluginChain,
  chunk: Buffer | undefined,
  last: boolean,
): Buffer | undefined {
  let current = chunk
  for (const item of chain.bodyFilter) {
    if (passesFilter(ctx, item)) current = item.instance.bodyFilter?.(ctx, current, last)
  }
  return current
}

export function runLog(ctx: RequestContext, chain: PluginChain): void {
  for (const item of chain.log) if (passesFilter(ctx, item)) item.instance.log?.(ctx)
}
