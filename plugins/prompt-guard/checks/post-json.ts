import { type Dispatcher, request } from 'undici'
import { CheckError } from './check.ts'

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  readonly maxBytes: number
  readonly dispatcher: Dispatcher
}

/**
 * POSTs and reads a JSON answer of at most `maxBytes`; redirects are not followed.
 * @throws CheckError timeout, network, status (other than 200), too_large, shape.
 */
export async function postJson(post: Post): Promise<unknown> {
  const { url, headers, body, signal, maxBytes, dispatcher } = post
  try {
    const response = await request(url, { method: 'POST', headers, body, signal, dispatcher })
    if (response.statusCode !== 200) {
      await response.body.dump({ limit: maxBytes })
      throw new CheckError('status', `status ${response.statusCode}`)
    }
    return parse(await read(response.body, maxBytes))
  } catch (error) {
    if (error instanceof CheckError) throw error
    if (signal.aborted) throw new CheckError('timeout', 'no verdict in time')
    throw new CheckError('network', 'cannot be reached', { cause: error })
  }
}

async function read(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > maxBytes) throw new CheckError('too_large', `the answer is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CheckError('shape', 'the answer is not JSON')
  }
}
