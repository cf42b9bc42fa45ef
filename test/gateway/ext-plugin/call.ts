import { isIPv4 } from 'node:net'
import type { RequestContext } from '../context.ts'
import type { ReqCall, RespCall } from './codec.ts'
import type { TextEntry } from './tables.ts'

/** What HTTP_REQ_CALL says about a request, as ext-plugin/init.lua reads it from `ctx`. */
export function describeReqCall(ctx: RequestContext, id: number, confToken: number): ReqCall {
  let path = ctx.uri
  if (ctx.upstreamUri !== '') {
    const mark = ctx.upstreamUri.indexOf('?')
    path = mark === -1 ? ctx.upstreamUri : ctx.upstreamUri.slice(0, mark)
    if (mark !== -1) ctx.setUriArgs(ctx.upstreamUri.slice(mark + 1))
  }
  return {
    id,
    confToken,
    srcIp: addressBytes(ctx.remoteAddr),
    method: ctx.method,
    path,
    args: describeArgs(ctx),
    headers: ctx.headers.lines.map(({ lower, value }) => ({
      name: lower,
      value: lower === 'host' ? ctx.upstreamHost : value,
    })),
  }
}

export function describeRespCall(ctx: RequestContext, id: number, confToken: number): RespCall {
  const headers = ctx.fetched?.headers.lines.map(({ name, value }) => ({ name, value })) ?? []
  return { id, confToken, status: ctx.fetched?.status ?? 0, headers }
}

function describeArgs(ctx: RequestContext): TextEntry[] {
  const entries: TextEntry[] = []
  for (const [name, value] of ctx.uriArgs()) {
    for (const one of Array.isArray(value) ? value : [value])
      entries.push(one === true ? { name } : { name, value: one })
  }
  return entries
}

/** `$binary_remote_addr`: 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':')).flatMap(groupBytes)
  const start = groups(head)
  if (tail === undefined) return Buffer.from(start)
  const end = groups(tail)
  return Buffer.from([...start, ...new Array<number>(16 - start.length - end.length).fill(0), ...end])
}

function groupBytes(group: string): number[] {
  if (group.includes('.')) return group.split('.').map(Number)
  const value = Number.parseInt(group, 16)
  return [value >> 8, value & 255]
}
