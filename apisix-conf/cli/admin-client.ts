import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, isRecord, parseJson, recordOf } from '../../runner/llm/json.ts'
import { scrub } from './redact.ts'
import { type Kind, nameOf } from './resource.ts'

/** APISIX refuses request bodies beyond this (`MAX_REQ_BODY` of apisix/admin/init.lua). */
const MAX_REQUEST_BYTES = 1_572_864
const MAX_RESPONSE_BYTES = 67_108_864
const TIMEOUT_MS = 10_000
const RETRY_DELAYS_MS = [200, 1000, 3000]

export interface AdminOptions {
  /** `http://127.0.0.1:9180`, without `/apisix/admin`. */
  readonly url: string
  readonly key: string
  /** What must not appear in an error message, beside the key. */
  readonly secrets?: readonly string[]
  readonly timeoutMs?: number
  readonly retryDelaysMs?: readonly number[]
}

/** The Admin API said no, or nothing. `status` is undefined when it could not be reached. */
export class AdminError extends Error {
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.name = 'AdminError'
    this.status = status
  }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Reads and writes the objects of one APISIX. Every call is idempotent, so that a 5xx or a lost answer is retried. */
export class AdminClient {
  readonly #options: AdminOptions

  constructor(options: AdminOptions) {
    this.#options = options
  }

  /** undefined: APISIX has no such object. @throws AdminError */
  async get(kind: Kind, id: string): Promise<JsonObject | undefined> {
    const { status, body } = await this.#call('GET', `${kind}/${encodeURIComponent(id)}`)
    if (status === 404) return undefined
    return recordOf(recordOf(body).value)
  }

  /** All objects of a kind by id. @throws AdminError */
  async list(kind: Kind): Promise<Map<string, JsonObject>> {
    const { body } = await this.#call('GET', kind)
    const objects = new Map<string, JsonObject>()
    for (const item of arrayOf(recordOf(body).list)) {
      const { key, value } = recordOf(item)
      if (!isRecord(value)) continue
      const id = kind === 'consumers' ? value.username : (value.id ?? String(key).split('/').at(-1))
      objects.set(String(id), value)
    }
    return objects
  }

  /** @throws AdminError */
  async put(kind: Kind, id: string, value: JsonObject): Promise<'created' | 'updated'> {
    // A consumer's name stands in its body only.
    const path = kind === 'consumers' ? kind : `${kind}/${encodeURIComponent(id)}`
    const { status } = await this.#call('PUT', path, value, nameOf({ kind, id }))
    return status === 201 ? 'created' : 'updated'
  }

  /** @returns whether there was one. @throws AdminError, for one that is still in use too */
  async delete(kind: Kind, id: string): Promise<boolean> {
    const { status } = await this.#call('DELETE', `${kind}/${encodeURIComponent(id)}`)
    return status !== 404
  }

  async #call(method: string, path: string, body?: JsonObject, about = path): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    if (text !== undefined && Buffer.byteLength(text) > MAX_REQUEST_BYTES) {
      throw new AdminError(`${method} ${about}: over the ${MAX_REQUEST_BYTES} bytes that APISIX takes`)
    }
    for (let attempt = 0; ; attempt++) {
      const delayMs = (this.#options.retryDelaysMs ?? RETRY_DELAYS_MS)[attempt]
      try {
        const answer = await this.#once(method, path, text)
        if (answer.status < 300 || answer.status === 404) return answer
        if (answer.status < 500 || delayMs === undefined) throw this.#refused(method, about, answer)
      } catch (error) {
        if (error instanceof AdminError) throw error
        if (delayMs === undefined) throw this.#unreachable(method, about, error as Error)
      }
      await sleep(delayMs)
    }
  }

  async #once(method: string, path: string, body: string | undefined): Promise<Answer> {
    const response = await fetch(`${this.#options.url}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': this.#options.key, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS),
      redirect: 'error',
      ...(body === undefined ? {} : { body }),
    })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > MAX_RESPONSE_BYTES) throw new AdminError(`${method} ${path}: answer too large`)
      chunks.push(chunk)
    }
    return { status: response.status, body: parseJson(Buffer.concat(chunks).toString('utf8')) }
  }

  #refused(method: string, about: string, { status, body }: Answer): AdminError {
    const { error_msg, message, description } = recordOf(body)
    const said = [error_msg ?? message, description].filter((part) => typeof part === 'string').join(': ')
    return this.#error(
      `${method} ${about}: APISIX answered ${status}${said === '' ? '' : `: ${said}`}`,
      status,
    )
  }

  #unreachable(method: string, about: string, { message, cause, name }: Error): AdminError {
    const reason =
      name === 'TimeoutError' ? 'no answer in time' : ((cause as Error | undefined)?.message ?? message)
    return this.#error(`${method} ${about}: cannot reach the Admin API: ${reason}`)
  }

  #error(text: string, status?: number): AdminError {
    const { key, secrets = [] } = this.#options
    return new AdminError(scrub(text, [key, ...secrets]).slice(0, 1000), status)
  }
}
