import { parentPort } from 'node:worker_threads'
import { digestPost } from './digest.ts'

parentPort?.on('message', ({ id, post }: { id: number; post: Uint8Array }) => {
  try {
    parentPort?.postMessage({
      id,
      digest: digestPost(Buffer.from(post.buffer, post.byteOffset, post.byteLength)),
    })
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
