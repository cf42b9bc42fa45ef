import type { ChildProcess } from 'node:child_process'
import type { PrepareConf } from '../rpc/codec.ts'
import type { InstalledConf } from '../rpc/conf-store.ts'
import type { Channel } from '../services/share.ts'
import type { Settings } from '../settings/schema.ts'

/** What supervisor and workers say to each other, beside the calls of shared objects (services/share.ts). */
export type ToWorker =
  | { kind: 'start'; settings: Settings; confs: readonly InstalledConf[] }
  | { kind: 'connection' }
  | { kind: 'install'; request: number; conf: InstalledConf }
  | { kind: 'registered'; request: number; token?: number; error?: string }
  | { kind: 'collect-metrics'; request: number }
  | { kind: 'drain'; deadlineMs: number }

export type ToSupervisor =
  | { kind: 'ready' }
  | { kind: 'failed'; message: string }
  | { kind: 'connection-closed' }
  | { kind: 'installed'; request: number }
  | { kind: 'register'; request: number; message: PrepareConf }
  | { kind: 'metrics'; request: number; metrics: object[] }

export function channelOf(peer: NodeJS.Process | ChildProcess): Channel {
  return {
    // The peer may be gone at any time; whoever waits for an answer has a deadline or learns it from `exit`.
    send: (message) => {
      if (peer.connected) peer.send?.(message, undefined, undefined, () => {})
    },
    onMessage: (listener) => {
      peer.on('message', listener)
    },
  }
}
