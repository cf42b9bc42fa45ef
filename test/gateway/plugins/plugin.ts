import type { RequestContext } from '../context.ts'
import type { Runtime } from '../runtime.ts'

export type JsonObject = Record<string, unknown>

/** A plugin's own answer: `return code, body` in Lua. An object is sent as JSON with a line feed. */
export interface Exit {
  readonly status: number
  readonly body?: Buffer | string | JsonObject
}

export type StepResult = Exit | undefined
export type Step = (ctx: RequestContext) => StepResult | Promise<StepResult>

/** The handlers of one plugin with one conf; phase names are those of `apisix/plugin.lua`. */
export interface PluginInstance {
  rewrite?: Step
  access?: Step
  beforeProxy?: Step
  headerFilter?(ctx: RequestContext): void
  /** Gets each piece of the answer's body and returns what goes on; `last` comes once. */
  bodyFilter?(ctx: RequestContext, chunk: Buffer | undefined, last: boolean): Buffer | undefined
  log?(ctx: RequestContext): void
}

/** Where and with what an instance is made. */
export interface PluginPlace {
  readonly runtime: Runtime
  /** The conf with the schema's defaults filled in. */
  readonly conf: JsonObject
  /** `_meta.parent.resource_key`: `/routes/1`, `/consumers/x`. */
  readonly resourceKey: string
  /** `plugin.conf_version`: depends on the conf's value only. */
  readonly confVersion: string
}

export interface PluginDefinition {
  readonly name: string
  readonly priority: number
  readonly type?: 'auth'
  readonly schema: JsonObject
  readonly consumerSchema?: JsonObject
  readonly metadataSchema?: JsonObject
  /** Checks beyond the schema; answers APISIX's error text. */
  check?(conf: JsonObject): string | undefined
  create(place: PluginPlace): PluginInstance
}
