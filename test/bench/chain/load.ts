import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** One measurement: requests that arrive by the clock, whether or not those before are answered. */
export interface LoadJob {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly model: string
  readonly stream: boolean
  /** Requests a second. */
  readonly rate: number
  readonly seconds: number
  /** All prompts are one template and differ in an id: each finds near ones in the cache, which must be verified. */
  readonly template?: boolean
}

export interface LoadReport {
  /** Milliseconds to the last byte; of a stream, to the first byte of its body. */
  readonly latencies: readonly number[]
  readonly failed: number
}

/** Nearer to its moment than this a timer cannot be; what is later counts from the moment that was meant. */
const TIMER_MS = 1.5
const TEMPLATE = 'The quick brown fox jumps over the lazy dog near the river bank. '.repeat(30)
const WORDS = `
about above account after again air answer area arrive ask autumn bake beach begin belong between
bird boat book bread bridge bring build butter calm carry castle chair change choose city clean
clear cloud coast collect compare country create cross culture dance decide deliver desert design
dinner discover distance dream early earth engine enjoy evening example explain family farm field
finish fish flower follow forest friend garden gather gentle glass grain green guest habit happy
harbour harvest health history holiday honest house hundred ideas island journey kitchen knowledge
lake language large laugh learn letter library light listen little machine market meadow measure
memory method middle mill minute modern morning mountain music narrow nature nearby notice number
ocean office orange orchestra ordinary paint paper patient pattern people piano picture plant plenty
poem pocket potato present problem produce promise protect purpose quarter quiet railway reader
reason recipe remember repair report return river road school science season second secretary seldom
sentence several shadow shape shoulder silver simple singer sister small soldier sometimes south
special spring square station stone story street strong student sugar summer surface table teacher
theatre thunder ticket together tomorrow tool traffic travel tree uncle understand useful valley
village visit voice wagon water weather welcome western whisper window winter wonder wooden yellow
yesterday young`
  .trim()
  .split(/\s+/)
const PROMPT_WORDS = 350

/** About 2 KB, and never the same twice: no cache answers it. */
function prompt(template: boolean): string {
  if (template) return `${randomUUID()} ${TEMPLATE}`
  const word = () => WORDS[Math.floor(Math.random() * WORDS.length)]
  return `Explain ${randomUUID()}: ${Array.from({ length: PROMPT_WORDS }, word).join(' ')}`
}

const agent = new Agent({ connections: 128, keepAliveTimeout: 60_000, pipelining: 1 })

async function run({
  url,
  headers,
  model,
  stream,
  rate,
  seconds,
  template = false,
}: LoadJob): Promise<LoadReport> {
  const latencies: number[] = []
  let failed = 0
  const one = async (dueMs: number) => {
    const sentMs = performance.now()
    const fromMs = sentMs - dueMs > TIMER_MS ? dueMs : sentMs
    const messages = [{ role: 'user', content: prompt(template) }]
    const body = JSON.stringify({ model, stream, messages })
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        dispatcher: agent,
      })
      let firstMs: number | undefined
      for await (const _ of answer.body) firstMs ??= performance.now()
      if (answer.statusCode === 200) latencies.push((stream ? (firstMs ?? 0) : performance.now()) - fromMs)
      else failed++
    } catch {
      failed++
    }
  }
  const startMs = performance.now() + 20
  const total = Math.round(rate * seconds)
  const open: Promise<void>[] = []
  for (let i = 0; i < total; i++) {
    const dueMs = startMs + (1000 * i) / rate
    const wait = dueMs - performance.now()
    if (wait > 0.5) await sleep(wait)
    open.push(one(dueMs))
  }
  await Promise.all(open)
  return { latencies, failed }
}

process.on('message', (job: LoadJob) => {
  void run(job).then((report) => process.send?.(report))
})
process.send?.('ready')
