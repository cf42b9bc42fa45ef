import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { RequestContext } from '../context.ts'
import { toBinary } from '../http/uri.ts'
import type { BatchConf } from '../logging/batch-processor.ts'
import { compileLogFormat, fullLogEntry, type LogEntry, type LogFormat } from '../logging/log-entry.ts'
import { compileExpression, ExpressionError } from '../routing/expression.ts'
import type { JsonObject, PluginDefinition, PluginPlace } from './plugin.ts'

export interface HttpLoggerConf extends BatchConf {
  readonly uri: string
  readonly auth_header?: string
  /** Seconds. */
  readonly timeout: number
  readonly log_format?: LogFormat
  readonly include_req_body: boolean
  readonly include_req_body_expr?: unknown
  readonly include_resp_body: boolean
  readonly include_resp_body_expr?: unknown
  readonly max_req_body_bytes: number
  readonly max_resp_body_bytes: number
  readonly concat_method: 'json' | 'new_line'
  readonly ssl_verify: boolean
}

const flag = { type: 'boolean', default: false }
const bytes = { type: 'integer', minimum: 1, default: 524288 }

/** apisix/plugins/http-logger.lua with log-util.lua and batch-processor.lua (facts section 6). */
export const httpLogger: PluginDefinition = {
  name: 'http-logger',
  priority: 410,
  schema: {
    type: 'object',
    properties: {
      uri: { type: 'string', pattern: '^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?' },
      auth_header: { type: 'string' },
      timeout: { type: 'integer', minimum: 1, default: 3 },
      log_format: { type: 'object' },
      log_format_extra: { type: 'object' },
      include_req_body: flag,
      include_req_body_expr: { type: 'array', minItems: 1, items: { type: 'array' } },
      include_resp_body: flag,
      include_resp_body_expr: { type: 'array', minItems: 1, items: { type: 'array' } },
      max_req_body_bytes: bytes,
      max_resp_body_bytes: bytes,
      concat_method: { type: 'string', default: 'json', enum: ['json', 'new_line'] },
      ssl_verify: flag,
      name: { type: 'string', default: 'http logger' },
      max_retry_count: { type: 'integer', minimum: 0, default: 0 },
      retry_delay: { type: 'integer', minimum: 0, default: 1 },
      buffer_duration: { type: 'integer', minimum: 1, default: 60 },
      inactive_timeout: { type: 'integer', minimum: 1, default: 5 },
      batch_max_size: { type: 'integer', minimum: 1, default: 1000 },
    },
    required: ['uri'],
  },
  metadataSchema: {
    type: 'object',
    properties: {
      log_format: { type: 'object' },
      log_format_extra: { type: 'object' },
      max_pending_entries: { type: 'integer', minimum: 1, default: 8192 },
    },
  },
  check(conf) {
    if (conf.log_format_extra !== undefined) return 'the stand-in does not support log_format_extra'
    for (const name of ['include_req_body_expr', 'include_resp_body_expr']) {
      try {
        if (conf[name] !== undefined) compileExpression(conf[name])
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error
        return `failed to validate the '${name}' expression: ${error.message}`
      }
    }
    return undefined
  },
  create(place) {
    const conf = place.conf as unknown as HttpLoggerConf
    const wantsReq =
      conf.include_req_body_expr === undefined ? undefined : compileExpression(conf.include_req_body_expr)
    const wantsResp =
      conf.include_resp_body_expr === undefined ? undefined : compileExpression(conf.include_resp_body_expr)
    const collected = {}
    const entryOf = compileEntry(place, conf)
    return {
      async access(ctx) {
        if (conf.include_req_body && (wantsReq === undefined || wantsReq(ctx.var))) await ctx.readBody()
        return undefined
      },
      bodyFilter(ctx, chunk, last) {
        if (!conf.include_resp_body) return chunk
        const collector = ctx.slot(collected, () => ({
          wanted: wantsResp === undefined || wantsResp(ctx.var),
          chunks: [] as Buffer[],
          bytes: 0,
          done: false,
        }))
        if (!collector.wanted || collector.done) return chunk
        if (chunk !== undefined && chunk.length > 0) {
          collector.chunks.push(chunk)
          collector.bytes += chunk.length
        }
        if (last || collector.bytes >= conf.max_resp_body_bytes) {
          collector.done = true
          const body = Buffer.concat(collector.chunks).subarray(0, conf.max_resp_body_bytes)
          ctx.respBody = decoded(body, ctx.respHeaders.get('content-encoding')).toString('latin1')
          collector.chunks = []
        }
        return chunk
      },
      log(ctx) {
        const entry = entryOf(ctx, wantsReq === undefined || wantsReq(ctx.var))
        entry.route_id ??= 'no-matched'
        ctx.runtime.logs.push(place.confVersion, conf, entry)
      },
    }
  },
}

/** The route's log_format, else the metadata's, else the full entry (`get_log_entry`). */
function compileEntry(
  place: PluginPlace,
  conf: HttpLoggerConf,
): (ctx: RequestContext, withBody: boolean) => LogEntry {
  const own =
    conf.log_format === undefined ? undefined : compileLogFormat(conf.log_format, conf.max_req_body_bytes)
  let metadata: JsonObject | undefined
  let shared: ((ctx: RequestContext) => LogEntry) | undefined
  return (ctx, withBody) => {
    let build = own
    if (build === undefined) {
      const current = place.runtime.metadata('http-logger')
      if (current !== metadata) {
        metadata = current
        const format = current?.log_format as LogFormat | undefined
        const isSet = format !== undefined && Object.keys(format).length > 0
        shared = isSet ? compileLogFormat(format, conf.max_req_body_bytes) : undefined
      }
      build = shared
    }
    if (build === undefined) return fullLogEntry(ctx, conf, withBody)
    const entry = build(ctx)
    if (ctx.route !== undefined) entry.route_id = toBinary(ctx.route.id)
    return entry
  }
}

/** A compressed answer is logged decompressed when APISIX knows how (content-decode.lua). */
function decoded(body: Buffer, encoding: string | undefined): Buffer {
  try {
    if (encoding === 'gzip') return gunzipSync(body)
    if (encoding === 'br') return brotliDecompressSync(body)
  } catch {
    return body
  }
  return body
}
