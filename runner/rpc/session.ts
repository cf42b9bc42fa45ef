import type { Socket } from 'node:net'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { Answerer } from './answer.ts'
import { decodeMessage, encodeReply, type Message, type Question, type Reply } from './codec.ts'
import { type Frame, FrameReader } from './frame.ts'

/**
 * One connection from APISIX: reads a frame, has it answered, writes the reply, one call at a time, as APISIX does.
 * A question to APISIX (body, variable) travels inside the open call; its answer is the next frame. A frame that does
 * not belong closes this connection, after an error frame, and no other.
 */
export class Session {
  readonly #socket: Socket
  readonly #answerer: Answerer
  readonly #onClosed: () => void
  readonly #reader = new FrameReader()
  #answering = false
  #asked: { resolve(result: Buffer | undefined): void; reject(error: RunnerError): void } | undefined
  #abortCall: ((reason: RunnerError) => void) | undefined
  #draining = false
  #ending = false

  constructor(socket: Socket, answerer: Answerer, onClosed: () => void) {
    this.#socket = socket
    this.#answerer = answerer
    this.#onClosed = onClosed
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      this.#pump()
    })
    socket.on('drain', () => {
      this.#draining = false
      this.#pump()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#closed())
  }

  get idle(): boolean {
    return !this.#answering
  }

  /** Lets the open call finish, then closes. */
  end(): void {
    this.#ending = true
    if (this.idle) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #pump(): void {
    try {
      while (!this.#draining && !this.#ending && (!this.#answering || this.#asked)) {
        const frame = this.#reader.next()
        if (!frame) break
        this.#take(decodeMessage(frame), frame)
      }
    } catch (error) {
      this.#fail(toRunnerError(error, 'FRAME_INVALID', 'frame'))
    }
    // While a call is open nothing more is due; a peer that sends all the same waits in its own buffer.
    if (this.#reader.hasUnread) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #take(message: Message, frame: Frame): void {
    if (message.kind === 'extra-info') {
      const asked = this.#asked
      if (!asked) throw new RunnerError('FRAME_UNEXPECTED', 'an answer came to no question')
      this.#asked = undefined
      asked.resolve(message.result)
      return
    }
    if (this.#asked) {
      throw new RunnerError('FRAME_UNEXPECTED', `frame of type ${frame.type} came instead of an answer`)
    }
    this.#answering = true
    void this.#answer(message)
  }

  async #answer(message: Exclude<Message, { kind: 'extra-info' }>): Promise<void> {
    const reply = await this.#answerer.answer(message, {
      ask: (question) => this.#ask(question),
      onGone: (abort) => {
        this.#abortCall = abort
      },
    })
    this.#abortCall = undefined
    this.#answering = false
    if (this.#socket.destroyed) return
    const lateQuestion = this.#asked !== undefined
    this.#asked = undefined
    this.#write(reply)
    // APISIX may still answer the question that was cut short; nothing can be told apart after that.
    if (this.#ending || lateQuestion) this.#socket.end()
    else this.#pump()
  }

  #ask(question: Question): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(gone())
        return
      }
      this.#asked = { resolve, reject }
      this.#write({ kind: 'question', question })
    })
  }

  #write(reply: Reply): void {
    this.#draining = !this.#socket.write(encodeReply(reply))
  }

  #fail(error: RunnerError): void {
    this.#answerer.frameRejected(error)
    this.#ending = true
    this.#socket.end(encodeReply({ kind: 'error', code: error.kind.wire }))
    this.#dropCall(error)
  }

  #closed(): void {
    this.#dropCall(gone())
    this.#onClosed()
  }

  #dropCall(reason: RunnerError): void {
    this.#asked?.reject(reason)
    this.#asked = undefined
    this.#abortCall?.(reason)
  }
}

function gone(): RunnerError {
  return new RunnerError('PEER_GONE', 'APISIX closed the connection')
}
