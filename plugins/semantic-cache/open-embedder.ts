import { type Static, Type } from 'typebox'
import { BreakerEmbedder } from './embed/breaker.ts'
import type { Embedder } from './embed/embedder.ts'
import { HttpEmbedder } from './embed/http.ts'
import { LexicalEmbedder } from './embed/lexical.ts'
import { MemoryEmbedder } from './embed/memory.ts'
import { OnnxEmbedder } from './embed/onnx.ts'

const Lexical = Type.Object(
  { kind: Type.Literal('lexical', { description: 'In-process, no model: near-duplicates only.' }) },
  { additionalProperties: false },
)
const Http = Type.Object(
  {
    kind: Type.Literal('http'),
    style: Type.Optional(
      Type.Union(
        ['openai', 'azure', 'ollama', 'tei'].map((style) => Type.Literal(style)),
        { description: 'API of the endpoint, default openai; DashScope and most others speak it.' },
      ),
    ),
    base_url: Type.String({ description: 'Up to the version, e.g. https://api.openai.com/v1.' }),
    model: Type.String(),
    dimensions: Type.Integer({ minimum: 1, maximum: 8192 }),
    api_key: Type.Optional(
      Type.String({ description: 'Name a variable: the settings file is no place for a key.' }),
    ),
    input_prefix: Type.Optional(
      Type.String({ description: 'Put before each text, "query: " for the e5 family.' }),
    ),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 1, description: 'Default 1000.' })),
  },
  { additionalProperties: false },
)
const Onnx = Type.Object(
  {
    kind: Type.Literal('onnx', {
      description: 'In-process through @huggingface/transformers, which must be installed.',
    }),
    model: Type.String({ description: 'Names the model in the identity of the index.' }),
    model_dir: Type.String({ description: 'Local folder of the model; nothing is downloaded.' }),
    dimensions: Type.Integer({ minimum: 1, maximum: 8192 }),
    input_prefix: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export const EmbedderSettingsSchema = Type.Union([Lexical, Http, Onnx], { default: { kind: 'lexical' } })
export type EmbedderSettings = Static<typeof EmbedderSettingsSchema>

/** The embedder of the settings, behind a small cache and a breaker that keeps a dead one from costing deadlines. */
export function openEmbedder(settings: EmbedderSettings): Embedder {
  return settings.kind === 'lexical'
    ? new LexicalEmbedder()
    : new MemoryEmbedder(new BreakerEmbedder(remote(settings)))
}

function remote(settings: Exclude<EmbedderSettings, { kind: 'lexical' }>): Embedder {
  const prefix = settings.input_prefix === undefined ? {} : { inputPrefix: settings.input_prefix }
  if (settings.kind === 'onnx') {
    return new OnnxEmbedder({
      modelPath: settings.model_dir,
      model: settings.model,
      dimensions: settings.dimensions,
      ...prefix,
    })
  }
  return new HttpEmbedder({
    style: (settings.style ?? 'openai') as 'openai' | 'azure' | 'ollama' | 'tei',
    baseUrl: settings.base_url,
    model: settings.model,
    dimensions: settings.dimensions,
    timeoutMs: settings.timeout_ms ?? 1000,
    ...(settings.api_key === undefined ? {} : { apiKey: settings.api_key }),
    ...prefix,
  })
}
