import { RunnerError } from '../errors.ts'

/**
 * The frame of APISIX's ext-plugin protocol: 1 type byte, 3 length bytes (big-endian), then the payload.
 * apisix/plugins/ext-plugin/init.lua is the authority. This file knows neither FlatBuffers nor policy.
 */
export const FRAME_HEADER_BYTES = 4
export const MAX_PAYLOAD_BYTES = 0xff_ff_ff

export const FrameType = {
  ERROR: 0,
  PREPARE_CONF: 1,
  HTTP_REQ_CALL: 2,
  EXTRA_INFO: 3,
  HTTP_RESP_CALL: 4,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

const LAST_FRAME_TYPE = FrameType.HTTP_RESP_CALL

export interface Frame {
  readonly type: FrameType
  readonly payload: Buffer
}

/** First size of the buffer for a frame that arrives in pieces: a header alone must not claim 16 MB. */
const FIRST_PARTIAL_BYTES = 64 * 1024

/**
 * Turns any split of the byte stream into frames. Push a chunk, then call `next` until it answers undefined.
 * A frame that lies whole inside a chunk is a view of it; one in pieces is copied once, into a buffer that doubles,
 * so the reader holds at most one frame beside the last chunk.
 */
export class FrameReader {
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerFilled = 0
  #partial: Buffer | undefined
  #partialFilled = 0
  #payloadBytes = 0

  /** Bytes that were pushed and are not yet part of a frame that `next` returned. */
  get bufferedBytes(): number {
    return this.#chunk.length - this.#at + this.#headerFilled + this.#partialFilled
  }

  /** True when a pushed chunk still has unread bytes: the socket may be paused meanwhile. */
  get hasUnread(): boolean {
    return this.#at < this.#chunk.length
  }

  push(chunk: Buffer): void {
    if (this.#at < this.#chunk.length) {
      // The session pauses its socket while a frame is being answered, so this joins at most one chunk in flight.
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    } else {
      this.#chunk = chunk
    }
    this.#at = 0
  }

  /** @throws RunnerError FRAME_INVALID for a type byte that the protocol does not have. */
  next(): Frame | undefined {
    if (this.#headerFilled < FRAME_HEADER_BYTES && !this.#readHeader()) return undefined
    const payload = this.#readPayload()
    if (!payload) return undefined
    this.#headerFilled = 0
    return { type: this.#header[0] as FrameType, payload }
  }

  #readHeader(): boolean {
    const wanted = FRAME_HEADER_BYTES - this.#headerFilled
    const taken = Math.min(wanted, this.#chunk.length - this.#at)
    this.#chunk.copy(this.#header, this.#headerFilled, this.#at, this.#at + taken)
    this.#at += taken
    this.#headerFilled += taken
    if (this.#headerFilled < FRAME_HEADER_BYTES) return false
    const type = this.#header[0] ?? 0
    if (type > LAST_FRAME_TYPE) {
      throw new RunnerError(
        'FRAME_INVALID',
        `frame type is ${type}, the last known one is ${LAST_FRAME_TYPE}`,
      )
    }
    this.#payloadBytes = this.#header.readUIntBE(1, 3)
    return true
  }

  #readPayload(): Buffer | undefined {
    const available = this.#chunk.length - this.#at
    if (!this.#partial && available >= this.#payloadBytes) {
      const payload = this.#chunk.subarray(this.#at, this.#at + this.#payloadBytes)
      this.#at += this.#payloadBytes
      return payload
    }
    const taken = Math.min(this.#payloadBytes - this.#partialFilled, available)
    const partial = this.#roomFor(this.#partialFilled + taken)
    this.#chunk.copy(partial, this.#partialFilled, this.#at, this.#at + taken)
    this.#at += taken
    this.#partialFilled += taken
    if (this.#partialFilled < this.#payloadBytes) return undefined
    this.#partial = undefined
    this.#partialFilled = 0
    return partial.subarray(0, this.#payloadBytes)
  }

  #roomFor(bytes: number): Buffer {
    const current = this.#partial
    if (current && current.length >= bytes) return current
    const size = Math.min(
      this.#payloadBytes,
      Math.max(bytes, (current?.length ?? 0) * 2, FIRST_PARTIAL_BYTES),
    )
    const grown = Buffer.allocUnsafeSlow(size)
    current?.copy(grown, 0, 0, this.#partialFilled)
    this.#partial = grown
    return grown
  }
}

/** @throws RunnerError FRAME_TOO_LARGE before anything is written: the length field would wrap. */
export function encodeFrame(type: FrameType, payload: Uint8Array): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RunnerError(
      'FRAME_TOO_LARGE',
      `payload is ${payload.length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`,
    )
  }
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length)
  frame[0] = type
  frame.writeUIntBE(payload.length, 1, 3)
  frame.set(payload, FRAME_HEADER_BYTES)
  return frame
}
