import type { Endpoint } from './types.ts'

const posts: readonly (readonly [suffix: RegExp, endpoint: Endpoint])[] = [
  [/(?:^|\/)chat\/completions$/, 'chat-completions'],
  [/(?:^|\/)completions$/, 'completions'],
  [/(?:^|\/)responses$/, 'responses'],
  [/(?:^|\/)embeddings$/, 'embeddings'],
  [/(?:^|\/)messages$/, 'messages'],
]

/** `/threads/{id}/messages` belongs to OpenAI's Assistants API and is no model call. */
const threadMessages = /(?:^|\/)threads\/[^/]+\/messages$/
const models = /(?:^|\/)models(?:\/[^:]+)?$/

/**
 * What a request asks for, judged by the end of its path, so that any prefix will do (`/v1`, Azure's
 * `/openai/deployments/x`, DashScope's `/compatible-mode/v1`). Paths are read as nginx routes them: percent-decoded,
 * repeated slashes as one. Undefined for everything that is no model call or model list.
 */
export function endpointOf(method: string, path: string): Endpoint | undefined {
  const verb = method.toUpperCase()
  const plain = plainPath(path)
  if (verb === 'GET' || verb === 'HEAD') return models.test(plain) ? 'models' : undefined
  if (verb !== 'POST' || threadMessages.test(plain)) return undefined
  return posts.find(([suffix]) => suffix.test(plain))?.[1]
}

/** A query, an escape, an empty segment or a slash at the end: nearly no path of a model call has one. */
const unplain = /[?#%]|\/\/|\/$/

function plainPath(path: string): string {
  if (!unplain.test(path)) return path
  const end = path.search(/[?#]/)
  const bare = end < 0 ? path : path.slice(0, end)
  const segments = decoded(bare)
    .split('/')
    .filter((segment) => segment !== '')
  return `/${segments.join('/')}`
}

function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
