import { Builder } from 'flatbuffers'
import { RunnerError } from '../errors.ts'
import { Payload, type TextEntry } from './flat.ts'
import { encodeFrame, type Frame, FrameType, MAX_PAYLOAD_BYTES } from './frame.ts'
import { ENUMS, LAYOUT, UNIONS } from './layout.ts'

/** Payload <> plain objects. The meaning of the fields is in schemas/ext-plugin.fbs. */
export type { TextEntry }

export interface PrepareConf {
  readonly kind: 'prepare-conf'
  /** Plugin name and its conf, a string of JSON, in the order of the route. */
  readonly conf: readonly TextEntry[]
  /** `route#<id>#ext-plugin-pre-req#<version>` */
  readonly key: string
}

export interface HttpReqCall {
  readonly kind: 'http-req-call'
  readonly id: number
  /** 4 or 16 bytes. */
  readonly srcIp: Buffer
  readonly method: string
  readonly path: string
  readonly args: readonly TextEntry[]
  readonly headers: readonly TextEntry[]
  readonly confToken: number
}

export interface HttpRespCall {
  readonly kind: 'http-resp-call'
  readonly id: number
  readonly status: number
  readonly headers: readonly TextEntry[]
  readonly confToken: number
}

export interface ExtraInfo {
  readonly kind: 'extra-info'
  /** undefined: unknown variable or empty body. */
  readonly result: Buffer | undefined
}

export type Message = PrepareConf | HttpReqCall | HttpRespCall | ExtraInfo

export interface StopAction {
  readonly kind: 'stop'
  readonly status: number
  readonly headers: readonly TextEntry[]
  /** Never empty: APISIX would answer with an HTML page of its own. */
  readonly body: Uint8Array
}

export interface RewriteAction {
  readonly kind: 'rewrite'
  readonly path: string | undefined
  readonly headers: readonly TextEntry[]
  readonly args: readonly TextEntry[]
  readonly respHeaders: readonly TextEntry[]
  /** undefined: unchanged. APISIX cannot set an empty one. */
  readonly body: Uint8Array | undefined
}

export type Question = { kind: 'var'; name: string } | { kind: 'req-body' } | { kind: 'resp-body' }

export type Reply =
  | { kind: 'error'; code: (typeof ENUMS)['Err.Code'][number] }
  | { kind: 'conf-token'; token: number }
  | { kind: 'call'; id: number; action: StopAction | RewriteAction | undefined }
  | {
      kind: 'resp-call'
      id: number
      status: number
      headers: readonly TextEntry[]
      body: Uint8Array | undefined
    }
  | { kind: 'question'; question: Question }

const METHODS = ENUMS['HTTPReqCall.Method']

/** @throws RunnerError FRAME_INVALID (payload) or FRAME_UNEXPECTED (a type that APISIX does not send). */
export function decodeMessage(frame: Frame): Message {
  switch (frame.type) {
    case FrameType.PREPARE_CONF:
      return decodePrepareConf(frame.payload)
    case FrameType.HTTP_REQ_CALL:
      return decodeHttpReqCall(frame.payload)
    case FrameType.HTTP_RESP_CALL:
      return decodeHttpRespCall(frame.payload)
    case FrameType.EXTRA_INFO:
      return decodeExtraInfo(frame.payload)
    default:
      throw new RunnerError('FRAME_UNEXPECTED', `APISIX sent a frame of type ${frame.type}`)
  }
}

function decodePrepareConf(payload: Buffer): PrepareConf {
  const slots = LAYOUT['PrepareConf.Req']
  const table = new Payload(payload).root()
  return { kind: 'prepare-conf', conf: table.entries(slots.conf), key: table.text(slots.key) ?? '' }
}

function decodeHttpReqCall(payload: Buffer): HttpReqCall {
  const slots = LAYOUT['HTTPReqCall.Req']
  const table = new Payload(payload).root()
  const method = METHODS[table.u8(slots.method)]
  if (!method) throw new RunnerError('FRAME_INVALID', `method is ${table.u8(slots.method)}`)
  return {
    kind: 'http-req-call',
    id: table.u32(slots.id),
    srcIp: table.bytes(slots.src_ip) ?? Buffer.alloc(0),
    method,
    path: table.text(slots.path) ?? '',
    args: table.entries(slots.args),
    headers: table.entries(slots.headers),
    confToken: table.u32(slots.conf_token),
  }
}

