import assert from 'node:assert/strict'
import {
  type BreakerSettings,
  type RouterSettings,
  RouterSettingsSchema,
} from '../../../../../plugins/llm-router/settings.ts'
import { compileValidator } from '../../../../../runner/validate.ts'

/** The defaults, as the runner fills them in. */
export function routerSettings(over: object = {}): RouterSettings {
  const result = compileValidator(RouterSettingsSchema)(over)
  assert.ok(result.ok, result.ok ? '' : result.problems.join('; '))
  return result.value as RouterSettings
}

export function breakerSettings(): BreakerSettings {
  return routerSettings().breaker
}

export class TestClock {
  ms = 1_000_000

  now(): number {
    return this.ms
  }
}

export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
