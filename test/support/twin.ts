import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../runner/json.ts'
import { freePort } from './free-port.ts'
import { Peer } from './peer.ts'
import { RunnerProcess } from './runner-process.ts'

/** A second runner instance beside the one of a stack, on the same Redis, without traffic of its own. */
export interface Twin {
  readonly usageUrl: string
  close(): Promise<void>
}

export interface TwinOptions {
  readonly env: Readonly<Record<string, string>>
  readonly settings: JsonObject
  /** Confs of a route, which it prepares as it would for its own APISIX. */
  readonly confs: Readonly<Record<string, unknown>>
}

export async function startTwin({ env, settings, confs }: TwinOptions): Promise<Twin> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-twin-'))
  const [socketPath, settingsFile] = [join(dir, 'runner.sock'), join(dir, 'runner.json')]
  await writeFile(settingsFile, JSON.stringify(settings))
  const usagePort = await freePort()
  const runner = new RunnerProcess({
    socketPath,
    usagePort,
    env: { ...env, LLM_RUNNER_SETTINGS: settingsFile, LLM_RUNNER_DATA_DIR: join(dir, 'data') },
  })
  await runner.start()
  const peer = await Peer.connect(socketPath)
  await peer.prepare(confs)
  peer.close()
  return {
    usageUrl: `http://127.0.0.1:${usagePort}`,
    close: async () => {
      await runner.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
