import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, makeAnswer } from './answer.ts'
import { anthropic } from './apis/anthropic.ts'
import type { Dialect } from './apis/dialect.ts'
import { embeddingsBody } from './apis/embeddings.ts'
import { ollama } from './apis/ollama.ts'
import { openaiChat } from './apis/openai-chat.ts'
import { openaiCompletions } from './apis/openai-completions.ts'
import { openaiResponses } from './apis/openai-responses.ts'
import type { Behaviour } from './behaviour.ts'
import { type Api, apiOfPath, type Call, readCall } from './call.ts'
import type { Desk } from './desk.ts'
import { apiError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { bareKey, credentialOf, type LedgerEntry } from './ledger.ts'
import { readBody } from './read-body.ts'

const dialects: Record<Api, Dialect> = {
  chat: openaiChat,
  completions: openaiCompletions,
  responses: openaiResponses,
  messages: anthropic,
  count_tokens: anthropic,
  ollama,
  embeddings: openaiChat,
}

/** Answers one API call: reads it, chooses the behaviour, books it and sends. */
export async function handleCall(desk: Desk, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = req.url ?? '/'
  const path = url.split('?', 1)[0] ?? '/'
  if (req.method === 'GET' || req.method === 'HEAD') return handleProbe(desk, path, req, res)
  const text = await readBody(req).catch(() => undefined)
  if (text === undefined) return void res.destroy()
  const api = req.method === 'POST' ? apiOfPath(path) : undefined
  const dialect = api ? dialects[api] : openaiChat
  const body = parseOrKeep(text)
  const entry = newEntry(desk, req, url, body)
  desk.ledger.open(entry)
  let behaviour: Behaviour = {}
  let exchange: Exchange | undefined
  const fail = (status: number, error: Behaviour['error'] = {}) => {
    exchange ??= new Exchange(res, desk.ledger, entry, behaviour)
    const details = { ...apiError(status, { error: { ...error, ...behaviour.error } }) }
    return exchange.sendWhole(status, dialect.error(details))
  }
  if (!api) return fail(404, { message: `Invalid URL (${req.method} ${path})`, code: 'unknown_url' })
  entry.api = api
  let call: Call
  try {
    call = readCall(api, path, body)
    entry.model = call.model
    entry.stream = call.stream
    behaviour = desk.script.choose(call, headerText(req.headers['x-scripted']))
  } catch (error) {
    return fail(400, { message: error instanceof Error ? error.message : String(error) })
  }
  if (desk.requireKey !== undefined && !hasKey(req, desk.requireKey)) return fail(401)
  if (behaviour.status !== undefined && behaviour.status >= 400) return fail(behaviour.status)
  exchange = new Exchange(res, desk.ledger, entry, behaviour)
  if (api === 'count_tokens') return exchange.sendWhole(200, { input_tokens: call.promptTokens })
  const answer = makeAnswer(call, behaviour, { provider: desk.name, id: entry.id, now: entry.time })
  if (api === 'embeddings') return exchange.sendWhole(200, embeddingsBody(call), withoutText(answer))
  if (call.stream && behaviour.body === undefined)
    return exchange.sendStream(dialect, answer, call.includeUsage)
  return exchange.sendWhole(behaviour.status ?? 200, dialect.whole(answer), answer)
}

/** Embeddings cost their input only. */
function withoutText(answer: Answer): Answer {
  return { ...answer, pieces: [], usage: { ...answer.usage, completion: 0, reasoning: 0 } }
}

/** Model lists and health checks: no call, no bill. A default behaviour with an error status holds here too. */
async function handleProbe(
  desk: Desk,
  path: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  desk.ledger.probes++
  const behaviour = desk.script.chooseForProbe(path)
  const { status = 200, hang, cut } = behaviour
  if (hang !== undefined) return
  if (cut !== undefined) return void res.destroy()
  const send = (code: number, body: object) =>
    void res.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (status >= 400) return send(status, openaiChat.error(apiError(status, behaviour)) as object)
  if (path.endsWith('/health')) return send(200, { status: 'ok' })
  if (!path.endsWith('/models')) return send(404, openaiChat.error(apiError(404)) as object)
  if (desk.requireKey !== undefined && !hasKey(req, desk.requireKey)) {
    return send(401, openaiChat.error(apiError(401)) as object)
  }
  const data = desk.models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: desk.name }))
  return send(200, {
    object: 'list',
    data,
    has_more: false,
    first_id: desk.models[0],
    last_id: desk.models.at(-1),
  })
}

function newEntry(desk: Desk, req: IncomingMessage, url: string, body: unknown): LedgerEntry {
  return {
    id: `${desk.name}-${++desk.serial}`,
    time: desk.now(),
    provider: desk.name,
    method: req.method ?? '',
    path: url,
    api: 'unknown',
    model: '',
    stream: false,
    status: 0,
    promptTokens: 0,
    completionTokens: 0,
    totalTokens: 0,
    cachedTokens: 0,
    bytesSent: 0,
    chunksSent: 0,
    outcome: 'open',
    credential: credentialOf(req.headers),
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    body,
  }
}

function hasKey(req: IncomingMessage, key: string): boolean {
  const { authorization, 'x-api-key': anthropicKey, 'api-key': azureKey } = req.headers
  return [authorization && bareKey(authorization), anthropicKey, azureKey].includes(key)
}

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}
