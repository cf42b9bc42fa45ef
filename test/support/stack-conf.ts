import type { Resource } from '../../apisix-conf/cli/resource.ts'
import type { JsonObject } from '../../runner/json.ts'

/** Gets the conf of one runner plugin of one resource and answers what it should be. */
export type ConfChange = (plugin: string, conf: JsonObject, resource: Resource) => JsonObject
/** Gets one resource of apisix-conf, its runner confs as strings, and answers what APISIX should get. */
export type ResourceChange = (resource: Resource) => Resource

/** Runner confs are strings of JSON inside the resource, as APISIX wants them. */
export function withConfs(resource: Resource, change: ConfChange): Resource {
  const plugins = resource.value.plugins as JsonObject | undefined
  const pre = plugins?.['ext-plugin-pre-req'] as { conf?: { name: string; value: string }[] } | undefined
  if (!pre?.conf) return resource
  const conf = pre.conf.map(({ name, value }) => ({
    name,
    value: JSON.stringify(change(name, JSON.parse(value) as JsonObject, resource)),
  }))
  return withPlugin(resource, 'ext-plugin-pre-req', () => ({ ...pre, conf }))
}

/** Changes the conf of one APISIX plugin where a resource has it. */
export function withPlugin(
  resource: Resource,
  name: string,
  change: (conf: JsonObject) => JsonObject,
): Resource {
  const plugins = resource.value.plugins as Record<string, JsonObject> | undefined
  const conf = plugins?.[name]
  if (conf === undefined) return resource
  return { ...resource, value: { ...resource.value, plugins: { ...plugins, [name]: change(conf) } } }
}

/** Takes plugins of APISIX off a resource. */
export function withoutPlugins(resource: Resource, names: readonly string[]): Resource {
  const plugins = resource.value.plugins as JsonObject | undefined
  if (plugins === undefined) return resource
  const kept = Object.entries(plugins).filter(([name]) => !names.includes(name))
  return { ...resource, value: { ...resource.value, plugins: Object.fromEntries(kept) } }
}

/** Several changes, one after the other. */
export function inTurn(...changes: readonly ResourceChange[]): ResourceChange {
  return (resource) => changes.reduce((current, change) => change(current), resource)
}

/** Each log entry is posted at once: a test need not wait for a batch to fill. */
export const logAtOnce: ResourceChange = (resource) =>
  withPlugin(resource, 'http-logger', (conf) => ({ ...conf, batch_max_size: 1, retry_delay: 1 }))

/** Every request asks its provider, however the one before went: rows of a table do not see each other. */
export const withoutHealthChecks: ResourceChange = (resource) => {
  if (resource.kind !== 'upstreams') return resource
  const { checks: _, ...value } = resource.value
  return { ...resource, value }
}

/** Changes one upstream, or with `'*'` all of them. */
export function upstream(id: string, change: (value: JsonObject) => JsonObject): ResourceChange {
  return (resource) =>
    resource.kind === 'upstreams' && (id === '*' || resource.id === id)
      ? { ...resource, value: { ...resource.value, ...change(resource.value) } }
      : resource
}

/** An upstream's provider node, moved elsewhere; the node of the failover stays unless it is given too. */
export function movedTo(
  id: string,
  provider: object,
  fallback: object = {},
  more: object = {},
): ResourceChange {
  return upstream(id, ({ nodes }) => {
    const [first, second] = nodes as readonly object[]
    return {
      nodes: [
        { ...first, ...provider },
        { ...second, ...fallback },
      ],
      ...more,
    }
  })
}

const PREFIXES = { openai: 'OPENAI', qwen: 'QWEN', anthropic: 'ANTHROPIC', ollama: 'OLLAMA' } as const
export type ProviderName = keyof typeof PREFIXES
export const PROVIDERS = Object.keys(PREFIXES) as ProviderName[]

/** The variables by which apisix-conf/upstreams finds the scripted providers. */
export function providerEnv(
  scheme: 'http' | 'https',
  host: string,
  ports: Readonly<Record<ProviderName, number>>,
  fallbackHost: string,
  fallbackPort: number,
): Record<string, string> {
  return Object.fromEntries(
    PROVIDERS.flatMap((name) => {
      const prefix = PREFIXES[name]
      return [
        [`${prefix}_SCHEME`, scheme],
        [`${prefix}_HOST`, host],
        [`${prefix}_PORT`, String(ports[name])],
        [`${prefix}_FALLBACK_HOST`, fallbackHost],
        [`${prefix}_FALLBACK_PORT`, String(fallbackPort)],
      ]
    }),
  )
}

/** The same for a real OpenAI. */
export function realOpenai(url: URL): Record<string, string> {
  const scheme = url.protocol.replace(':', '')
  return {
    OPENAI_SCHEME: scheme,
    OPENAI_HOST: url.hostname,
    OPENAI_PORT: url.port || (scheme === 'https' ? '443' : '80'),
  }
}
