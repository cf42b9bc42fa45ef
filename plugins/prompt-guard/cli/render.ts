import type { Explanation } from './explain.ts'

/** One line, and one for each finding. */
export function renderVerdict({ is_attack, score, category, findings }: Explanation): string {
  const head = is_attack ? `attack  ${category}  ${score.toFixed(3)}` : `clean  ${score.toFixed(3)}`
  const lines = findings.map((finding) =>
    `  ${finding.action}  ${finding.category}  ${finding.rules.join(', ')}`.trimEnd(),
  )
  return `${[head, ...lines].join('\n')}\n`
}

export function renderExplanation(text: string, full: Explanation): string {
  const { layers, rules, secrets, views, flags } = full
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
  const marked = mark(text, [...rules.filter((rule) => rule.end > rule.start), ...secrets])
  return `${[
    renderVerdict(full).trimEnd(),
    ...section('Layers', [
      `patterns    ${layers.patterns.toFixed(3)}`,
      `classifier  ${layers.classifier.toFixed(3)}`,
    ]),
    ...section(
      'Rules',
      rules.map(({ id, category, weight, view, start, end }) => {
        const how = view === 'plain' ? '' : `  read as ${view}`
        return `${weight.toFixed(2)}  ${category}  ${id}  ${start}-${end}${how}`
      }),
    ),
    ...section(
      'Secrets',
      secrets.map(({ kind, start, end }) => `${kind}  ${start}-${end}`),
    ),
    ...section('Signs of disguise', flags),
    ...section('Text', marked.split('\n')),
    ...section(
      'Other readings',
      views.map((view) => `${view.disguise}: ${view.text.replace(/\s+/g, ' ')}`),
    ),
    ...(full.truncated ? ['', 'Not read to its end: the budget ran out.'] : []),
  ].join('\n')}\n`
}

const OPEN = '»'
const CLOSE = '«'

/** The original text with »what was found« marked; far from it, it is left out. */
function mark(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  const context = 120
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  if (merged.length === 0) return cut(text, 2 * context)
  let from = 0
  const pieces: string[] = []
  for (const { start, end } of merged) {
    pieces.push(gap(text.slice(from, start), from === 0, context), OPEN, text.slice(start, end), CLOSE)
    from = end
  }
  pieces.push(cut(text.slice(from), context))
  return pieces.join('')
}

function gap(text: string, isFirst: boolean, context: number): string {
  const keep = isFirst ? context : 2 * context
  if (text.length <= keep) return text
  return isFirst ? `…${text.slice(-context)}` : `${text.slice(0, context)} … ${text.slice(-context)}`
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`
}
