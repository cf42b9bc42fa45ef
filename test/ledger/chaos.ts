import { setTimeout as sleep } from 'node:timers/promises'
import { persistently, started, type World } from './world.ts'

export interface Chaos {
  /** Request `number` is about to be sent. Holds the traffic up while more than one act waits: acts are spread over it. */
  reached(number: number): Promise<void>
  /** Settles when no act is under way. */
  settled(): Promise<void>
}

export interface ChaosOptions {
  readonly requests: number
  /** How many times as often things are killed; 1 is right for 20,000 requests. */
  readonly often: number
  readonly random: () => number
  readonly say: (text: string) => void
}

type Act = readonly [name: string, times: number, act: () => Promise<void>]

function actsOf({ stack, relay, redis, kafka }: World): readonly Act[] {
  const killed = (runner: World['relay']) => async () => {
    await runner.kill()
    await started(runner)
  }
  const away = (server: World['redis'] | World['kafka'], ms: number) => async () => {
    await server.kill()
    await sleep(ms)
    await persistently(server.restart, server.kill)
  }
  return [
    ['SIGKILL runner', 5, killed(stack.runner)],
    ['SIGKILL relay', 4, killed(relay)],
    ['SIGKILL redis', 3, away(redis, 1000)],
    ['SIGKILL kafka', 2, away(kafka, 2000)],
  ]
}

/** Each act at random request numbers; acts never overlap. */
export function scheduleChaos(world: World, { requests, often, random, say }: ChaosOptions): Chaos {
  const scale = Math.min(1, requests / 20_000) * often
  const due = actsOf(world)
    .flatMap(([name, times, act]) =>
      Array.from({ length: Math.max(1, Math.round(times * scale)) }, () => ({
        at: Math.floor((0.05 + 0.9 * random()) * requests),
        name,
        act,
      })),
    )
    .sort((a, b) => a.at - b.at)
  let running = Promise.resolve()
  let waiting = 0
  return {
    async reached(number: number): Promise<void> {
      while (waiting > 1) await sleep(50)
      while (due[0] && due[0].at <= number) {
        const { name, act } = due.shift() as (typeof due)[number]
        waiting++
        running = running.then(async () => {
          waiting--
          say(`  ${new Date().toISOString()} ${name} at request ${number}`)
          await act()
        })
      }
    },
    settled: () => running,
  }
}
