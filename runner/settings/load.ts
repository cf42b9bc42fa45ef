import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Static, TObject } from 'typebox'
import { parse } from 'yaml'
import { RunnerError } from '../errors.ts'
import { compileValidator } from '../validate.ts'
import { type Settings, SettingsSchema } from './schema.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface SettingsSource {
  readonly file: string | undefined
  readonly env: Env
  /** From the command line; wins over everything. */
  readonly flags: Readonly<Record<string, unknown>>
}

/** @throws RunnerError SETTINGS_INVALID naming every problem at once. */
export function loadSettings(source: SettingsSource): Settings {
  const problems: string[] = []
  const fromFile = source.file === undefined ? {} : readYaml(source.file)
  const expanded = expandVariables(fromFile, source.env, problems, '')
  const merged = mergeDeep(
    mergeDeep(expanded as Tree, fromEnvironment(source.env, problems)),
    source.flags as Tree,
  )
  const result = compileValidator(SettingsSchema)(merged)
  if (!result.ok) problems.push(...result.problems)
  if (problems.length > 0) throw new RunnerError('SETTINGS_INVALID', `settings: ${problems.join('; ')}`)
  const settings = (result as { value: Static<typeof SettingsSchema> }).value
  const base = source.file === undefined ? process.cwd() : resolve(source.file, '..')
  return Object.freeze({
    ...settings,
    extra_plugins: settings.extra_plugins.map((path) => resolve(base, path)),
  }) as Settings
}

/** Settings of one plugin, defaults filled in. @throws RunnerError SETTINGS_INVALID */
export function pluginSettings(settings: Settings, name: string, schema: TObject): unknown {
  const result = compileValidator(schema)(settings.plugins[name] ?? {})
  if (result.ok) return result.value
  throw new RunnerError('SETTINGS_INVALID', `settings: /plugins/${name}: ${result.problems.join('; ')}`)
}

type Tree = { [key: string]: unknown }

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8')) ?? {}
  } catch (cause) {
    throw new RunnerError('SETTINGS_INVALID', `settings: ${file}: ${(cause as Error).message}`, { cause })
  }
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** `${VAR}` or `${VAR:-default}`. */
function expandVariables(value: unknown, env: Env, problems: string[], path: string): unknown {
  if (typeof value === 'string') {
    return value.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
      const found = env[name] ?? fallback
      if (found === undefined) problems.push(`${path}: the environment has no ${name}`)
      return found ?? ''
    })
  }
  if (Array.isArray(value))
    return value.map((item, i) => expandVariables(item, env, problems, `${path}/${i}`))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expandVariables(item, env, problems, `${path}/${key}`)]),
  )
}

const ENV_PREFIX = 'LLM_RUNNER_'

/** LLM_RUNNER_USAGE_PORT=9321 sets usage.port; the value is read as YAML, so numbers and lists can be given. */
function fromEnvironment(env: Env, problems: string[]): Tree {
  const tree: Tree = {}
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(ENV_PREFIX) || variable === 'LLM_RUNNER_SETTINGS' || text === undefined) continue
    const name = variable.slice(ENV_PREFIX.length).toLowerCase()
    const setting = settingNamed(name)
    if (!setting) problems.push(`${variable} names no setting`)
    else setAt(tree, setting.path, readValue(variable, text, setting.schema, problems))
  }
  // What APISIX says is where APISIX connects: it wins over what the operator wrote down.
  if (env.APISIX_LISTEN_ADDRESS) tree.listen = env.APISIX_LISTEN_ADDRESS
  if (env.APISIX_CONF_EXPIRE_TIME) tree.conf_expire_s = Math.max(60, Number(env.APISIX_CONF_EXPIRE_TIME))
  return tree
}

/** Texts are taken as they are: a secret may look like a number or like broken YAML, and must not be quoted back. */
function readValue(variable: string, text: string, schema: unknown, problems: string[]): unknown {
  if ((schema as { type?: unknown }).type === 'string') return text
  try {
    return parse(text)
  } catch {
    problems.push(`${variable} is not YAML`)
    return undefined
  }
}

interface NamedSetting {
  readonly path: readonly string[]
  readonly schema: unknown
}

function settingNamed(name: string): NamedSetting | undefined {
  for (const [key, schema] of Object.entries(SettingsSchema.properties)) {
    if (key === name) return { path: [key], schema }
    const inner = (schema as { properties?: Record<string, unknown> }).properties
    const rest = name.startsWith(`${key}_`) ? name.slice(key.length + 1) : ''
    if (inner && Object.hasOwn(inner, rest)) return { path: [key, rest], schema: inner[rest] }
  }
  return undefined
}

function setAt(tree: Tree, [first, second]: readonly string[], value: unknown): void {
  if (first === undefined) return
  if (second === undefined) tree[first] = value
  else tree[first] = { ...(tree[first] as Tree | undefined), [second]: value }
}

function mergeDeep(base: Tree, over: Tree): Tree {
  if (!isTree(base)) return base
  const merged: Tree = { ...base }
  for (const [key, value] of Object.entries(over)) {
    merged[key] = isTree(value) && isTree(merged[key]) ? mergeDeep(merged[key], value) : value
  }
  return merged
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