function decodeHttpRespCall(payload: Buffer): HttpRespCall {
  const slots = LAYOUT['HTTPRespCall.Req']
  const table = new Payload(payload).root()
  return {
    kind: 'http-resp-call',
    id: table.u32(slots.id),
    status: table.u16(slots.status),
    headers: table.entries(slots.headers),
    confToken: table.u32(slots.conf_token),
  }
}

function decodeExtraInfo(payload: Buffer): ExtraInfo {
  return { kind: 'extra-info', result: new Payload(payload).root().bytes(LAYOUT['ExtraInfo.Resp'].result) }
}

/** One builder serves every reply of the process: encoding is synchronous. A huge reply must not pin its memory. */
const MAX_KEPT_BUILDER_BYTES = 1 << 20
let sharedBuilder = new Builder(4096)

/** @throws RunnerError FRAME_TOO_LARGE when the reply does not fit into a frame; nothing was written then. */
export function encodeReply(reply: Reply): Buffer {
  return reply.kind === 'question' && reply.question.kind === 'req-body' ? ASK_REQ_BODY : encode(reply)
}

function encode(reply: Reply): Buffer {
  const builder = sharedBuilder
  builder.clear()
  const type = buildReply(builder, reply)
  const payload = builder.asUint8Array()
  if (payload.length > MAX_KEPT_BUILDER_BYTES) sharedBuilder = new Builder(4096)
  return encodeFrame(type, payload)
}

function buildReply(builder: Builder, reply: Reply): FrameType {
  switch (reply.kind) {
    case 'error': {
      builder.startObject(1)
      builder.addFieldInt8(LAYOUT['Err.Resp'].code, ENUMS['Err.Code'].indexOf(reply.code), 0)
      builder.finish(builder.endObject())
      return FrameType.ERROR
    }
    case 'conf-token': {
      builder.startObject(1)
      builder.addFieldInt32(LAYOUT['PrepareConf.Resp'].conf_token, reply.token, 0)
      builder.finish(builder.endObject())
      return FrameType.PREPARE_CONF
    }
    case 'question':
      builder.finish(buildQuestion(builder, reply.question))
      return FrameType.EXTRA_INFO
    case 'call':
      builder.finish(buildCall(builder, reply.id, reply.action))
      return FrameType.HTTP_REQ_CALL
    case 'resp-call': {
      const slots = LAYOUT['HTTPRespCall.Resp']
      const headers = buildEntries(builder, reply.headers)
      const body = reply.body ? buildBytes(builder, reply.body) : 0
      builder.startObject(4)
      builder.addFieldInt32(slots.id, reply.id, 0)
      builder.addFieldInt16(slots.status, reply.status, 0)
      builder.addFieldOffset(slots.headers, headers, 0)
      builder.addFieldOffset(slots.body, body, 0)
      builder.finish(builder.endObject())
      return FrameType.HTTP_RESP_CALL
    }
  }
}

const INFO_TYPE = {
  var: UNIONS['ExtraInfo.Info'].indexOf('Var') + 1,
  'req-body': UNIONS['ExtraInfo.Info'].indexOf('ReqBody') + 1,
  'resp-body': UNIONS['ExtraInfo.Info'].indexOf('RespBody') + 1,
} as const

function buildQuestion(builder: Builder, question: Question): number {
  const name = question.kind === 'var' ? createText(builder, question.name) : 0
  builder.startObject(question.kind === 'var' ? 1 : 0)
  if (question.kind === 'var') builder.addFieldOffset(LAYOUT['ExtraInfo.Var'].name, name, 0)
  const info = builder.endObject()
  const slots = LAYOUT['ExtraInfo.Req']
  builder.startObject(2)
  builder.addFieldInt8(slots.info_type, INFO_TYPE[question.kind], 0)
  builder.addFieldOffset(slots.info, info, 0)
  return builder.endObject()
}

