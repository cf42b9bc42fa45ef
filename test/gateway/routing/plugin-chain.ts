import { createHash } from 'node:crypto'
import { findPlugin } from '../plugins/index.ts'
import type { JsonObject, PluginInstance, Step } from '../plugins/plugin.ts'
import type { Runtime } from '../runtime.ts'
import { compileExpression, type Expression } from './expression.ts'

interface PluginMeta {
  readonly disable?: boolean
  readonly priority?: number
  readonly filter?: unknown
  readonly error_response?: string | JsonObject
}

export interface ChainItem {
  readonly name: string
  readonly priority: number
  readonly instance: PluginInstance
  readonly isAuth: boolean
  readonly filter: Expression | undefined
  readonly errorResponse: string | JsonObject | undefined
}

export interface ChainStep {
  readonly item: ChainItem
  readonly run: Step
}

/** The plugins of a route, sorted once into the phases of `apisix/plugin.lua`. */
export interface PluginChain {
  readonly rewrite: readonly ChainStep[]
  /** `rewrite` of plugins that only the consumer brings (phase rewrite_in_consumer). */
  readonly consumerRewrite: readonly ChainStep[]
  readonly access: readonly ChainStep[]
  readonly beforeProxy: readonly ChainStep[]
  readonly headerFilter: readonly ChainItem[]
  readonly bodyFilter: readonly ChainItem[]
  readonly log: readonly ChainItem[]
}

/** One plugin's conf and the resource it stands in. */
export interface PlacedConf {
  readonly conf: JsonObject
  readonly resourceKey: string
  readonly fromConsumer?: boolean
}

export type PlacedConfs = ReadonlyMap<string, PlacedConf>

/** Builds the instances and sorts them: default priority, or `_meta.priority` inside the phase (facts section 3). */
export function compileChain(runtime: Runtime, confs: PlacedConfs): PluginChain {
  const items: ChainItem[] = []
  const fromConsumer = new Set<ChainItem>()
  for (const [name, placed] of confs) {
    const definition = findPlugin(name)
    const meta = (placed.conf._meta ?? {}) as PluginMeta
    if (definition === undefined || meta.disable === true) continue
    const item: ChainItem = {
      name,
      priority: meta.priority ?? definition.priority,
      isAuth: definition.type === 'auth',
      instance: definition.create({
        runtime,
        conf: placed.conf,
        resourceKey: placed.resourceKey,
        confVersion: confVersion(placed.conf),
      }),
      filter: meta.filter === undefined ? undefined : compileExpression(meta.filter),
      errorResponse: meta.error_response,
    }
    items.push(item)
    if (placed.fromConsumer === true) fromConsumer.add(item)
  }
  items.sort((a, b) => b.priority - a.priority)
  const rewrite = steps(items, 'rewrite')
  return {
    rewrite,
    consumerRewrite: rewrite.filter((step) => fromConsumer.has(step.item) && !step.item.isAuth),
    access: steps(items, 'access'),
    beforeProxy: steps(items, 'beforeProxy'),
    headerFilter: items.filter((item) => item.instance.headerFilter !== undefined),
    bodyFilter: items.filter((item) => item.instance.bodyFilter !== undefined),
    log: items.filter((item) => item.instance.log !== undefined),
  }
}

function steps(items: readonly ChainItem[], phase: 'rewrite' | 'access' | 'beforeProxy'): ChainStep[] {
  return items.flatMap((item) => {
    const run = item.instance[phase]
    return run === undefined ? [] : [{ item, run }]
  })
}

/** `plugin.conf_version`: a digest of the conf, so counters survive changes elsewhere in the resource. */
export function confVersion(conf: JsonObject): string {
  return createHash('sha1')
    .update(JSON.stringify(sorted(conf)))
    .digest('hex')
    .slice(0, 12)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  )
}
