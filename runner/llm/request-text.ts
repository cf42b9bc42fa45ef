import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'
import { isBinaryUrl, isSilent, mechanical } from './text-fields.ts'
import type { Endpoint, JsonPath, TextPart, TextRole } from './types.ts'

/** No format nests deeper; below, everything is read as one flat text, so that the work stays linear in the body. */
const maxDepth = 48

interface Voice {
  role: TextRole
  external: boolean
}

interface Step {
  value: unknown
  path: JsonPath
  voice: Voice
  /** `content`: message content, whose text-bearing keys are known. `leaves`: any JSON, every string counts. */
  as: 'content' | 'leaves'
}

const client: Voice = { role: 'system', external: false }
const developer: Voice = { role: 'developer', external: false }
const model: Voice = { role: 'assistant', external: false }
const user: Voice = { role: 'user', external: true }
const tool: Voice = { role: 'tool', external: true }
const input: Voice = { role: 'input', external: true }

const voices = new Map<unknown, Voice>([
  ['system', client],
  ['developer', developer],
  ['assistant', model],
  ['tool', tool],
  ['function', tool],
])

/** A role that no API documents is heard as a user's: the least trusted. */
function voiceOf(role: unknown): Voice {
  return voices.get(role) ?? user
}

/**
 * Every text of a request that reaches the model as a message, in the order of the body: message content, tool calls
 * and their results, participants' names, instructions, template variables, documents. Tool definitions are not
 * messages; see `toolTexts`. A field, part or item that no format knows is heard in the voice of where it stands, since
 * some provider may put it before the model; ids, images, audio and encrypted payloads are no texts. Never throws,
 * linear in the body.
 */
export function* textParts(endpoint: Endpoint, body: unknown): Generator<TextPart, void, undefined> {
  for (const part of textSteps(endpoint, body)) if (part) yield part
}

/**
 * The same with `undefined` for what is no text on the way, such as an empty message or list: whoever reads a huge body
 * step by step can give way to the event loop in between, however few texts it has.
 */
export function* textSteps(
  endpoint: Endpoint,
  body: unknown,
): Generator<TextPart | undefined, void, undefined> {
  for (const step of roots(endpoint, recordOf(body))) yield* walk(step)
}

/** Names, descriptions and parameter schemas of the tools that the client offers. The client wrote them: not external. */
export function* toolTexts(body: unknown): Generator<TextPart, void, undefined> {
  const request = recordOf(body)
  for (const key of ['tools', 'functions']) {
    if (!Array.isArray(request[key])) continue
    const root: Step = {
      value: request[key],
      path: [key],
      voice: { role: 'tool', external: false },
      as: 'leaves',
    }
    for (const part of walk(root)) if (part) yield part
  }
}

/** The text of the last user message (its parts joined by newlines), or the last prompt or input. */
export function lastUserText(endpoint: Endpoint, body: unknown): string | undefined {
  const request = recordOf(body)
  if (endpoint === 'completions') return lastString(request.prompt)
  if (endpoint === 'embeddings') return lastString(request.input)
  if (endpoint === 'responses' && typeof request.input === 'string') return request.input
  const list = arrayOf(endpoint === 'responses' ? request.input : request.messages)
  for (let index = list.length - 1; index >= 0; index--) {
    const message = recordOf(list[index])
    if (message.role !== 'user') continue
    const content: Step = { value: message.content, path: [], voice: user, as: 'content' }
    const texts: string[] = []
    for (const part of walk(content)) if (part?.role === 'user') texts.push(part.text)
    if (texts.length > 0) return texts.join('\n')
  }
  return undefined
}

function lastString(value: unknown): string | undefined {
  return typeof value === 'string'
    ? value
    : stringOf(arrayOf(value).findLast((item) => typeof item === 'string'))
}