const ACTION_TYPE = {
  stop: UNIONS['HTTPReqCall.Action'].indexOf('Stop') + 1,
  rewrite: UNIONS['HTTPReqCall.Action'].indexOf('Rewrite') + 1,
} as const

function buildCall(builder: Builder, id: number, action: StopAction | RewriteAction | undefined): number {
  const offset = action
    ? action.kind === 'stop'
      ? buildStop(builder, action)
      : buildRewrite(builder, action)
    : 0
  const slots = LAYOUT['HTTPReqCall.Resp']
  builder.startObject(3)
  builder.addFieldInt32(slots.id, id, 0)
  if (action) {
    builder.addFieldInt8(slots.action_type, ACTION_TYPE[action.kind], 0)
    builder.addFieldOffset(slots.action, offset, 0)
  }
  return builder.endObject()
}

function buildStop(builder: Builder, stop: StopAction): number {
  const slots = LAYOUT['HTTPReqCall.Stop']
  const body = buildBytes(builder, stop.body)
  const headers = buildEntries(builder, stop.headers)
  builder.startObject(3)
  builder.addFieldInt16(slots.status, stop.status, 0)
  builder.addFieldOffset(slots.headers, headers, 0)
  builder.addFieldOffset(slots.body, body, 0)
  return builder.endObject()
}

function buildRewrite(builder: Builder, rewrite: RewriteAction): number {
  const slots = LAYOUT['HTTPReqCall.Rewrite']
  const path = rewrite.path === undefined ? 0 : createText(builder, rewrite.path)
  const headers = buildEntries(builder, rewrite.headers)
  const args = buildEntries(builder, rewrite.args)
  const respHeaders = buildEntries(builder, rewrite.respHeaders)
  const body = rewrite.body ? buildBytes(builder, rewrite.body) : 0
  builder.startObject(5)
  builder.addFieldOffset(slots.path, path, 0)
  builder.addFieldOffset(slots.headers, headers, 0)
  builder.addFieldOffset(slots.args, args, 0)
  builder.addFieldOffset(slots.resp_headers, respHeaders, 0)
  builder.addFieldOffset(slots.body, body, 0)
  return builder.endObject()
}

/** 0, an absent field, for an empty list. */
function buildEntries(builder: Builder, entries: readonly TextEntry[]): number {
  if (entries.length === 0) return 0
  const slots = LAYOUT['TextEntry.TextEntry']
  const offsets = entries.map((entry) => {
    const name = createText(builder, entry.name)
    const value = entry.value === undefined ? 0 : createText(builder, entry.value)
    builder.startObject(2)
    builder.addFieldOffset(slots.name, name, 0)
    builder.addFieldOffset(slots.value, value, 0)
    return builder.endObject()
  })
  builder.startVector(4, offsets.length, 4)
  for (let i = offsets.length - 1; i >= 0; i--) builder.addOffset(offsets[i] as number)
  return builder.endVector()
}

/** Bytes of a text that is written character by character: a TextEncoder's call costs more than that. */
const SHORT_TEXT_CHARS = 64

/** As `Builder.createString`, quicker for the short ASCII texts that headers are made of. */
function createText(builder: Builder, text: string): number {
  const { length } = text
  if (length > SHORT_TEXT_CHARS) return builder.createString(text)
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) > 0x7f) return builder.createString(text)
  builder.addInt8(0)
  builder.startVector(1, length, 1)
  for (let i = length - 1; i >= 0; i--) builder.writeInt8(text.charCodeAt(i))
  return builder.endVector()
}

function buildBytes(builder: Builder, bytes: Uint8Array): number {
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    // Before the builder doubles its buffer for something that cannot be sent.
    throw new RunnerError(
      'FRAME_TOO_LARGE',
      `body is ${bytes.length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`,
    )
  }
  return builder.createByteVector(bytes)
}

/** The same bytes in nearly every call. */
const ASK_REQ_BODY = encode({ kind: 'question', question: { kind: 'req-body' } })
