import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import type { JsonObject } from '../../runner/json.ts'
import { isRecord } from '../../runner/llm/json.ts'
import { KINDS, type Kind, type Problem } from './resource.ts'

const MAX_FILE_BYTES = 1_048_576
const MAX_FILES_PER_FOLDER = 2000
const CONF_FILE = /\.(ya?ml|json)$/

/** An object as it stands in its file: nothing expanded, nothing checked. */
export interface RawResource {
  readonly kind: Kind
  readonly id: string
  readonly file: string
  readonly value: JsonObject
}

/** Reads `<kind>/<id>.yaml` of every kind below a folder. A file that cannot be read becomes a problem. */
export function readResources(dir: string, problems: Problem[]): RawResource[] {
  const resources: RawResource[] = []
  for (const kind of KINDS) {
    for (const name of confFiles(join(dir, kind), problems, kind)) {
      const file = `${kind}/${name}`
      const value = readConf(dir, file, problems)
      if (value === undefined) continue
      const id = idOf(kind, value, name.replace(CONF_FILE, ''))
      if (/^[\w.-]{1,64}$/.test(id)) resources.push({ kind, id, file, value })
      else problems.push({ level: 'error', file, path: '', message: `"${id}" is no id for APISIX` })
    }
  }
  return resources
}

/** One YAML or JSON file that must hold an object. undefined and a problem otherwise. */
export function readConf(dir: string, file: string, problems: Problem[]): JsonObject | undefined {
  const wrong = (message: string) => void problems.push({ level: 'error', file, path: '', message })
  try {
    const path = join(dir, file)
    if (statSync(path).size > MAX_FILE_BYTES) return wrong(`is over ${MAX_FILE_BYTES} bytes`)
    const document = parseDocument(readFileSync(path, 'utf8'), { merge: true })
    for (const error of document.errors) wrong(error.message)
    if (document.errors.length > 0) return undefined
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return isRecord(value) ? value : wrong('must hold an object')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    return wrong(code === 'ENOENT' ? 'there is no such file' : message)
  }
}

function confFiles(path: string, problems: Problem[], file: string): string[] {
  let names: string[]
  try {
    names = readdirSync(path).sort()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT') problems.push({ level: 'error', file, path: '', message })
    return []
  }
  const files = names.filter((name) => CONF_FILE.test(name))
  if (files.length <= MAX_FILES_PER_FOLDER) return files
  problems.push({ level: 'error', file, path: '', message: `holds over ${MAX_FILES_PER_FOLDER} files` })
  return []
}

function idOf(kind: Kind, value: JsonObject, basename: string): string {
  const own = kind === 'consumers' ? value.username : value.id
  return typeof own === 'string' || typeof own === 'number' ? String(own) : basename
}
