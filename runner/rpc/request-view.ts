import type { JsonObject } from '../json.ts'
import { type Endpoint, endpointOf } from '../llm/index.ts'
import type { Note, NoteKey, Notes, RequestPatch, RequestView } from '../plugin.ts'
import type { HttpReqCall, RewriteAction, TextEntry } from './codec.ts'

/** What the session gathers before the chain runs. */
export interface RequestParts {
  readonly id: string
  readonly receivedAt: number
  readonly routeId: string
  readonly call: HttpReqCall
  readonly variables: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly json: JsonObject | undefined
  /** Notes of an earlier pass of the same request (failover). */
  readonly notes: Notes
  /** Who asked in an earlier pass: the header is not sent on to providers, so a later pass does not see it. */
  readonly consumer?: string | undefined
}

/** null stands for deleted. Names are lower-case. */
type Changes = Readonly<Record<string, string | null>>

const NONE: Changes = Object.freeze({})

/**
 * The immutable request that plugins see. `patched` gives a new view that shares all that did not change; the
 * difference to what APISIX sent is kept, so `toRewrite` costs nothing for an untouched request.
 */
export class PatchedRequest implements RequestView {
  readonly #parts: RequestParts
  readonly #path: string | undefined
  readonly #headers: Changes
  readonly #args: Changes
  readonly #respHeaders: Changes
  readonly #json: JsonObject | undefined
  readonly notes: Notes
  #rawBody: Buffer | undefined
  #endpoint: Endpoint | null | undefined

  private constructor(parts: RequestParts, changes: RequestChanges) {
    this.#parts = parts
    this.#path = changes.path
    this.#headers = changes.headers
    this.#args = changes.args
    this.#respHeaders = changes.respHeaders
    this.#json = changes.json
    this.notes = changes.notes
  }

  static of(parts: RequestParts): PatchedRequest {
    return new PatchedRequest(parts, {
      path: undefined,
      headers: NONE,
      args: NONE,
      respHeaders: NONE,
      json: undefined,
      notes: parts.notes,
    })
  }

  patched(patch: RequestPatch): PatchedRequest {
    return new PatchedRequest(this.#parts, {
      path: patch.path ?? this.#path,
      headers: patch.headers ? { ...this.#headers, ...lowerCased(patch.headers) } : this.#headers,
      args: patch.args ? { ...this.#args, ...patch.args } : this.#args,
      respHeaders: patch.respHeaders
        ? { ...this.#respHeaders, ...lowerCased(patch.respHeaders) }
        : this.#respHeaders,
      json: patch.json ?? this.#json,
      notes: this.notes,
    })
  }

  /** The same request with what had to be asked for. */
  loaded(more: Pick<RequestParts, 'variables' | 'body' | 'json' | 'notes' | 'consumer'>): PatchedRequest {
    return new PatchedRequest(
      { ...this.#parts, ...more },
      {
        path: this.#path,
        headers: this.#headers,
        args: this.#args,
        respHeaders: this.#respHeaders,
        json: undefined,
        notes: more.notes,
      },
    )
  }

  noted(plugin: string, note: Note): PatchedRequest {
    return new PatchedRequest(this.#parts, {
      path: this.#path,
      headers: this.#headers,
      args: this.#args,
      respHeaders: this.#respHeaders,
      json: this.#json,
      notes: { ...this.notes, [plugin]: note },
    })
  }

  get id(): string {
    return this.#parts.id
  }

  get receivedAt(): number {
    return this.#parts.receivedAt
  }

  get routeId(): string {
    return this.#parts.routeId
  }

  get method(): string {
    return this.#parts.call.method
  }

  get path(): string {
    return this.#path ?? this.#parts.call.path
  }

  /** Of the path that the client asked for: a router's rewrite of the path does not change what is asked. */
  get endpoint(): Endpoint | undefined {
    if (this.#endpoint === undefined) this.#endpoint = endpointOf(this.method, this.#parts.call.path) ?? null
    return this.#endpoint ?? undefined
  }

  get srcIp(): string {
    return formatIp(this.#parts.call.srcIp)
  }

  get consumer(): string | undefined {
    return lastValue(this.#parts.call.headers, 'x-consumer-username') ?? this.#parts.consumer
  }

  get json(): JsonObject | undefined {
    return this.#json ?? this.#parts.json
  }

  get rawBody(): Buffer {
    if (!this.#json) return this.#parts.body
    this.#rawBody ??= Buffer.from(JSON.stringify(this.#json))
    return this.#rawBody
  }

  get respHeaders(): Changes {
    return this.#respHeaders
  }

  header(name: string): string | undefined {
    const change = changeOf(this.#headers, name)
    if (change !== undefined) return change ?? undefined
    return lastValue(this.#parts.call.headers, name)
  }

  headerAll(name: string): readonly string[] {
    const change = changeOf(this.#headers, name)
    if (change !== undefined) return change === null ? [] : [change]
    return this.#parts.call.headers.filter((entry) => entry.name === name).map((entry) => entry.value ?? '')
  }

  arg(name: string): string | undefined {
    const change = changeOf(this.#args, name)
    if (change !== undefined) return change ?? undefined
    const entry = this.#parts.call.args.find((candidate) => candidate.name === name)
    return entry && (entry.value ?? '')
  }

  variable(name: string): string | undefined {
    return this.#parts.variables.get(name)
  }

  note<T extends Note>(key: NoteKey<T>): T | undefined {
    return this.notes[key.plugin] as T | undefined
  }

  /** undefined: nothing changed, APISIX goes on with what it has. */
  toRewrite(): RewriteAction | undefined {
    const body = this.#json ? this.rawBody : undefined
    const unchanged =
      this.#path === undefined &&
      this.#headers === NONE &&
      this.#args === NONE &&
      this.#respHeaders === NONE &&
      !body
    if (unchanged) return undefined
    return {
      kind: 'rewrite',
      path: this.#path,
      headers: toEntries(this.#headers),
      args: toEntries(this.#args),
      respHeaders: toEntries(this.#respHeaders),
      body,
    }
  }
}

interface RequestChanges {
  readonly path: string | undefined
  readonly headers: Changes
  readonly args: Changes
  readonly respHeaders: Changes
  readonly json: JsonObject | undefined
  readonly notes: Notes
}

export function toEntries(changes: Changes): TextEntry[] {
  return Object.entries(changes).map(([name, value]) => ({ name, value: value ?? undefined }))
}

/** Names come from confs and clients: `constructor` is one like any other. */
function changeOf(changes: Changes, name: string): string | null | undefined {
  return Object.hasOwn(changes, name) ? changes[name] : undefined
}

function lowerCased(record: Readonly<Record<string, string | null>>): Changes {
  const lowered: Record<string, string | null> = {}
  for (const [name, value] of Object.entries(record)) lowered[name.toLowerCase()] = value
  return lowered
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
