/** Largest payload a frame can carry: its length field has three bytes (facts section 1). */
const MAX_PAYLOAD_BYTES = 0xffffff

/** Message types of the runner protocol (facts section 1). */
export const MESSAGE = {
  error: 0,
  prepareConf: 1,
  httpReqCall: 2,
  extraInfo: 3,
  httpRespCall: 4,
} as const

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

/**
 * Puts the 4-byte header before a payload: one type byte, three length bytes, big-endian.
 * @throws RangeError above {@link MAX_PAYLOAD_BYTES}, as `send` in ext-plugin/init.lua refuses it.
 */
export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`the max length of data is ${MAX_PAYLOAD_BYTES} but got ${payload.length}`)
  }
  const frame = Buffer.allocUnsafe(4 + payload.length)
  frame[0] = type
  frame.writeUIntBE(payload.length, 1, 3)
  frame.set(payload, 4)
  return frame
}

/** Cuts a byte stream into frames; a frame may arrive in any number of pieces. */
export class FrameReader {
  #pieces: Buffer[] = []
  #bytes = 0

  /** Takes bytes off the wire and returns the frames they complete. */
  push(piece: Buffer): Frame[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    const frames: Frame[] = []
    for (;;) {
      if (this.#bytes < 4) return frames
      const head = this.#gather(4)
      const length = head.readUIntBE(1, 3)
      if (this.#bytes < 4 + length) return frames
      const whole = this.#gather(4 + length)
      frames.push({ type: whole[0] ?? 0, payload: whole.subarray(4, 4 + length) })
      this.#pieces[0] = whole.subarray(4 + length)
      this.#bytes -= 4 + length
      if (this.#bytes === 0) this.#pieces = []
    }
  }

  /** Makes the first piece at least `length` bytes long and returns it. */
  #gather(length: number): Buffer {
    const first = this.#pieces[0]
    if (first !== undefined && first.length >= length) return first
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }
}
