import { connect, type Socket } from 'node:net'
import { encodeAnswer, encodeReqCall } from '../../gateway/ext-plugin/codec.ts'
import { encodeFrame, MESSAGE } from '../../gateway/ext-plugin/frame.ts'

/** The bytes of one call as APISIX sends it: the call itself and the answer to the question for the body. */
export interface Exchange {
  readonly call: Buffer
  readonly answer: Buffer
  /** Where the answer has a number that differs from call to call, so that no body comes twice. */
  readonly numberAt: number
}

/** Who is at the other end: the runner, or a server that sends back the bytes that it gets. */
export type Peer = { readonly kind: 'runner' } | { readonly kind: 'echo'; readonly withBody: boolean }

export interface LoadResult {
  readonly calls: number
  readonly seconds: number
  /** Of a call, milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Replies that were not what a forwarded call gets: an error frame or a Stop. */
  readonly refused: number
}

const HEADERS = {
  host: 'gateway.example',
  'user-agent': 'OpenAI/JS 6.49.0',
  accept: 'application/json',
  'content-type': 'application/json',
  'x-credential-identifier': 'cred-1',
  'x-stainless-lang': 'js',
  'x-stainless-package-version': '6.49.0',
  'x-stainless-runtime': 'node',
  'x-stainless-retry-count': '0',
  'accept-encoding': 'gzip, deflate',
}

export function exchangeOf(token: number, id: number, body: string): Exchange {
  const bytes = Buffer.from(body)
  const headers = {
    ...HEADERS,
    'x-consumer-username': `business_unit_${id}`,
    'content-length': String(bytes.length),
  }
  const payload = encodeReqCall({
    id,
    confToken: token,
    srcIp: Buffer.from([10, 0, 0, 7]),
    method: 'POST',
    path: '/v1/chat/completions',
    args: [],
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
  })
  const answer = encodeFrame(MESSAGE.extraInfo, encodeAnswer(bytes))
  return {
    call: encodeFrame(MESSAGE.httpReqCall, payload),
    answer,
    numberAt: answer.indexOf(NUMBER),
  }
}

/** Stands in a body for the number of the call. */
export const NUMBER = '00000000'

function stamped(exchange: Exchange, call: number): Exchange {
  const digits = String(call).padStart(NUMBER.length, '0')
  if (exchange.numberAt >= 0) exchange.answer.write(digits, exchange.numberAt, 'latin1')
  return exchange
}

export interface Load {
  readonly socketPath: string
  readonly connections: number
  readonly exchanges: readonly Exchange[]
  readonly peer: Peer
  /** Ends after so many calls or milliseconds, whichever is given. */
  readonly until: { readonly calls: number } | { readonly ms: number }
  onCall?(calls: number): void
}

/** Keeps every connection busy with one call after the other. */
let sent = 0

export async function runLoad(load: Load): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(load.socketPath)))
  const latencies: number[] = []
  const startedAt = performance.now()
  const counts = { started: 0, calls: 0, refused: 0 }
  const { until } = load
  const maxCalls = 'calls' in until ? until.calls : Number.POSITIVE_INFINITY
  const endsAt = 'ms' in until ? startedAt + until.ms : Number.POSITIVE_INFINITY
  const next = (): Exchange | undefined => {
    if (counts.started >= maxCalls || performance.now() >= endsAt) return undefined
    const exchange = load.exchanges[counts.started++ % load.exchanges.length]
    return exchange && stamped(exchange, sent++)
  }
  const ended = (ms: number, refused: boolean) => {
    counts.calls++
    if (refused) counts.refused++
    // Enough for a percentile, without a million numbers in memory.
    if (latencies.length < 200_000) latencies.push(ms)
    load.onCall?.(counts.calls)
  }
  await Promise.all(sockets.map((socket) => drive(socket, load.peer, next, ended)))
  const seconds = (performance.now() - startedAt) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN
  return { calls: counts.calls, seconds, p50: at(0.5), p99: at(0.99), refused: counts.refused }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => resolve(socket)).once('error', reject)
  })
}

/** Callbacks instead of promises: the client must cost less than the server that it measures. */
function drive(
  socket: Socket,
  peer: Peer,
  next: () => Exchange | undefined,
  ended: (ms: number, refused: boolean) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let exchange: Exchange | undefined
    let startedAt = 0
    let asked = false
    let received = 0
    let pending: Buffer | undefined
    const start = () => {
      exchange = next()
      if (!exchange) {
        socket.end()
        resolve()
        return
      }
      asked = false
      received = 0
      startedAt = performance.now()
      socket.write(exchange.call)
    }
    const finish = (refused: boolean) => {
      ended(performance.now() - startedAt, refused)
      start()
    }
    const onEcho = (chunk: Buffer, withBody: boolean) => {
      if (!exchange) return
      received += chunk.length
      if (received < (asked ? exchange.answer : exchange.call).length) return
      if (!withBody || asked) return finish(false)
      asked = true
      received = 0
      socket.write(exchange.answer)
    }
    const onRunner = (chunk: Buffer) => {
      const bytes = pending ? Buffer.concat([pending, chunk]) : chunk
      const whole = bytes.length >= 4 && bytes.length >= 4 + bytes.readUIntBE(1, 3)
      pending = whole ? undefined : bytes
      if (!whole || !exchange) return
      if (bytes[0] === MESSAGE.extraInfo) socket.write(exchange.answer)
      else finish(bytes[0] !== MESSAGE.httpReqCall || isStop(bytes))
    }
    socket.on('data', (chunk) => (peer.kind === 'echo' ? onEcho(chunk, peer.withBody) : onRunner(chunk)))
    socket.on('error', reject)
    socket.on('close', () => (exchange ? reject(new Error('the server closed the connection')) : resolve()))
    start()
  })
}

/** Reads `action_type` (slot 1) without a FlatBuffers reader. */
function isStop(frame: Buffer): boolean {
  const root = 4 + frame.readUInt32LE(4)
  const vtable = root - frame.readInt32LE(root)
  const offset = frame.readUInt16LE(vtable) > 6 ? frame.readUInt16LE(vtable + 6) : 0
  return offset !== 0 && frame[root + offset] === 1
}
