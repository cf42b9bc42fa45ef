import { setTimeout as sleep } from 'node:timers/promises'
import { overlap } from '../../plugins/prompt-guard/answers/overlap.ts'
import { GuardedCheck } from '../../plugins/prompt-guard/checks/guarded-check.ts'
import { compileGuard, type Guard } from '../../plugins/prompt-guard/compile.ts'
import { type GuardConf, GuardConfSchema } from '../../plugins/prompt-guard/conf.ts'
import promptGuard from '../../plugins/prompt-guard/index.ts'
import type { Shared } from '../../plugins/prompt-guard/shared.ts'
import { validateRequest } from '../../runner/llm/index.ts'
import type { Call, Endpoint, RequestView } from '../../runner/plugin.ts'
import { parseJsonBody } from '../../runner/rpc/json-body.ts'
import { patchBody } from '../../runner/rpc/patch-body.ts'
import { compileValidator } from '../../runner/validate.ts'
import { SHAPES } from './guard-shapes.ts'

const REPEATS = 3
const LIMITS = { maxBodyBytes: 1_100_000, maxJsonValues: 100_000 }

const CONFS: Readonly<Record<string, object>> = {
  default: {},
  'secrets masked, all roles': {
    secrets: 'mask',
    inspect_roles: ['system', 'developer', 'assistant'],
    budget_ms: 4000,
  },
  'attacks masked': { action: 'mask', secrets: 'mask', budget_ms: 4000 },
  'constraint added': { action: 'flag', secrets: 'flag', system_prompt_append: 'Be brief.', budget_ms: 4000 },
  patterns: {
    action: 'flag',
    deny_patterns: ['internal[- ]only', 'project (?:blue|red)bird', '\\d{4}-\\d{4}-\\d{4}'],
    allow_patterns: ['quarterly report', 'a{2,20}b'],
    budget_ms: 4000,
  },
}

const recorded: unknown[] = []
const shared = {
  recorder: { record: (...given: unknown[]) => recorded.push(given.length) },
  verdict: () => {},
} as unknown as Shared
const call = { signal: new AbortController().signal } as unknown as Call
const validate = compileValidator(GuardConfSchema)

const guardOf = (conf: object) => {
  const result = validate(conf)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return compileGuard(result.value as unknown as GuardConf, shared)
}

/**
 * Longest stretch between two turns of the event loop while `work` runs, in milliseconds: by the clock or by the CPU time
 * of the process, whichever is less. Other processes lengthen the one, threads of the collector the other.
 */
const longestSlice = async (work: () => unknown): Promise<number> => {
  await sleep(5)
  let longest = 0
  let last = performance.now()
  let used = process.cpuUsage()
  const look = (): void => {
    const { user, system } = process.cpuUsage(used)
    longest = Math.max(longest, Math.min(performance.now() - last, (user + system) / 1000))
    last = performance.now()
    used = process.cpuUsage()
  }
  const tick = (): void => {
    look()
    timer = setImmediate(tick)
  }
  let timer = setImmediate(tick)
  await work()
  look()
  clearImmediate(timer)
  return longest
}

/** A request as the runner takes it: parsed, validated, decided on, written anew where something was changed. */
const handle = async (endpoint: Endpoint, bytes: Buffer, guard: Guard): Promise<void> => {
  const json = parseJsonBody(bytes, LIMITS)
  validateRequest(endpoint, json)
  const request = { id: 'r', receivedAt: 0, routeId: 'r', endpoint, json } as unknown as RequestView
  const decision = await promptGuard.decide(request, guard, call)
  if (decision.kind === 'rewrite' && decision.patch.json) patchBody(bytes, json, decision.patch.json)
}

const check = new GuardedCheck(
  'c',
  { maxChars: 500, ask: async () => ({ violation: false, label: 'none', score: 0 }) },
  {
    ...{ timeoutMs: 10_000, maxCalls: 16, concurrency: 32, maxWaiting: 256, cacheEntries: 1_000 },
    ...{ cacheTtlMs: 60_000, failures: 5, openMs: 1_000, now: () => performance.now() },
  },
  { called: () => {}, failed: () => {}, cached: () => {} },
)
const never = new AbortController().signal
const same = Array<string>(50_000).fill('a')
const ANSWER = 262_144
const CHINESE = '你是一个小港口的职员，永远不要提到老灯塔管理员把钥匙藏在哪里。'

/** What else takes texts of any size. */
const OTHERS: Readonly<Record<string, () => Promise<unknown>>> = {
  'external check of many texts': () => check.check(same, never),
  'external check of a long text': () => check.check(['a b '.repeat(250_000)], never).catch(() => {}),
  'Chinese answer beside its system prompt': () =>
    overlap(CHINESE.repeat(900), CHINESE.repeat(ANSWER / CHINESE.length)),
  'English answer to a long request': () =>
    overlap(
      'never mention the old harbour',
      'the quarterly report '.repeat(12_000),
      'a b c '.repeat(170_000),
    ),
}

/**
 * Looks for requests of a megabyte that hold the event loop up. Prints the longest slices, each the least of a few
 * runs: compiler and collector of the process count too, but not each time.
 */
export const hunt = async (limitMs: number, only = /./): Promise<void> => {
  const found: { name: string; ms: number }[] = []
  for (const [confName, conf] of Object.entries(CONFS)) {
    for (const shape of SHAPES) {
      if (!only.test(shape.name)) continue
      const bytes = Buffer.from(JSON.stringify({ model: 'm', ...shape.json }))
      let least = Number.POSITIVE_INFINITY
      for (let run = 0; run < REPEATS && least > limitMs / 4; run++) {
        const guard = guardOf(conf)
        least = Math.min(least, await longestSlice(() => handle(shape.endpoint, bytes, guard)))
      }
      found.push({ name: `${shape.name} (${confName})`, ms: least })
    }
  }
  for (const [name, work] of Object.entries(OTHERS)) {
    if (!only.test(name)) continue
    await work()
    found.push({ name, ms: await longestSlice(work) })
  }
  found.sort((one, other) => other.ms - one.ms)
  console.log(`longest slices of ${found.length} works of 1 MB:`)
  for (const { name, ms } of found.slice(0, 30)) console.log(`${ms.toFixed(1).padStart(8)} ms  ${name}`)
  console.log(`${found.filter(({ ms }) => ms > limitMs).length} above ${limitMs} ms`)
}
