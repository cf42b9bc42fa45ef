import type { Journal, JournalPosition } from '../../../runner/plugin.ts'

/** What the embedded store must count again after a restart: this month and the day. */
const KEPT_MS = 40 * 86_400_000

/**
 * Drops segments that every sink has and that no quota looks at any more.
 * @param journal of usage events or alerts
 * @param relayed how far each sink has come
 */
export async function forgetOldSegments(
  journal: Journal,
  relayed: readonly JournalPosition[],
  nowMs: number,
): Promise<void> {
  for (;;) {
    const { segment } = journal.start
    if (segment === journal.end.segment || relayed.some((position) => position.segment <= segment)) return
    // All of a segment is older than the first event of the next one, give or take what was under way.
    const { records } = await journal.read({ segment: segment + 1, offset: 0 }, 1)
    const [first] = records
    if (first === undefined) return
    if ((JSON.parse(first) as { timestamp_ms: number }).timestamp_ms > nowMs - KEPT_MS) return
    await journal.forgetBefore(segment + 1)
  }
}
