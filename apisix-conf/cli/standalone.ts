import { Document, isScalar, Scalar, visit } from 'yaml'
import type { JsonObject } from '../../runner/json.ts'
import { ChainReader, isRunnerConf } from './chains.ts'
import { REFERENCE } from './expand-env.ts'
import { readResources } from './read-files.ts'
import { inOrder, type Problem, type Resource } from './resource.ts'

const HEADER = ` For APISIX without etcd (deployment.role_data_plane.config_provider: yaml): conf/apisix.yaml.
 Made from the folders beside it by \`npm run gen\`. Variables come from APISIX's own environment.
 Resources with a $when are left out: add the ssls object by hand where https providers need the failover.
`

/**
 * The whole conf folder as one apisix.yaml. Variables stay variables, in APISIX's spelling: `${{NAME:=default}}`.
 * @throws when a file is broken
 */
export function renderStandalone(dir: string): string {
  const problems: Problem[] = []
  const reader = new ChainReader(dir, problems)
  const lists: Record<string, JsonObject[]> = {}
  const resources: Resource[] = readResources(dir, problems).map((raw) => ({
    ...raw,
    value: reader.resolve(raw.file, raw.value).value,
  }))
  const [problem] = problems
  if (problem) throw new Error(`${problem.file}: ${problem.path}: ${problem.message}`)
  for (const { kind, id, value } of inOrder(resources)) {
    if (value.$when !== undefined) continue
    const object = kind === 'consumers' ? { username: id, ...value } : { id, ...value }
    lists[kind] ??= []
    lists[kind].push(inApisixSpelling(object))
  }
  const document = new Document(lists)
  document.commentBefore = HEADER.trimEnd()
  visit(document, { Pair: (_, pair) => quote(pair.key, pair.value), Scalar: (_, node) => quoteScalar(node) })
  return `${document.toString({ lineWidth: 0 })}#END\n`
}

/** Values in double braces, but not those inside the confs of the runner's plugins. */
function inApisixSpelling(object: JsonObject): JsonObject {
  const rename = (value: unknown, path: string): unknown => {
    if (isRunnerConf(path)) return value
    if (typeof value === 'string') {
      return value.replace(REFERENCE, (_, name: string, fallback: string | undefined) =>
        fallback === undefined ? `\${{${name}}}` : `\${{${name}:=${fallback}}}`,
      )
    }
    if (Array.isArray(value)) return value.map((item, i) => rename(item, `${path}/${i}`))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, rename(item, `${path}/${key}`)]),
    )
  }
  return rename(object, '') as JsonObject
}

/** APISIX fills variables into the text before it parses it: quoted, a value stays text, whatever it looks like. */
function quoteScalar(node: Scalar): void {
  if (typeof node.value === 'string' && node.value.includes('${{') && node.type === undefined) {
    node.type = Scalar.QUOTE_DOUBLE
  }
}

/** Ports must become numbers, so their variables stand unquoted. */
function quote(key: unknown, value: unknown): void {
  if (isScalar(key) && key.value === 'port' && isScalar(value)) value.type = Scalar.PLAIN
}
