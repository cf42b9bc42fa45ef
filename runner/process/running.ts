import type { Settings } from '../settings/schema.ts'

/** What main.ts steers: one process or a supervisor with its workers. */
export interface RunningProcess {
  readonly usagePort: number
  reload(settings: Settings): void
  /** Finishes open calls within `drainMs`, then closes everything. */
  stop(drainMs: number): Promise<void>
}
