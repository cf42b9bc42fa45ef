import { builtinPlugins } from '../../plugins/index.ts'
import type { AnyPlugin } from '../../runner/plugin.ts'
import { compileValidator, type Validator } from '../../runner/validate.ts'
import type { ChainItem } from './chains.ts'
import type { Problem } from './resource.ts'

/** Checks the conf of every runner plugin against the schema of that plugin. */
export function checkConfs(
  items: readonly ChainItem[],
  plugins: readonly AnyPlugin[] = builtinPlugins,
): Problem[] {
  const validators = new Map<string, Validator>(
    plugins.map((plugin) => [plugin.name, compileValidator(plugin.conf)]),
  )
  return items.flatMap((item) => {
    const validate = validators.get(item.plugin)
    if (!validate) return [notBuiltin(item)]
    const result = validate(item.conf)
    return result.ok ? [] : result.problems.map((problem) => invalid(item, problem))
  })
}

function notBuiltin({ plugin, file, path }: ChainItem): Problem {
  const message = `"${plugin}" is no built-in plugin: its conf is not checked, and the runner must load it`
  return { level: 'warning', file, path: `${path}/name`, message }
}

/** The validator says "<pointer>: <message>", or "the top level: <message>". */
function invalid(item: ChainItem, problem: string): Problem {
  const [, where = '', text = problem] = problem.match(/^(the top level|\/.*?): (.*)$/s) ?? []
  const message = `conf of ${item.plugin}: ${text}`
  return { level: 'error', ...item.locate(where.startsWith('/') ? where : ''), message }
}
