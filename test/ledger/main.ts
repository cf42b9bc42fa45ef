import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { readTopic } from '../integration/metering/support.ts'
import { seededRandom } from '../provider/script.ts'
import { Books, scriptedReasoning } from './books.ts'
import { scheduleChaos } from './chaos.ts'
import { drive } from './drive.ts'
import { clickHouseTotals, redisTotals, untilQuiet } from './read-back.ts'
import { compareTotals, reconcile } from './reconcile.ts'
import { describe } from './report.ts'
import { KEY_PREFIX, startWorld, TOPIC } from './world.ts'

/**
 * The proof of the books: traffic through gateway, runner and scripted providers while everything is killed and
 * restarted, then the providers' ledgers, Redis, Kafka and ClickHouse against each other, request by request.
 */
const { values: flags } = parseArgs({
  options: {
    requests: { type: 'string', default: process.env.LEDGER_REQUESTS ?? '20000' },
    seed: { type: 'string', default: process.env.LEDGER_SEED ?? String(Date.now() % 1_000_000) },
    parallel: { type: 'string', default: '24' },
    /** How many times as often things are killed. */
    chaos: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (flags.help) {
  process.stdout.write('npm run test:ledger -- [--requests 20000] [--seed N] [--parallel 24] [--chaos 1]\n')
  process.exit(0)
}
const requests = Number(flags.requests)
const seed = Number(flags.seed)
const startedMs = Date.now()
const seconds = () => Math.round((Date.now() - startedMs) / 1000)
const say = (text: string) => process.stdout.write(`${text}\n`)

say(`ledger: ${requests} requests, --seed ${seed}`)
const world = await startWorld(seededRandom(seed + 1))
const books = new Books(Object.values(world.stack.providers))
const chaos = scheduleChaos(world, {
  ...{ requests, often: Number(flags.chaos) },
  ...{ random: seededRandom(seed + 2), say },
})
const driven = await drive(world, books, chaos, {
  ...{ requests, parallel: Number(flags.parallel), random: seededRandom(seed) },
  progress: (sent) => say(`  ${sent} sent, ${seconds()} s`),
})
say(
  `traffic done after ${seconds()} s: ${driven.answeredIds.size} answered by the runner, ${driven.unanswered} not, ${books.calls} calls at the providers`,
)

const redis = new Redis(world.redis.url)
const reader = await readTopic(world.kafka.brokers, TOPIC)
const restless = await untilQuiet(world, redis, reader)
if (restless) say(`not quiet: ${restless}`)
const findings = reconcile(reader.events, books.byRequest(scriptedReasoning), driven.answeredIds)
const { byConsumer } = findings
const days = new Set(reader.events.map(({ timestamp_ms: ms }) => new Date(ms).toISOString().slice(0, 10)))
const problems = [
  ...findings.problems,
  ...compareTotals('Redis', byConsumer, await redisTotals(redis, byConsumer.keys(), days)),
  ...compareTotals('ClickHouse', byConsumer, await clickHouseTotals(world.clickhouse, reader.events)),
]
for (const problem of problems.filter((text) => text.startsWith('lost'))) {
  const [, id = ''] = /^lost: (\S+)/.exec(problem) ?? []
  const isCounted = (await redis.exists(`${KEY_PREFIX}committed:${id}`)) === 1
  say(`${id} is ${isCounted ? '' : 'not '}counted in Redis`)
}
for (const line of describe({ kinds: driven.kinds, repeated: world.repeater.repeated, findings })) say(line)
for (const problem of problems.slice(0, 30)) say(`PROBLEM ${problem}`)
say(
  problems.length === 0
    ? `the books agree: providers, Redis, Kafka and ClickHouse, ${seconds()} s`
    : `${problems.length} problems, --seed ${seed}`,
)
await reader.close()
redis.disconnect()
await world.close()
process.exit(problems.length === 0 ? 0 : 1)
