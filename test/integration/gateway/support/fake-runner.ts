import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeFrame, type Frame, FrameReader, MESSAGE } from '../../../gateway/ext-plugin/frame.ts'
import type { TextEntry } from '../../../gateway/ext-plugin/tables.ts'
import {
  decodeAnswer,
  decodeCall,
  decodePrepare,
  decodeRespCall,
  encodeError,
  encodeQuestion,
  encodeReqReply,
  encodeRespReply,
  encodeToken,
  type ReqReply,
  type SeenCall,
} from './reply-codec.ts'

export interface Exchange {
  readonly connection: number
  /** Asks APISIX inside the open call. */
  ask(question: string): Promise<Buffer | undefined>
  /** Answers the call with an error frame. */
  fail(code: number): Promise<never>
  hangUp(): Promise<never>
}

export interface SeenPrepare {
  readonly connection: number
  readonly key: string
  readonly conf: TextEntry[]
  readonly token: number
}

type OnCall = (call: SeenCall, exchange: Exchange, conf: TextEntry[]) => ReqReply | Promise<ReqReply>
type OnResp = (
  call: ReturnType<typeof decodeRespCall>,
  exchange: Exchange,
) => Promise<{ status?: number; headers?: TextEntry[]; body?: string } | undefined>

/** A runner on a real unix socket that does what a test tells it. */
export class FakeRunner {
  readonly socketPath: string
  readonly prepares: SeenPrepare[] = []
  readonly calls: (SeenCall & { connection: number })[] = []
  connections = 0
  onCall: OnCall = () => undefined
  onResp: OnResp = async () => undefined
  readonly #server: Server
  readonly #folder: string
  readonly #sockets = new Set<Socket>()
  readonly #confs = new Map<number, TextEntry[]>()
  #nextToken = 1000

  private constructor(folder: string) {
    this.#folder = folder
    this.socketPath = join(folder, 'runner.sock')
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<FakeRunner> {
    const runner = new FakeRunner(await mkdtemp(join(tmpdir(), 'gateway-runner-')))
    await new Promise<void>((resolve) => runner.#server.listen(runner.socketPath, resolve))
    return runner
  }

  /** Forgets all tokens, as a runner with random tokens does on a restart. */
  forget(): void {
    this.#confs.clear()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#folder, { recursive: true })
  }

  #serve(socket: Socket): void {
    const connection = ++this.connections
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    const reader = new FrameReader()
    const waiting: ((frame: Frame) => void)[] = []
    socket.on('data', (bytes) => {
      for (const frame of reader.push(bytes)) {
        const answer = waiting.shift()
        if (answer !== undefined) answer(frame)
        else void this.#answer(socket, connection, frame, waiting)
      }
    })
  }

  async #answer(
    socket: Socket,
    connection: number,
    frame: Frame,
    waiting: ((frame: Frame) => void)[],
  ): Promise<void> {
    const exchange: Exchange = {
      connection,
      ask(question) {
        socket.write(encodeFrame(MESSAGE.extraInfo, encodeQuestion(question)))
        return new Promise((resolve) => waiting.push((answer) => resolve(decodeAnswer(answer.payload))))
      },
      fail(code) {
        socket.write(encodeFrame(MESSAGE.error, encodeError(code)))
        return new Promise(() => {})
      },
      hangUp() {
        socket.destroy()
        return new Promise(() => {})
      },
    }
    if (frame.type === MESSAGE.prepareConf) {
      const { key, conf } = decodePrepare(frame.payload)
      const token = this.#nextToken++
      this.#confs.set(token, conf)
      this.prepares.push({ connection, key, conf, token })
      socket.write(encodeFrame(MESSAGE.prepareConf, encodeToken(token)))
    } else if (frame.type === MESSAGE.httpReqCall) {
      const call = decodeCall(frame.payload)
      this.calls.push({ ...call, connection })
      const conf = this.#confs.get(call.confToken)
      if (conf === undefined) return exchange.fail(2)
      const reply = await this.onCall(call, exchange, conf)
      socket.write(encodeFrame(MESSAGE.httpReqCall, encodeReqReply(call.id, reply)))
    } else {
      const call = decodeRespCall(frame.payload)
      const reply = await this.onResp(call, exchange)
      socket.write(encodeFrame(MESSAGE.httpRespCall, encodeRespReply(call.id, reply)))
    }
  }
}
