import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { SERVER } from '../http/pages.ts'
import { readRequestBody } from '../http/request-body.ts'
import type { Runtime } from '../runtime.ts'
import { AdminApi } from './api.ts'
import type { Store } from './store.ts'

/** `MAX_REQ_BODY` in apisix/admin/init.lua: 1.5 MiB. */
const MAX_BODY_BYTES = 1.5 * 1024 * 1024

/** The Admin API on its own port. */
export function createAdminServer(store: Store, adminKey: string): Server {
  const api = new AdminApi(store, adminKey)
  return createServer((req, res) => {
    void serveAdmin(api, req, res).catch(() => res.destroy())
  })
}

async function serveAdmin(api: AdminApi, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://admin')
  const body = await readRequestBody(req)
  if (body.length > MAX_BODY_BYTES) {
    const message = `request size ${body.length} is greater than the maximum size ${MAX_BODY_BYTES} allowed`
    sendJson(res, 400, { error_msg: `invalid request body: ${message}` })
    return
  }
  const header = req.headers['x-api-key']
  const answer = api.handle({
    method: req.method ?? 'GET',
    path: url.pathname,
    apiKey: url.searchParams.get('api_key') ?? (Array.isArray(header) ? header[0] : header),
    force: url.searchParams.get('force') === 'true',
    body: body.toString('utf8'),
  })
  sendJson(res, answer.status, answer.body)
}

/** The control API: `GET /v1/healthcheck` (facts section 8, apisix/control/v1.lua). */
export function createControlServer(store: Store, runtime: Runtime): Server {
  return createServer((req, res) => {
    if (req.method !== 'GET' || req.url?.replace(/\?.*$/, '') !== '/v1/healthcheck') {
      sendJson(res, 404, undefined)
      return
    }
    sendJson(res, 200, emptyAsObject(healthInfo(store, runtime)))
  })
}

function healthInfo(store: Store, runtime: Runtime) {
  const resources = [...store.list('routes'), ...store.list('upstreams')]
  return resources.flatMap((resource) => {
    const conf = (resource.key.includes('/routes/') ? resource.checked.upstream : resource.checked) as
      | { checks?: { active?: { type?: string } } }
      | undefined
    if (conf?.checks === undefined) return []
    const nodes = emptyAsObject(runtime.health.nodesOf(resource.key))
    return [{ name: resource.key, type: conf.checks.active?.type, nodes }]
  })
}

/** cjson cannot tell an empty array from an empty object and writes `{}`. */
function emptyAsObject<T>(list: readonly T[]): readonly T[] | Record<string, never> {
  return list.length === 0 ? {} : list
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { Server: SERVER, 'Content-Type': 'application/json', 'X-API-VERSION': 'v3' })
  res.end(body === undefined ? '' : `${JSON.stringify(body)}\n`)
}
