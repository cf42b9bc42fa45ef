import type { IncomingMessage } from 'node:http'
import { RunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { isRecord, parseJson } from '../llm/json.ts'
import type { AdminReply, AdminRequest } from '../plugin.ts'

export interface AdminTarget {
  readonly plugin: string
  admin(request: AdminRequest): Promise<AdminReply | undefined> | AdminReply | undefined
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE'])
const MAX_BODY_BYTES = 1 << 20

/** Brings operators' calls to the plugin that they name. */
export class AdminDesk {
  readonly #targets: ReadonlyMap<string, AdminTarget>

  constructor(targets: readonly AdminTarget[]) {
    this.#targets = new Map(targets.map((target) => [target.plugin, target]))
  }

  async answer(method: string | undefined, url: URL, json: JsonObject | undefined): Promise<AdminReply> {
    const [, , plugin = '', ...path] = url.pathname.split('/').map(decoded)
    const target = this.#targets.get(plugin)
    if (!target) return { status: 404, json: { error: `there are ${[...this.#targets.keys()].join(', ')}` } }
    if (method === undefined || !METHODS.has(method))
      return { status: 405, json: { error: 'method not allowed' } }
    const request = { method: method as AdminRequest['method'], path, query: url.searchParams, json }
    return (
      (await target.admin(request)) ?? { status: 404, json: { error: `${plugin} has nothing at this path` } }
    )
  }
}

/** @throws RunnerError BODY_INVALID or BODY_TOO_LARGE */
export async function readAdminBody(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > MAX_BODY_BYTES) {
      throw new RunnerError('BODY_TOO_LARGE', `the body is over ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  if (total === 0) return undefined
  const json = parseJson(Buffer.concat(chunks, total).toString('utf8'))
  if (!isRecord(json)) throw new RunnerError('BODY_INVALID', 'the body must be a JSON object')
  return json
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
