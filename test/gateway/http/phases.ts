import type { RequestContext } from '../context.ts'
import type { StepResult } from '../plugins/plugin.ts'
import { runLog, runSteps } from '../routing/run-chain.ts'
import { beginBalancing, pickNode, proxy, setUpstreamHost } from '../upstream/proxy.ts'
import type { CompiledUpstream } from '../upstream/upstream.ts'
import { sendExit, sendPage } from './answer.ts'
import { ClientGoneError } from './request-body.ts'

/** One request through the phases of `http_access_phase` in apisix/init.lua, then its log phase. */
export async function handleRequest(ctx: RequestContext): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    ctx.res.once('close', () => {
      if (!ctx.res.writableFinished && !ctx.cutOff) ctx.clientLeft = true
      resolve()
    })
  })
  try {
    setForwardedHeaders(ctx)
    await serve(ctx)
  } catch (error) {
    fail(ctx, error)
  }
  await closed
  if (ctx.clientLeft && !ctx.headerSent) ctx.status = 499
  logPhase(ctx)
}

/** `http_log_phase`: loggers, then the passive health check where one is configured. */
function logPhase(ctx: RequestContext): void {
  const { globalRules } = ctx.snapshot
  if (globalRules !== undefined) runLog(ctx, globalRules)
  if (ctx.chain !== undefined) runLog(ctx, ctx.chain)
  const { upstream, picked } = ctx
  if (picked === undefined || upstream?.conf.checks?.passive === undefined) return
  ctx.runtime.health.checkerOf(upstream)?.report(picked, { status: ctx.status })
}

function fail(ctx: RequestContext, error: unknown): void {
  if (error instanceof ClientGoneError) {
    ctx.clientLeft = true
    return
  }
  ctx.runtime.logError(
    `request to ${ctx.uri} failed: ${error instanceof Error ? error.stack : String(error)}`,
  )
  if (!ctx.headerSent) sendPage(ctx, 500)
  else ctx.req.socket.destroy()
}

/** The `more_set_input_headers` lines of apisix/cli/ngx_tpl.lua: a client cannot forge these. */
function setForwardedHeaders(ctx: RequestContext): void {
  ctx.headers.set('X-Forwarded-Proto', ctx.listener.scheme)
  ctx.headers.set('X-Forwarded-Host', ctx.headers.get('host') ?? ctx.host)
  ctx.headers.set('X-Forwarded-Port', ctx.listener.port)
  ctx.headers.delete('forwarded')
}

async function serve(ctx: RequestContext): Promise<void> {
  const answer = await runPhases(ctx)
  if (answer !== undefined) sendExit(ctx, answer)
}

/** Everything up to the upstream's answer; a result is an answer of APISIX's own. */
async function runPhases(ctx: RequestContext): Promise<StepResult> {
  const { table, globalRules } = ctx.snapshot
  const route = table.match(ctx)
  if (route === undefined) {
    const answer = await runGlobalRules(ctx, 'rewrite')
    return answer ?? (await runGlobalRules(ctx, 'access')) ?? notFound()
  }
  ctx.route = route
  ctx.chain = route.chain
  ctx.confType = 'route'
  ctx.confId = route.id
  ctx.confVersion = route.version
  if (globalRules !== undefined) {
    const answer = await runGlobalRules(ctx, 'rewrite')
    if (answer !== undefined) return answer
  }
  let answer = await runSteps(ctx, route.chain.rewrite)
  if (answer !== undefined) return answer
  if (ctx.consumer !== undefined) {
    const merged = mergeConsumer(ctx)
    answer = await runSteps(ctx, merged)
    if (answer !== undefined) return answer
  }
  if (globalRules !== undefined) {
    answer = await runGlobalRules(ctx, 'access')
    if (answer !== undefined) return answer
  }
  answer = await runSteps(ctx, ctx.chain.access)
  return answer ?? (await handleUpstream(ctx))
}

function notFound(): StepResult {
  return { status: 404, body: { error_msg: '404 Route Not Found' } }
}

/** `plugin.merge_consumer_route`; even a consumer without plugins changes conf_type, id and version. */
function mergeConsumer(ctx: RequestContext) {
  const { consumer, route } = ctx
  if (consumer === undefined || route === undefined) return []
  ctx.confType += '&consumer'
  ctx.confId += `&${consumer.name}`
  ctx.confVersion += `&${ctx.snapshot.consumers.version}`
  ctx.chain = route.chainFor(consumer)
  return ctx.chain.consumerRewrite
}

async function runGlobalRules(ctx: RequestContext, phase: 'rewrite' | 'access'): Promise<StepResult> {
  const { globalRules, globalVersion } = ctx.snapshot
  if (globalRules === undefined) return undefined
  const { confType, confId, confVersion } = ctx
  ctx.confType = 'global_rule'
  ctx.confId = '1'
  ctx.confVersion = globalVersion
  const answer = await runSteps(ctx, globalRules[phase])
  Object.assign(ctx, { confType, confId, confVersion })
  return answer
}

/** `handle_upstream`: find the upstream, pick a node, before_proxy, proxy_pass. */
async function handleUpstream(ctx: RequestContext): Promise<StepResult> {
  const found = findUpstream(ctx)
  if ('status' in found) return found
  const { upstream } = found
  const resolving = upstream.resolve(ctx.runtime.resolver)
  if (resolving !== undefined) {
    try {
      await resolving
    } catch (error) {
      ctx.runtime.logError(`failed to resolve a node of ${upstream.key}: ${String(error)}`)
      return { status: 503 }
    }
  }
  ctx.upstream = upstream
  ctx.upstreamScheme = upstream.scheme
  const balancing = beginBalancing(ctx, upstream)
  ctx.picked = pickNode(ctx, balancing)
  if (ctx.picked === undefined) return { status: upstream.nodes.length === 0 ? 503 : 502 }
  setUpstreamHost(ctx, upstream, ctx.picked)
  const { globalRules } = ctx.snapshot
  const answer =
    (globalRules === undefined ? undefined : await runSteps(ctx, globalRules.beforeProxy)) ??
    (ctx.chain === undefined ? undefined : await runSteps(ctx, ctx.chain.beforeProxy))
  if (answer !== undefined) return answer
  if (ctx.headerSent) return undefined
  await ctx.readBody()
  if (ctx.clientLeft) return undefined
  await proxy(ctx, balancing)
  return undefined
}

function findUpstream(ctx: RequestContext): { upstream: CompiledUpstream } | { status: number } {
  if (ctx.upstream !== undefined) return { upstream: ctx.upstream }
  const id = ctx.upstreamId ?? ctx.route?.upstreamId
  if (id !== undefined) {
    const upstream = ctx.snapshot.upstreams.get(id)
    return upstream === undefined ? { status: 502 } : { upstream }
  }
  const own = ctx.route?.upstream
  return own === undefined ? { status: 503 } : { upstream: own }
}
