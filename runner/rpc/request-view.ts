import type { JsonObject } from '../json.ts'
import { type Endpoint, endpointOf } from '../llm/index.ts'
import type { Note, NoteKey, Notes, RequestPatch, RequestView } from '../plugin.ts'
import type { HttpReqCall, RewriteAction, TextEntry } from './codec.ts'
import { patchBody } from './patch-body.ts'

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

/** null stands for deleted. Header names are lower-case. */
type Changes = ReadonlyMap<string, string | null>

const NONE: Changes = new Map()
const NO_NOTES: Notes = Object.freeze({})
const NOT_LOADED: LoadedParts = { variables: new Map(), body: Buffer.alloc(0), json: undefined }

/** What all views of one request share. */
interface Base {
  readonly parts: RequestParts
  readonly loaded: LoadedParts
  /** null: it is none of the known ones. undefined: not looked up yet. */
  endpoint: Endpoint | null | undefined
  /** The last value of each header: plugins look up some fifty names in each call. Built when the first one does. */
  lastValues: ReadonlyMap<string, string> | undefined
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
    const base = { parts, loaded: NOT_LOADED, endpoint: undefined, lastValues: undefined }
    const id: Changes = new Map([['x-request-id', parts.id]])
    const respHeaders = parts.idOnResponse === false ? NONE : id
    return new PatchedRequest(base, undefined, id, NONE, respHeaders, undefined, NO_NOTES)
  }

  /** The same request with what had to be asked for. */
  loaded(loaded: LoadedParts): PatchedRequest {
    const { parts, endpoint, lastValues } = this.#base
    const base = { parts, loaded, endpoint, lastValues }
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
      patch.headers ? withHeaders(this.#headers, patch.headers) : this.#headers,
      patch.args ? withArgs(this.#args, patch.args) : this.#args,
      patch.respHeaders ? withHeaders(this.#respHeaders, patch.respHeaders) : this.#respHeaders,
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
      // A spread with a computed name takes V8's slow path here: 7% of a call with three plugins, against 1%.
      Object.assign({}, this.notes, { [plugin]: note }),
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
    return this.#received('x-consumer-username') ?? this.#base.loaded.earlier?.consumer
  }

  get json(): JsonObject | undefined {
    return this.#json ?? this.#base.loaded.json
  }

  get rawBody(): Buffer {
    if (!this.#json) return this.#base.loaded.body
    const { body, json } = this.#base.loaded
    this.#rawBody ??= json ? patchBody(body, json, this.#json) : Buffer.from(JSON.stringify(this.#json))
    return this.#rawBody
  }

  /** Set so far, for a stop, which is a response of the runner's own. */
  get respHeaders(): TextEntry[] {
    return entriesOf(this.#respHeaders)
  }

  header(name: string): string | undefined {
    const change = this.#headers.get(name)
    if (change !== undefined) return change ?? undefined
    return this.#received(name)
  }

  /** As APISIX sent it, with names in lower case; it repeats a repeated header, in order. */
  #received(name: string): string | undefined {
    const base = this.#base
    base.lastValues ??= new Map(base.parts.call.headers.map((entry) => [entry.name, entry.value ?? '']))
    return base.lastValues.get(name)
  }

  headerAll(name: string): readonly string[] {
    const change = this.#headers.get(name)
    if (change !== undefined) return change === null ? [] : [change]
    return this.#base.parts.call.headers
      .filter((entry) => entry.name === name)
      .map((entry) => entry.value ?? '')
  }

  arg(name: string): string | undefined {
    const change = this.#args.get(name)
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
      headers: entriesOf(this.#headers),
      args: entriesOf(this.#args),
      respHeaders: entriesOf(this.#respHeaders),
      body: this.#json ? this.rawBody : undefined,
    }
  }
}

export function toEntries(headers: Readonly<Record<string, string>>): TextEntry[] {
  return Object.keys(headers).map((name) => ({ name, value: headers[name] }))
}

function entriesOf(changes: Changes): TextEntry[] {
  const entries: TextEntry[] = []
  for (const [name, value] of changes) entries.push({ name, value: value ?? undefined })
  return entries
}

type Patch = Readonly<Record<string, string | null>>

/** Header names are case-insensitive; a later change wins. */
function withHeaders(before: Changes, patch: Patch): Changes {
  const changes = new Map(before)
  for (const name of Object.keys(patch)) changes.set(name.toLowerCase(), patch[name] as string | null)
  return changes
}

function withArgs(before: Changes, patch: Patch): Changes {
  const changes = new Map(before)
  for (const name of Object.keys(patch)) changes.set(name, patch[name] as string | null)
  return changes
}

function formatIp(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return ''
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  return groups.join(':')
}
