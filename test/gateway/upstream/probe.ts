import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, isIP } from 'node:net'
import type { ActiveConf, Outcome } from './health.ts'

export interface CheckTarget {
  readonly ip: string
  readonly port: number
  readonly hostname: string
  readonly hostHeader: string | undefined
}

/** One active check (`run_single_check` of lua-resty-healthcheck): Connection: close, no keepalive. */
export function probe(active: ActiveConf, target: CheckTarget, ca: string | undefined): Promise<Outcome> {
  const timeoutMs = (active.timeout ?? 1) * 1000
  return active.type === 'tcp' ? probeTcp(target, timeoutMs) : probeHttp(active, target, timeoutMs, ca)
}

function probeTcp(target: CheckTarget, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(target.port, target.ip)
    const end = (outcome: Outcome) => {
      socket.destroy()
      resolve(outcome)
    }
    socket.setTimeout(timeoutMs, () => end('timeout_failure'))
    socket.once('connect', () => end({ status: 200 }))
    socket.once('error', () => end('tcp_failure'))
  })
}

function probeHttp(
  active: ActiveConf,
  target: CheckTarget,
  timeoutMs: number,
  ca: string | undefined,
): Promise<Outcome> {
  const host = target.hostHeader ?? target.hostname
  const headers: Record<string, string> = { Host: host, Connection: 'close' }
  for (const line of active.req_headers ?? []) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trim()
  }
  const options = {
    host: target.ip,
    port: target.port,
    method: active.http_method ?? 'GET',
    path: active.http_path ?? '/',
    headers,
    agent: false as const,
    timeout: timeoutMs,
  }
  return new Promise((resolve) => {
    const request =
      active.type === 'https'
        ? httpsRequest({
            ...options,
            servername: isIP(host) === 0 ? host.replace(/:\d+$/, '') : '',
            rejectUnauthorized: active.https_verify_certificate ?? true,
            ...(ca === undefined ? {} : { ca }),
          })
        : httpRequest(options)
    let outcome: Outcome = 'tcp_failure'
    request.once('timeout', () => {
      outcome = 'timeout_failure'
      request.destroy()
    })
    request.once('response', (response) => {
      outcome = { status: response.statusCode ?? 0 }
      request.destroy()
    })
    request.once('error', () => {})
    request.once('close', () => resolve(outcome))
    request.end(active.http_req_body ?? '')
  })
}
