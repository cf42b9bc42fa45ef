import type { Socket } from 'node:net'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { Answerer } from './answer.ts'
import type { Caller } from './caller.ts'
import { decodeMessage, encodeReply, type Message, type Reply } from './codec.ts'
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
  #asked: ((result: Buffer | undefined) => void) | undefined
  #abortCall: ((reason: RunnerError) => void) | undefined
  readonly #caller: Caller = {
    ask: (question, answered) => {
      this.#asked = answered
      this.#write({ kind: 'question', question })
    },
    onGone: (abort) => {
      this.#abortCall = abort
    },
    reply: (reply) => {
      this.#finish(reply)
      this.#pump()
    },
  }
  #pumping = false
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

  /** A call that replies at once does so from within the loop, which then goes on by itself. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (!this.#draining && this.#wantsFrame()) {
        const frame = this.#reader.next()
        if (!frame) break
        this.#take(decodeMessage(frame), frame)
      }
    } catch (error) {
      this.#fail(toRunnerError(error, 'FRAME_INVALID', 'frame'))
    } finally {
      this.#pumping = false
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
      const answered = this.#asked
      if (!answered) throw new RunnerError('FRAME_UNEXPECTED', 'an answer came to no question')
      this.#asked = undefined
      answered(message.result)
      return
    }
    if (this.#asked) {
      throw new RunnerError('FRAME_UNEXPECTED', `frame of type ${frame.type} came instead of an answer`)
    }
    this.#answering = true
    this.#answerer.answer(message, this.#caller)
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

  /** The call ends by itself then, and its reply finds no one. */
  #dropCall(reason: RunnerError): void {
    this.#asked = undefined
    this.#abortCall?.(reason)
  }
}

function gone(): RunnerError {
  return new RunnerError('PEER_GONE', 'APISIX closed the connection')
}
