import type { RunnerError } from '../errors.ts'
import type { Question, Reply } from './codec.ts'

/** The open connection of a call, as the call sees it: one question at a time, then one reply. */
export interface Caller {
  /** `answered` is not called any more once the call has replied or the connection is gone. */
  ask(question: Question, answered: (result: Buffer | undefined) => void): void
  /** `abort` is called when the connection is gone or broke the protocol; the call then ends by itself. */
  onGone(abort: (reason: RunnerError) => void): void
  reply(reply: Reply): void
}
