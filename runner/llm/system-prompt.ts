import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord } from './json.ts'
import type { Endpoint } from './types.ts'

/**
 * The body with one more system instruction, after everything that the client's own system prompts say, since models
 * give the later of two instructions of equal rank more weight:
 *
 * - chat completions: a message of its own right after the client's last system or developer message, wherever that
 *   stands (usually the first message; a client that puts one late would otherwise have the last word), in that
 *   message's role because providers refuse a mix of both; without one, it becomes the first message;
 * - responses: at the end of `instructions`; Anthropic: at the end of `system`. When the conversation itself holds
 *   system or developer messages, which come later than those fields, it is repeated after the last of them;
 * - completions: before each text prompt; prompts given as tokens cannot carry it;
 * - embeddings and models: nothing changes.
 *
 * A body of the wrong shape comes back unchanged: the provider refuses it.
 */
export function appendSystemPrompt<T>(endpoint: Endpoint, body: T, text: string): T {
  return isRecord(body) && text !== '' ? (extended(endpoint, body, text) as T) : body
}

function extended(endpoint: Endpoint, body: JsonRecord, text: string): JsonRecord {
  switch (endpoint) {
    case 'chat-completions': {
      if (!Array.isArray(body.messages)) return body
      const messages = afterLastSystem(body.messages, (role) => ({ role, content: text }))
      return { ...body, messages: messages ?? [{ role: 'system', content: text }, ...body.messages] }
    }
    case 'responses': {
      const instructions = joined(body.instructions, text)
      const input = afterLastSystem(arrayOf(body.input), (role) => ({ type: 'message', role, content: text }))
      return { ...body, instructions, ...(input && { input }) }
    }
    case 'messages': {
      const system = joined(body.system, text)
      const messages = afterLastSystem(arrayOf(body.messages), (role) => ({ role, content: text }))
      return { ...body, system, ...(messages && { messages }) }
    }
    case 'completions':
      return withPrompt(body, text)
    case 'embeddings':
    case 'models':
      return body
  }
}

function afterLastSystem(
  list: readonly unknown[],
  make: (role: string) => JsonRecord,
): readonly unknown[] | undefined {
  const at = list.findLastIndex((item) => isRecord(item) && isSystem(item.role))
  const last = list[at]
  if (!isRecord(last) || typeof last.role !== 'string') return undefined
  return [...list.slice(0, at + 1), make(last.role), ...list.slice(at + 1)]
}

function isSystem(role: unknown): boolean {
  return role === 'system' || role === 'developer'
}

function joined(current: unknown, text: string): unknown {
  if (Array.isArray(current)) return [...current, { type: 'text', text }]
  return typeof current === 'string' && current !== '' ? `${current}\n\n${text}` : text
}

function withPrompt(body: JsonRecord, text: string): JsonRecord {
  const before = (prompt: unknown) => (typeof prompt === 'string' ? `${text}\n\n${prompt}` : prompt)
  if (typeof body.prompt === 'string') return { ...body, prompt: before(body.prompt) }
  return Array.isArray(body.prompt) ? { ...body, prompt: body.prompt.map(before) } : body
}