function* roots(endpoint: Endpoint, request: Record<string, unknown>): Generator<Step> {
  switch (endpoint) {
    case 'chat-completions':
      yield* aside(request)
      for (const [index, item] of arrayOf(request.messages).entries())
        yield* chatMessage(item, ['messages', index])
      return
    case 'messages':
      yield { value: request.system, path: ['system'], voice: client, as: 'content' }
      for (const [index, item] of arrayOf(request.messages).entries())
        yield* chatMessage(item, ['messages', index])
      return
    case 'responses':
      yield { value: request.instructions, path: ['instructions'], voice: client, as: 'content' }
      yield {
        value: recordOf(request.prompt).variables,
        path: ['prompt', 'variables'],
        voice: user,
        as: 'leaves',
      }
      if (typeof request.input === 'string')
        yield { value: request.input, path: ['input'], voice: user, as: 'content' }
      for (const [index, item] of arrayOf(request.input).entries())
        yield* responsesItem(item, ['input', index])
      return
    case 'completions':
      yield { value: request.prompt, path: ['prompt'], voice: input, as: 'content' }
      yield { value: request.suffix, path: ['suffix'], voice: input, as: 'content' }
      return
    case 'embeddings':
      yield { value: request.input, path: ['input'], voice: input, as: 'content' }
      return
    case 'models':
      return
  }
}

/**
 * What chat requests carry beside their messages: documents to answer from (Cohere, vLLM and others) and the text that
 * the answer will resemble. Before the messages, so that the last text of a user is that of the last message.
 */
function* aside({ documents, prediction }: Record<string, unknown>): Generator<Step> {
  if (documents !== undefined) yield { value: documents, path: ['documents'], voice: tool, as: 'leaves' }
  const { content } = recordOf(prediction)
  if (content !== undefined) {
    yield { value: content, path: ['prediction', 'content'], voice: user, as: 'content' }
  }
}

/** For a message, that it is there, even where it says nothing: see {@link textSteps}. */
const nothing: Step = { value: undefined, path: [], voice: user, as: 'content' }

function* chatMessage(item: unknown, path: JsonPath): Generator<Step> {
  yield nothing
  if (!isRecord(item)) return
  const voice = voiceOf(item.role)
  if (typeof item.name === 'string') {
    yield {
      value: item.name,
      path: [...path, 'name'],
      voice: { role: voice.role, external: true },
      as: 'content',
    }
  }
  yield* unknownFields(item, messageKeys, path, voice)
  for (const key of ['content', 'reasoning_content', 'reasoning', 'refusal']) {
    if (item[key] !== undefined) yield { value: item[key], path: [...path, key], voice, as: 'content' }
  }
  for (const [index, call] of arrayOf(item.tool_calls).entries()) {
    for (const key of ['function', 'custom']) {
      const value = recordOf(call)[key]
      if (value !== undefined)
        yield { value, path: [...path, 'tool_calls', index, key], voice: callerOf(voice), as: 'leaves' }
    }
  }
  if (isRecord(item.function_call)) {
    const at = [...path, 'function_call']
    yield { value: item.function_call, path: at, voice: callerOf(voice), as: 'leaves' }
  }
}

/** Tools are called by the model: who says so in somebody else's message has not become the model. */
function callerOf(voice: Voice): Voice {
  return voice.external ? voice : model
}

const messageKeys: ReadonlySet<string> = new Set([
  'role',
  'name',
  'content',
  'reasoning_content',
  'reasoning',
  'refusal',
  'tool_calls',
  'function_call',
])

/** Heard before what is known, so that the last text stays the one that the format says. */
function* unknownFields(
  part: Record<string, unknown>,
  known: ReadonlySet<string>,
  path: JsonPath,
  voice: Voice,
): Generator<Step> {
  for (const key of Object.keys(part)) {
    if (known.has(key) || isSilent(key) || mechanical(part, key)) continue
    yield { value: part[key], path: [...path, key], voice, as: 'leaves' }
  }
}

const itemKeys: readonly (readonly [key: string, as: Step['as']])[] = [
  ['content', 'content'],
  ['summary', 'content'],
  ['name', 'content'],
  ['arguments', 'leaves'],
  ['input', 'leaves'],
  ['code', 'leaves'],
  ['action', 'leaves'],
  ['queries', 'leaves'],
]
const itemResultKeys = ['output', 'outputs', 'results', 'result', 'error'] as const
const knownItemKeys: ReadonlySet<string> = new Set([
  'role',
  ...itemKeys.map(([key]) => key),
  ...itemResultKeys,
])

