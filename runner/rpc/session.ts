import type { Socket } from 'node:net'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { Answerer, Caller } from './answer.ts'
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
  readonly #caller: Caller = {
    ask: (question) => this.#ask(question),
    onGone: (abort) => {
      this.#abortCall = abort
    },
  }
  #draining = false
  #ending = false
  #hungUp = false

  constructor(socket: Socket, answerer: Answerer, onClosed: () => void) {
    this.#socket = socket
    this.#answerer = answerer
    this.#onClosed = onClosed
    socket.on('data', (chunk: Buffer) => {
      if (this.#hungUp) return
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
    if (this.idle) this.#hangUp()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #pump(): void {
    try {
      while (!this.#draining && this.#wantsFrame()) {
        const frame = this.#reader.next()
        if (!frame) break
        this.#take(decodeMessage(frame), frame)
      }
    } catch (error) {
      this.#fail(toRunnerError(error, 'FRAME_INVALID', 'frame'))
    }
    // While a call is open nothing more is due; a peer that sends all the same waits in its own buffer.
    if (this.#reader.hasUnread && !this.#hungUp) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** While draining, the answer to an open question is still wanted: without it the open call could not end. */
  #wantsFrame(): boolean {
    return this.#answering ? this.#asked !== undefined : !this.#ending
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
    const reply = this.#answerer.answer(message, this.#caller)
    if (reply instanceof Promise) {
      void reply.then((settled) => {
        this.#finish(settled)
        this.#pump()
      })
    } else {
      // The loop in #pump goes on with the next frame.
      this.#finish(reply)
    }
  }

  #finish(reply: Reply): void {
    this.#abortCall = undefined
    this.#answering = false
    if (!this.#socket.writable) return
    const lateQuestion = this.#asked !== undefined
    this.#asked = undefined
    this.#write(reply)
    // APISIX may still answer the question that was cut short; nothing can be told apart after that.
    if (this.#ending || lateQuestion) this.#hangUp()
  }

  #ask(question: Question): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#socket.writable) {
        reject(gone())
        return
      }
      this.#asked = { resolve, reject }
      this.#write({ kind: 'question', question })
    })
  }

  #write(reply: Reply): void {
    let bytes: Buffer
    try {
      bytes = encodeReply(reply)
    } catch (error) {
      this.#fail(toRunnerError(error, 'REPLY_TOO_LARGE', 'reply'))
      return
    }
    this.#draining = !this.#socket.write(bytes)
  }

  #fail(error: RunnerError): void {
    this.#answerer.frameRejected(error)
    this.#hangUp(encodeReply({ kind: 'error', code: error.kind.wire }))
    this.#dropCall(error)
  }

  /** What still comes is thrown away, but has to be read: a socket that is not read does not see its peer leave. */
  #hangUp(lastWords?: Buffer): void {
    this.#ending = true
    this.#hungUp = true
    this.#socket.resume()
    if (lastWords) this.#socket.write(lastWords)
    this.#socket.destroySoon()
  }

  #closed(): void {
    this.#dropCall(gone())
    this.#onClosed()
  }

  #dropCall(reason: RunnerError): void {
    const asked = this.#asked
    this.#asked = undefined
    asked?.reject(reason)
    this.#abortCall?.(reason)
  }
}

function gone(): RunnerError {
  return new RunnerError('PEER_GONE', 'APISIX closed the connection')
}
