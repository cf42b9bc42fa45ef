import { createHash } from 'node:crypto'
import { asList, asObject, asText, type JsonObject } from './json.ts'
import { countTokens } from './tokens.ts'

export type Api = 'chat' | 'completions' | 'responses' | 'messages' | 'ollama' | 'embeddings' | 'count_tokens'

/** What a request asks for, whatever the API. */
export interface Call {
  api: Api
  path: string
  model: string
  stream: boolean
  /** OpenAI's `stream_options.include_usage`. */
  includeUsage: boolean
  promptTokens: number
  /** Eight hex digits of a SHA-256 over the texts of the prompt: equal prompts, equal digests. */
  digest: string
  maxTokens: number | undefined
  /** A tool that the request forces to be called. */
  forcedTool: string | undefined
  /** Embeddings: the inputs; token lists stand as their numbers. */
  inputs: string[]
  dimensions: number | undefined
  base64: boolean
}

const suffixes: [suffix: string, api: Api][] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'embeddings'],
  ['/responses', 'responses'],
  ['/messages', 'messages'],
  ['/messages/count_tokens', 'count_tokens'],
  ['/api/chat', 'ollama'],
]

/** The API by the end of the path, so that every provider's prefix fits (`/compatible-mode/v1/...`, `/v2/...`). */
export function apiOfPath(path: string): Api | undefined {
  return suffixes.find(([suffix]) => path.endsWith(suffix))?.[1]
}

/** `path` without query. A body that lacks what the API needs throws TypeError. */
export function readCall(api: Api, path: string, body: unknown): Call {
  const request = asObject(body)
  if (!request) throw new TypeError('We could not parse the JSON body of your request.')
  const inputs = api === 'embeddings' ? embeddingInputs(request.input) : []
  const prompt = readPrompt(request)
  const choice = asObject(request.tool_choice)
  const forced = choice ? (asObject(choice.function)?.name ?? choice.name) : undefined
  const required = request.tool_choice === 'required' || choice?.type === 'any'
  return {
    api,
    path,
    model: asText(request.model) ?? deploymentOf(path) ?? '',
    stream: api === 'ollama' ? request.stream !== false : request.stream === true,
    includeUsage: asObject(request.stream_options)?.include_usage === true,
    promptTokens:
      api === 'embeddings' ? inputs.reduce((sum, text) => sum + countTokens(text), 0) : prompt.tokens,
    digest: prompt.digest,
    maxTokens: firstNumber(request, ['max_completion_tokens', 'max_tokens', 'max_output_tokens']),
    forcedTool: asText(forced) ?? (required ? firstTool(request.tools) : undefined),
    inputs,
    dimensions: firstNumber(request, ['dimensions']),
    base64: request.encoding_format === 'base64',
  }
}

const tokensPerMessage = 4
const tokensPerMedia = 85

/** Prompt tokens: those of every text, 4 for each message or input item, 85 for each image, sound or file. */
function readPrompt(request: JsonObject): { tokens: number; digest: string } {
  const hash = createHash('sha256')
  let tokens = 0
  const addText = (text: string) => {
    tokens += countTokens(text)
    hash.update(text).update('\0')
  }
  const addContent = (content: unknown) => {
    if (typeof content === 'string') return addText(content)
    for (const part of asList(content)) {
      const text = asText(part) ?? asText(asObject(part)?.text) ?? asText(asObject(part)?.content)
      if (text !== undefined) addText(text)
      else tokens += tokensPerMedia
    }
  }
  const addMessage = (message: unknown) => {
    const fields = asObject(message)
    if (!fields) return addContent(message)
    tokens += tokensPerMessage
    addContent(fields.content ?? fields.output)
    if (fields.tool_calls !== undefined) addText(JSON.stringify(fields.tool_calls))
  }
  addContent(request.system)
  addContent(request.instructions)
  addContent(request.prompt)
  for (const message of asList(request.messages)) addMessage(message)
  if (typeof request.input === 'string') addText(request.input)
  for (const item of asList(request.input)) addMessage(item)
  if (asList(request.tools).length > 0) addText(JSON.stringify(request.tools))
  return { tokens, digest: hash.digest('hex').slice(0, 8) }
}

function embeddingInputs(input: unknown): string[] {
  if (typeof input === 'string') return [input]
  const items = asList(input)
  if (items.length > 0 && items.every((item) => typeof item === 'number')) return [items.join(' ')]
  return items.map((item) => (typeof item === 'string' ? item : asList(item).join(' ')))
}

function deploymentOf(path: string): string | undefined {
  return /\/deployments\/([^/]+)\//.exec(path)?.[1]
}

function firstTool(tools: unknown): string | undefined {
  const tool = asObject(asList(tools)[0])
  return asText(asObject(tool?.function)?.name) ?? asText(tool?.name)
}

function firstNumber(request: JsonObject, names: string[]): number | undefined {
  for (const name of names) if (typeof request[name] === 'number') return request[name]
  return undefined
}
