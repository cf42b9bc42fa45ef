/**
 * All that a plugin may import from the runner. A plugin is a value: what it is called, what it may be told (conf),
 * what it needs to see, what happens when it fails, and two entry points, `decide` on the request and `observe` on
 * the usage event. docs/plugins.md walks through one.
 */
import type { Static, TObject } from 'typebox'
import type { JsonObject } from './json.ts'
import type { Answer, Endpoint } from './llm/index.ts'
import type { Services } from './services/index.ts'
import type { UsageEvent, UsageFields } from './usage/event.ts'

export { RunnerError } from './errors.ts'
export type { JsonObject } from './json.ts'
export {
  type Answer,
  anthropicError,
  appendSystemPrompt,
  canonicalRequest,
  type Endpoint,
  endpointOf,
  errorBody,
  includeUsage,
  type LlmApi,
  lastUserText,
  maxTokensOf,
  openAiError,
  type RequestFeatures,
  readAnswer,
  renderAnswer,
  replaceText,
  replaceTexts,
  requestFeatures,
  type TextPart,
  type TokenUsage,
  textParts,
  textSteps,
  validateRequest,
} from './llm/index.ts'
export type { Clock, Log, Metrics, Services } from './services/index.ts'
export type { Journal, JournalPosition } from './services/journal.ts'
export type { Kafka, KafkaMessage } from './services/kafka.ts'
export { readBody } from './services/read-body.ts'
export { within } from './services/within.ts'
export type { UsageEvent, UsageFields } from './usage/event.ts'

/** The request as the plugin may see it: an immutable view that already shows what earlier plugins rewrote. */
export interface RequestView<Var extends string = string> {
  /** Made by the runner, one per client request; also the `X-Request-Id` of the answer and the key of its bill. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly routeId: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly endpoint: Endpoint | undefined
  /** Textual IPv4 or IPv6 address of the peer that APISIX saw. */
  readonly srcIp: string
  /** `x-consumer-username`, which key-auth sets and a client cannot forge; undefined before authentication. */
  readonly consumer: string | undefined
  /** Last value of a header, by lower-case name. */
  header(name: string): string | undefined
  headerAll(name: string): readonly string[]
  /** First value of a query argument; a flag (`?stream`) is the empty string. */
  arg(name: string): string | undefined
  /** A variable that the plugin named in `needs.vars`; undefined when APISIX does not know it. */
  variable(name: Var): string | undefined
  /** The JSON body, valid for its endpoint, when a plugin of the chain needs it and there is one. */
  readonly json: JsonObject | undefined
  /** The body as bytes: as received, or as it will be sent when a plugin replaced it. Empty when there is none. */
  readonly rawBody: Buffer
  /** What an earlier plugin of the chain left for later ones. */
  note<T extends Note>(key: NoteKey<T>): T | undefined
}

/** Anything that survives JSON. */
export type Note = object

/** Names a plugin's note: `const routeNote = noteKey<RouteNote>('llm-router')`. A plugin has one note, under its name. */
export interface NoteKey<T extends Note> {
  readonly plugin: string
  readonly type?: T
}

export function noteKey<T extends Note>(plugin: string): NoteKey<T> {
  return { plugin }
}

/** Notes by plugin name, as they travel from the request to the usage event. */
export type Notes = Readonly<Record<string, Note>>

export function readNote<T extends Note>(notes: Notes, key: NoteKey<T>): T | undefined {
  return notes[key.plugin] as T | undefined
}

/** Changes to the request. null deletes. Header names are case-insensitive; a later patch wins. */
export interface RequestPatch {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | null>>
  readonly args?: Readonly<Record<string, string | null>>
  /** Headers of the response that the client will get. APISIX ignores a few, content-type and content-length among them. */
  readonly respHeaders?: Readonly<Record<string, string>>
  readonly json?: JsonObject
}

interface Noted {
  /** Kept under the plugin's name for later plugins and, as JSON, for the plugin's observer. No prompt text, no secret. */
  readonly note?: Note
}

export interface Pass extends Noted {
  readonly kind: 'pass'
}
export interface Rewrite extends Noted {
  readonly kind: 'rewrite'
  readonly patch: RequestPatch
}
export interface Stop extends Noted {
  readonly kind: 'stop'
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Must not be empty. */
  readonly body: string
  /** `served`: the plugin answered the request (a cache hit). `refused`: it may not go on. Default refused. */
  readonly outcome?: 'served' | 'refused'
}

/** Decisions merge in the order of the chain; the first stop ends it. */
export type Decision = Pass | Rewrite | Stop

export const PASS: Pass = { kind: 'pass' }

/** What `decide` may use beside the request. */
export interface Call {
  /** Aborts when the plugin's or the call's deadline has passed or APISIX hung up. */
  readonly signal: AbortSignal
}

/** How a call ended: `forwarded` to the upstream, `stopped` by a plugin (maybe this one), `failed` in the runner. */
export type CallOutcome =
  | { readonly kind: 'forwarded' }
  | { readonly kind: 'stopped'; readonly by: string; readonly outcome: 'served' | 'refused' }
  | { readonly kind: 'failed' }

/** A response as HTTP_RESP_CALL (ext-plugin-post-resp) shows it. */
export interface ResponseView {
  readonly routeId: string
  readonly status: number
  header(name: string): string | undefined
  readonly body: Buffer
}

