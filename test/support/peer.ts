import {
  decodeErrorCode,
  decodeQuestion,
  decodeReqAction,
  decodeToken,
  encodeAnswer,
  encodePrepareConf,
  encodeReqCall,
  type ReqAction,
} from '../gateway/ext-plugin/codec.ts'
import { RunnerConnection } from '../gateway/ext-plugin/connection.ts'
import { MESSAGE } from '../gateway/ext-plugin/frame.ts'
import type { TextEntry } from '../gateway/ext-plugin/tables.ts'

export interface PeerCall {
  readonly token: number
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly args?: readonly TextEntry[]
  readonly body?: string | Buffer
  readonly variables?: Readonly<Record<string, string>>
}

export type PeerAnswer = ReqAction | { readonly kind: 'error'; readonly code: number }

/** Plays APISIX's side of one connection, questions included. */
export class Peer {
  readonly connection: RunnerConnection
  #calls = 0

  private constructor(connection: RunnerConnection) {
    this.connection = connection
  }

  static async connect(socketPath: string, ioMs = 15_000): Promise<Peer> {
    return new Peer(await RunnerConnection.open(socketPath, { connectMs: 30_000, ioMs }))
  }

  async prepare(
    conf: Readonly<Record<string, unknown>>,
    key = 'route#r1#ext-plugin-pre-req#1',
  ): Promise<number> {
    const entries = Object.entries(conf).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }))
    this.connection.send(MESSAGE.prepareConf, encodePrepareConf(key, entries))
    const frame = await this.connection.receive()
    if (frame.type !== MESSAGE.prepareConf)
      throw new Error(`prepare was answered with frame type ${frame.type}`)
    return decodeToken(frame.payload)
  }

  async call(call: PeerCall): Promise<PeerAnswer> {
    const body = typeof call.body === 'string' ? Buffer.from(call.body) : call.body
    const headers: Record<string, string> = {
      ...(body ? { 'content-type': 'application/json', 'content-length': String(body.length) } : {}),
      ...call.headers,
    }
    this.connection.send(
      MESSAGE.httpReqCall,
      encodeReqCall({
        id: ++this.#calls,
        confToken: call.token,
        srcIp: Buffer.from([127, 0, 0, 1]),
        method: call.method ?? 'POST',
        path: call.path ?? '/v1/chat/completions',
        args: call.args ?? [],
        headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
      }),
    )
    for (;;) {
      const frame = await this.connection.receive()
      if (frame.type === MESSAGE.error) return { kind: 'error', code: decodeErrorCode(frame.payload) }
      if (frame.type !== MESSAGE.extraInfo) return decodeReqAction(frame.payload)
      const question = decodeQuestion(frame.payload)
      const variable = question.kind === 'var' ? call.variables?.[question.name] : undefined
      const result = question.kind === 'var' ? variable && Buffer.from(variable) : body
      this.connection.send(MESSAGE.extraInfo, encodeAnswer(result || undefined))
    }
  }

  close(): void {
    this.connection.destroy()
  }
}

/** The JSON body of a stop. */
export function stopBody(answer: PeerAnswer): {
  error: { message: string; code: string | null; type: string }
} {
  if (answer.kind !== 'stop') throw new Error(`not a stop but ${answer.kind}`)
  return JSON.parse(answer.body?.toString('utf8') ?? '')
}
