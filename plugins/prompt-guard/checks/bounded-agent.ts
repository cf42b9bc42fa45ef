import http from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'

export interface BoundedAgentOptions {
  /** Scheme, host and port to connect to, whatever the URL of a request says. */
  readonly target: URL
  /** Bytes of one answer, headers included. */
  readonly maxBytes: number
}

/**
 * An agent for an SDK that would read an answer of any length: a connection that has brought too much is cut.
 * Connections are not kept, so that each has one answer.
 */
export function boundedAgent({ target, maxBytes }: BoundedAgentOptions): http.Agent {
  const isPlain = target.protocol === 'http:'
  const agent = isPlain ? new http.Agent() : new https.Agent()
  // Node documents this method for overriding; @types/node does not declare it.
  const connector = agent as unknown as { createConnection(options: object, ...rest: unknown[]): Duplex }
  const connect = connector.createConnection.bind(agent)
  connector.createConnection = (options, ...rest) => {
    const port = Number(target.port || (isPlain ? 80 : 443))
    const socket = connect({ ...options, host: target.hostname, port }, ...rest)
    let received = 0
    // Not a `data` listener: node-fetch 2 takes one that is left at the end for an answer that was cut off.
    const push = socket.push.bind(socket)
    socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk instanceof Uint8Array) received += chunk.length
      if (received <= maxBytes) return push(chunk, encoding)
      socket.destroy(new Error(TOO_LARGE))
      return false
    }
    return socket
  }
  return agent
}

/** In the message of the error; SDKs keep no more of it. */
export const TOO_LARGE = 'answer too large'
