import type { Findings } from './reconcile.ts'

export interface Happened {
  readonly kinds: ReadonlyMap<string, number>
  /** Log posts that were sent twice on purpose. */
  readonly repeated: number
  readonly findings: Findings
}

/** What happened, line by line; estimated events apart, with their error. */
export function describe({ kinds, repeated, findings }: Happened): string[] {
  const { events, exact, estimated, duplicatesOnTheWire, byConsumer, outcomes } = findings
  return [
    `kinds: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    `events: ${events}, ${exact} exact, ${estimated.length} estimated; on the wire twice: ${duplicatesOnTheWire}; log posts repeated on purpose: ${repeated}`,
    `outcomes: ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`,
    ...[...byConsumer].map(
      ([consumer, { requests, prompt, completion, picoUsd }]) =>
        `  ${consumer}: ${requests} events, ${prompt} + ${completion} tokens, ${picoUsd} pico-USD`,
    ),
    ...estimates(findings),
  ]
}

function estimates({ estimated }: Findings): string[] {
  const groups = new Map<string, { count: number; billed: number; estimated: number; off: number }>()
  for (const { outcome, source, billed, estimated: tokens } of estimated) {
    const name = `${outcome}, from ${source}`
    const group = groups.get(name) ?? { count: 0, billed: 0, estimated: 0, off: 0 }
    group.count++
    group.billed += billed
    group.estimated += tokens
    group.off += Math.abs(tokens - billed)
    groups.set(name, group)
  }
  return [...groups].map(([name, { count, billed, estimated: tokens, off }]) => {
    const error = ((100 * off) / Math.max(1, billed)).toFixed(1)
    return `estimated (${name}): ${count} events, ${tokens} tokens for ${billed} billed, mean error ${error} %`
  })
}
