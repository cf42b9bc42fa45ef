import type { Settings } from './schema.ts'

/**
 * The settings in force after a reload: of the fresh ones those that every process can take over while it works. All
 * others describe what was opened at the start, and worker processes must not open other stores than their supervisor.
 */
export function reloaded(current: Settings, fresh: Settings): Settings {
  const { max_body_bytes, max_json_values } = fresh.limits
  return {
    ...current,
    log: { ...current.log, level: fresh.log.level },
    limits: { ...current.limits, max_body_bytes, max_json_values },
    deadlines: { ...current.deadlines, call_ms: fresh.deadlines.call_ms },
  }
}