export interface ResponsePatch {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** One log entry, read: the event that will be billed and what observers may need beside it. */
export interface Observation {
  readonly event: UsageEvent
  readonly endpoint: Endpoint | undefined
  /** The assembled answer; undefined when the log carries no body. Assembled on first use. */
  readonly answer: Answer | undefined
  /** The request body as it was sent to the provider. Parsed on first use. */
  readonly requestJson: JsonObject | undefined
  /** Retry-After header of the provider's answer, as far as the log names it. */
  readonly retryAfter: string | undefined
  readonly notes: Notes
  /** W3C Trace Context of the request. */
  readonly traceparent: string | undefined
}

/** Durable bookkeeping of events; at most one plugin brings one. */
export interface Ledger {
  /**
   * Makes every event of the batch safe to forget for APISIX, each request_id once.
   * @returns for each event, whether it was new or had been committed before.
   * @throws when the batch cannot be made safe: the receiver then answers 503 and APISIX sends it again.
   */
  commit(events: readonly UsageEvent[]): Promise<readonly ('new' | 'duplicate')[]>
}

/** A call to `/plugins/<name>/<path>` on the usage server, for operators. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the plugin's own path, decoded: `['usage', 'business_unit_A']`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** undefined without a body. */
  readonly json: JsonObject | undefined
}

export interface AdminReply {
  readonly status: number
  readonly json: object
}

export interface PluginDefinition<
  ConfSchema extends TObject = TObject,
  SettingsSchema extends TObject = TObject,
  Shared = unknown,
  State = unknown,
  Var extends string = string,
> {
  /** As written in the route's `ext-plugin-pre-req` conf. */
  readonly name: string
  readonly description: string
  /** Conf of one route, from APISIX. Unknown keys are refused, defaults filled in, nothing is coerced. */
  readonly conf: ConfSchema
  /** Of the process, under `plugins.<name>` of the settings file. */
  readonly settings: SettingsSchema
  readonly needs: {
    /** `json`: the runner answers 400 and 413 by itself when there is no acceptable JSON object. */
    readonly body: 'none' | 'raw' | 'json'
    /** APISIX (nginx) variables; each costs a round trip. */
    readonly vars?: readonly Var[]
  }
  /** What happens when `decide` throws or is late: `deny` answers 503, `allow` goes on without it. */
  readonly onFailure: 'deny' | 'allow'
  /** Milliseconds; default `deadlines.plugin_ms` of the settings. */
  readonly deadlineMs?: number
  /** What the schema cannot say: opens nothing, and throws when the settings are wrong. Also asked by `--check`. */
  checkSettings?(settings: Static<SettingsSchema>): void
  /** Once per process: open stores, load tables. What it returns is handed to everything below. */
  open(settings: Static<SettingsSchema>, services: Services): Shared | Promise<Shared>
  /** Once per process, after the last call. */
  close?(shared: Shared): void | Promise<void>
  /** Once per conf token: compile and check. No IO. A throw refuses the route, with the message in the log. */
  prepare(conf: Static<ConfSchema>, shared: Shared): State
  /**
   * True for a conf whose route only gets requests that passed the runner before (the loopback listener of a
   * failover): the request keeps its id, so it is billed once. Such a route must not be reachable for clients.
   */
  continuesRequest?(conf: Static<ConfSchema>): boolean
  decide(request: RequestView<Var>, state: State, call: Call): Decision | Promise<Decision>
  /** After the chain, for each plugin whose `decide` ran: release what a later stop made useless. Must not throw. */
  finish?(request: RequestView<Var>, state: State, outcome: CallOutcome): void
  /** HTTP_RESP_CALL only; see docs/plugins.md for why the built-in plugins do not use it. */
  respond?(
    response: ResponseView,
    state: State,
  ): ResponsePatch | undefined | Promise<ResponsePatch | undefined>
  /** Fills in fields of the event before it is committed. Must give the same fields when a log entry comes again. */
  enrich?(observation: Observation, shared: Shared): Partial<UsageFields> | Promise<Partial<UsageFields>>
  ledger?(shared: Shared): Ledger
  /** Operators' calls, in the process that has the usage flow. undefined: there is nothing at this path. */
  admin?(request: AdminRequest, shared: Shared): Promise<AdminReply | undefined> | AdminReply | undefined
  /** After the commit, for new events only; at least once over a crash, so idempotent by `request_id`. */
  observe?(observation: Observation, shared: Shared): void | Promise<void>
}

/** Identity that lets TypeScript infer the types of `state`, `shared` and the conf from one place. */
export function definePlugin<
  ConfSchema extends TObject,
  SettingsSchema extends TObject,
  Shared,
  State,
  Var extends string = never,
>(
  definition: PluginDefinition<ConfSchema, SettingsSchema, Shared, State, Var>,
): PluginDefinition<ConfSchema, SettingsSchema, Shared, State, Var> {
  return definition
}

/**
 * A plugin whose type parameters are forgotten, as the runner's lists hold it. The parameters are both consumed and
 * produced by one definition, so the runner can pair them safely without knowing them.
 */
// biome-ignore lint/suspicious/noExplicitAny: the one place where the plugin list loses its types
export type AnyPlugin = PluginDefinition<any, any, any, any, any>
