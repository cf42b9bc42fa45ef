/** The runner's answers for people: an object as lines, its lists of objects as tables. */
export function formatReply(reply: object): string {
  const plain: string[] = []
  const tables: string[] = []
  for (const [name, value] of Object.entries(reply)) {
    if (Array.isArray(value)) tables.push(`\n${name}\n${tableOf(value)}`)
    else plain.push(`${name.padEnd(20)} ${cell(value)}`)
  }
  return `${[...plain, ...tables].join('\n')}\n`
}

const MAX_CELL = 200

function tableOf(rows: readonly unknown[]): string {
  const records = rows.map((row) => (typeof row === 'object' && row !== null ? { ...row } : { value: row }))
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
  if (records.length === 0) return '  none'
  const cells = records.map((record) => names.map((name) => cell((record as Record<string, unknown>)[name])))
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `  ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd()
  return [line(names), ...cells.map(line)].join('\n')
}

/** Control characters of names and texts must not reach the terminal. */
function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
  const safe = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
  return safe.length > MAX_CELL ? `${safe.slice(0, MAX_CELL)}...` : safe
}
