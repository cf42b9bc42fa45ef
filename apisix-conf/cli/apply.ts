import type { JsonObject } from '../../runner/json.ts'
import type { AdminClient } from './admin-client.ts'
import { type Change, changesBetween, isSame } from './compare.ts'
import { inOrder, type Kind, type Resource } from './resource.ts'

/** What has to be done for one resource. */
export interface Step {
  readonly resource: Resource
  readonly action: 'create' | 'update' | 'none'
  readonly changes: readonly Change[]
}

/** Compares resources with what APISIX has; reads only. In the order in which they must be written. */
export async function planResources(
  client: AdminClient,
  resources: readonly Resource[],
): Promise<readonly Step[]> {
  const live = new Map<Kind, ReadonlyMap<string, JsonObject>>()
  for (const kind of new Set(resources.map((resource) => resource.kind))) {
    live.set(kind, await client.list(kind))
  }
  return inOrder(resources).map((resource) => {
    const { kind, id, value } = resource
    const current = live.get(kind)?.get(id)
    if (current === undefined) return { resource, action: 'create', changes: [] }
    if (isSame(kind, current, value)) return { resource, action: 'none', changes: [] }
    return { resource, action: 'update', changes: changesBetween(kind, current, value) }
  })
}

/** Writes what differs, one after the other, since each may need the one before. @throws AdminError at the first refusal */
export async function executePlan(
  client: AdminClient,
  plan: readonly Step[],
  done: (step: Step) => void = () => {},
): Promise<void> {
  for (const step of plan) {
    const { kind, id, value } = step.resource
    if (step.action !== 'none') await client.put(kind, id, value)
    done(step)
  }
}

/** Deletes in the opposite order. @returns those that were there. @throws AdminError */
export async function deleteResources(
  client: AdminClient,
  resources: readonly Resource[],
): Promise<readonly Resource[]> {
  const deleted: Resource[] = []
  for (const resource of inOrder(resources).reverse()) {
    if (await client.delete(resource.kind, resource.id)) deleted.push(resource)
  }
  return deleted
}
