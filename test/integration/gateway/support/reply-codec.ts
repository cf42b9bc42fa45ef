import { Builder } from 'flatbuffers'
import { METHODS } from '../../../gateway/ext-plugin/codec.ts'
import { createEntries, createText, Table, type TextEntry } from '../../../gateway/ext-plugin/tables.ts'

/** The runner's half of the codec, for the fake runner of these tests. */
export interface SeenCall {
  id: number
  srcIp: string
  method: string
  path: string
  args: TextEntry[]
  headers: TextEntry[]
  confToken: number
}

export interface StopReply {
  stop: { status: number; headers?: TextEntry[]; body?: string }
}

export interface RewriteReply {
  rewrite: {
    path?: string
    headers?: TextEntry[]
    args?: TextEntry[]
    respHeaders?: TextEntry[]
    body?: string | Buffer
  }
}

export type ReqReply = StopReply | RewriteReply | undefined

export function decodePrepare(payload: Uint8Array): { key: string; conf: TextEntry[] } {
  const table = Table.root(payload)
  return { key: table.text(1) ?? '', conf: table.entries(0) }
}

export function decodeCall(payload: Uint8Array): SeenCall {
  const table = Table.root(payload)
  return {
    id: table.uint32(0),
    srcIp: table.bytes(1)?.toString('hex') ?? '',
    method: METHODS[table.uint8(2)] ?? '',
    path: table.text(3) ?? '',
    args: table.entries(4),
    headers: table.entries(5),
    confToken: table.uint32(6),
  }
}

export function decodeRespCall(payload: Uint8Array) {
  const table = Table.root(payload)
  return {
    id: table.uint32(0),
    status: table.uint16(1),
    headers: table.entries(2),
    confToken: table.uint32(3),
  }
}

export function decodeAnswer(payload: Uint8Array): Buffer | undefined {
  return Table.root(payload).bytes(0)
}

function finish(builder: Builder, root: number): Uint8Array {
  builder.finish(root)
  return builder.asUint8Array()
}

export function encodeToken(token: number): Uint8Array {
  const builder = new Builder(64)
  builder.startObject(1)
  builder.addFieldInt32(0, token | 0, 0)
  return finish(builder, builder.endObject())
}

export function encodeError(code: number): Uint8Array {
  const builder = new Builder(64)
  builder.startObject(1)
  builder.addFieldInt8(0, code, 0)
  return finish(builder, builder.endObject())
}

/** Asks for a variable by name, for the request body, or for the response body. */
export function encodeQuestion(question: string): Uint8Array {
  const builder = new Builder(64)
  const type = question === 'req-body' ? 2 : question === 'resp-body' ? 3 : 1
  const name = type === 1 ? createText(builder, question) : 0
  builder.startObject(1)
  if (name !== 0) builder.addFieldOffset(0, name, 0)
  const info = builder.endObject()
  builder.startObject(2)
  builder.addFieldInt8(0, type, 0)
  builder.addFieldOffset(1, info, 0)
  return finish(builder, builder.endObject())
}

function bytesOf(body: string | Buffer): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : body
}

export function encodeReqReply(id: number, reply: ReqReply): Uint8Array {
  const builder = new Builder(1024)
  const [type, action] =
    reply === undefined
      ? [0, 0]
      : 'stop' in reply
        ? [1, encodeStop(builder, reply)]
        : [2, encodeRewrite(builder, reply)]
  builder.startObject(3)
  builder.addFieldInt32(0, id, 0)
  if (type !== 0) {
    builder.addFieldInt8(1, type, 0)
    builder.addFieldOffset(2, action, 0)
  }
  return finish(builder, builder.endObject())
}

function encodeStop(builder: Builder, { stop }: StopReply): number {
  const body = stop.body === undefined ? 0 : builder.createByteVector(bytesOf(stop.body))
  const headers = createEntries(builder, stop.headers ?? [])
  builder.startObject(3)
  builder.addFieldInt16(0, stop.status, 0)
  builder.addFieldOffset(1, headers, 0)
  if (stop.body !== undefined) builder.addFieldOffset(2, body, 0)
  return builder.endObject()
}

function encodeRewrite(builder: Builder, { rewrite }: RewriteReply): number {
  const body = rewrite.body === undefined ? 0 : builder.createByteVector(bytesOf(rewrite.body))
  const path = rewrite.path === undefined ? 0 : createText(builder, rewrite.path)
  const headers = createEntries(builder, rewrite.headers ?? [])
  const args = createEntries(builder, rewrite.args ?? [])
  const respHeaders = createEntries(builder, rewrite.respHeaders ?? [])
  builder.startObject(5)
  if (path !== 0) builder.addFieldOffset(0, path, 0)
  builder.addFieldOffset(1, headers, 0)
  builder.addFieldOffset(2, args, 0)
  builder.addFieldOffset(3, respHeaders, 0)
  if (rewrite.body !== undefined) builder.addFieldOffset(4, body, 0)
  return builder.endObject()
}

export function encodeRespReply(
  id: number,
  reply: { status?: number; headers?: TextEntry[]; body?: string } | undefined,
): Uint8Array {
  const builder = new Builder(1024)
  const body = reply?.body === undefined ? 0 : builder.createByteVector(bytesOf(reply.body))
  const headers = reply?.headers === undefined ? 0 : createEntries(builder, reply.headers)
  builder.startObject(4)
  builder.addFieldInt32(0, id, 0)
  builder.addFieldInt16(1, reply?.status ?? 0, 0)
  if (headers !== 0) builder.addFieldOffset(2, headers, 0)
  if (body !== 0) builder.addFieldOffset(3, body, 0)
  return finish(builder, builder.endObject())
}
