import { recordOf } from '../../runner/llm/json.ts'
import { AdminClient, AdminError } from './admin-client.ts'
import { deleteResources, executePlan, planResources, type Step } from './apply.ts'
import { attachPlugins, detachPlugins, neededUpstreams } from './attach.ts'
import type { Change } from './compare.ts'
import { exportResources, printResources, writeResources } from './export.ts'
import { type Loaded, loadResources } from './load-resources.ts'
import { EXIT, type ExitCode, HELP, type Options, readOptions, UsageError } from './options.ts'
import { secretsOf } from './redact.ts'
import { formatProblem, nameOf, type Resource } from './resource.ts'

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Used without --dir. */
  readonly confDir: string
  out(text: string): void
  err(text: string): void
}

/** The whole program but for the process. Never throws. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  try {
    const options = readOptions(args, context.env, context.confDir)
    if (options) return await new Program(options, context).run()
    context.out(HELP)
    return EXIT.ok
  } catch (error) {
    const { message } = error as Error
    context.err(`${message}\n`)
    if (error instanceof UsageError) {
      context.err('--help says more\n')
      return EXIT.usage
    }
    return error instanceof AdminError ? EXIT.admin : EXIT.files
  }
}

class Program {
  readonly #options: Options
  readonly #context: CliContext

  constructor(options: Options, context: CliContext) {
    this.#options = options
    this.#context = context
  }

  run(): Promise<ExitCode> | ExitCode {
    switch (this.#options.command) {
      case 'check':
        return this.#check()
      case 'export':
        return this.#export()
      case 'detach':
        return this.#detach()
      case 'apply':
      case 'diff':
      case 'delete':
      case 'attach':
        return this.#withFiles()
    }
  }

  #check(): ExitCode {
    const { resources, problems, unset } = this.#load(true)
    if (unset.length > 0) this.#context.err(`not set here, needed by apply: ${unset.join(', ')}\n`)
    if (problems.some(({ level }) => level === 'error')) return EXIT.files
    this.#context.out(`${resources.length} resources are valid\n`)
    return EXIT.ok
  }

  async #withFiles(): Promise<ExitCode> {
    const { command, names } = this.#options
    const { resources, problems } = this.#load(command === 'delete')
    if (problems.some(({ level }) => level === 'error')) return EXIT.files
    if (command === 'attach') return this.#attach(resources)
    const chosen = choose(resources, names)
    const client = this.#client(chosen)
    if (command === 'delete') return this.#delete(client, chosen)
    const plan = await planResources(client, chosen)
    if (command === 'diff' || this.#options.dryRun) return this.#showPlan(plan)
    await executePlan(client, plan, (step) => this.#showStep(step, DONE))
    this.#context.out(`${summary(plan)}\n`)
    return EXIT.ok
  }

  #showPlan(plan: readonly Step[]): ExitCode {
    for (const step of plan) this.#showStep(step, PLANNED)
    this.#context.out(`${summary(plan)}\n`)
    const differs = plan.some(({ action }) => action !== 'none')
    return differs && this.#options.command === 'diff' ? EXIT.differs : EXIT.ok
  }

  #showStep({ resource, action, changes }: Step, words: Record<Step['action'], string | undefined>): void {
    const word = words[action]
    if (word === undefined) return
    this.#context.out(`${word} ${nameOf(resource)}\n`)
    for (const change of changes) this.#context.out(`    ${describeChange(change)}\n`)
  }

  async #delete(client: AdminClient, resources: readonly Resource[]): Promise<ExitCode> {
    if (this.#options.dryRun) {
      for (const resource of resources.toReversed()) this.#context.out(`would delete ${nameOf(resource)}\n`)
      return EXIT.ok
    }
    if (!this.#options.yes) throw new UsageError('delete needs --yes, or --dry-run')
    const deleted = await deleteResources(client, resources)
    for (const resource of deleted) this.#context.out(`deleted ${nameOf(resource)}\n`)
    this.#context.out(`${deleted.length} deleted, ${resources.length - deleted.length} were not there\n`)
    return EXIT.ok
  }

  async #export(): Promise<ExitCode> {
    const { resources, variables } = await exportResources(this.#client([]))
    const { out: dir } = this.#options
    if (dir === undefined) this.#context.out(printResources(resources))
    else writeResources(dir, resources)
    const secrets = variables.length === 0 ? '' : `; secrets stand as ${variables.join(', ')}`
    this.#context.err(`${resources.length} resources${secrets}\n`)
    return EXIT.ok
  }

  async #attach(resources: readonly Resource[]): Promise<ExitCode> {
    const { names, config, dryRun } = this.#options
    const source = resources.find(({ kind, id }) => kind === 'plugin_configs' && id === config)
    if (!source) throw new UsageError(`there is no plugin_configs/${config} in the files`)
    const client = this.#client([source])
    const [id, route] = await this.#route(client, names[0])
    const ours = recordOf(source.value.plugins)
    for (const upstream of neededUpstreams(ours)) {
      if (await client.get('upstreams', upstream)) continue
      throw new AdminError(`APISIX has no upstreams/${upstream} yet: apply upstreams/${upstream} first`)
    }
    const inherited =
      route.plugin_config_id === undefined
        ? {}
        : recordOf((await client.get('plugin_configs', String(route.plugin_config_id)))?.plugins)
    const attached = attachPlugins(route, ours, inherited)
    if (attached.conflicts.length > 0) {
      const list = attached.conflicts.join(', ')
      this.#context.err(
        `routes/${id} has its own ${list}: take them off it, or leave them out of the plugin_config\n`,
      )
      return EXIT.conflict
    }
    if (!dryRun) await client.put('routes', id, attached.route)
    const left =
      attached.left.length === 0 ? '' : `; the route keeps its own instead of our ${attached.left.join(', ')}`
    this.#context.out(
      `${dryRun ? 'would add' : 'added'} to routes/${id}: ${attached.added.join(', ')}${left}\n`,
    )
    return EXIT.ok
  }

  async #detach(): Promise<ExitCode> {
    const client = this.#client([])
    const [id, current] = await this.#route(client, this.#options.names[0])
    const { route, removed } = detachPlugins(current)
    if (removed.length === 0) {
      this.#context.out(`routes/${id} has nothing that attach added\n`)
      return EXIT.ok
    }
    if (!this.#options.dryRun) await client.put('routes', id, route)
    const word = this.#options.dryRun ? 'would take off' : 'took off'
    this.#context.out(`${word} routes/${id}: ${removed.join(', ')}\n`)
    return EXIT.ok
  }

  async #route(client: AdminClient, name = ''): Promise<[string, Readonly<Record<string, unknown>>]> {
    const id = name.replace(/^routes\//, '')
    const route = await client.get('routes', id)
    if (!route) throw new AdminError(`APISIX has no routes/${id}`)
    return [id, route]
  }

  #load(allowUnset: boolean): Loaded {
    const loaded = loadResources(this.#options.dir, this.#context.env, { allowUnset })
    for (const problem of loaded.problems) this.#context.err(`${formatProblem(problem)}\n`)
    if (loaded.resources.length === 0 && loaded.problems.length === 0) {
      throw new UsageError(`there is nothing to read in ${this.#options.dir}`)
    }
    return loaded
  }

  #client(resources: readonly Resource[]): AdminClient {
    const { adminUrl, adminKey, timeoutMs } = this.#options
    if (adminKey === undefined) throw new UsageError('APISIX_ADMIN_KEY is not set')
    return new AdminClient({ url: adminUrl, key: adminKey, secrets: secretsOf(resources), timeoutMs })
  }
}

const DONE = { create: 'created', update: 'updated', none: undefined }
const PLANNED = { create: 'would create', update: 'would update', none: undefined }

function summary(plan: readonly Step[]): string {
  const count = (action: Step['action']) => plan.filter((step) => step.action === action).length
  return `${count('create')} new, ${count('update')} changed, ${count('none')} the same`
}

function describeChange({ path, from, to }: Change): string {
  if (from === undefined) return `+ ${path}: ${to}`
  if (to === undefined) return `- ${path}: ${from}`
  return `~ ${path}: ${from} -> ${to}`
}

/** @throws UsageError for a name that no file has */
function choose(resources: readonly Resource[], names: readonly string[]): readonly Resource[] {
  if (names.length === 0) return resources
  const unknown = names.filter((name) => !resources.some((resource) => nameOf(resource) === name))
  if (unknown.length > 0) throw new UsageError(`no file has ${unknown.join(', ')}`)
  return resources.filter((resource) => names.includes(nameOf(resource)))
}
