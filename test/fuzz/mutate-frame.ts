import { readFileSync } from 'node:fs'
import type { Random } from './random.ts'

/** Frames captured from APISIX, both directions. */
const GOLDEN_FRAMES: readonly Buffer[] = readFileSync(
  new URL('../fixtures/wire/frames.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => Buffer.from((JSON.parse(line) as { hex: string }).hex, 'hex'))

const HEADER_BYTES = 4
/** Numbers at which lengths and offsets go wrong. */
const EDGES = [0, 1, 3, 4, 7, 8, 0x7f, 0xff, 0x100, 0xffff, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

type Mutation = (frame: Buffer, random: Random) => Buffer

const flipBits: Mutation = (frame, random) => {
  for (let i = 1 + random.below(8); i > 0; i--) {
    const at = random.below(frame.length)
    frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8))
  }
  return frame
}
const putEdge: Mutation = (frame, random) => {
  for (let i = 1 + random.below(3); i > 0; i--) {
    if (frame.length >= HEADER_BYTES + 4) {
      frame.writeUInt32LE(random.pick(EDGES), HEADER_BYTES + random.below(frame.length - HEADER_BYTES - 3))
    }
  }
  return frame
}
const truncate: Mutation = (frame, random) => frame.subarray(0, random.below(frame.length))
/** Cut, with a header that says so: the payload itself is what is short. */
const shorten: Mutation = (frame, random) =>
  framed(frame, frame.subarray(HEADER_BYTES, random.below(frame.length)))
const lieAboutLength: Mutation = (frame, random) => {
  frame.writeUIntBE(random.next() < 0.5 ? random.below(2 * frame.length) : random.below(2 ** 24), 1, 3)
  return frame
}
const changeType: Mutation = (frame, random) => {
  frame[0] = random.next() < 0.7 ? random.below(5) : random.below(256)
  return frame
}
const splice: Mutation = (frame, random) => {
  const other = random.pick(GOLDEN_FRAMES)
  const from = random.below(other.length)
  const part = other.subarray(from, from + random.below(other.length - from))
  const at = HEADER_BYTES + random.below(Math.max(1, frame.length - HEADER_BYTES))
  return framed(
    frame,
    Buffer.concat([frame.subarray(HEADER_BYTES, at), part, frame.subarray(at + random.below(16))]),
  )
}
const duplicate: Mutation = (frame) => Buffer.concat([frame, frame])
const noise: Mutation = (_, random) => random.bytes(1 + random.below(200))
const framedNoise: Mutation = (frame, random) => framed(frame, random.bytes(random.below(300)))

const MUTATIONS = [
  flipBits,
  putEdge,
  putEdge,
  truncate,
  shorten,
  lieAboutLength,
  changeType,
  splice,
  duplicate,
  noise,
  framedNoise,
] as const

export function mutatedFrame(random: Random): Buffer {
  let frame: Buffer = Buffer.from(random.pick(GOLDEN_FRAMES))
  for (let i = 1 + random.below(3); i > 0 && frame.length > HEADER_BYTES; i--) {
    frame = random.pick(MUTATIONS)(frame, random)
  }
  return frame
}

function framed(like: Buffer, payload: Buffer): Buffer {
  const frame = Buffer.concat([like.subarray(0, HEADER_BYTES), payload])
  frame.writeUIntBE(payload.length, 1, 3)
  return frame
}
