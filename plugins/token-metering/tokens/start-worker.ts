import { Worker } from 'node:worker_threads'

/**
 * Starts the counting thread from the build or, in development, from the sources: tsx registers itself on the main
 * thread only, so there the thread first loads it. The process's own Node options are not handed on, some of them
 * (`--input-type`) make a worker fail.
 */
export function startWorker(): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./worker.js', import.meta.url), { execArgv: [] })
  const tsx = import.meta.resolve('tsx/esm/api')
  const source = new URL('./worker.ts', import.meta.url).href
  const bootstrap = `import(${JSON.stringify(tsx)}).then(({ register }) => {
    register()
    return import(${JSON.stringify(source)})
  })`
  return new Worker(bootstrap, { eval: true, execArgv: [] })
}
