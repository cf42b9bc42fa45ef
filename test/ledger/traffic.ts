import { type Agent, request } from 'node:http'
import { type Behaviour, scripted } from '../provider/behaviour.ts'
import type { Consumer } from '../support/stack.ts'

export type Kind =
  | 'json'
  | 'stream'
  | 'detailed'
  | 'disconnect'
  | 'failover'
  | 'cut'
  | 'refused_by_provider'
  | 'qwen'
  | 'anthropic'
  | 'embedding'
  | 'unauthorized'

/** How often each kind of request comes, in percent. */
const SHARES: readonly (readonly [Kind, number])[] = [
  ['json', 36],
  ['stream', 24],
  ['detailed', 8],
  ['disconnect', 6],
  ['failover', 5],
  ['cut', 3],
  ['refused_by_provider', 3],
  ['qwen', 6],
  ['anthropic', 5],
  ['embedding', 3],
  ['unauthorized', 1],
]

/** One token each, for the scripted provider and for real tokenizers: estimates can then be compared. */
const WORDS =
  'water house night light paper green music world story table river stone bread cloud field horse'
    .concat(' plant train glass money voice sleep dance smile chair north south earth ocean beach')
    .split(' ')

export interface Planned {
  readonly kind: Kind
  readonly consumer: Consumer
  readonly path: string
  readonly body: object
  readonly headers: Readonly<Record<string, string>>
}

export function plan(random: () => number, number: number): Planned {
  const kind = pick(random)
  const consumer = (['business_unit_A', 'business_unit_B', 'internal'] as const)[Math.floor(random() * 3)]
  const words = Array.from(
    { length: 3 + Math.floor(random() * 30) },
    () => WORDS[Math.floor(random() * WORDS.length)],
  )
  const content = `${number} ${words.join(' ')}`
  const tokens = 4 + Math.floor(random() * 60)
  const messages = [{ role: 'user', content }]
  const chat = (more: object, behaviour: Behaviour | Behaviour[]): Planned => ({
    kind,
    consumer: consumer ?? 'internal',
    path: '/v1/chat/completions',
    body: { model: 'gpt-4', messages, ...more },
    headers: scripted(behaviour),
  })
  const at = (behaviour: Behaviour) => [{ ...behaviour, only: { provider: 'openai' } }, { tokens }]
  switch (kind) {
    case 'json':
    case 'unauthorized':
      return chat({}, { tokens })
    case 'stream':
      return chat(
        { stream: true },
        { tokens, chunks: tokens, line_end: random() < 0.5 ? 'crlf' : 'lf', comments: random() < 0.3 },
      )
    case 'detailed':
      return chat(
        { stream: random() < 0.5 },
        { tokens, chunks: tokens, cached_tokens: 3, reasoning_tokens: Math.floor(tokens / 3) },
      )
    case 'disconnect':
      return chat({ stream: true }, { tokens: 40, chunks: 40, chunk_delay_ms: 5 })
    case 'failover':
      return chat({ stream: random() < 0.3 }, at({ status: random() < 0.5 ? 503 : 429 }))
    case 'cut':
      return chat({ stream: true }, { tokens: 60, chunks: 60, cut: 25 })
    case 'refused_by_provider':
      return chat({}, { status: 400 })
    case 'qwen':
      return chat({ model: 'qwen-plus', stream: random() < 0.5 }, { tokens })
    case 'anthropic':
      return {
        ...chat({}, { tokens }),
        path: '/v1/messages',
        body: { model: 'claude-sonnet-4-5', max_tokens: 500, messages, stream: random() < 0.5 },
      }
    case 'embedding':
      return {
        ...chat({}, {}),
        path: '/v1/embeddings',
        body: { model: 'text-embedding-3-small', input: content },
      }
  }
}

function pick(random: () => number): Kind {
  let left = random() * 100
  for (const [kind, share] of SHARES) {
    left -= share
    if (left < 0) return kind
  }
  return 'json'
}

export interface Outcome {
  readonly status: number
  /** The runner's id; undefined when the runner did not answer. */
  readonly requestId: string | undefined
}

/** Sends one request; a `disconnect` leaves with its third piece of the answer. status 0: no answer at all. */
export function send(base: string, key: string, planned: Planned, agent: Agent): Promise<Outcome> {
  const { hostname, port } = new URL(base)
  const body = JSON.stringify(planned.body)
  // As the routes' key-auth wants it: clients of Anthropic's API send it so.
  const keyHeader = planned.path === '/v1/messages' ? 'x-api-key' : 'apikey'
  return new Promise((resolve) => {
    const req = request(
      {
        ...{ hostname, port, method: 'POST', path: planned.path, agent },
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          [keyHeader]: planned.kind === 'unauthorized' ? 'nobody' : key,
          ...planned.headers,
        },
      },
      (res) => {
        const id = res.headers['x-request-id']
        const outcome = { status: res.statusCode ?? 0, requestId: typeof id === 'string' ? id : undefined }
        let pieces = 0
        res.on('data', () => {
          pieces++
          if (planned.kind === 'disconnect' && pieces === 3) req.destroy()
        })
        res.on('close', () => resolve(outcome))
        res.on('error', () => resolve(outcome))
      },
    )
    req.on('error', () => resolve({ status: 0, requestId: undefined }))
    req.end(body)
  })
}
