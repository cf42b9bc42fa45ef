import type { JsonObject } from '../json.ts'
import { type Endpoint, endpointOf } from '../llm/index.ts'
import type { Note, NoteKey, Notes, RequestPatch, RequestView } from '../plugin.ts'
import type { HttpReqCall, RewriteAction, TextEntry } from './codec.ts'

/** What a call says by itself, and what was asked for before the chain runs. */
export interface RequestParts {
  readonly id: string
  readonly receivedAt: number
  readonly routeId: string
  readonly call: HttpReqCall
  /** False when an earlier pass has put `x-request-id` on the response already. Default true. */
  readonly idOnResponse?: boolean
}

export interface LoadedParts {
  readonly variables: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly json: JsonObject | undefined
  /**
   * Of an earlier pass of the same request (failover): its notes, and who asked, because the header with the consumer
   * is not sent on to providers.
   */
  readonly earlier?: { readonly notes: Notes; readonly consumer: string | undefined } | undefined
}

/** null stands for deleted. Names are lower-case. */
type Changes = Readonly<Record<string, string | null>>

const NONE: Changes = Object.freeze({})
const NO_NOTES: Notes = Object.freeze({})
const NOT_LOADED: LoadedParts = { variables: new Map(), body: Buffer.alloc(0), json: undefined }

/** What all views of one request share. */
interface Base {
  readonly parts: RequestParts
  readonly loaded: LoadedParts
  /** null: it is none of the known ones. undefined: not looked up yet. */
  endpoint: Endpoint | null | undefined
}

/**
 * The immutable request that plugins see. `patched` gives a new view that shares all that did not change; only the
 * difference to what APISIX sent is kept, for `toRewrite`.
 */
export class PatchedRequest implements RequestView {
  readonly #base: Base
  readonly #path: string | undefined
  readonly #headers: Changes
  readonly #args: Changes
  readonly #respHeaders: Changes
  readonly #json: JsonObject | undefined
  readonly notes: Notes
  #rawBody: Buffer | undefined

  private constructor(
    base: Base,
    path: string | undefined,
    headers: Changes,
    args: Changes,
    respHeaders: Changes,
    json: JsonObject | undefined,
    notes: Notes,
  ) {
    this.#base = base
    this.#path = path
    this.#headers = headers
    this.#args = args
    this.#respHeaders = respHeaders
    this.#json = json
    this.notes = notes
  }

  /** The request and its response carry the id from the start. */
  static of(parts: RequestParts): PatchedRequest {
    const base = { parts, loaded: NOT_LOADED, endpoint: undefined }
    const id: Changes = { 'x-request-id': parts.id }
    const respHeaders = parts.idOnResponse === false ? NONE : id
    return new PatchedRequest(base, undefined, id, NONE, respHeaders, undefined, NO_NOTES)
  }

  /** The same request with what had to be asked for. */
  loaded(loaded: LoadedParts): PatchedRequest {
    const base = { parts: this.#base.parts, loaded, endpoint: this.#base.endpoint }
    const notes = loaded.earlier?.notes ?? NO_NOTES
    return new PatchedRequest(
      base,
      this.#path,
      this.#headers,
      this.#args,
      this.#respHeaders,
      undefined,
      notes,
    )
  }

  patched(patch: RequestPatch): PatchedRequest {
    return new PatchedRequest(
      this.#base,
      patch.path ?? this.#path,
      patch.headers ? merged(this.#headers, patch.headers) : this.#headers,
      patch.args ? { ...this.#args, ...patch.args } : this.#args,
      patch.respHeaders ? merged(this.#respHeaders, patch.respHeaders) : this.#respHeaders,
      patch.json ?? this.#json,
      this.notes,
    )
  }

  noted(plugin: string, note: Note): PatchedRequest {
    return new PatchedRequest(
      this.#base,
      this.#path,
      this.#headers,
      this.#args,
      this.#respHeaders,
      this.#json,
      { ...this.notes, [plugin]: note },
    )
  }

  get id(): string {
    return this.#base.parts.id
  }

  get receivedAt(): number {
    return this.#base.parts.receivedAt
  }

  get routeId(): string {
    return this.#base.parts.routeId
  }

  get method(): string {
    return this.#base.parts.call.method
  }

  get path(): string {
    return this.#path ?? this.#base.parts.call.path
  }

  /** Of the path that the client asked for: a router's rewrite of the path does not change what is asked. */
  get endpoint(): Endpoint | undefined {
    const base = this.#base
    if (base.endpoint === undefined) base.endpoint = endpointOf(this.method, base.parts.call.path) ?? null
    return base.endpoint ?? undefined
  }

  get srcIp(): string {
    return formatIp(this.#base.parts.call.srcIp)
  }

  get consumer(): string | undefined {
    return (
      lastValue(this.#base.parts.call.headers, 'x-consumer-username') ?? this.#base.loaded.earlier?.consumer
    )
  }

  get json(): JsonObject | undefined {
    return this.#json ?? this.#base.loaded.json
  }

  get rawBody(): Buffer {
    if (!this.#json) return this.#base.loaded.body
    this.#rawBody ??= Buffer.from(JSON.stringify(this.#json))
    return this.#rawBody
  }

  get respHeaders(): Changes {
    return this.#respHeaders
  }

  header(name: string): string | undefined {
    const change = changeOf(this.#headers, name)
    if (change !== undefined) return change ?? undefined
    return lastValue(this.#base.parts.call.headers, name)
  }

  headerAll(name: string): readonly string[] {
    const change = changeOf(this.#headers, name)
    if (change !== undefined) return change === null ? [] : [change]
    return this.#base.parts.call.headers
      .filter((entry) => entry.name === name)
      .map((entry) => entry.value ?? '')
  }

  arg(name: string): string | undefined {
    const change = changeOf(this.#args, name)
    if (change !== undefined) return change ?? undefined
    const entry = this.#base.parts.call.args.find((candidate) => candidate.name === name)
    return entry && (entry.value ?? '')
  }

  variable(name: string): string | undefined {
    return this.#base.loaded.variables.get(name)
  }

  note<T extends Note>(key: NoteKey<T>): T | undefined {
    return this.notes[key.plugin] as T | undefined
  }

  /** All that differs from what APISIX sent. */
  toRewrite(): RewriteAction {
    return {
      kind: 'rewrite',
      path: this.#path,
      headers: toEntries(this.#headers),
      args: toEntries(this.#args),
      respHeaders: toEntries(this.#respHeaders),
      body: this.#json ? this.rawBody : undefined,
    }
  }
}

export function toEntries(changes: Changes): TextEntry[] {
  const entries: TextEntry[] = []
  for (const name of Object.keys(changes)) entries.push({ name, value: changes[name] ?? undefined })
  return entries
}

/** Names come from confs and clients: `constructor` is one like any other. */
function changeOf(changes: Changes, name: string): string | null | undefined {
  return Object.hasOwn(changes, name) ? changes[name] : undefined
}

/** Header names are case-insensitive; a later change wins. */
function merged(before: Changes, more: Readonly<Record<string, string | null>>): Changes {
  const changes: Record<string, string | null> = { ...before }
  for (const name of Object.keys(more)) changes[name.toLowerCase()] = more[name] as string | null
  return changes
}

/** APISIX repeats a repeated header, in order, with names in lower case. */
function lastValue(entries: readonly TextEntry[], name: string): string | undefined {
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i]
    if (entry?.name === name) return entry.value ?? ''
  }
  return undefined
}

function formatIp(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return ''
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  return groups.join(':')
}