/** Items of the Responses API: messages, calls, results, reasoning. Only a message has a role. */
function* responsesItem(item: unknown, path: JsonPath): Generator<Step> {
  yield nothing
  if (typeof item === 'string') yield { value: item, path, voice: user, as: 'content' }
  if (!isRecord(item)) return
  const type = stringOf(item.type) ?? 'message'
  const voice = type === 'message' || item.role !== undefined ? voiceOf(item.role) : itemVoice(type)
  yield* unknownFields(item, knownItemKeys, path, voice)
  for (const [key, as] of itemKeys) {
    if (item[key] !== undefined) yield { value: item[key], path: [...path, key], voice, as }
  }
  for (const key of itemResultKeys) {
    if (item[key] !== undefined && !mechanical(item, key))
      yield { value: item[key], path: [...path, key], voice: tool, as: 'leaves' }
  }
}

function itemVoice(type: string): Voice {
  if (type.endsWith('_output')) return tool
  return type.endsWith('_call') || type === 'reasoning' ? model : user
}

/** Keys under which content parts of the three APIs keep text or further parts. */
const contentKeys: readonly string[] = [
  'title',
  'context',
  'text',
  'refusal',
  'thinking',
  'summary',
  'content',
  'output',
]

const knownContentKeys: ReadonlySet<string> = new Set([...contentKeys, 'name'])
const serverResultKeys: ReadonlySet<string> = new Set(['content'])

function* walk(root: Step): Generator<TextPart | undefined> {
  const open: Iterator<Step>[] = [[root].values()]
  for (let list = open.at(-1); list !== undefined; list = open.at(-1)) {
    const next = list.next()
    if (next.done) {
      open.pop()
      continue
    }
    const { value, path, voice } = next.value
    if (typeof value === 'string') {
      if (value !== '' && !isBinaryUrl(value))
        yield { role: voice.role, text: value, path, external: voice.external }
    } else if (typeof value !== 'object' || value === null) {
      yield undefined
    } else if (path.length >= maxDepth) {
      const text = yield* flatText(value)
      if (text !== '') yield { role: voice.role, text, path, external: voice.external }
    } else {
      yield undefined
      open.push(children(next.value, value))
    }
  }
}

/** One at a time, so that whoever reads the texts of a huge body can pause between any two. */
function* children(step: Step, value: object): Generator<Step> {
  const { path } = step
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index]
      // Token arrays and the like: half a million numbers are passed over in a millisecond.
      if (item === '' || (typeof item !== 'string' && (typeof item !== 'object' || item === null))) continue
      yield { ...step, value: item, path: [...path, index] }
    }
    return
  }
  const part = value as Record<string, unknown>
  if (step.as === 'leaves') {
    for (const key of Object.keys(part)) {
      if (!mechanical(part, key)) yield { ...step, value: part[key], path: [...path, key] }
    }
    return
  }
  const type = stringOf(part.type) ?? ''
  const voice = partVoice(type, step.voice)
  const isServerResult = type.endsWith('_tool_result')
  yield* unknownFields(part, isServerResult ? serverResultKeys : knownContentKeys, path, voice)
  if (isServerResult) {
    yield { value: part.content, path: [...path, 'content'], voice, as: 'leaves' }
    return
  }
  for (const key of contentKeys) {
    if (part[key] !== undefined) yield { value: part[key], path: [...path, key], voice, as: 'content' }
  }
  if (typeof part.source === 'string')
    yield { value: part.source, path: [...path, 'source'], voice, as: 'content' }
  const source = recordOf(part.source)
  if (source.type === 'content') {
    yield { value: source.content, path: [...path, 'source', 'content'], voice, as: 'content' }
  } else if (source.type === 'text') {
    yield { value: source.data, path: [...path, 'source', 'data'], voice, as: 'content' }
  }
}

/** Results come from outside in whosever message they stand; see {@link callerOf} for calls. */
function partVoice(type: string, voice: Voice): Voice {
  if (type.endsWith('tool_result')) return tool
  return type.endsWith('tool_use') ? callerOf(voice) : voice
}

function* flatText(root: object): Generator<undefined, string> {
  const texts: string[] = []
  const stack: unknown[] = [root]
  while (stack.length > 0) {
    yield undefined
    const value = stack.pop()
    if (typeof value === 'string') texts.push(value)
    else if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i--) stack.push(value[i])
    else if (isRecord(value)) for (const item of Object.values(value).reverse()) stack.push(item)
  }
  return texts.join('\n')
}
