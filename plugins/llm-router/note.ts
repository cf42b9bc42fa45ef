import { noteKey } from '../../runner/plugin.ts'

/** What the router decided: for later plugins of the chain, a later pass of the request, and the usage event. */
export interface RouteNote {
  readonly requested_model: string
  /** The targets chosen so far, one per pass; the last one is where the request goes now. */
  readonly attempts: readonly { readonly provider: string; readonly model: string }[]
  readonly tier: string
  readonly fallback_reason: string | null
}

export const routeNote = noteKey<RouteNote>('llm-router')
