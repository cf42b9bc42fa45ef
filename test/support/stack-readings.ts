import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { UsageEvent } from '../../runner/plugin.ts'

export interface Usage {
  readonly requests: number
  readonly prompt_t: number
  readonly completion_t: number
  readonly total_t: number
  readonly cost_usd: string
}

/** With a real APISIX: more than http-logger's `inactive_timeout` in apisix-conf. */
const SETTLED_MS = 3000

export async function readUsage(usageUrl: string, consumer: string): Promise<Usage> {
  const response = await fetch(`${usageUrl}/plugins/token-metering/usage/${encodeURIComponent(consumer)}`)
  return (await response.json()) as Usage
}

export async function readMetric(usageUrl: string, name: string): Promise<string> {
  const page = await (await fetch(`${usageUrl}/metrics`)).text()
  return page
    .split('\n')
    .filter((line) => line.startsWith(name))
    .join('\n')
}

/** Bytes of log entries so far: a number that stands still when nothing comes any more. */
export async function postedBytes(usageUrl: string): Promise<number> {
  return Number((await readMetric(usageUrl, 'llm_usage_post_bytes_total ')).split(' ')[1] ?? 0)
}

export async function untilStill(read: () => Promise<number>, forMs = SETTLED_MS): Promise<void> {
  for (let last = await read(); ; ) {
    await sleep(forMs)
    const now = await read()
    if (now === last) return
    last = now
  }
}

export async function readEvents(file: string): Promise<UsageEvent[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter(Boolean).map((line) => JSON.parse(line) as UsageEvent)
}
