import { RunnerError } from '../errors.ts'
import type { Chain } from './chain.ts'
import type { PrepareConf } from './codec.ts'

/** One conf as every worker process holds it. */
export interface InstalledConf {
  readonly token: number
  readonly key: string
  readonly conf: PrepareConf['conf']
}

/** Makes a conf known to every worker process and only then tells its token. The same key and conf get the same token. */
export interface ConfRegistry {
  register(message: PrepareConf): Promise<number>
}

interface Prepared {
  readonly chain: Chain
  lastUsedMs: number
}

/** Token > prepared chain, shared by all connections of a process. APISIX never releases a conf: unused ones expire. */
export class ConfStore {
  readonly #chains = new Map<number, Prepared>()
  readonly #prepare: (conf: InstalledConf) => Chain
  readonly #now: () => number

  constructor(prepare: (conf: InstalledConf) => Chain, now: () => number = Date.now) {
    this.#prepare = prepare
    this.#now = now
  }

  get size(): number {
    return this.#chains.size
  }

  install(conf: InstalledConf): void {
    const known = this.#chains.get(conf.token)
    if (known) known.lastUsedMs = this.#now()
    else this.#chains.set(conf.token, { chain: this.#prepare(conf), lastUsedMs: this.#now() })
  }

  /** @throws RunnerError CONF_TOKEN_UNKNOWN: APISIX then prepares again and repeats the call. */
  get(token: number): Chain {
    const prepared = this.#chains.get(token)
    if (!prepared) throw new RunnerError('CONF_TOKEN_UNKNOWN', `conf token ${token} is not known here`)
    prepared.lastUsedMs = this.#now()
    return prepared.chain
  }

  /** True for a known conf without plugins: a call that uses it needs no more than a look. */
  isEmpty(token: number): boolean {
    const prepared = this.#chains.get(token)
    if (!prepared || prepared.chain.steps.length > 0 || prepared.chain.refusal) return false
    prepared.lastUsedMs = this.#now()
    return true
  }

  /** Forgets what was not used for `idleMs`. @returns how many. */
  expire(idleMs: number): number {
    const before = this.#chains.size
    const oldest = this.#now() - idleMs
    for (const [token, prepared] of this.#chains) {
      if (prepared.lastUsedMs < oldest) this.#chains.delete(token)
    }
    return before - this.#chains.size
  }
}
