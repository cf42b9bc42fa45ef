import type { RequestContext } from '../context.ts'
import type { StepResult } from '../plugins/plugin.ts'
import { answerQuestion } from './answer-question.ts'
import { applyReqAction, applyRespReply } from './apply.ts'
import { describeReqCall, describeRespCall } from './call.ts'
import {
  decodeErrorCode,
  decodeQuestion,
  decodeReqAction,
  decodeRespReply,
  decodeToken,
  ERROR_CODE,
  encodeAnswer,
  encodePrepareConf,
  encodeReqCall,
  encodeRespCall,
} from './codec.ts'
import type { RunnerConnection } from './connection.ts'
import { MESSAGE } from './frame.ts'
import { RunnerPool } from './pool.ts'
import type { TextEntry } from './tables.ts'
import { TokenCache } from './token-cache.ts'

/** Conf of the three ext-plugin plugins, as binary strings. */
export interface ExtPluginConf {
  readonly conf: readonly TextEntry[] | undefined
  readonly allowDegradation: boolean
}

export interface RunnerClientOptions {
  readonly socketPath: string | undefined
  readonly confExpireSeconds: number
  /** How long to wait for an answer; 60 s in APISIX. */
  readonly ioTimeoutMs: number
  readonly logError: (line: string) => void
}

/** An error frame. */
class RunnerError extends Error {
  readonly code: number

  constructor(code: number) {
    super(['bad request', 'service unavailable', 'conf token not found'][code] ?? `unknown err ${code}`)
    this.code = code
  }
}

const TRIES = 3
const MAX_CALLS = 1 << 22

/** APISIX's side of the runner protocol (facts section 1, ext-plugin/init.lua), as worker 0 plays it. */
export class RunnerClient {
  readonly #options: RunnerClientOptions
  readonly #pool: RunnerPool
  readonly #tokens: TokenCache
  #callCount = 0

  constructor(options: RunnerClientOptions) {
    this.#options = options
    this.#pool = new RunnerPool(options.socketPath ?? '', { connectMs: 1000, ioMs: options.ioTimeoutMs })
    this.#tokens = new TokenCache(options.confExpireSeconds)
  }

  close(): void {
    this.#pool.close()
  }

  /** `communicate`: the plugin's whole exchange. Failures become 503, or nothing under allow_degradation. */
  async communicate(
    ctx: RequestContext,
    conf: ExtPluginConf,
    plugin: string,
    phase: 'req' | 'resp',
  ): Promise<StepResult> {
    let problem = ''
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return await this.#onConnection((connection) => this.#call(connection, ctx, conf, plugin, phase))
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error)
        if (!(error instanceof RunnerError) || error.code !== ERROR_CODE.confTokenNotFound) break
        this.#tokens.flush()
      }
    }
    this.#options.logError(`${plugin}: ${problem}`)
    return conf.allowDegradation ? undefined : { status: 503 }
  }

  /** `rpc_call`: the connection is kept only after a complete exchange. */
  async #onConnection<T>(exchange: (connection: RunnerConnection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.acquire()
    try {
      const result = await exchange(connection)
      this.#pool.release(connection)
      return result
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  async #call(
    connection: RunnerConnection,
    ctx: RequestContext,
    conf: ExtPluginConf,
    plugin: string,
    phase: 'req' | 'resp',
  ): Promise<StepResult> {
    const found = this.#tokens.get(`${ctx.confType}#${ctx.confId}#${plugin}`, ctx.confVersion, (key) =>
      this.#onConnection((other) => prepare(other, key, conf)),
    )
    const confToken = typeof found === 'number' ? found : await found
    const id = this.#nextId()
    if (phase === 'req') {
      connection.send(MESSAGE.httpReqCall, encodeReqCall(describeReqCall(ctx, id, confToken)))
      const reply = await answerUntil(connection, ctx, MESSAGE.httpReqCall)
      return applyReqAction(ctx, decodeReqAction(reply))
    }
    connection.send(MESSAGE.httpRespCall, encodeRespCall(describeRespCall(ctx, id, confToken)))
    const reply = await answerUntil(connection, ctx, MESSAGE.httpRespCall)
    return applyRespReply(ctx, decodeRespReply(reply))
  }

  #nextId(): number {
    const id = this.#callCount
    this.#callCount = (id + 1) % MAX_CALLS
    return id
  }
}

async function receive(connection: RunnerConnection) {
  const frame = await connection.receive()
  if (frame.type === MESSAGE.error) throw new RunnerError(decodeErrorCode(frame.payload))
  return frame
}

async function prepare(connection: RunnerConnection, key: string, conf: ExtPluginConf): Promise<number> {
  connection.send(MESSAGE.prepareConf, encodePrepareConf(key, conf.conf))
  const frame = await receive(connection)
  if (frame.type !== MESSAGE.prepareConf) {
    throw new Error(`failed to receive RPC_PREPARE_CONF: unexpected type ${frame.type}`)
  }
  return decodeToken(frame.payload)
}

/** Answers the runner's questions until the call itself is answered. */
async function answerUntil(connection: RunnerConnection, ctx: RequestContext, type: number): Promise<Buffer> {
  for (;;) {
    const frame = await receive(connection)
    if (frame.type === type) return frame.payload
    if (frame.type !== MESSAGE.extraInfo) throw new Error(`unexpected type ${frame.type}`)
    const result = await answerQuestion(ctx, decodeQuestion(frame.payload))
    connection.send(MESSAGE.extraInfo, encodeAnswer(result))
  }
}
