import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPlugins } from '../../runner/open-plugins.ts'
import type { AnyPlugin } from '../../runner/plugin.ts'
import { createRequestFlow, type RequestFlow } from '../../runner/process/request-flow.ts'
import { MemoryRequestRecords } from '../../runner/records/memory.ts'
import { LocalConfRegistry } from '../../runner/rpc/conf-registry.ts'
import { listen } from '../../runner/rpc/listener.ts'
import type { Services } from '../../runner/services/index.ts'
import { Journal } from '../../runner/services/journal.ts'
import { createMetrics } from '../../runner/services/metrics.ts'
import { SharedObjects } from '../../runner/services/share.ts'
import { loadSettings } from '../../runner/settings/load.ts'
import { Peer } from './peer.ts'

export interface LogLine {
  readonly level: string
  readonly bindings: Readonly<Record<string, unknown>>
  readonly message: string
}

export interface Rig {
  readonly socketPath: string
  readonly flow: RequestFlow
  readonly records: MemoryRequestRecords
  readonly log: LogLine[]
  metric(name: string): Promise<string>
  peer(): Promise<Peer>
  close(): Promise<void>
}

/** The request flow with plugins of the test's choice behind a real socket, in this process. */
export async function startRig(
  plugins: readonly AnyPlugin[],
  flags: Readonly<Record<string, unknown>> = {},
): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-rig-'))
  const socketPath = join(dir, 'runner.sock')
  const settings = loadSettings({ file: undefined, env: {}, flags: { listen: socketPath, ...flags } })
  const lines: LogLine[] = []
  const metrics = createMetrics()
  const log = collectingLog(lines)
  const opened = await openPlugins(plugins, settings, () => testServices({ log, metrics }))
  const records = new MemoryRequestRecords(1000)
  const flow = createRequestFlow({
    settings,
    plugins: opened.byName,
    records,
    log,
    metrics,
    registry: (confs) => new LocalConfRegistry((conf) => confs.install(conf)),
  })
  const server = await listen({ address: socketPath, mode: 0o600, group: undefined }, (socket) =>
    flow.server.accept(socket),
  )
  const peers: Peer[] = []
  return {
    socketPath,
    flow,
    records,
    log: lines,
    metric: async (name) => (await metrics.registry.getSingleMetricAsString(name)) ?? '',
    peer: async () => {
      const peer = await Peer.connect(socketPath)
      peers.push(peer)
      return peer
    },
    close: async () => {
      for (const peer of peers) peer.close()
      server.close()
      await flow.server.drain(100)
      await opened.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export function collectingLog(lines: LogLine[]): Services['log'] {
  const write = (level: string) => (bindings: object, message?: string) => {
    lines.push({ level, bindings: { ...bindings }, message: message ?? '' })
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  } as Services['log']
}

/** Services for plugins under test: embedded, silent, with whatever the test brings. */
export function testServices(own: Partial<Services> = {}): Services {
  return {
    log: collectingLog([]),
    clock: { now: Date.now },
    metrics: createMetrics(),
    redis: undefined,
    redisKeys: { prefix: '', cluster: false },
    kafka: undefined,
    role: 'all',
    dataDir: undefined,
    env: {},
    openJournal: async (name, maxBytes, replay, segmentBytes) =>
      own.dataDir === undefined
        ? undefined
        : Journal.open(
            { dir: own.dataDir, name, maxBytes, ...(segmentBytes ? { segmentBytes } : {}) },
            replay,
            () => {},
          ),
    share: new SharedObjects().share,
    ...own,
  }
}
