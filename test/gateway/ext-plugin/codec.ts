import { Builder } from 'flatbuffers'
import { createEntries, createText, Table, type TextEntry } from './tables.ts'

/** Method numbers of A6.Method (facts section 1). */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'MKCOL',
  'COPY',
  'MOVE',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'LOCK',
  'UNLOCK',
  'PATCH',
  'TRACE',
] as const

const METHOD_NUMBERS = new Map<string, number>(METHODS.map((name, number) => [name, number]))

/** Err.Resp codes (facts section 1). */
export const ERROR_CODE = { badRequest: 0, serviceUnavailable: 1, confTokenNotFound: 2 } as const

export interface ReqCall {
  readonly id: number
  readonly confToken: number
  readonly srcIp: Uint8Array
  readonly method: string
  readonly path: string
  readonly args: readonly TextEntry[]
  readonly headers: readonly TextEntry[]
}

export interface RespCall {
  readonly id: number
  readonly confToken: number
  readonly status: number
  readonly headers: readonly TextEntry[]
}

export interface StopAction {
  readonly kind: 'stop'
  readonly status: number
  readonly headers: readonly TextEntry[]
  readonly body?: Buffer
}

export interface RewriteAction {
  readonly kind: 'rewrite'
  readonly path?: string
  readonly headers: readonly TextEntry[]
  readonly args: readonly TextEntry[]
  readonly respHeaders: readonly TextEntry[]
  readonly body?: Buffer
}

export type ReqAction = StopAction | RewriteAction | { readonly kind: 'none' }

export type Question =
  | { readonly kind: 'var'; readonly name: string }
  | { readonly kind: 'req-body' | 'resp-body' }

export interface RespReply {
  readonly status: number
  readonly headers: readonly TextEntry[]
  readonly body?: Buffer
}

/** PrepareConf.Req; the fields are written in the order of ext-plugin/init.lua, so the bytes equal APISIX's. */
export function encodePrepareConf(key: string, conf: readonly TextEntry[] | undefined): Uint8Array {
  const builder = new Builder(1024)
  const keyOffset = createText(builder, key)
  const confOffset = conf === undefined ? 0 : createEntries(builder, conf)
  builder.startObject(2)
  builder.addFieldOffset(1, keyOffset, 0)
  if (confOffset !== 0) builder.addFieldOffset(0, confOffset, 0)
  builder.finish(builder.endObject())
  return builder.asUint8Array()
}

/** HTTPReqCall.Req, field order as in ext-plugin/init.lua. */
export function encodeReqCall(call: ReqCall): Uint8Array {
  const builder = new Builder(2048)
  const path = createText(builder, call.path)
  const srcIp = builder.createByteVector(call.srcIp)
  const args = createEntries(builder, call.args)
  const headers = createEntries(builder, call.headers)
  builder.startObject(7)
  builder.addFieldInt32(0, call.id, 0)
  builder.addFieldInt32(6, call.confToken | 0, 0)
  builder.addFieldOffset(1, srcIp, 0)
  builder.addFieldOffset(3, path, 0)
  builder.addFieldOffset(4, args, 0)
  builder.addFieldOffset(5, headers, 0)
  builder.addFieldInt8(2, METHOD_NUMBERS.get(call.method) ?? 0, 0)
  builder.finish(builder.endObject())
  return builder.asUint8Array()
}

/** HTTPRespCall.Req, field order as in ext-plugin/init.lua. */
export function encodeRespCall(call: RespCall): Uint8Array {
  const builder = new Builder(1024)
  const headers = createEntries(builder, call.headers)
  builder.startObject(4)
  builder.addFieldInt32(0, call.id, 0)
  builder.addFieldInt16(1, call.status, 0)
  builder.addFieldInt32(3, call.confToken | 0, 0)
  builder.addFieldOffset(2, headers, 0)
  builder.finish(builder.endObject())
  return builder.asUint8Array()
}

/** ExtraInfo.Resp: no result at all for an unknown variable or an empty body (facts section 1). */
export function encodeAnswer(result: Uint8Array | undefined): Uint8Array {
  const builder = new Builder(64 + (result?.length ?? 0))
  const offset = result === undefined ? 0 : builder.createByteVector(result)
  builder.startObject(1)
  if (result !== undefined) builder.addFieldOffset(0, offset, 0)
  builder.finish(builder.endObject())
  return builder.asUint8Array()
}

export function decodeToken(payload: Uint8Array): number {
  return Table.root(payload).uint32(0)
}

export function decodeErrorCode(payload: Uint8Array): number {
  return Table.root(payload).uint8(0)
}

/** @throws Error on an info type that APISIX does not know ("unsupported info type"). */
export function decodeQuestion(payload: Uint8Array): Question {
  const request = Table.root(payload)
  const type = request.uint8(0)
  if (type === 1) return { kind: 'var', name: request.table(1)?.text(0) ?? '' }
  if (type === 2) return { kind: 'req-body' }
  if (type === 3) return { kind: 'resp-body' }
  throw new Error(`unsupported info type: ${type}`)
}

export function decodeReqAction(payload: Uint8Array): ReqAction {
  const reply = Table.root(payload)
  const type = reply.uint8(1)
  const action = reply.table(2)
  if (action === undefined || (type !== 1 && type !== 2)) return { kind: 'none' }
  if (type === 1) {
    return {
      kind: 'stop',
      status: action.uint16(0),
      headers: action.entries(1),
      ...filled('body', action.bytes(2)),
    }
  }
  return {
    kind: 'rewrite',
    ...present('path', action.text(0)),
    headers: action.entries(1),
    args: action.entries(2),
    respHeaders: action.entries(3),
    ...filled('body', action.bytes(4)),
  }
}

export function decodeRespReply(payload: Uint8Array): RespReply {
  const reply = Table.root(payload)
  return { status: reply.uint16(1), headers: reply.entries(2), ...filled('body', reply.bytes(3)) }
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>)
}

/** An empty body counts as none: init.lua tests `len > 0`. */
function filled<K extends string>(key: K, value: Buffer | undefined): Partial<Record<K, Buffer>> {
  return value === undefined || value.length === 0 ? {} : present(key, value)
}
