import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Gives way to the event loop after every `steps` calls: undefined, which needs no `await`, or a promise of the next
 * turn. For loops over things that a client may send by the hundred thousand.
 */
export function every(steps: number): () => Promise<void> | undefined {
  let left = steps
  return () => {
    if (--left > 0) return undefined
    left = steps
    return nextTurn()
  }
}
