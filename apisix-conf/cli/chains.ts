import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, isRecord, recordOf } from '../../runner/llm/json.ts'
import { readConf } from './read-files.ts'
import type { Problem } from './resource.ts'

/** The APISIX plugins that carry confs of the runner's plugins. */
export const EXT_PLUGINS = ['ext-plugin-pre-req', 'ext-plugin-post-req', 'ext-plugin-post-resp'] as const

const CONF_FOLDER = 'plugin-confs'

/** The conf of one runner plugin on one resource, put together from its files. */
export interface ChainItem {
  readonly plugin: string
  readonly conf: JsonObject
  /** The resource's file and the item's path in it. */
  readonly file: string
  readonly path: string
  /** The file in which the part of the conf at this pointer stands, and its path there. */
  locate(pointer: string): { file: string; path: string }
}

/** True for what stands inside the conf of a runner plugin: its `${...}` are the runner's, not ours. */
export function isRunnerConf(path: string): boolean {
  return /^\/plugins\/ext-plugin-[a-z-]+\/conf\/\d+\/value(\/|$)/.test(path)
}

/**
 * Reads the confs that a resource's ext-plugins name: `from` (files below plugin-confs/, merged in order, keys of a
 * later one replace those of an earlier one) and `value` (an object, or already a string of JSON), merged last.
 */
export class ChainReader {
  readonly #dir: string
  readonly #problems: Problem[]
  readonly #files = new Map<string, JsonObject | undefined>()

  constructor(dir: string, problems: Problem[]) {
    this.#dir = dir
    this.#problems = problems
  }

  /** @returns the resource with every conf as the string that APISIX wants, and the confs. */
  resolve(file: string, value: JsonObject): { value: JsonObject; items: ChainItem[] } {
    const plugins = recordOf(value.plugins)
    const items: ChainItem[] = []
    const resolved: Record<string, unknown> = { ...plugins }
    for (const name of EXT_PLUGINS) {
      const conf = plugins[name]
      if (!isRecord(conf) || !Array.isArray(conf.conf)) continue
      const path = `/plugins/${name}/conf`
      const entries = conf.conf.map((entry, i) => this.#entry(file, `${path}/${i}`, entry, items))
      resolved[name] = { ...conf, conf: entries }
    }
    return { value: items.length === 0 ? value : { ...value, plugins: resolved }, items }
  }

  #entry(file: string, path: string, entry: unknown, items: ChainItem[]): unknown {
    const { name, from, value, ...rest } = recordOf(entry)
    for (const key of Object.keys(rest)) this.#wrong(file, `${path}/${key}`, 'is not name, from or value')
    if (typeof name !== 'string' || name === '') {
      this.#wrong(file, `${path}/name`, 'must name a plugin of the runner')
      return entry
    }
    const layers: { file: string; path: string; conf: JsonObject }[] = []
    for (const source of typeof from === 'string' ? [from] : arrayOf(from)) {
      const conf = this.#file(file, `${path}/from`, source)
      if (conf) layers.push({ file: `${CONF_FOLDER}/${source}`, path: '', conf })
    }
    const own = this.#own(file, `${path}/value`, value)
    if (own) layers.push({ file, path: `${path}/value`, conf: own })
    const conf = Object.assign({}, ...layers.map((layer) => layer.conf)) as JsonObject
    const locate = (pointer: string) => {
      const key = (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')
      const layer = layers.findLast((one) => Object.hasOwn(one.conf, key)) ?? layers.at(-1)
      return layer ? { file: layer.file, path: layer.path + pointer } : { file, path: path + pointer }
    }
    items.push({ plugin: name, conf, file, path, locate })
    return { name, value: JSON.stringify(conf) }
  }

  #file(file: string, path: string, source: unknown): JsonObject | undefined {
    if (typeof source !== 'string' || !/^[\w-][\w.-]*$/.test(source)) {
      this.#wrong(file, path, `must name files in ${CONF_FOLDER}/`)
      return undefined
    }
    if (!this.#files.has(source)) {
      this.#files.set(source, readConf(this.#dir, `${CONF_FOLDER}/${source}`, this.#problems))
    }
    return this.#files.get(source)
  }

  #own(file: string, path: string, value: unknown): JsonObject | undefined {
    if (value === undefined || isRecord(value)) return value
    const parsed = typeof value === 'string' ? parsedObject(value) : undefined
    if (!parsed) this.#wrong(file, path, 'must be an object, or a string that holds one as JSON')
    return parsed
  }

  #wrong(file: string, path: string, message: string): void {
    this.#problems.push({ level: 'error', file, path, message })
  }
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
