import { setTimeout as sleep } from 'node:timers/promises'
import { AdminClient } from '../../apisix-conf/cli/admin-client.ts'
import { executePlan, planResources } from '../../apisix-conf/cli/apply.ts'
import type { Resource } from '../../apisix-conf/cli/resource.ts'

/** Writes what differs, as `apisix:apply` does. */
export async function applyResources(
  url: string,
  key: string,
  resources: readonly Resource[],
): Promise<void> {
  const client = new AdminClient({ url, key })
  await executePlan(client, await planResources(client, resources))
}

let serial = 0
const path = () => `/__e2e/applied-${process.pid}-${serial}`
const DEADLINE_MS = 60_000
/** APISIX tells its workers one after the other; each new connection may reach another one. */
const SIGHTINGS = 10

/** A route written after all others; its own upstream is nobody, so that APISIX answers 502 where it knows the route. */
export function marker(): Resource {
  serial++
  return {
    kind: 'routes',
    id: 'zz-e2e-marker',
    file: 'none',
    value: { uri: path(), upstream: { type: 'roundrobin', nodes: { '127.0.0.1:9': 1 } } },
  }
}

/** Waits until a real APISIX has the last marker, and with it what was written before. */
export async function awaitApplied(gatewayUrl: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  for (let seen = 0; seen < SIGHTINGS; ) {
    const { status } = await fetch(`${gatewayUrl}${path()}`, { headers: { connection: 'close' } })
    if (status === 404) seen = 0
    else seen++
    if (Date.now() > deadline) throw new Error('APISIX did not take over what was applied')
    if (seen === 0) await sleep(20)
  }
}
