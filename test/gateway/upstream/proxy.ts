import type { RequestContext } from '../context.ts'
import { breakTransfer, sendPage } from '../http/answer.ts'
import { HeaderList } from '../http/header-list.ts'
import { runSteps } from '../routing/run-chain.ts'
import { DEFAULT_TIMEOUT } from './attempt.ts'
import { NodeChoice, type PickedNode } from './balancer.ts'
import type { HealthChecker } from './health.ts'
import { type Failure, statusOf } from './next-upstream.ts'
import { relay } from './relay.ts'
import type { UpstreamState } from './state.ts'
import type { CompiledUpstream } from './upstream.ts'

/** The nodes a request may still use, and the checker to tell about failures. */
export interface Balancing {
  readonly upstream: CompiledUpstream
  readonly checker: HealthChecker | undefined
  readonly choice: NodeChoice | undefined
}

/** `pick_server` of apisix/balancer.lua: a single node is taken whatever its health. */
export function beginBalancing(ctx: RequestContext, upstream: CompiledUpstream): Balancing {
  const checker = ctx.runtime.health.checkerOf(upstream)
  const choice = upstream.nodes.length === 1 ? undefined : new NodeChoice(upstream.groups(checker))
  return { upstream, checker, choice }
}

export function pickNode(ctx: RequestContext, { upstream, choice }: Balancing): PickedNode | undefined {
  return choice === undefined ? upstream.nodes[0] : choice.next(ctx)
}

/** `set_upstream_host` in apisix/init.lua. */
export function setUpstreamHost(ctx: RequestContext, upstream: CompiledUpstream, node: PickedNode): void {
  const mode = upstream.conf.pass_host ?? 'pass'
  if (mode === 'rewrite') ctx.upstreamHost = upstream.conf.upstream_host ?? ''
  if (mode === 'node') ctx.upstreamHost = node.hostHeader
}

/**
 * Proxies the request: tries nodes until one answers something that is passed on, then relays its answer.
 * Follows nginx's proxy_next_upstream and the tries that APISIX's balancer grants (facts section 7).
 */
export async function proxy(ctx: RequestContext, balancing: Balancing): Promise<void> {
  const { upstream } = balancing
  const { transport, nextUpstream } = ctx.runtime
  const timeout = ctx.route?.conf.timeout ?? upstream.conf.timeout ?? DEFAULT_TIMEOUT
  let tries = upstream.retries + 1
  if (upstream.retries > 0 && upstream.conf.retry_timeout !== undefined && upstream.conf.retry_timeout > 0) {
    ctx.retryDeadlineMs = Date.now() + upstream.conf.retry_timeout * 1000
  }
  let state = beginTry(ctx)
  for (;;) {
    const node = ctx.picked
    if (node === undefined) return sendPage(ctx, 502)
    state.addr = addressOf(node)
    const result = await transport.attempt(ctx, node, state, timeout)
    if (ctx.clientLeft) {
      if (result.kind === 'response') result.request.destroy()
      ctx.status = 499
      return
    }
    let failure: Failure | undefined
    let requestSent = true
    if (result.kind === 'response') {
      failure = nextUpstream.failureOf(state.status)
      if (failure === undefined || tries <= 1 || !nextUpstream.allows(failure, ctx.method, true)) {
        await relay(ctx, result.response)
        result.settle()
        return
      }
      result.settle()
      state.responseLength = 0
      // `$upstream_http_...` is the failed attempt's until the next one is connected (ngx_http_upstream_reinit).
      ctx.upstreamHeaders = HeaderList.fromRaw(result.response.rawHeaders)
      result.response.on('error', () => {})
      result.request.destroy()
    } else if (result.failure === 'no_http') {
      // nginx passes the bytes on as they are, under no status line; a client cannot read that either.
      state.status = 200
      ctx.status = 200
      return breakTransfer(ctx)
    } else {
      failure = result.failure
      ctx.upstreamHeaders = undefined
      requestSent = result.requestSent
      // a kept-alive connection that the upstream had closed costs no try (ngx_http_upstream_next)
      if (result.reused && failure === 'error') tries += 1
    }
    tries -= 1
    state.status = statusOf(failure)
    if (tries <= 0 || !nextUpstream.allows(failure, ctx.method, requestSent))
      return sendPage(ctx, state.status)
    const failed = state.status
    state = beginTry(ctx)
    if (!(await prepareRetry(ctx, balancing, node, failed))) return sendPage(ctx, 502)
  }
}

/** The balancer phase of a further try: deadline, health report, next node, its Host, before_proxy again. */
async function prepareRetry(
  ctx: RequestContext,
  balancing: Balancing,
  failed: PickedNode,
  status: number,
): Promise<boolean> {
  if (ctx.retryDeadlineMs !== undefined && ctx.retryDeadlineMs < Date.now()) return false
  if (balancing.choice !== undefined) {
    // get_last_failure says "failed" for every retried answer but 403 and 404
    const outcome =
      status === 504 ? 'timeout_failure' : status === 403 || status === 404 ? { status } : 'tcp_failure'
    balancing.checker?.report(failed, outcome)
  }
  const node = pickNode(ctx, balancing)
  if (node === undefined) return false
  ctx.picked = node
  if (balancing.upstream.conf.pass_host === 'node') ctx.upstreamHost = node.hostHeader
  if (ctx.chain !== undefined) await runSteps(ctx, ctx.chain.beforeProxy)
  ctx.upstreamHeaders = undefined
  return true
}

/** nginx notes a try before its balancer has chosen the node, so before_proxy of a retry sees the try without one. */
function beginTry(ctx: RequestContext): UpstreamState {
  const state: UpstreamState = {
    addr: undefined,
    status: 0,
    connectMs: undefined,
    headerMs: undefined,
    responseMs: 0,
    bytesReceived: 0,
    bytesSent: 0,
    responseLength: 0,
  }
  ctx.attempts.push(state)
  return state
}

function addressOf({ ip, port }: PickedNode): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`
}
