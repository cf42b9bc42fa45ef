import { type Dispatcher, request } from 'undici'
import { readBody } from '../../../runner/plugin.ts'
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
    const text = await readBody(response.body, maxBytes)
    if (text === undefined) throw new CheckError('too_large', `the answer is over ${maxBytes} bytes`)
    return parse(text)
  } catch (error) {
    if (error instanceof CheckError) throw error
    if (signal.aborted) throw new CheckError('timeout', 'no verdict in time')
    throw new CheckError('network', 'cannot be reached', { cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CheckError('shape', 'the answer is not JSON')
  }
}
