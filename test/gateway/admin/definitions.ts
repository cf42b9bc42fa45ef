import type { JsonObject } from '../plugins/plugin.ts'

const id = {
  anyOf: [
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9-_.]+$' },
    { type: 'integer', minimum: 1 },
  ],
}
const name = { type: 'string', minLength: 1, maxLength: 256 }
const desc = { type: 'string', maxLength: 256 }
const labels = {
  type: 'object',
  additionalProperties: { type: 'string', minLength: 1, maxLength: 256, pattern: '^\\S+$' },
}
const timestamp = { type: 'integer' }
const host = { type: 'string', pattern: '^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$' }
const port = { type: 'integer', minimum: 1, maximum: 65535 }
const seconds = { type: 'number', exclusiveMinimum: 0 }
const timeout = {
  type: 'object',
  properties: { connect: seconds, send: seconds, read: seconds },
  required: ['connect', 'send', 'read'],
}
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PURGE']
const statuses = {
  type: 'array',
  minItems: 1,
  items: { type: 'integer', minimum: 200, maximum: 599 },
  uniqueItems: true,
}

function counter(minimum: number, fallback: number): JsonObject {
  return { type: 'integer', minimum, maximum: 254, default: fallback }
}

const interval = { type: 'integer', minimum: 1, default: 1 }
const checkType = { type: 'string', enum: ['http', 'https', 'tcp'], default: 'http' }

const checks = {
  type: 'object',
  properties: {
    active: {
      type: 'object',
      properties: {
        type: checkType,
        timeout: { type: 'number', default: 1 },
        concurrency: { type: 'integer', default: 10 },
        host,
        port,
        http_method: { type: 'string', enum: methods, default: 'GET' },
        http_path: { type: 'string', default: '/' },
        http_req_body: { type: 'string', default: '' },
        https_verify_certificate: { type: 'boolean', default: true },
        healthy: {
          type: 'object',
          properties: {
            interval,
            http_statuses: { ...statuses, default: [200, 302] },
            successes: counter(1, 2),
          },
        },
        unhealthy: {
          type: 'object',
          properties: {
            interval,
            http_statuses: { ...statuses, default: [429, 404, 500, 501, 502, 503, 504, 505] },
            http_failures: counter(1, 5),
            tcp_failures: counter(1, 2),
            timeouts: counter(1, 3),
          },
        },
        req_headers: { type: 'array', minItems: 1, items: { type: 'string' } },
      },
    },
    passive: {
      type: 'object',
      properties: {
        type: checkType,
        healthy: { type: 'object', properties: { http_statuses: statuses, successes: counter(0, 5) } },
        unhealthy: {
          type: 'object',
          properties: {
            http_statuses: { ...statuses, default: [429, 500, 503] },
            tcp_failures: counter(0, 2),
            timeouts: counter(0, 7),
            http_failures: counter(0, 5),
          },
        },
      },
    },
  },
  required: ['active'],
}

const nodes = {
  anyOf: [
    { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
    {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          host,
          port,
          weight: { type: 'integer', minimum: 0 },
          priority: { type: 'integer', default: 0 },
          metadata: { type: 'object' },
        },
        required: ['host', 'weight'],
      },
    },
  ],
}

const metadata = { id, name, desc, labels, create_time: timestamp, update_time: timestamp }

const upstream = {
  type: 'object',
  properties: {
    ...metadata,
    nodes,
    retries: { type: 'integer', minimum: 0 },
    retry_timeout: { type: 'number', minimum: 0 },
    timeout,
    keepalive_pool: { type: 'object' },
    type: { type: 'string', enum: ['roundrobin', 'chash'], default: 'roundrobin' },
    checks,
    hash_on: {
      type: 'string',
      default: 'vars',
      enum: ['vars', 'header', 'cookie', 'consumer', 'vars_combinations'],
    },
    key: { type: 'string' },
    scheme: { default: 'http', enum: ['http', 'https'] },
    pass_host: { type: 'string', enum: ['pass', 'node', 'rewrite'], default: 'pass' },
    upstream_host: host,
  },
  required: ['nodes'],
  additionalProperties: false,
}

const plugins = { type: 'object' }

const route = {
  type: 'object',
  properties: {
    ...metadata,
    uri: { type: 'string', minLength: 1, maxLength: 4096 },
    uris: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    priority: { type: 'integer', default: 0 },
    methods: { type: 'array', items: { type: 'string', enum: methods }, uniqueItems: true },
    host,
    hosts: { type: 'array', items: host, minItems: 1, uniqueItems: true },
    remote_addr: { type: 'string' },
    remote_addrs: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    timeout,
    vars: { type: 'array' },
    plugins,
    plugin_config_id: id,
    upstream: { $ref: '#/$defs/upstream' },
    upstream_id: id,
    enable_websocket: { type: 'boolean' },
    status: { type: 'integer', enum: [1, 0], default: 1 },
  },
  allOf: [
    { oneOf: [{ required: ['uri'] }, { required: ['uris'] }] },
    { not: { required: ['host', 'hosts'] } },
    { not: { required: ['remote_addr', 'remote_addrs'] } },
    { anyOf: [{ required: ['plugins'] }, { required: ['upstream'] }, { required: ['upstream_id'] }] },
  ],
  additionalProperties: false,
}

const consumer = {
  type: 'object',
  properties: {
    ...metadata,
    username: { type: 'string', minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9_\\-]+$' },
    plugins,
  },
  required: ['username'],
  additionalProperties: false,
}

const ssl = {
  type: 'object',
  properties: {
    ...metadata,
    type: { type: 'string', enum: ['server'], default: 'server' },
    cert: { type: 'string', minLength: 128, maxLength: 65536 },
    key: { type: 'string', minLength: 64, maxLength: 65536 },
    sni: { type: 'string' },
    snis: { type: 'array', items: { type: 'string' }, minItems: 1 },
    status: { type: 'integer', enum: [1, 0], default: 1 },
    ssl_protocols: { type: 'array' },
  },
  required: ['cert', 'key'],
  anyOf: [{ required: ['sni'] }, { required: ['snis'] }],
  additionalProperties: false,
}

const pluginsOnly = {
  type: 'object',
  properties: { ...metadata, plugins },
  required: ['plugins'],
  additionalProperties: false,
}

const meta = {
  type: 'object',
  properties: {
    disable: { type: 'boolean' },
    error_response: { oneOf: [{ type: 'string' }, { type: 'object' }] },
    priority: { type: 'integer' },
    filter: { type: 'array' },
  },
  additionalProperties: false,
}

/**
 * JSON Schemas of the resources after apisix/schema_def.lua. What the stand-in does not have (services, secrets,
 * grpc, discovery, scripts) is left out, so that using it is an error here.
 */
export const DEFINITIONS = {
  $id: 'apisix',
  $defs: { id, upstream, route, consumer, ssl, plugin_config: pluginsOnly, global_rule: pluginsOnly, meta },
}
