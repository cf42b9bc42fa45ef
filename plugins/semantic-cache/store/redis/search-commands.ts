import type { Redis } from 'ioredis'

type Argument = string | Buffer

/** Commands of RediSearch. A cluster client cannot tell which node has an index; a script goes where its key is. */
export class SearchCommands {
  readonly #redis: Redis
  readonly #keyInCluster: string | undefined

  /** @param keyInCluster any key of the node with the index; undefined without a cluster. */
  constructor(redis: Redis, keyInCluster: string | undefined) {
    this.#redis = redis
    this.#keyInCluster = keyInCluster
  }

  text([name, ...args]: readonly Argument[]): Promise<unknown> {
    return this.#keyInCluster === undefined
      ? this.#redis.call(String(name), ...args)
      : this.#redis.call('EVAL', FORWARD, '1', this.#keyInCluster, String(name), ...args).catch(unscripted)
  }

  buffer([name, ...args]: readonly Argument[]): Promise<unknown> {
    return this.#keyInCluster === undefined
      ? this.#redis.callBuffer(String(name), ...args)
      : this.#redis
          .callBuffer('EVAL', FORWARD, '1', this.#keyInCluster, String(name), ...args)
          .catch(unscripted)
  }
}

const FORWARD = 'return redis.call(unpack(ARGV))'

/** Redis adds where in the script it happened; redis-om compares whole messages. */
function unscripted(error: unknown): never {
  if (!(error instanceof Error)) throw error
  throw new Error(error.message.replace(/ script: [0-9a-f]+, on @user_script:\d+\.$/, ''), { cause: error })
}
