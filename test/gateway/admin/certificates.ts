import { createSecureContext, type SecureContext } from 'node:tls'
import type { Store } from './store.ts'

/** Finds the certificate of an `ssls` object by SNI: exact names first, then `*.domain`. */
export class Certificates {
  readonly #store: Store
  #version = -1
  #bySni = new Map<string, SecureContext>()

  constructor(store: Store) {
    this.#store = store
  }

  find(serverName: string): SecureContext | undefined {
    if (this.#version !== this.#store.version('ssls')) this.#load()
    const name = serverName.toLowerCase()
    const dot = name.indexOf('.')
    return (
      this.#bySni.get(name) ??
      (dot === -1 ? undefined : this.#bySni.get(`*${name.slice(dot)}`)) ??
      this.#bySni.get('*')
    )
  }

  #load(): void {
    this.#version = this.#store.version('ssls')
    this.#bySni = new Map()
    for (const { checked } of this.#store.list('ssls')) {
      if (checked.status === 0) continue
      const context = createSecureContext({ cert: String(checked.cert), key: String(checked.key) })
      const snis = (checked.snis ?? [checked.sni]) as readonly string[]
      for (const sni of snis) this.#bySni.set(sni.toLowerCase(), context)
    }
  }
}
