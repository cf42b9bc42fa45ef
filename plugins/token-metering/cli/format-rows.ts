import { formatMoney } from '../cost/money.ts'
import type { UsageRow } from './usage-rows.ts'

export const FORMATS = ['table', 'json', 'csv'] as const
export type Format = (typeof FORMATS)[number]

/** Money is written out exactly, never rounded. */
export function formatRows(rows: readonly UsageRow[], format: Format): string {
  const records = rows.map(recordOf)
  if (format === 'json') return `${JSON.stringify(records, undefined, 2)}\n`
  const columns = Object.keys(records[0] ?? recordOf(EMPTY))
  const lines = [columns, ...records.map((record) => columns.map((column) => String(record[column])))]
  if (format === 'csv') return lines.map((line) => `${line.map(quoted).join(',')}\r\n`).join('')
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => width(line[i] ?? ''))))
  return lines
    .map((line) =>
      line.map((cell, i) => padded(cell, widths[i] ?? 0, i > 1 && /^[\d.]+$/.test(line[i] ?? ''))),
    )
    .map((line) => `${line.join('  ').trimEnd()}\n`)
    .join('')
}

const EMPTY: UsageRow = {
  ...{ consumer: '', period: '', model: undefined, requests: 0, promptTokens: 0, completionTokens: 0 },
  ...{ totalTokens: 0, estimatedTokens: 0, unpricedRequests: 0, picoUsd: 0n },
}

function recordOf(row: UsageRow): Record<string, string | number> {
  return {
    consumer: row.consumer,
    period: row.period,
    ...(row.model === undefined ? {} : { model: row.model }),
    requests: row.requests,
    prompt_t: row.promptTokens,
    completion_t: row.completionTokens,
    total_t: row.totalTokens,
    ...(row.model === undefined
      ? { estimated_t: row.estimatedTokens, unpriced_requests: row.unpricedRequests }
      : {}),
    cost_usd: formatMoney(row.picoUsd),
  }
}

/** RFC 4180; a leading sign would be a formula in a spreadsheet. */
function quoted(cell: string): string {
  const safe = /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Columns on a terminal: East Asian characters take two. */
function width(text: string): number {
  return [...text].reduce(
    (sum, char) => sum + (/[\u1100-\u115f\u2e80-\uffdc\u{1f300}-\u{1faff}]/u.test(char) ? 2 : 1),
    0,
  )
}

function padded(cell: string, to: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, to - width(cell)))
  return right ? space + cell : cell + space
}
