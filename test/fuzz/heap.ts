import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Megabytes that are reachable. */
export function heapMb(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

/** Megabytes outside the heap, where buffers lie. */
export function buffersMb(): number {
  collect()
  return process.memoryUsage().arrayBuffers / 2 ** 20
}
