import { createSecureContext } from 'node:tls'
import { findPlugin } from '../plugins/index.ts'
import type { JsonObject } from '../plugins/plugin.ts'
import { compileExpression, ExpressionError } from '../routing/expression.ts'
import { checkSchema } from './schema.ts'
import type { Kind, Store } from './store.ts'

const SCHEMAS: Partial<Record<Kind, JsonObject>> = {
  routes: { $ref: 'apisix#/$defs/route' },
  upstreams: { $ref: 'apisix#/$defs/upstream' },
  consumers: { $ref: 'apisix#/$defs/consumer' },
  ssls: { $ref: 'apisix#/$defs/ssl' },
  plugin_configs: { $ref: 'apisix#/$defs/plugin_config' },
  global_rules: { $ref: 'apisix#/$defs/global_rule' },
}

const META_SCHEMA: JsonObject = { $ref: 'apisix#/$defs/meta' }

/**
 * The checks of apisix/admin: schema, plugin confs, references to other objects. Fills defaults into `value`.
 * @returns APISIX's `error_msg`, or undefined.
 */
export function checkResource(store: Store, kind: Kind, id: string, value: JsonObject): string | undefined {
  if (kind === 'plugin_metadata') return checkMetadata(id, value)
  const problem = checkSchema(SCHEMAS[kind] ?? {}, value)
  if (problem !== undefined) return `invalid configuration: ${problem}`
  return (
    checkPlugins(kind, value.plugins) ??
    checkVars(value.vars) ??
    checkUpstream(kind === 'upstreams' ? value : value.upstream) ??
    checkReferences(store, value) ??
    (kind === 'ssls' ? checkCertificate(value) : undefined)
  )
}

function checkMetadata(name: string, value: JsonObject): string | undefined {
  const schema = findPlugin(name)?.metadataSchema
  return schema === undefined ? 'invalid plugin name' : checkSchema(schema, value)
}

function checkPlugins(kind: Kind, plugins: unknown): string | undefined {
  for (const [name, conf] of Object.entries((plugins ?? {}) as JsonObject)) {
    const problem = checkPlugin(kind, name, conf)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** `check_single_plugin_schema` in apisix/plugin.lua. */
function checkPlugin(kind: Kind, name: string, conf: unknown): string | undefined {
  if (conf === null || typeof conf !== 'object' || Array.isArray(conf)) {
    return `invalid plugin conf ${JSON.stringify(conf)} for plugin [${name}]`
  }
  const plugin = findPlugin(name)
  if (plugin === undefined) return `unknown plugin [${name}]`
  const own = conf as JsonObject
  const meta = own._meta as JsonObject | undefined
  const schema = kind === 'consumers' ? (plugin.consumerSchema ?? plugin.schema) : plugin.schema
  const problem =
    checkSchema(schema, own) ??
    (meta === undefined ? undefined : checkSchema(META_SCHEMA, meta)) ??
    (kind === 'consumers' && plugin.consumerSchema !== undefined ? undefined : plugin.check?.(own))
  if (problem !== undefined && meta?.disable !== true) {
    return `failed to check the configuration of plugin ${name} err: ${problem}`
  }
  return meta?.filter === undefined ? undefined : checkVars(meta.filter)
}

function checkVars(vars: unknown): string | undefined {
  if (vars === undefined) return undefined
  try {
    compileExpression(vars)
    return undefined
  } catch (error) {
    if (error instanceof ExpressionError) return `failed to validate the 'vars' expression: ${error.message}`
    throw error
  }
}

function checkUpstream(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const upstream = value as JsonObject
  if (upstream.pass_host === 'rewrite' && !upstream.upstream_host) {
    return "`upstream_host` can't be empty when `pass_host` is `rewrite`"
  }
  return upstream.type === 'chash' && upstream.hash_on !== 'consumer' && upstream.key === undefined
    ? 'missing key'
    : undefined
}

function checkReferences(store: Store, value: JsonObject): string | undefined {
  const upstreamId = value.upstream_id
  if (upstreamId !== undefined && store.get('upstreams', String(upstreamId)) === undefined) {
    return `failed to fetch upstream info by upstream id [${String(upstreamId)}], response code: 404`
  }
  const configId = value.plugin_config_id
  if (configId !== undefined && store.get('plugin_configs', String(configId)) === undefined) {
    return `failed to fetch plugin config info by plugin config id [${String(configId)}], response code: 404`
  }
  return undefined
}

function checkCertificate(value: JsonObject): string | undefined {
  try {
    createSecureContext({ cert: String(value.cert), key: String(value.key) })
    return undefined
  } catch (error) {
    return `failed to handle cert-key pair: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Who still needs an object that is to be deleted (`delete_checker` of upstreams and plugin_config). */
export function checkDelete(store: Store, kind: Kind, id: string): string | undefined {
  const [field, what] =
    kind === 'upstreams'
      ? ['upstream_id', 'upstream']
      : kind === 'plugin_configs'
        ? ['plugin_config_id', 'plugin config']
        : []
  if (field === undefined) return undefined
  const user = store.list('routes').find((route) => String(route.value[field] ?? '') === id)
  return user === undefined
    ? undefined
    : `can not delete this ${what}, route [${user.id}] is still using it now`
}
