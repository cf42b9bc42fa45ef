import promptGuard from '../../../../plugins/prompt-guard/index.ts'
import type { AnyPlugin } from '../../../../runner/plugin.ts'
import type { Services } from '../../../../runner/services/index.ts'
import type { PeerAnswer } from '../../../support/peer.ts'
import { type Rig, startRig } from '../../../support/rig.ts'

export type Json = Readonly<Record<string, unknown>>

export interface GuardRig {
  readonly rig: Rig
  /** One request on a route with this conf. */
  ask(conf: Json, path: string, body: Json, headers?: Readonly<Record<string, string>>): Promise<PeerAnswer>
}

/** prompt-guard alone, in this process, behind a real socket. */
export async function startGuardRig(settings: Json = {}, own: Partial<Services> = {}): Promise<GuardRig> {
  const plugin: AnyPlugin = {
    ...promptGuard,
    open: (loose, services) =>
      promptGuard.open(loose as Parameters<typeof promptGuard.open>[0], { ...services, ...own }),
  }
  const rig = await startRig([plugin], { plugins: { 'prompt-guard': settings } })
  const peer = await rig.peer()
  let routes = 0
  return {
    rig,
    ask: async (conf, path, body, headers = {}) => {
      const token = await peer.prepare({ 'prompt-guard': conf }, `route#g${++routes}#ext-plugin-pre-req#1`)
      return peer.call({ token, path, headers, body: JSON.stringify(body) })
    },
  }
}

export function rewrittenBody(answer: PeerAnswer): Json {
  if (answer.kind !== 'rewrite' || !answer.body) throw new Error(`no rewritten body but ${answer.kind}`)
  return JSON.parse(answer.body.toString('utf8')) as Json
}

/** The X-Guard-Flag that the client would get. */
export function flagOf(answer: PeerAnswer): string | undefined {
  if (answer.kind !== 'rewrite') return undefined
  const found = answer.respHeaders.find(({ name }) => name.toLowerCase() === 'x-guard-flag')
  return found?.value
}

/** The request goes on as it came; only the runner's own request id is set. */
export function isUntouched(answer: PeerAnswer): boolean {
  if (answer.kind !== 'rewrite') return answer.kind === 'none'
  return answer.body === undefined && answer.path === undefined && flagOf(answer) === undefined
}
