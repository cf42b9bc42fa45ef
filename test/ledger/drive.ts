import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Books } from './books.ts'
import type { Chaos } from './chaos.ts'
import { plan, send } from './traffic.ts'
import type { World } from './world.ts'

export interface Driven {
  /** Requests that the runner answered, by its id. */
  readonly answeredIds: ReadonlySet<string>
  readonly unanswered: number
  readonly kinds: ReadonlyMap<string, number>
}

export interface DriveOptions {
  readonly requests: number
  readonly parallel: number
  readonly random: () => number
  readonly progress: (sent: number) => void
}

/** Sends the whole plan, through whatever is killed meanwhile. */
export async function drive(
  { stack }: World,
  books: Books,
  chaos: Chaos,
  { requests, parallel, random, progress }: DriveOptions,
): Promise<Driven> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const copying = setInterval(() => books.copy(), 500)
  const answeredIds = new Set<string>()
  const kinds = new Map<string, number>()
  let unanswered = 0
  let next = 0
  const worker = async () => {
    while (next < requests) {
      const number = next++
      await chaos.reached(number)
      const planned = plan(random, number)
      const { requestId } = await send(stack.gatewayUrl, stack.keyOf(planned.consumer), planned, agent)
      kinds.set(planned.kind, (kinds.get(planned.kind) ?? 0) + 1)
      if (requestId === undefined) {
        unanswered++
        // The runner is being restarted: do not burn the whole plan meanwhile.
        if (planned.kind !== 'unauthorized') await sleep(500)
      } else answeredIds.add(requestId)
      if (number % 2000 === 1999) progress(number + 1)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  clearInterval(copying)
  await chaos.settled()
  agent.destroy()
  await stack.gateway?.waitForIdle()
  await Promise.all(Object.values(stack.providers).map((provider) => provider.ledger.settled()))
  books.copy()
  return { answeredIds, unanswered, kinds }
}
