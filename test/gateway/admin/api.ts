import type { JsonObject } from '../plugins/plugin.ts'
import { checkDelete, checkResource } from './check-resource.ts'
import { KINDS, type Kind, type Resource, type Store } from './store.ts'

export interface AdminRequest {
  readonly method: string
  readonly path: string
  readonly apiKey: string | undefined
  readonly force: boolean
  readonly body: string
}

export interface AdminAnswer {
  readonly status: number
  readonly body?: unknown
}

/** Kinds whose id is not in the path of a PUT (`no_id_res`) take it from the body. */
const NO_ID: ReadonlySet<Kind> = new Set(['consumers', 'plugin_metadata'])

const SINGULAR: Record<Kind, string> = {
  routes: 'route',
  upstreams: 'upstream',
  consumers: 'consumer',
  ssls: 'ssl',
  plugin_configs: 'plugin config',
  global_rules: 'global rule',
  plugin_metadata: 'plugin_metadata',
}

/** The Admin API's answers (facts section 9, apisix/admin/init.lua and resource.lua). */
export class AdminApi {
  readonly #store: Store
  readonly #key: string

  constructor(store: Store, key: string) {
    this.#store = store
    this.#key = key
  }

  handle(request: AdminRequest): AdminAnswer {
    if (request.apiKey !== this.#key) {
      const description = request.apiKey === undefined ? 'missing apikey' : 'wrong apikey'
      return { status: 401, body: { error_msg: 'failed to check token', description } }
    }
    const [root, admin, kindName = '', id, ...rest] = request.path.split('/').slice(1)
    if (root !== 'apisix' || admin !== 'admin') return { status: 404 }
    const kind = KINDS.find((one) => one === kindName)
    if (kind === undefined) return refuse(404, `Unsupported resource type: ${kindName}`)
    if (rest.length > 0 && rest[0] !== '') return refuse(400, 'the stand-in patches whole objects only')
    const target = id === '' || id === undefined ? undefined : decodeURIComponent(id)
    switch (request.method) {
      case 'GET':
        return this.#get(kind, target)
      case 'PUT':
      case 'POST':
      case 'PATCH':
        return this.#write(request, kind, target)
      case 'DELETE':
        return this.#delete(kind, target, request.force)
      default:
        return refuse(404, 'not found')
    }
  }

  #get(kind: Kind, id: string | undefined): AdminAnswer {
    if (id === undefined) {
      const list = this.#store.list(kind).map((resource) => show(kind, resource))
      return { status: 200, body: { total: list.length, list } }
    }
    const resource = this.#store.get(kind, id)
    return resource === undefined ? notFound() : { status: 200, body: show(kind, resource) }
  }

  #write({ method, body }: AdminRequest, kind: Kind, pathId: string | undefined): AdminAnswer {
    const conf = parse(body)
    if (typeof conf === 'string') return refuse(400, `invalid request body: ${conf}`)
    if (conf === undefined)
      return refuse(400, method === 'PATCH' ? 'missing new configuration' : 'missing configurations')
    if (method === 'PATCH') return this.#patch(kind, pathId, conf)
    if (conf.create_time !== undefined) return refuse(400, 'the property is forbidden:  create_time')
    if (conf.update_time !== undefined) return refuse(400, 'the property is forbidden:  update_time')
    if (method === 'POST') {
      if (NO_ID.has(kind))
        return { status: 405, body: { error_msg: `not supported \`POST\` method for ${SINGULAR[kind]}` } }
      if (pathId !== undefined || conf.id !== undefined) {
        return refuse(400, `wrong ${SINGULAR[kind]} id, do not need it`)
      }
      return this.#store_(kind, this.#store.nextId(), conf)
    }
    const id = kind === 'consumers' ? asId(conf.username) : (pathId ?? asId(conf.id))
    if (id === undefined) return this.#missingId(kind, conf)
    if (conf.id !== undefined && String(conf.id) !== id) return refuse(400, `wrong ${SINGULAR[kind]} id`)
    if (kind === 'consumers' && pathId !== undefined && pathId !== id) return refuse(400, 'wrong username')
    return this.#store_(kind, id, conf)
  }

  /** A consumer without username fails its schema; other kinds lack an id. */
  #missingId(kind: Kind, conf: JsonObject): AdminAnswer {
    if (kind !== 'consumers') return refuse(400, `missing ${SINGULAR[kind]} id`)
    return refuse(400, checkResource(this.#store, kind, '', structuredClone(conf)) ?? 'missing consumer name')
  }

  #patch(kind: Kind, id: string | undefined, change: JsonObject): AdminAnswer {
    if (id === undefined) return refuse(400, `missing ${SINGULAR[kind]} id`)
    const resource = this.#store.get(kind, id)
    if (resource === undefined) return notFound()
    return this.#store_(kind, id, merge(resource.value, change))
  }

  #store_(kind: Kind, id: string, conf: JsonObject): AdminAnswer {
    const checked = structuredClone(conf)
    if (kind !== 'consumers') checked.id = id
    const problem = checkResource(this.#store, kind, id, checked)
    if (problem !== undefined) return refuse(400, problem)
    const now = Math.floor(Date.now() / 1000)
    const previous = this.#store.get(kind, id)
    const times =
      kind === 'plugin_metadata' ? {} : { create_time: previous?.value.create_time ?? now, update_time: now }
    const value = { ...conf, ...(kind === 'consumers' ? {} : { id }), ...times }
    const { created, resource } = this.#store.put(kind, id, value, checked)
    return { status: created ? 201 : 200, body: { key: resource.key, value: hideKey(kind, resource.value) } }
  }

  #delete(kind: Kind, id: string | undefined, force: boolean): AdminAnswer {
    if (id === undefined) return refuse(400, `missing ${SINGULAR[kind]} id`)
    const inUse = force ? undefined : checkDelete(this.#store, kind, id)
    if (inUse !== undefined) return refuse(400, inUse)
    if (!this.#store.delete(kind, id)) return notFound()
    return { status: 200, body: { key: `/apisix/${kind}/${id}`, deleted: '1' } }
  }
}

function refuse(status: number, message: string): AdminAnswer {
  return { status, body: { error_msg: message } }
}

function notFound(): AdminAnswer {
  return { status: 404, body: { message: 'Key not found' } }
}

function parse(body: string): JsonObject | string | undefined {
  if (body === '') return undefined
  try {
    const value: unknown = JSON.parse(body)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as JsonObject)
      : 'expected an object'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function asId(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function show(kind: Kind, resource: Resource) {
  const { key, createdIndex, modifiedIndex } = resource
  return { key, value: hideKey(kind, resource.value), createdIndex, modifiedIndex }
}

/** Private keys are never given out. */
function hideKey(kind: Kind, value: JsonObject): JsonObject {
  if (kind !== 'ssls') return value
  const { key: _, keys: __, ...rest } = value
  return rest
}

/** `core.table.merge`: objects are merged deeply, null removes, anything else replaces. */
function merge(base: JsonObject, change: JsonObject): JsonObject {
  const merged = { ...base }
  for (const [name, value] of Object.entries(change)) {
    const known = merged[name]
    if (value === null) delete merged[name]
    else if (isObject(value) && isObject(known)) merged[name] = merge(known, value)
    else merged[name] = value
  }
  return merged
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
