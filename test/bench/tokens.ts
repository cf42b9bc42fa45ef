/**
 * Speed of token counting, with js-tiktoken in the same run as the baseline: `node --expose-gc --import tsx
 * test/bench/tokens.ts`. js-tiktoken is quadratic in runs without spaces, so it gets a short piece of each text; its
 * speed on the whole text would be lower still.
 */
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { Tiktoken, type TiktokenBPE } from 'js-tiktoken/lite'
import { countTokensBounded, DEFAULT_BUDGET_BYTES } from '../../plugins/token-metering/tokens/bounded.ts'
import { TokenCounter } from '../../plugins/token-metering/tokens/token-counter.ts'
import { countTokens, type Encoding, tokenizerFor } from '../../plugins/token-metering/tokens/tokenizer.ts'

const require = createRequire(import.meta.url)
const MEGABYTE = 1_000_000
let state = 1

function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

function filled(next: () => string): string {
  let text = ''
  for (let bytes = 0; bytes < MEGABYTE; ) {
    const part = next()
    text += part
    bytes += Buffer.byteLength(part)
  }
  return text
}

const ENGLISH =
  `The gateway counts the tokens of every request before it is sent, so that a tenant who has used up
the day's quota is told so at once and doesn't wait for an answer that nobody will pay for. `.split(' ')
const CHINESE =
  '网关在请求发出之前就计算它的令牌数，这样配额用完的租户会立刻得到答复；计费以实际用量为准，误差必须为零。'
const CODE = `export function chooseTarget(targets: readonly Target[], now: number): Target | undefined {
  const open = targets.filter((target) => target.closedUntil <= now && target.weight > 0)
  return open.length === 0 ? undefined : open[Math.floor(now % open.length)]
}
`
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** [name, text of a megabyte, characters of it for js-tiktoken] */
const TEXTS: [string, string, number][] = [
  ['English', filled(() => `${ENGLISH[random(ENGLISH.length)]} `), 100_000],
  ['Chinese', filled(() => CHINESE.slice(0, 1 + random(CHINESE.length))), 20_000],
  ['code', filled(() => CODE), 100_000],
  ['base64', filled(() => BASE64[random(64)] ?? ''), 20_000],
  ['one letter', 'a'.repeat(MEGABYTE), 2_000],
  ['letters, no space', filled(() => String.fromCharCode(97 + random(26))), 2_000],
  ['spaces', ' '.repeat(MEGABYTE), 2_000],
  ['emoji', filled(() => String.fromCodePoint(0x1f300 + random(800))), 300],
]

/** Best of several runs: other work on the machine only ever makes a run slower. */
function bestMs(run: () => void, runs: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

function megabytesPerSecond(text: string, ms: number): number {
  return Buffer.byteLength(text) / ms / 1000
}

function loading(encoding: Encoding): void {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const start = performance.now()
  tokenizerFor(encoding)
  const ms = performance.now() - start
  globalThis.gc?.()
  const after = process.memoryUsage()
  const bytes = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
  console.log(`${encoding}: loaded in ${ms.toFixed(0)} ms, ${(bytes / MEGABYTE).toFixed(1)} MB`)
}

function speed(encoding: Encoding): void {
  const ranks: TiktokenBPE = require(`js-tiktoken/ranks/${encoding}`)
  const start = performance.now()
  const baseline = new Tiktoken(ranks)
  console.log(`\n${encoding} (js-tiktoken: ${(performance.now() - start).toFixed(0)} ms to build)`)
  console.log('text               ours MB/s  whole MB, ms  32 KiB, ms  js-tiktoken MB/s    ratio')
  for (const [name, text, baselineLength] of TEXTS) {
    const whole = bestMs(() => countTokens(text, encoding), 5)
    const bounded = bestMs(() => countTokensBounded(text, encoding, DEFAULT_BUDGET_BYTES), 10)
    const short = text.slice(0, baselineLength)
    const ours = bestMs(() => countTokens(short, encoding), 10)
    const theirs = bestMs(() => baseline.encode(short, [], []), 2)
    const columns = [
      name.padEnd(18),
      megabytesPerSecond(text, whole).toFixed(1).padStart(9),
      whole.toFixed(1).padStart(13),
      bounded.toFixed(2).padStart(11),
      megabytesPerSecond(short, theirs).toFixed(3).padStart(17),
      `${(theirs / ours).toFixed(0)}x`.padStart(8),
    ]
    console.log(columns.join(' '))
  }
}

/** How long the event loop stands still while the worker counts: the largest gap between two turns, best of five. */
async function eventLoop(): Promise<void> {
  const counter = new TokenCounter()
  await counter.count('a'.repeat(100_000), 'o200k_base')
  console.log('\nworker, o200k_base: time to the count, longest gap of the event loop')
  for (const [name, text] of TEXTS) {
    let bestGap = Number.POSITIVE_INFINITY
    let bestTime = Number.POSITIVE_INFINITY
    for (let run = 0; run < 5; run++) {
      const { gap, ms } = await gapWhile(() => counter.count(text, 'o200k_base'))
      bestGap = Math.min(bestGap, gap)
      bestTime = Math.min(bestTime, ms)
    }
    console.log(
      `${name.padEnd(18)} ${bestTime.toFixed(1).padStart(7)} ms ${bestGap.toFixed(1).padStart(6)} ms`,
    )
  }
  await counter.close()
}

async function gapWhile(work: () => unknown): Promise<{ gap: number; ms: number }> {
  let done = false
  let gap = 0
  const watch = (async () => {
    for (let last = performance.now(); !done; ) {
      await new Promise((resolve) => setImmediate(resolve))
      const now = performance.now()
      gap = Math.max(gap, now - last)
      last = now
    }
  })()
  await sleep(20)
  gap = 0
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  done = true
  await watch
  return { gap, ms }
}

loading('cl100k_base')
loading('o200k_base')
speed('cl100k_base')
speed('o200k_base')
await eventLoop()
