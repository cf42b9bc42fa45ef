import { Agent, type Dispatcher, request } from 'undici'
import { readBody } from '../../../runner/plugin.ts'
import { abortError, type Embedder, EmbedError, identityOf, toVector } from './embedder.ts'
import { type HttpStyle, STYLES, type StyleSettings } from './styles.ts'

export interface HttpEmbedderOptions {
  style?: HttpStyle
  /** Up to the API's version for `openai` (`https://api.openai.com/v1`), the host for the others. */
  baseUrl: string
  /** Model name; for `azure` the deployment's. */
  model: string
  dimensions: number
  apiKey?: string
  /** Put before each text, such as `query: ` for the e5 family. Part of the identity. */
  inputPrefix?: string
  sendDimensions?: boolean
  apiVersion?: string
  /** For all attempts together. */
  timeoutMs?: number
  /** Texts per call; DashScope takes 10 (text-embedding-v3/v4). */
  maxBatch?: number
  maxResponseBytes?: number
  /** Idle connections are kept this long. */
  keepAliveMs?: number
  connections?: number
  headers?: Record<string, string>
  /** Tests put their own here. */
  dispatcher?: Dispatcher
}

const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])
const RETRY_PAUSE_MS = 20

/** Embeds through an HTTP endpoint: kept-alive connections, one deadline, one retry, checked answers. */
export class HttpEmbedder implements Embedder {
  readonly identity: string
  readonly dimensions: number
  readonly #settings: StyleSettings
  readonly #style: HttpStyle
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #prefix: string
  readonly #timeoutMs: number
  readonly #maxBatch: number
  readonly #maxResponseBytes: number
  readonly #dispatcher: Dispatcher
  readonly #ownsDispatcher: boolean

  constructor(options: HttpEmbedderOptions) {
    const style = options.style ?? 'openai'
    if (!Number.isInteger(options.dimensions) || options.dimensions < 1) {
      throw new EmbedError('EMBED_SETTINGS', 'dimensions must be a positive integer')
    }
    this.#style = style
    this.#settings = {
      baseUrl: options.baseUrl,
      model: options.model,
      dimensions: options.dimensions,
      sendDimensions: options.sendDimensions ?? false,
      apiVersion: options.apiVersion ?? '2024-10-21',
    }
    this.#url = STYLES[style].url(this.#settings)
    if (!URL.canParse(this.#url)) throw new EmbedError('EMBED_SETTINGS', 'the base URL is not a URL')
    this.#prefix = options.inputPrefix ?? ''
    this.dimensions = options.dimensions
    this.identity = identityOf([options.model, this.#prefix.trim(), options.dimensions])
    this.#headers = {
      ...options.headers,
      'content-type': 'application/json',
      accept: 'application/json',
      ...(options.apiKey === undefined ? {} : STYLES[style].auth(options.apiKey)),
    }
    this.#timeoutMs = options.timeoutMs ?? 1_000
    this.#maxBatch = options.maxBatch ?? 32
    this.#maxResponseBytes = options.maxResponseBytes ?? 4 * 1024 * 1024
    this.#ownsDispatcher = options.dispatcher === undefined
    this.#dispatcher =
      options.dispatcher ??
      new Agent({ keepAliveTimeout: options.keepAliveMs ?? 30_000, connections: options.connections ?? 16 })
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
    const vectors: Float32Array[] = []
    for (let from = 0; from < texts.length; from += this.#maxBatch) {
      const batch = texts.slice(from, from + this.#maxBatch).map((text) => this.#prefix + text)
      vectors.push(...(await this.#batch(batch, deadline)))
    }
    return vectors
  }

  async close(): Promise<void> {
    if (this.#ownsDispatcher) await this.#dispatcher.close()
  }

  async #batch(texts: string[], signal: AbortSignal): Promise<Float32Array[]> {
    const body = JSON.stringify(STYLES[this.#style].body(texts, this.#settings))
    try {
      return await this.#attempt(body, texts.length, signal)
    } catch (error) {
      if (!retryable(error) || signal.aborted) throw error
      await pause(RETRY_PAUSE_MS, signal)
      return await this.#attempt(body, texts.length, signal)
    }
  }

  async #attempt(body: string, count: number, signal: AbortSignal): Promise<Float32Array[]> {
    const answer = await this.#post(body, signal)
    const vectors = STYLES[this.#style].vectors(answer)
    if (vectors.length !== count) {
      throw new EmbedError('EMBED_SHAPE', `asked for ${count} embeddings, got ${vectors.length}`)
    }
    return vectors.map((vector) => toVector(vector, this.dimensions))
  }

  async #post(body: string, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) throw abortError(signal)
    try {
      const response = await request(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body,
        signal,
        dispatcher: this.#dispatcher,
      })
      if (response.statusCode !== 200) {
        // Undici keeps the connection only if the body is read to its end; it stops by itself past a limit.
        await response.body.dump()
        const status = response.statusCode
        throw new EmbedError('EMBED_STATUS', `embedding endpoint answered ${status}`, { status })
      }
      const limit = this.#maxResponseBytes
      const text = await readBody(response.body, limit)
      if (text === undefined) throw new EmbedError('EMBED_TOO_LARGE', `answer is larger than ${limit} bytes`)
      return parse(text)
    } catch (error) {
      if (error instanceof EmbedError) throw error
      if (signal.aborted) throw abortError(signal)
      throw new EmbedError('EMBED_NETWORK', 'embedding endpoint cannot be reached', { cause: error })
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new EmbedError('EMBED_SHAPE', 'the answer is not JSON')
  }
}

function retryable(error: unknown): boolean {
  if (!(error instanceof EmbedError)) return false
  if (error.code === 'EMBED_NETWORK') return true
  return error.code === 'EMBED_STATUS' && RETRIED_STATUS.has(error.status ?? 0)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(abortError(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
