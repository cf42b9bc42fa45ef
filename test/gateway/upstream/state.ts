/** What nginx keeps of one try at an upstream (`ngx_http_upstream_state_t`). Times are milliseconds. */
export interface UpstreamState {
  readonly addr: string
  status: number
  connectMs: number | undefined
  headerMs: number | undefined
  responseMs: number
  bytesReceived: number
  bytesSent: number
  responseLength: number
}

type States = readonly UpstreamState[]

function join(states: States, show: (state: UpstreamState) => string): string | undefined {
  if (states.length === 0) return undefined
  if (states.length === 1 && states[0] !== undefined) return show(states[0])
  return states.map(show).join(', ')
}

/** lua-var-nginx-module adds the tries up and takes a missing time as 0, so these are single numbers. */
function sum(states: States, ms: (state: UpstreamState) => number | undefined): number | undefined {
  if (states.length === 0) return undefined
  return Math.round(states.reduce((total, state) => total + (ms(state) ?? 0), 0)) / 1000
}

export const addresses = (states: States) => join(states, (state) => state.addr)
export const statuses = (states: States) =>
  join(states, (state) => (state.status === 0 ? '-' : String(state.status)))
export const responseLengths = (states: States) => join(states, (state) => String(state.responseLength))
export const bytesReceived = (states: States) => join(states, (state) => String(state.bytesReceived))
export const bytesSent = (states: States) => join(states, (state) => String(state.bytesSent))
export const connectTime = (states: States) => sum(states, (state) => state.connectMs)
export const headerTime = (states: States) => sum(states, (state) => state.headerMs)
export const responseTime = (states: States) => sum(states, (state) => state.responseMs)
