import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { JsonObject } from '../../runner/json.ts'
import type { AdminClient } from './admin-client.ts'
import { comparable } from './compare.ts'
import { mapSecrets } from './redact.ts'
import { inOrder, KINDS, type Kind, nameOf, type Resource } from './resource.ts'

export interface Exported {
  /** As files of a conf folder would have them: confs as objects, secrets as `${NAME}`. */
  readonly resources: readonly Resource[]
  /** The variables that stand for secrets. */
  readonly variables: readonly string[]
}

/** Reads everything that APISIX has. @throws AdminError */
export async function exportResources(client: AdminClient): Promise<Exported> {
  const variables = new Set<string>()
  const resources: Resource[] = []
  for (const kind of KINDS) {
    for (const [id, value] of await client.list(kind)) {
      resources.push({ kind, id, file: `${kind}/${id}.yaml`, value: portable(kind, id, value, variables) })
    }
  }
  return { resources: inOrder(resources), variables: [...variables].sort() }
}

function portable(kind: Kind, id: string, value: JsonObject, variables: Set<string>): JsonObject {
  const reference = (path: readonly string[]) => {
    const field = path.filter((part) => !['plugins', kind].includes(part)).join('_')
    const name = `${id}_${field}`
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_')
      .replace(/^(?=\d)/, '_')
    variables.add(name)
    return `\${${name}}`
  }
  const shown = mapSecrets(comparable(kind, value), reference, [kind]) as JsonObject
  // The Admin API keeps private keys to itself.
  return kind === 'ssls' ? { ...shown, key: reference(['key']) } : shown
}

/** As one YAML text, an object per document. */
export function printResources(resources: readonly Resource[]): string {
  return resources
    .map((resource) => `# ${nameOf(resource)}\n---\n${stringify(resource.value, { lineWidth: 110 })}`)
    .join('')
}

/** As a conf folder. @throws when a file exists already */
export function writeResources(dir: string, resources: readonly Resource[]): void {
  for (const { file, value } of resources) {
    const path = join(dir, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, stringify(value, { lineWidth: 110 }), { flag: 'wx' })
  }
}
