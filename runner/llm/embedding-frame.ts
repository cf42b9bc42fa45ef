import type { JsonRecord } from './json.ts'
import { isRecord, parseJson } from './json.ts'

const smallBody = 65_536
const tailLength = 4_096

/**
 * What an embeddings body says beside its vectors, without parsing megabytes of numbers: the members that stand
 * before and after `data`. Undefined when the body is small, no list of embeddings, or not shaped as expected; then
 * it has to be parsed. Vectors are numbers or base64, so nothing in them can look like a member.
 */
export function embeddingFrame(body: string): JsonRecord | undefined {
  if (body.length < smallBody) return undefined
  const head = body.slice(0, 512)
  const data = head.search(/"data"\s*:\s*\[/)
  if (data < 0 || !/"embedding"\s*:\s*[["]/.test(head)) return undefined
  const tail = body.slice(-tailLength)
  const end = tail.lastIndexOf(']')
  if (end < 0) return undefined
  const frame = parseJson(`${head.slice(0, data)}"data":[{"embedding":[]}${tail.slice(end)}`)
  return isRecord(frame) ? frame : undefined
}
