import { compileGuard } from '../../plugins/prompt-guard/compile.ts'
import { type GuardConf, GuardConfSchema } from '../../plugins/prompt-guard/conf.ts'
import promptGuard from '../../plugins/prompt-guard/index.ts'
import type { Shared } from '../../plugins/prompt-guard/shared.ts'
import type { Call, JsonObject, RequestView } from '../../runner/plugin.ts'
import { compileValidator } from '../../runner/validate.ts'
import { chatBodies, conversations } from './guard-bodies.ts'

const BODIES = 1_000
const ROUNDS = 20
const WARM_UP = 4

const CONFS: Readonly<Record<string, object>> = {
  'default conf': {},
  'with secrets': { secrets: 'block' },
}

/** Records and metrics are left out: an ordinary request makes none. */
const shared = { recorder: { record: () => {} }, verdict: () => {} } as unknown as Shared
const call = { signal: new AbortController().signal } as unknown as Call
const validate = compileValidator(GuardConfSchema)

const guardOf = (conf: object) => {
  const result = validate(conf)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return compileGuard(result.value as unknown as GuardConf, shared)
}

const viewOf = (json: JsonObject): RequestView =>
  ({ id: 'r', receivedAt: 0, routeId: 'r', endpoint: 'chat-completions', json }) as unknown as RequestView

/** Microseconds of CPU time of a decision, the least and the median of the rounds. */
const measure = async (conf: object, bodies: () => readonly JsonObject[]) => {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A new guard for each round: it may remember texts.
    const guard = guardOf(conf)
    // Through JSON as in the runner: a string that was put together is slower to read at first.
    const views = bodies().map((body) => viewOf(JSON.parse(JSON.stringify(body))))
    const from = process.cpuUsage()
    for (const view of views) await promptGuard.decide(view, guard, call)
    const { user, system } = process.cpuUsage(from)
    if (round >= WARM_UP) times.push((user + system) / views.length)
  }
  times.sort((one, other) => one - other)
  return { least: times[0] ?? 0, median: times[times.length >> 1] ?? 0 }
}

/**
 * CPU time of the whole decision, from the parsed body to PASS, on bodies of about 2 KB. On a machine that is shared
 * the least of the rounds says most.
 */
export const benchDecide = async (): Promise<void> => {
  const sets: Readonly<Record<string, () => readonly JsonObject[]>> = {
    'English, all different': () => chatBodies('en', BODIES),
    'Chinese, all different': () => chatBodies('zh', BODIES),
    'English, conversations': () => conversations('en', BODIES),
  }
  for (const [name, bodies] of Object.entries(sets)) {
    for (const [confName, conf] of Object.entries(CONFS)) {
      const { least, median } = await measure(conf, bodies)
      console.log(
        `2 KB ${name}, ${confName}`.padEnd(46) +
          `least ${least.toFixed(1)} us  median ${median.toFixed(1)} us of CPU time`,
      )
    }
  }
}
