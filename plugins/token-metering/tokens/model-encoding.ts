import { getEncodingNameForModel } from 'js-tiktoken/lite'
import type { Encoding } from './tokenizer.ts'

export interface ModelEncoding {
  readonly encoding: Encoding
  /** False when the model's own tokenizer is another one or unknown, so that counts are estimates. */
  readonly exact: boolean
}

/**
 * Estimates for everything else: o200k_base is the nearer one for the multilingual vocabularies of current models
 * (Qwen, DeepSeek, Claude, Llama, Gemini ...). No correction factor: their makers publish none.
 */
const DEFAULT: ModelEncoding = { encoding: 'o200k_base', exact: false }

/** MODEL_PREFIX_TO_ENCODING of openai/tiktoken, tiktoken/model.py; the longer of two prefixes comes first. */
const FAMILIES: readonly (readonly [prefix: string, encoding: Encoding])[] = [
  ['gpt-4o', 'o200k_base'],
  ['gpt-4.1', 'o200k_base'],
  ['gpt-4.5', 'o200k_base'],
  ['gpt-4-', 'cl100k_base'],
  ['gpt-5-', 'o200k_base'],
  ['gpt-oss-', 'o200k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-35-turbo', 'cl100k_base'],
  ['chatgpt-4o-', 'o200k_base'],
  ['o1-', 'o200k_base'],
  ['o3-', 'o200k_base'],
  ['o4-mini-', 'o200k_base'],
]

/** Looking a model up costs more than a short prompt's count; few are in use, but clients may write anything. */
const MAX_KNOWN = 1000
const MAX_KNOWN_LENGTH = 100
const known = new Map<string, ModelEncoding>()

/**
 * The encoding to count with for a model, as clients name it: a provider path (`openai/gpt-4o`) and the frame of a
 * fine-tuned model (`ft:gpt-4o-mini:org::id`) are looked through. Unknown models get o200k_base, not exact.
 */
export function encodingForModel(model: string): ModelEncoding {
  const before = known.get(model)
  if (before) return before
  const found = findEncoding(model)
  if (known.size >= MAX_KNOWN) known.clear()
  if (model.length <= MAX_KNOWN_LENGTH) known.set(model, found)
  return found
}

function findEncoding(model: string): ModelEncoding {
  const name = baseModel(model.toLowerCase())
  const listed = listedEncoding(name)
  if (listed === 'cl100k_base' || listed === 'o200k_base') return { encoding: listed, exact: true }
  if (listed !== undefined) return { encoding: 'cl100k_base', exact: false }
  const family = FAMILIES.find(([prefix]) => name.startsWith(prefix))
  return family === undefined ? DEFAULT : { encoding: family[1], exact: true }
}

function baseModel(model: string): string {
  const name = model.slice(model.lastIndexOf('/') + 1)
  return name.startsWith('ft:') ? (name.split(':', 2)[1] ?? name) : name
}

function listedEncoding(model: string): string | undefined {
  try {
    // The parameter's type lists the models it knows; it throws for every other one.
    return getEncodingNameForModel(model as Parameters<typeof getEncodingNameForModel>[0])
  } catch {
    return undefined
  }
}
