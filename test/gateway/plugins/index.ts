import { cors } from './cors.ts'
import { extPluginPostReq, extPluginPostResp, extPluginPreReq } from './ext-plugin.ts'
import { httpLogger } from './http-logger.ts'
import { keyAuth } from './key-auth.ts'
import { limitConn } from './limit-conn.ts'
import { limitCount } from './limit-count.ts'
import { limitReq } from './limit-req.ts'
import type { PluginDefinition } from './plugin.ts'
import { prometheus } from './prometheus.ts'
import { proxyBuffering } from './proxy-buffering.ts'
import { proxyRewrite } from './proxy-rewrite.ts'
import { requestId } from './request-id.ts'
import { responseRewrite } from './response-rewrite.ts'
import { serverlessPostFunction } from './serverless-post-function.ts'
import { serverlessPreFunction } from './serverless-pre-function.ts'
import { trafficSplit } from './traffic-split.ts'

/** The plugins the stand-in has; any other name is refused by the Admin API. */
export const PLUGINS: readonly PluginDefinition[] = [
  proxyBuffering,
  requestId,
  extPluginPreReq,
  serverlessPreFunction,
  cors,
  keyAuth,
  proxyRewrite,
  limitConn,
  limitCount,
  limitReq,
  trafficSplit,
  responseRewrite,
  prometheus,
  httpLogger,
  serverlessPostFunction,
  extPluginPostReq,
  extPluginPostResp,
]

const BY_NAME = new Map(PLUGINS.map((plugin) => [plugin.name, plugin]))

export function findPlugin(name: string): PluginDefinition | undefined {
  return BY_NAME.get(name)
}
