import type { Static } from 'typebox'
import { type Log, RunnerError, type Services } from '../../runner/plugin.ts'
import type { CheckErrorCode } from './checks/check.ts'
import type { CheckReport, GuardedCheck } from './checks/guarded-check.ts'
import { openChecks } from './checks/open-checks.ts'
import { MemoryViolations } from './records/memory-violations.ts'
import { Recorder } from './records/recorder.ts'
import { RedisViolations } from './records/redis-violations.ts'
import type { Violations } from './records/violations.ts'
import type { AnswerSettings, GuardSettingsSchema } from './settings.ts'

/** What one process has open for this plugin. */
export interface Shared {
  readonly log: Log
  readonly checks: ReadonlyMap<string, GuardedCheck>
  readonly answers: AnswerSettings
  readonly recorder: Recorder
  readonly violations: Violations
  verdict(direction: 'request' | 'answer', category: string, action: string): void
}

/** Seconds; what a service on the same network takes, up to the longest deadline. */
const CHECK_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export async function openShared(
  settings: Static<typeof GuardSettingsSchema>,
  services: Services,
): Promise<Shared> {
  const { log, metrics } = services
  const verdicts = metrics.counter('llm_guard_verdicts_total', 'What the guard found and did.', [
    'direction',
    'category',
    'action',
  ])
  const dropped = metrics.counter('llm_guard_records_dropped_total', 'Records that could not be kept.', [
    'sink',
  ])
  const checks = await openChecks(settings.checks, services.env, reportChecks(services))
  const unknown = settings.answers.checks.filter((name) => !checks.has(name))
  if (unknown.length > 0) {
    throw new RunnerError('SETTINGS_INVALID', `prompt-guard: /answers/checks: no check ${unknown.join(', ')}`)
  }
  const violations = await openViolations(settings, services)
  return {
    log,
    checks,
    answers: settings.answers as AnswerSettings,
    violations,
    recorder: new Recorder({
      log,
      kafka: services.kafka,
      topic: settings.records.kafka_topic,
      violations,
      maxWaiting: settings.records.max_waiting,
      textMaxChars: settings.records.text_max_chars,
      dropped: (sink, count) => dropped.inc({ sink }, count),
    }),
    verdict: (direction, category, action) => verdicts.inc({ direction, category, action }),
  }
}

export async function closeShared({ checks, recorder }: Shared): Promise<void> {
  await recorder.close()
  for (const check of checks.values()) await check.close()
}

async function openViolations(
  { records }: Static<typeof GuardSettingsSchema>,
  services: Services,
): Promise<Violations> {
  const { redis, redisKeys, clock } = services
  if (redis) return new RedisViolations(redis, redisKeys.prefix, records.ttl_s)
  return services.share(
    'violations',
    () => new MemoryViolations(records.memory_events, records.ttl_s * 1000, () => clock.now()),
  )
}

function reportChecks({ metrics }: Services): CheckReport {
  const calls = metrics.histogram(
    'llm_guard_check_duration_seconds',
    'Calls of external checks.',
    CHECK_BUCKETS,
    ['check', 'outcome'],
  )
  const failures = metrics.counter(
    'llm_guard_check_failures_total',
    'Texts that an external check did not judge.',
    ['check', 'reason'],
  )
  const cached = metrics.counter(
    'llm_guard_check_cached_total',
    'Verdicts of external checks from the cache.',
    ['check'],
  )
  return {
    called: (check, outcome, seconds) => calls.observe({ check, outcome }, seconds),
    failed: (check, reason: CheckErrorCode) => failures.inc({ check, reason }),
    cached: (check) => cached.inc({ check }),
  }
}
