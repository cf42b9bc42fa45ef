import { createHash } from 'node:crypto'
import { textParts } from '../../../runner/plugin.ts'
import type { RequestFacts } from '../rules/facts.ts'

const MAX_READ_CHARS = 4096

/**
 * The same for every turn of a conversation: what the client calls it, else a hash of its beginning, which stays while
 * the history grows.
 */
export function conversationKey(facts: RequestFacts): string {
  const named = facts.header('x-conversation-id') ?? namedInBody(facts)
  if (named) return named.slice(0, MAX_READ_CHARS)
  const hash = createHash('sha1').update(facts.consumer ?? '')
  for (const { role, text } of textParts(facts.endpoint, facts.json)) {
    hash.update(`\n${role}\n`).update(text.slice(0, MAX_READ_CHARS))
    if (role === 'user' || role === 'input') break
  }
  return hash.digest('base64')
}

function namedInBody({ json }: RequestFacts): string | undefined {
  const conversation = json.conversation as string | { id?: unknown } | null | undefined
  const id = typeof conversation === 'object' ? conversation?.id : conversation
  return [id, json.prompt_cache_key].find((key): key is string => typeof key === 'string' && key !== '')
}
