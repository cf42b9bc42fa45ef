import { createHash } from 'node:crypto'
import type { Call } from '../call.ts'
import { splitTokens } from '../tokens.ts'

const defaultDimensions = 1536
const placesPerToken = 8

/**
 * `/v1/embeddings`. A vector is the sum of what its tokens hash to, with length 1: the same text gives the same vector,
 * and texts that share words lie close, without any meaning behind it.
 */
export function embeddingsBody(call: Call): object {
  const { base64, dimensions = defaultDimensions, inputs, model, promptTokens } = call
  const data = inputs.map((text, index) => {
    const vector = embed(text, dimensions)
    const embedding = base64 ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector)
    return { object: 'embedding', index, embedding }
  })
  return { object: 'list', data, model, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } }
}

function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const token of splitTokens(text)) {
    const hash = createHash('sha256').update(token.trim().toLowerCase()).digest()
    for (let i = 0; i < placesPerToken; i++) {
      const place = hash.readUInt16BE(2 * i) % dimensions
      vector[place] = (vector[place] ?? 0) + ((hash[16 + i] ?? 0) & 1 ? 1 : -1)
    }
  }
  const length = Math.hypot(...vector) || 1
  return vector.map((x) => x / length)
}
