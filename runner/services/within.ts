/** The result of `work`, unless it takes longer than `ms`: then what `late` makes is thrown, and the result is dropped. */
export function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    // When this process was busy, the answer may be waiting in the socket: let it be read first.
    const timer = setTimeout(() => setImmediate(() => reject(late())), ms)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
