import { lookup } from 'node:dns/promises'

/** Turns a node's name into an address: the hosts map first (as /etc/hosts would), then the system's resolver. */
export class Resolver {
  readonly #hosts: ReadonlyMap<string, string>

  constructor(hosts: Readonly<Record<string, string>>) {
    this.#hosts = new Map(Object.entries(hosts))
  }

  /** Rejects when the name has no address; APISIX then answers 503. */
  async lookup(name: string): Promise<string> {
    const known = this.#hosts.get(name)
    if (known !== undefined) return known
    const found = await lookup(name, { family: 4 })
    return found.address
  }
}
