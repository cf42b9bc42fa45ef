import { type Endpoint, endpointOf } from '../../../runner/plugin.ts'
import { compileGlobs, type TextTest } from '../../glob.ts'
import { type PriceConf, type ProviderConf, ROUTED_ENDPOINTS } from '../conf.ts'
import { createKeyRing, type KeyRing } from './keys.ts'
import { type AuthStyle, type FieldRule, PRESETS, type Preset } from './presets.ts'

/** A provider of one conf, ready to use. */
export interface Provider {
  readonly name: string
  readonly upstream: string
  /** Of the APISIX upstream, by which its active checks are known. */
  readonly upstreamId: string
  readonly local: boolean
  readonly maxQueue: number | undefined
  readonly auth: AuthStyle
  readonly keys: KeyRing
  /** Query arguments of every call. */
  readonly args: Readonly<Record<string, string>>
  readonly fields: readonly CompiledField[]
  headersOf(endpoint: Endpoint): Readonly<Record<string, string>>
  /** Template of the path; undefined: the endpoint is not offered. */
  pathOf(endpoint: Endpoint): string | undefined
  /** What it calls this model. */
  sentName(model: string): string
  /** Whether it takes the name when a target does not say which model. */
  takes(model: string): boolean
  /** Whether the name stands in the conf; every other one comes from clients. */
  lists(model: string): boolean
  windowOf(model: string): number | undefined
  priceOf(model: string): PriceConf | undefined
  readonly listedModels: readonly string[]
}

export interface CompiledField {
  readonly from: string
  readonly to: string | undefined
  readonly appliesTo: (endpoint: Endpoint, model: string) => boolean
}

/** @throws Error with the place in the conf. */
export function compileProvider(
  name: string,
  conf: ProviderConf,
  env: Readonly<Record<string, string | undefined>>,
): Provider {
  const preset: Preset = PRESETS[conf.type]
  if (preset.needsApiVersion && conf.api_version === undefined) {
    throw new Error(`providers/${name}: type ${conf.type} needs api_version`)
  }
  const paths = mergePaths(name, preset, conf)
  const models = new Map(Object.entries(conf.models))
  const aliases = new Map(Object.entries(conf.aliases))
  const sentName = (model: string) => models.get(model)?.name ?? aliases.get(model) ?? model
  const known = (model: string) => models.get(model) ?? models.get(aliases.get(model) ?? '')
  return {
    name,
    upstream: conf.upstream,
    upstreamId: conf.upstream_id ?? conf.upstream,
    local: conf.local ?? preset.local ?? false,
    maxQueue: conf.max_queue,
    auth: conf.auth ?? preset.auth,
    keys: createKeyRing(name, conf, env),
    args: conf.api_version === undefined ? {} : { 'api-version': conf.api_version },
    fields: compileFields(preset, conf),
    headersOf: (endpoint) => preset.headers?.[endpoint] ?? {},
    pathOf: (endpoint) => paths.get(endpoint),
    sentName,
    takes: (model) => !conf.only_listed_models || models.has(model) || aliases.has(model),
    lists: (model) => models.has(model) || aliases.has(model),
    windowOf: (model) => known(model)?.context_window ?? preset.windows?.[sentName(model)],
    priceOf: (model) => known(model)?.price,
    listedModels: [...models.keys(), ...aliases.keys()],
  }
}

function mergePaths(name: string, preset: Preset, conf: ProviderConf): Map<Endpoint, string> {
  const paths = new Map<Endpoint, string>()
  for (const endpoint of ROUTED_ENDPOINTS) {
    const own = conf.paths?.[endpoint]
    const path = own === undefined ? preset.paths[endpoint] : own
    if (path === undefined || path === null) continue
    // A later pass and the usage flow know a request by the end of its path.
    if (endpointOf('POST', path) !== endpoint) {
      throw new Error(`providers/${name}/paths/${endpoint}: ${path} does not end like a path of ${endpoint}`)
    }
    paths.set(endpoint, path)
  }
  return paths
}

function compileFields(preset: Preset, conf: ProviderConf): CompiledField[] {
  const rules: FieldRule[] = [
    ...preset.fields,
    ...conf.drop_fields.map((from) => ({ from })),
    ...Object.entries(conf.rename_fields).map(([from, to]) => ({ from, to })),
  ]
  // What the conf says of a field replaces what the preset says.
  const last = new Map(rules.map((rule) => [rule.from, rule]))
  return [...last.values()].map(({ from, to, models, endpoints }) => {
    const takesModel: TextTest = models ? compileGlobs(models) : () => true
    return {
      from,
      to,
      appliesTo: (endpoint, model) =>
        (endpoints === undefined || endpoints.includes(endpoint)) && takesModel(model),
    }
  })
}
