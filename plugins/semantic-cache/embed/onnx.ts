import { abortError, type Embedder, EmbedError, identityOf, toVector } from './embedder.ts'

export interface OnnxEmbedderOptions {
  /** A folder with `config.json`, `tokenizer.json` and `onnx/model*.onnx`; nothing is downloaded. */
  modelPath: string
  dimensions: number
  /** Goes into the identity; two folders with one name are taken for one model. */
  model: string
  pooling?: 'mean' | 'cls'
  inputPrefix?: string
  /** Which file of the folder: `fp32` (model.onnx), `q8` (model_quantized.onnx) ... */
  dtype?: string
  /** Tests put their own here; the default is the optional package. */
  load?: () => Promise<unknown>
}

const PACKAGE = '@huggingface/transformers'
/** `LogLevel.NONE`: when a model fails the library would print its input, which is the prompt as token ids. */
const NO_LOG = 50

interface Extractor {
  (texts: string[], options: { pooling: string; normalize: boolean }): Promise<{ tolist(): unknown }>
  dispose?(): Promise<unknown>
}

interface Transformers {
  env: { allowRemoteModels: boolean; allowLocalModels: boolean; logLevel?: number }
  pipeline(task: string, model: string, options: Record<string, unknown>): Promise<Extractor>
}

/**
 * Embeds in this process through `@huggingface/transformers`, an optional peer dependency. Inference takes
 * tens of milliseconds of CPU per text; for more than light traffic an endpoint beside the runner is better.
 */
export class OnnxEmbedder implements Embedder {
  readonly identity: string
  readonly dimensions: number
  readonly #options: OnnxEmbedderOptions
  #extractor: Promise<Extractor> | undefined
  #isClosed = false

  constructor(options: OnnxEmbedderOptions) {
    this.#options = options
    this.dimensions = options.dimensions
    const { model, dtype, inputPrefix, dimensions } = options
    this.identity = identityOf([model, dtype, inputPrefix?.trim(), dimensions])
  }

  /** Loads the model; without it the first `embed` does. */
  async ready(): Promise<void> {
    await this.#load()
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    if (signal.aborted) throw abortError(signal)
    if (this.#isClosed) throw new EmbedError('EMBED_ABORTED', 'the embedder is closed')
    const extractor = await raced(this.#load(), signal)
    const prefix = this.#options.inputPrefix ?? ''
    const input = texts.map((text) => prefix + text)
    const run = extractor(input, { pooling: this.#options.pooling ?? 'mean', normalize: true })
    const rows = (await raced(run, signal)).tolist()
    if (!Array.isArray(rows) || rows.length !== texts.length) {
      throw new EmbedError('EMBED_SHAPE', 'the model returned another number of vectors than texts')
    }
    return rows.map((row) => toVector(row, this.dimensions))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const extractor = await this.#extractor?.catch(() => undefined)
    await extractor?.dispose?.()
  }

  #load(): Promise<Extractor> {
    this.#extractor ??= this.#open().catch((error: unknown) => {
      // The next call tries again: the folder may have been mounted meanwhile.
      this.#extractor = undefined
      throw error
    })
    return this.#extractor
  }

  async #open(): Promise<Extractor> {
    let library: Transformers
    try {
      library = (await (this.#options.load?.() ?? import(PACKAGE))) as Transformers
    } catch (cause) {
      throw new EmbedError('EMBED_MISSING', `install ${PACKAGE} to embed in process`, { cause })
    }
    try {
      library.env.allowRemoteModels = false
      library.env.allowLocalModels = true
      library.env.logLevel = NO_LOG
      const { modelPath, dtype } = this.#options
      return await library.pipeline('feature-extraction', modelPath, {
        local_files_only: true,
        ...(dtype === undefined ? {} : { dtype }),
      })
    } catch (cause) {
      throw new EmbedError('EMBED_MISSING', 'the model folder cannot be loaded', { cause })
    }
  }
}

/** ONNX cannot be interrupted; the caller can at least stop waiting. */
async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } catch (error) {
    if (error instanceof EmbedError) throw error
    throw new EmbedError('EMBED_SHAPE', 'the model failed on its input', { cause: error })
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}
