/** What nginx keeps of one try at an upstream (`ngx_http_upstream_state_t`). Times are milliseconds. */
export interface UpstreamState {
  /** undefined: its node is not chosen yet. Only the last try can be without; it stays so when no node is left for it. */
  addr: string | undefined
  status: number
  connectMs: number | undefined
  headerMs: number | undefined
  responseMs: number
  bytesReceived: number
  bytesSent: number
  responseLength: number
}

type States = readonly UpstreamState[]

/** A try without a node counts for a gap between upstreams, as after an internal redirect: "429 : ". */
function join(states: States, show: (state: UpstreamState) => string): string | undefined {
  if (states.length === 0) return undefined
  const sent = states.filter(({ addr }) => addr !== undefined)
  const text = sent.map(show).join(', ')
  return sent.length < states.length ? `${text} : ` : text
}

/** lua-var-nginx-module adds the tries up and takes a missing time as 0, so these are single numbers. */
function sum(states: States, ms: (state: UpstreamState) => number | undefined): number | undefined {
  if (states.length === 0) return undefined
  return Math.round(states.reduce((total, state) => total + (ms(state) ?? 0), 0)) / 1000
}

export const addresses = (states: States) => join(states, (state) => state.addr ?? '')
export const statuses = (states: States) =>
  join(states, (state) => (state.status === 0 ? '-' : String(state.status)))
export const responseLengths = (states: States) => join(states, (state) => String(state.responseLength))
export const bytesReceived = (states: States) => join(states, (state) => String(state.bytesReceived))
export const bytesSent = (states: States) => join(states, (state) => String(state.bytesSent))
export const connectTime = (states: States) => sum(states, (state) => state.connectMs)
export const headerTime = (states: States) => sum(states, (state) => state.headerMs)
export const responseTime = (states: States) => sum(states, (state) => state.responseMs)
