import { milder, strictness } from './actions.ts'
import type { GuardConf } from './conf.ts'
import type { Verdict } from './detect/index.ts'
import type { Action, Finding } from './note.ts'

/** Rules from this weight on would mostly do alone (detect/rule-table.ts): their categories count, not only the first. */
const DECIDING_WEIGHT = 0.75
/** Lighter ones were there by chance: it was the classifier that decided. */
const INCIDENTAL_WEIGHT = 0.5
const MAX_RULES = 10

/** What a verdict means under a conf: at most one attack and one finding of secrets. */
export function judge(verdict: Verdict, conf: GuardConf): readonly Finding[] {
  if (verdict.truncated) return [found(verdict, 'block', 'not_inspected')]
  const findings: Finding[] = []
  const attack = attackIn(verdict, conf)
  if (attack) findings.push(attack)
  if (verdict.secrets.length > 0 && conf.secrets !== 'off') {
    const rules = [...verdict.secrets.kinds]
    findings.push({ action: conf.secrets, category: 'secret', score: 1, rules, flags: [] })
  }
  return findings
}

/** The strictest of what the conf says about the categories that were seen. */
function attackIn(verdict: Verdict, conf: GuardConf): Finding | undefined {
  const isFlagBand =
    !verdict.isAttack && conf.flag_threshold !== undefined && verdict.score >= conf.flag_threshold
  if (!verdict.isAttack && !isFlagBand) return undefined
  let category = ''
  let action: Action | 'off' = 'off'
  for (const candidate of categoriesOf(verdict)) {
    const wanted = actionFor(candidate, conf)
    const allowed = isFlagBand ? milder<Action | 'off'>(wanted, 'flag') : wanted
    if (strictness(allowed) <= strictness(action)) continue
    category = candidate
    action = allowed
  }
  return action === 'off' ? undefined : found(verdict, action, category)
}

function categoriesOf({ rules, category, isAttack }: Verdict): readonly string[] {
  const [heaviest] = rules
  if (!heaviest) return [category === 'none' ? 'classifier' : category]
  const deciding = rules
    .filter((rule) => rule === heaviest || rule.weight >= DECIDING_WEIGHT)
    .map((rule) => rule.category)
  return isAttack && heaviest.weight < INCIDENTAL_WEIGHT ? [...deciding, 'classifier'] : deciding
}

function actionFor(category: string, { action, category_actions: own }: GuardConf): Action | 'off' {
  return (Object.hasOwn(own, category) ? own[category] : undefined) ?? action
}

function found(verdict: Verdict, action: Action, category: string): Finding {
  return {
    action,
    category,
    score: Number(verdict.score.toFixed(3)),
    rules: [...new Set(verdict.rules.map((rule) => rule.id))].slice(0, MAX_RULES),
    flags: verdict.flags,
  }
}
