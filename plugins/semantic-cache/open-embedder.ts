import { type Static, Type } from 'typebox'
import type { Log } from '../../runner/plugin.ts'
import { BreakerEmbedder } from './embed/breaker.ts'
import type { Embedder, EmbedError } from './embed/embedder.ts'
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
    send_dimensions: Type.Optional(
      Type.Boolean({
        description:
          'Ask the endpoint for vectors of this dimension: where it is not the model’s own (OpenAI’s text-embedding-3, DashScope’s v3 and later). Other models refuse it. Default false.',
      }),
    ),
    api_version: Type.Optional(Type.String({ description: 'Azure only, default 2024-10-21.' })),
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

/**
 * The embedder of the settings, behind a small cache and a breaker that keeps a dead one from costing deadlines. What
 * made it rest is in the log: a key that is refused, or vectors of another dimension, would only show as misses.
 * @throws EmbedError EMBED_SETTINGS
 */
export function openEmbedder(settings: EmbedderSettings, log: Log): Embedder {
  if (settings.kind === 'lexical') return new LexicalEmbedder()
  const onOpen = ({ code, message }: EmbedError) => {
    log.warn({ code, reason: message }, 'the embedder rests after repeated failures: exact matches only')
  }
  return new MemoryEmbedder(new BreakerEmbedder(remote(settings), { onOpen }))
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
    sendDimensions: settings.send_dimensions ?? false,
    ...(settings.api_version === undefined ? {} : { apiVersion: settings.api_version }),
    ...(settings.api_key === undefined ? {} : { apiKey: settings.api_key }),
    ...prefix,
  })
}
