import { RULES } from './detect/index.ts'
import type { Action } from './note.ts'

/** What may become of a finding, from mild to strict. */
const STRICTNESS: readonly (Action | 'off')[] = ['off', 'observe', 'flag', 'mask', 'block']

export function strictness(action: Action | 'off'): number {
  return STRICTNESS.indexOf(action)
}

export function milder<T extends Action | 'off'>(one: T, other: T): T {
  return strictness(one) < strictness(other) ? one : other
}

/** Categories that `category_actions` may name. */
export const ATTACK_CATEGORIES: ReadonlySet<string> = new Set([
  ...RULES.map((rule) => rule.category),
  'deny',
  'classifier',
])
