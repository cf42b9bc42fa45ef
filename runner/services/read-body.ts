/**
 * Reads the body of an HTTP answer as UTF-8 text. Its deadline is that of the request's signal.
 * @returns undefined when there is more than `maxBytes`: the rest is not read and the connection is closed.
 * @throws what the stream throws
 */
export async function readBody(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
