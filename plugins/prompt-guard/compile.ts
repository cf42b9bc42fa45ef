import { ATTACK_CATEGORIES } from './actions.ts'
import type { GuardedCheck } from './checks/guarded-check.ts'
import type { CheckUse, GuardConf } from './conf.ts'
import { compileUserPatterns, createDetector, type Detector, type UserPatterns } from './detect/index.ts'
import type { Shared } from './shared.ts'

export interface UsedCheck {
  readonly use: CheckUse
  readonly check: GuardedCheck
}

/** For each conf in use, of what tools returned and of all else: at most 2 MB together, 4 if none is ASCII. */
const REMEMBERED = { texts: 2_000, chars: 1_000_000 }

/** A conf, ready for requests. */
export interface Guard {
  readonly conf: GuardConf
  readonly detector: Detector
  readonly checks: readonly UsedCheck[]
  readonly shared: Shared
}

/** @throws with everything that is wrong with the conf, not only the first. */
export function compileGuard(conf: GuardConf, shared: Shared): Guard {
  const problems: string[] = []
  const deny = compiled('deny_patterns', conf.deny_patterns, problems)
  const allow = compiled('allow_patterns', conf.allow_patterns, problems)
  problems.push(...contradictionsIn(conf))
  const checks = conf.checks.flatMap((use, index) => {
    const check = shared.checks.get(use.use)
    if (!check) problems.push(`/checks/${index}: the settings have no check "${use.use}"`)
    return check ? [{ use, check }] : []
  })
  if (problems.length > 0) throw new Error(problems.join('; '))
  return {
    conf,
    shared,
    checks,
    detector: createDetector({
      threshold: conf.threshold,
      ...(deny ? { deny } : {}),
      ...(allow ? { allow } : {}),
      secrets: conf.secrets === 'off' ? false : conf.secret_kinds,
      budgetMs: conf.budget_ms,
      remember: REMEMBERED,
    }),
  }
}

/** What the schema cannot say. */
export function contradictionsIn({
  category_actions: own,
  flag_threshold: flag,
  threshold,
}: GuardConf): string[] {
  const problems = Object.keys(own)
    .filter((category) => !ATTACK_CATEGORIES.has(category))
    .map(
      (category) =>
        `/category_actions/${category}: no such category, there are ${[...ATTACK_CATEGORIES].join(', ')}`,
    )
  if (flag !== undefined && flag >= threshold) {
    problems.push(`/flag_threshold: must be below threshold, which is ${threshold}`)
  }
  return problems
}

function compiled(name: string, list: readonly string[], problems: string[]): UserPatterns | undefined {
  if (list.length === 0) return undefined
  const result = compileUserPatterns(list)
  if (result.ok) return result.patterns
  for (const { index, pattern, reason } of result.errors) {
    problems.push(`/${name}/${index} "${pattern}": ${reason}`)
  }
  return undefined
}
