/** Counts turns of the event loop until `work` is done: how often long work gives way, whatever time it takes. */
export async function turnsOf<T>(work: () => Promise<T> | T): Promise<{ turns: number; result: T }> {
  let turns = 0
  const tick = () => {
    turns++
    timer = setImmediate(tick)
  }
  let timer = setImmediate(tick)
  const result = await work()
  clearImmediate(timer)
  return { turns, result }
}
