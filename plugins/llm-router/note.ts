import { type JsonObject, noteKey } from '../../runner/plugin.ts'
import type { FallbackReason } from './state/fleet.ts'

/** What the router decided: for later plugins of the chain, a later pass of the request, and the usage event. */
export interface RouteNote {
  readonly requested_model: string
  /** The targets chosen so far, one per pass; the last one is where the request goes now. */
  readonly attempts: readonly RouteAttempt[]
  readonly tier: string
  readonly fallback_reason: FallbackReason | null
  /** The provider rejects `stream_options`: token-metering must not ask it for usage in streams. */
  readonly refuses_stream_options?: true
  /** For a later pass. */
  readonly memory?: RouteMemory
}

export interface RouteAttempt {
  readonly provider: string
  /** As it was sent to the provider. */
  readonly model: string
  /** Key of the circuit breaker that judges this target. */
  readonly breaker?: string
  /** This attempt is the one request that a half-open breaker lets through. */
  readonly probe?: true
  /** As the next pass was told. */
  readonly failed?: AttemptFailure
}

export interface AttemptFailure {
  /** What nginx noted: the provider's own, or 502 and 504 for a connection and a time that ran out. */
  readonly status: number
  /** What the provider asked for. */
  readonly retry_after_ms?: number
}

/** What a later pass cannot read from the request any more. No prompt text. */
export interface RouteMemory {
  readonly rule: string
  readonly consumer: string | null
  /** Fields of the body that the last pass dropped or renamed, as they were; null: the pass added the field. */
  readonly restore: JsonObject
  /** Every target was tried: the gateway itself answered the last pass. */
  readonly exhausted?: true
}

export const routeNote = noteKey<RouteNote>('llm-router')
