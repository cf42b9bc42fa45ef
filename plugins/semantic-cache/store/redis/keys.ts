import { hash } from 'node:crypto'

/** What the settings say about where keys go. */
export interface KeySpace {
  /** Put before every key. */
  readonly prefix: string
  /** Redis Cluster: all keys get one hash tag, because an index sees the keys of its own node only. */
  readonly cluster: boolean
}

/**
 * The names of all keys of one embedding identity; README.md documents them. Another model has another name in `id`,
 * so its vectors never meet these. Scopes are hashed: a name cannot break a key apart, and Redis does not fold its case.
 */
export class CacheKeys {
  readonly id: string
  readonly base: string
  readonly #prefix: string

  constructor({ prefix, cluster }: KeySpace, identity: string) {
    this.id = sha256(identity).slice(0, 16)
    this.base = cluster ? `${prefix}cache:{${this.id}}:` : `${prefix}cache:${this.id}:`
    this.#prefix = prefix
  }

  /** Vector, tag and packed answer: a hash. */
  entry(scope: string, key: string): string {
    return `${this.base}e:${scopeHash(scope)}:${key}`
  }

  get entryPrefix(): string {
    return `${this.base}e:`
  }

  /** What operators search: a hash, an entity of redis-om. */
  get metaName(): string {
    return `${this.base}m`
  }

  meta(id: string): string {
    return `${this.base}m:${id}`
  }

  /** Keys of a scope by last use: a sorted set. */
  used(scopeId: string): string {
    return `${this.base}u:${scopeId}`
  }

  /** Keys of a scope by expiry: a sorted set. */
  expires(scopeId: string): string {
    return `${this.base}x:${scopeId}`
  }

  /** Bytes by key of a scope, and their sum under the empty name: a hash. */
  bytes(scopeId: string): string {
    return `${this.base}b:${scopeId}`
  }

  /** Names of scopes by hash: a hash. */
  get scopes(): string {
    return `${this.base}scopes`
  }

  /** Entries and bytes of all scopes: a hash. */
  get totals(): string {
    return `${this.base}totals`
  }

  /** Held by the request whose equals wait for its answer: a string. */
  claim(scope: string, key: string): string {
    return `${this.base}l:${scopeHash(scope)}:${key}`
  }

  /** The index of the vectors; another definition has another name. */
  index(definition: string): string {
    return `${this.base}vectors:${sha256(definition).slice(0, 8)}`
  }

  /** Identities that were ever used with this Redis, by id: a hash. */
  get spaces(): string {
    return `${this.#prefix}cache:spaces`
  }
}

export function scopeHash(scope: string): string {
  return sha256(scope).slice(0, 32)
}

/** Scope and context in one word of hex digits, which a query need not escape. */
export function contextTag(scope: string, context: string): string {
  return sha256(JSON.stringify([scope, context])).slice(0, 32)
}

export function entryId(scope: string, key: string): string {
  return `${scopeHash(scope)}:${key}`
}

const ENTRY_ID = /^([0-9a-f]{32}):([\w-]{1,128})$/

export function parseEntryId(id: string): { readonly scopeId: string; readonly key: string } | undefined {
  const [, scopeId, key] = ENTRY_ID.exec(id) ?? []
  return scopeId === undefined || key === undefined ? undefined : { scopeId, key }
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}
