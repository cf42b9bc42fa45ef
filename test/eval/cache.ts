/**
 * How right the semantic cache is on pairs of questions, with and without its verifier.
 * Usage: node --import tsx test/eval/cache.ts [--embedder URL|lexical] [--model NAME] [--dimensions N]
 *   [--prefix TEXT] [--threshold 0.95] [--half 0|1] [--reasons] file.jsonl ...
 * Each line: {a, b, label (1: one answer serves both), lang, trap?, source}. Vectors are kept under
 * .cache/eval. A URL is an OpenAI-compatible base, such as http://127.0.0.1:8000/v1.
 *
 * hit: pairs of label 1 that are served; false: pairs of label 0 that are served; precision: label 1 among the
 * served. P-CHR AUC: area under precision against the share of all pairs that is served, as the threshold
 * falls; what the verifier never serves adds nothing. PR-AUC: average precision over recall.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Embedder } from '../../plugins/semantic-cache/embed/embedder.ts'
import { HttpEmbedder } from '../../plugins/semantic-cache/embed/http.ts'
import { LexicalEmbedder } from '../../plugins/semantic-cache/embed/lexical.ts'
import { closenessOf } from '../../plugins/semantic-cache/verify/closeness.ts'
import { verify } from '../../plugins/semantic-cache/verify/verify.ts'

interface Pair {
  a: string
  b: string
  label: 0 | 1
  lang: string
  trap?: string | null
  source: string
}

interface Judged extends Pair {
  similarity: number
  accepted: boolean
  reason: string
  micros: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    embedder: { type: 'string', default: 'lexical' },
    model: { type: 'string', default: 'multilingual-e5-small-q4' },
    dimensions: { type: 'string', default: '384' },
    prefix: { type: 'string' },
    threshold: { type: 'string', default: '0.95' },
    half: { type: 'string' },
    reasons: { type: 'boolean', default: false },
  },
})

const CURVE = [0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99]
const BATCH = 16

function openEmbedder(): Embedder {
  const dimensions = Number(values.dimensions)
  if (values.embedder === 'lexical') return new LexicalEmbedder(dimensions)
  return new HttpEmbedder({
    baseUrl: values.embedder,
    model: values.model,
    dimensions,
    timeoutMs: 120_000,
    ...(values.prefix === undefined ? {} : { inputPrefix: values.prefix }),
  })
}

function readPairs(files: readonly string[]): Pair[] {
  return files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Pair)
    .filter((pair) => values.half === undefined || String(halfOf(pair)) === values.half)
}

/** Which half of the file a pair is in, whatever its place and direction. */
function halfOf({ a, b }: Pair): number {
  const both = a < b ? a + b : b + a
  return (createHash('sha256').update(both).digest()[0] ?? 0) % 2
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest().toString('latin1')
}

/** Vectors of all texts by digest, from the file of earlier runs as far as it goes. */
async function embedAll(embedder: Embedder, texts: readonly string[]): Promise<Map<string, Float32Array>> {
  const folder = fileURLToPath(new URL('../../.cache/eval/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const path = `${folder}${embedder.identity}.bin`
  const vectors = new Map<string, Float32Array>()
  const bytes = embedder.dimensions * 4
  if (existsSync(path)) {
    const file = readFileSync(path)
    for (let at = 0; at + 32 + bytes <= file.length; at += 32 + bytes) {
      const copy = Uint8Array.prototype.slice.call(file, at + 32, at + 32 + bytes)
      vectors.set(file.toString('latin1', at, at + 32), new Float32Array(copy.buffer))
    }
  }
  const missing = [...new Set(texts)].filter((text) => !vectors.has(digest(text)))
  const signal = new AbortController().signal
  for (let from = 0; from < missing.length; from += BATCH) {
    const batch = missing.slice(from, from + BATCH)
    for (const [i, vector] of (await embedder.embed(batch, signal)).entries()) {
      const key = digest(batch[i] ?? '')
      vectors.set(key, vector)
      const record = [Buffer.from(key, 'latin1'), Buffer.from(vector.buffer, vector.byteOffset, bytes)]
      if (values.embedder !== 'lexical') appendFileSync(path, Buffer.concat(record))
    }
  }
  return vectors
}

/** As a route with this threshold would: the verifier counts closeness from there. */
function judge(
  pairs: readonly Pair[],
  vectors: ReadonlyMap<string, Float32Array>,
  threshold: number,
): Judged[] {
  return pairs.map((pair) => {
    const x = vectors.get(digest(pair.a))
    const y = vectors.get(digest(pair.b))
    const similarity =
      x === undefined || y === undefined ? 0 : x.reduce((sum, v, i) => sum + v * (y[i] ?? 0), 0)
    const start = performance.now()
    const verdict = verify(pair.a, pair.b, { closeness: closenessOf(similarity, threshold) })
    const micros = (performance.now() - start) * 1000
    return {
      ...pair,
      similarity,
      accepted: verdict.accept,
      reason: verdict.accept ? '' : verdict.reason,
      micros,
    }
  })
}

type Served = (pair: Judged) => boolean

function ratios(pairs: readonly Judged[], served: Served): { hit: number; wrong: number; precision: number } {
  const right = pairs.filter(({ label }) => label === 1)
  const other = pairs.filter(({ label }) => label === 0)
  const hits = right.filter(served).length
  const wrongs = other.filter(served).length
  return { hit: hits / right.length, wrong: wrongs / other.length, precision: hits / (hits + wrongs) }
}

function percent(value: number): string {
  return Number.isFinite(value) ? `${(value * 100).toFixed(2)}%` : '-'
}

function row(name: string, pairs: readonly Judged[], threshold: number): string[] {
  const plain = ratios(pairs, (pair) => pair.similarity >= threshold)
  const checked = ratios(pairs, (pair) => pair.similarity >= threshold && pair.accepted)
  return [
    name,
    `${pairs.filter(({ label }) => label === 1).length}`,
    `${pairs.filter(({ label }) => label === 0).length}`,
    ...[plain, checked].flatMap(({ hit, wrong, precision }) => [hit, wrong, precision].map(percent)),
  ]
}

const HEAD = ['', 'same', 'other', 'hit', 'false', 'precision', 'hit+v', 'false+v', 'precision+v']

function print(title: string, rows: readonly string[][]): void {
  console.log(`\n${title}`)
  const table = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)))
  for (const cells of table) {
    const padded = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    )
    console.log(padded.join('  '))
  }
}

