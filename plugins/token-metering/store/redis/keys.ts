/** What the settings say about where keys go. */
export interface KeySpace {
  /** Put before every key. */
  readonly prefix: string
  /** Redis Cluster: keys of one consumer get the hash tag of their shard, because a script needs them in one slot. */
  readonly cluster: boolean
}

/** Shards of a cluster. Fixed: another number would send a consumer to other keys. */
const CLUSTER_SHARDS = 16

/**
 * The names of all keys; README.md documents them. Consumer names are kept readable; only what would break a key apart
 * is percent-encoded.
 */
export class UsageKeys {
  readonly #prefix: string
  readonly #cluster: boolean

  constructor({ prefix, cluster }: KeySpace) {
    this.#prefix = prefix
    this.#cluster = cluster
  }

  /** Outboxes and their locks exist once per shard; without a cluster there is one. */
  get shards(): number {
    return this.#cluster ? CLUSTER_SHARDS : 1
  }

  shardOf(consumer: string): number {
    return this.#cluster ? hash(consumer) % CLUSTER_SHARDS : 0
  }

  /** Totals of a day (`yyyy-mm-dd`) or a month (`yyyy-mm`): a hash. */
  usage(consumer: string, period: string): string {
    return `${this.#base(consumer)}token_usage:${escapeName(consumer)}:${period}`
  }

  /** Live reservations by the time they expire: a sorted set of request ids. */
  held(consumer: string): string {
    return `${this.#base(consumer)}quota_held:${escapeName(consumer)}`
  }

  /** What each live reservation holds, and their sums: a hash. */
  heldAmounts(consumer: string): string {
    return `${this.#base(consumer)}quota_amounts:${escapeName(consumer)}`
  }

  /** Tokens and requests of the last minute in buckets of a second: a hash. */
  rate(consumer: string): string {
    return `${this.#base(consumer)}quota_rate:${escapeName(consumer)}`
  }

  /** The consumer's budgets as last seen with a request: a string. */
  budget(consumer: string): string {
    return `${this.#base(consumer)}quota_budget:${escapeName(consumer)}`
  }

  /** Alerts that were raised in a period: a set. */
  alerted(consumer: string, period: string): string {
    return `${this.#base(consumer)}alerted:${escapeName(consumer)}:${period}`
  }

  /** Mark of a committed request: a string. */
  committed(consumer: string, requestId: string): string {
    return `${this.#base(consumer)}committed:${requestId}`
  }

  /** Events on their way to the sinks: a stream. */
  events(shard: number): string {
    return `${this.#shard(shard)}usage_events`
  }

  /** Alerts on their way to the sinks: a stream. */
  alerts(shard: number): string {
    return `${this.#shard(shard)}usage_alerts`
  }

  /** Held by the one relay that works on a stream for a sink: a string. */
  relayLock(stream: string, sink: string): string {
    return `${stream}:relay:${sink}`
  }

  /** Learned bytes per token: a hash. */
  byteRatios(): string {
    return `${this.#prefix}byte_ratios`
  }

  #base(consumer: string): string {
    return this.#shard(this.shardOf(consumer))
  }

  #shard(shard: number): string {
    return this.#cluster ? `${this.#prefix}{usage-${shard}}` : this.#prefix
  }
}

/** `:` parts keys, braces make hash tags, white space and controls break tools. */
function escapeName(name: string): string {
  return name.replace(/[%:{}\s\p{Cc}]/gu, (char) => encodeURIComponent(char))
}

/** The consumer that a part of a key stands for. */
export function unescapeName(part: string): string {
  return decodeURIComponent(part.replace(/%(?![0-9A-F]{2})/gi, '%25'))
}

/** FNV-1a over UTF-16 units; any even spread does, as long as it never changes. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  return value >>> 0
}
