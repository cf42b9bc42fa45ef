import { parentPort } from 'node:worker_threads'
import { type Encoding, tokenizerFor } from './tokenizer.ts'

/** One message to the worker thread; the answer is the number of tokens of each text. One job at a time. */
export interface WorkerJob {
  readonly texts: readonly string[]
  readonly encoding: Encoding
}

const port = parentPort
port?.on('message', (job: WorkerJob) => {
  const tokenizer = tokenizerFor(job.encoding)
  port.postMessage(job.texts.map((text) => tokenizer.count(text)))
})
