import { EmbedError } from './embedder.ts'

/** The wire dialects of embedding endpoints. DashScope's compatible mode is `openai`. */
export type HttpStyle = 'openai' | 'ollama' | 'tei' | 'azure'

export interface StyleSettings {
  baseUrl: string
  model: string
  dimensions: number
  /** Ask the endpoint for this dimension (OpenAI text-embedding-3, DashScope v3, Ollama); others refuse it. */
  sendDimensions: boolean
  /** Azure only. */
  apiVersion: string
}

export interface Style {
  url(settings: StyleSettings): string
  auth(apiKey: string): Record<string, string>
  body(texts: readonly string[], settings: StyleSettings): unknown
  /** Raw vectors in the order of the texts; throws EmbedError EMBED_SHAPE. */
  vectors(answer: unknown): unknown[]
}

/**
 * OpenAI: POST /v1/embeddings (API reference, "Create embeddings"). Ollama: POST /api/embed. TEI
 * (text-embeddings-inference): POST /embed. Azure: the OpenAI body below the deployment's name.
 */
export const STYLES: Readonly<Record<HttpStyle, Style>> = {
  openai: {
    url: ({ baseUrl }) => `${trim(baseUrl)}/embeddings`,
    auth: (key) => ({ authorization: `Bearer ${key}` }),
    body: openaiBody,
    vectors: openaiVectors,
  },
  azure: {
    url: ({ baseUrl, model, apiVersion }) =>
      `${trim(baseUrl)}/openai/deployments/${encodeURIComponent(model)}/embeddings` +
      `?api-version=${encodeURIComponent(apiVersion)}`,
    auth: (key) => ({ 'api-key': key }),
    body: openaiBody,
    vectors: openaiVectors,
  },
  ollama: {
    url: ({ baseUrl }) => `${trim(baseUrl)}/api/embed`,
    auth: (key) => ({ authorization: `Bearer ${key}` }),
    body: (texts, settings) => ({
      model: settings.model,
      input: texts,
      ...(settings.sendDimensions ? { dimensions: settings.dimensions } : {}),
    }),
    vectors: (answer) => list(field(answer, 'embeddings')),
  },
  tei: {
    url: ({ baseUrl }) => `${trim(baseUrl)}/embed`,
    auth: (key) => ({ authorization: `Bearer ${key}` }),
    body: (texts) => ({ inputs: texts, normalize: true, truncate: true }),
    vectors: (answer) => list(answer),
  },
}

function openaiBody(texts: readonly string[], settings: StyleSettings): unknown {
  return {
    model: settings.model,
    input: texts,
    encoding_format: 'float',
    ...(settings.sendDimensions ? { dimensions: settings.dimensions } : {}),
  }
}

/** `data` may come in any order; `index` says which text a vector belongs to. */
function openaiVectors(answer: unknown): unknown[] {
  const data = list(field(answer, 'data'))
  const vectors: unknown[] = new Array(data.length).fill(undefined)
  for (const [i, item] of data.entries()) {
    const index = field(item, 'index') ?? i
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= data.length) {
      throw new EmbedError('EMBED_SHAPE', 'an embedding has an index out of range')
    }
    if (vectors[index] !== undefined) throw new EmbedError('EMBED_SHAPE', 'two embeddings have one index')
    vectors[index] = field(item, 'embedding')
  }
  return vectors
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new EmbedError('EMBED_SHAPE', 'the answer holds no list of embeddings')
  return value
}

function trim(url: string): string {
  let end = url.length
  while (end > 0 && url.charCodeAt(end - 1) === 47) end--
  return url.slice(0, end)
}
