import type { JsonObject } from '../json.ts'
import { afterSpaces, type ContainerEnds, containerEnds, MEMBER, membersOf } from './json-members.ts'

type Container = Readonly<Record<string, unknown>> | readonly unknown[]
type Fields = Readonly<Record<string, unknown>>

/**
 * To look for what stayed takes some ten microseconds for each object that changed, and half of one for each member.
 * Beyond these a container is written anew: honest requests have a tenth of them, others shall not hold up the loop.
 */
const MAX_CONTAINERS = 300
const MAX_MEMBERS = 4_000

const COMMA = Buffer.from(',')

/** One body on its way. */
interface Splice {
  readonly body: Buffer
  readonly ends: ContainerEnds
  readonly pieces: Buffer[]
  containersLeft: number
}

/**
 * The bytes of a changed body, in which all that did not change stands as it came: numbers that JavaScript cannot hold
 * (an id of 64 bits in the input of a tool), escapes, the order of fields. Follows only what changed: what `after`
 * shares with `before` is copied.
 * @param before what `body` says, parsed.
 */
export function spliceBody(body: Buffer, before: JsonObject, after: JsonObject): Buffer {
  const splice: Splice = { body, ends: containerEnds(body), pieces: [], containersLeft: MAX_CONTAINERS }
  write(splice, afterSpaces(body, 0), body.length, before, after)
  return Buffer.concat(splice.pieces)
}

function write(splice: Splice, from: number, to: number, before: unknown, after: unknown): void {
  const { body, ends, pieces } = splice
  if (Object.is(before, after)) {
    pieces.push(body.subarray(from, to))
    return
  }
  const count = areAlike(before, after) ? sizeOf(before as Container) : Number.POSITIVE_INFINITY
  const members = count <= MAX_MEMBERS && splice.containersLeft-- > 0 ? membersOf(body, from, ends) : []
  // A name that comes twice: only a new text says for sure which of the two counts.
  if (count === 0 || members.length !== count * MEMBER.size) pieces.push(written(after))
  else if (Array.isArray(before)) writeItems(splice, members, before, after as readonly unknown[])
  else writeFields(splice, members, before as Fields, after as Fields)
}

function sizeOf(container: Container): number {
  return Array.isArray(container) ? container.length : Object.keys(container).length
}

function writeFields(splice: Splice, members: readonly number[], before: Fields, after: Fields): void {
  const { body, pieces } = splice
  const places = new Map<string, number>()
  for (let at = 0; at < members.length; at += MEMBER.size) {
    const name = body.toString('utf8', members[at + MEMBER.nameFrom], members[at + MEMBER.nameTo])
    places.set(JSON.parse(name) as string, at)
  }
  let separator = '{'
  for (const key of Object.keys(after)) {
    const value = after[key]
    if (value === undefined) continue
    const at = places.get(key)
    if (at === undefined) {
      pieces.push(Buffer.from(`${separator}${JSON.stringify(key)}:`), written(value))
    } else {
      const from = members[at + MEMBER.from] ?? 0
      // Name, colon and the spaces around it.
      pieces.push(Buffer.from(separator), body.subarray(members[at + MEMBER.nameFrom], from))
      write(splice, from, members[at + MEMBER.to] ?? 0, before[key], value)
    }
    separator = ','
  }
  pieces.push(Buffer.from(separator === '{' ? '{}' : '}'))
}

/** Items are inserted, changed or left out; what stays is known by its identity, texts and numbers by their place. */
function writeItems(
  splice: Splice,
  members: readonly number[],
  before: readonly unknown[],
  after: readonly unknown[],
): void {
  const { body, pieces } = splice
  const places = new Map<unknown, number>()
  for (let index = 0; index < before.length; index++) {
    const item = before[index]
    if (isContainer(item)) places.set(item, index)
  }
  const from = (index: number) => members[index * MEMBER.size + MEMBER.from] ?? 0
  const to = (index: number) => members[index * MEMBER.size + MEMBER.to] ?? 0
  pieces.push(Buffer.from('['))
  let next = 0
  for (let index = 0; index < after.length; index++) {
    if (index > 0) pieces.push(COMMA)
    const item = after[index]
    const own = places.get(item) ?? (isCounterpart(before[next], item) ? next : undefined)
    if (own === undefined || own >= before.length) {
      pieces.push(written(item))
      continue
    }
    next = own + 1
    if (!Object.is(before[own], item)) {
      write(splice, from(own), to(own), before[own], item)
      continue
    }
    // A run of items that stayed is one piece, with what stands between them.
    while (index + 1 < after.length && next < before.length && Object.is(before[next], after[index + 1])) {
      next++
      index++
    }
    pieces.push(body.subarray(from(own), to(next - 1)))
  }
  pieces.push(Buffer.from(']'))
}

/** Whether an item may have become another one: the same value, or a container that keeps something of it. */
function isCounterpart(before: unknown, after: unknown): boolean {
  if (Object.is(before, after)) return true
  if (!areAlike(before, after)) return false
  const old = before as Fields
  return Object.entries(after as Fields).some(
    ([key, value]) => Object.hasOwn(old, key) && Object.is(old[key], value),
  )
}

function written(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? 'null')
}

function areAlike(one: unknown, other: unknown): boolean {
  return isContainer(one) && isContainer(other) && Array.isArray(one) === Array.isArray(other)
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}