function areas(pairs: readonly Judged[], accepted: Served): { pchr: number; pr: number } {
  const sorted = pairs.filter(accepted).sort((x, y) => y.similarity - x.similarity)
  const positives = pairs.filter(({ label }) => label === 1).length
  let right = 0
  let pchr = 0
  let pr = 0
  for (const [i, { label }] of sorted.entries()) {
    right += label
    pchr += right / (i + 1) / pairs.length
    if (label === 1) pr += right / (i + 1) / positives
  }
  return { pchr, pr }
}

function groups(pairs: readonly Judged[], key: (pair: Judged) => string | undefined): Map<string, Judged[]> {
  const map = new Map<string, Judged[]>()
  for (const pair of pairs) {
    const name = key(pair)
    if (name === undefined) continue
    const list = map.get(name) ?? []
    list.push(pair)
    map.set(name, list)
  }
  return new Map([...map].sort())
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

const open = fileURLToPath(new URL('../../../shared/eval/cache-open.jsonl', import.meta.url))
const pairs = readPairs(positionals.length > 0 ? positionals : [open])
const embedder = openEmbedder()
const vectors = await embedAll(
  embedder,
  pairs.flatMap(({ a, b }) => [a, b]),
)
await embedder.close?.()
const thresholds = values.threshold.split(',').map(Number)
// Once unmeasured, so that the times below are those of compiled code.
judge(pairs.slice(0, 2000), vectors, 0.95)
const judged = judge(pairs, vectors, thresholds[0] ?? 0.95)

console.log(`${judged.length} pairs, embedder ${embedder.identity}; +v: with the verifier`)
const curve = [...new Set([...CURVE, ...thresholds])].sort()
print(
  'by threshold',
  curve.map((threshold) => row(threshold.toFixed(2), judge(pairs, vectors, threshold), threshold)),
)
for (const threshold of thresholds) {
  const judgedHere = judge(pairs, vectors, threshold)
  const part = (title: string, key: (pair: Judged) => string | undefined) =>
    print(
      `${title}, threshold ${threshold}`,
      [...groups(judgedHere, key)].map(([name, group]) => row(name, group, threshold)),
    )
  part('by source', ({ source, lang }) => `${source} (${lang})`)
  part('by language', ({ lang }) => lang)
  part('negatives by trap', ({ trap, label }) => (label === 0 ? (trap ?? 'no trap') : undefined))
  if (values.reasons) {
    console.log(`\nrejected by reason at ${threshold}: of the same / of the others`)
    const near = judgedHere.filter(({ similarity }) => similarity >= threshold)
    for (const [reason, group] of groups(near, (pair) => pair.reason || undefined)) {
      const same = group.filter(({ label }) => label === 1).length
      console.log(`${reason.padEnd(12)} ${same} / ${group.length - same}`)
    }
  }
}

const plain = areas(judged, () => true)
const checked = areas(judged, ({ accepted }) => accepted)
console.log(`\nP-CHR AUC ${plain.pchr.toFixed(3)}, with the verifier ${checked.pchr.toFixed(3)}`)
console.log(`PR-AUC    ${plain.pr.toFixed(3)}, with the verifier ${checked.pr.toFixed(3)}`)
const times = judged.map(({ micros }) => micros).sort((x, y) => x - y)
const short = judged
  .filter(({ a, b }) => a.length + b.length <= 200)
  .map(({ micros }) => micros)
  .sort((x, y) => x - y)
const time = (list: number[]) =>
  `p50 ${quantile(list, 0.5).toFixed(0)} µs, p99 ${quantile(list, 0.99).toFixed(0)} µs`
console.log(`verify    ${time(times)}; up to 200 characters together: ${time(short)}`)
