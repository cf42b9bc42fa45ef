import { fileURLToPath } from 'node:url'
import { loadResources } from '../../../apisix-conf/cli/load-resources.ts'
import { encodePrepareConf } from '../../gateway/ext-plugin/codec.ts'
import { RunnerConnection } from '../../gateway/ext-plugin/connection.ts'
import { MESSAGE } from '../../gateway/ext-plugin/frame.ts'
import { Table } from '../../gateway/ext-plugin/tables.ts'
import { NUMBER } from './load.ts'

export interface ConfItem {
  readonly name: string
  readonly value: string
}

const CONF_DIR = fileURLToPath(new URL('../../../apisix-conf', import.meta.url))
const UNREACHABLE = 1_000_000_000_000

/**
 * The four plugins as apisix-conf has them on an LLM route, with quotas that are checked and never reached, and the
 * exact layer of the cache alone.
 */
export function fourPlugins(): ConfItem[] {
  const { resources } = loadResources(CONF_DIR, {}, { allowUnset: true })
  const config = resources.find(({ kind }) => kind === 'plugin_configs')
  const plugins = config?.value.plugins as { 'ext-plugin-pre-req': { conf: ConfItem[] } }
  const own: Readonly<Record<string, object>> = {
    'semantic-cache': { semantic: false },
    'token-metering': {
      default_tier: 'premium',
      tiers: { premium: { tokens_per_day: UNREACHABLE, tokens_per_minute: UNREACHABLE } },
    },
  }
  return plugins['ext-plugin-pre-req'].conf.map(({ name, value }) => ({
    name,
    value: JSON.stringify({ ...JSON.parse(value), ...own[name] }),
  }))
}

export async function prepare(socketPath: string, conf: readonly ConfItem[]): Promise<number> {
  const connection = await RunnerConnection.open(socketPath, { connectMs: 1000, ioMs: 10_000 })
  connection.send(MESSAGE.prepareConf, encodePrepareConf('route#bench#ext-plugin-pre-req#1', conf))
  const frame = await connection.receive()
  connection.destroy()
  return Table.root(frame.payload).uint32(0)
}

const SENTENCES = [
  'Summarise the quarterly report for the board in five points and name the two largest risks. ',
  'Our warehouse in Hamburg has moved to a new address, and the customers should hear of it in time. ',
  '请把下面这段会议记录整理成一份简短的纪要，并列出每个人的待办事项。',
  'The function below returns the wrong date when the month has thirty days; explain why. ',
  'Compare the two offers by price, delivery time and warranty, as a table. ',
]

const SYSTEM = { role: 'system', content: 'You are a helpful assistant of the logistics department.' }

/** Chat bodies of about 2 KB: one long message of the user, which is new in each call. */
export function prompts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const user = { role: 'user', content: `Request ${NUMBER}. ${textOf(i, 1800)}` }
    return JSON.stringify({ model: 'gpt-4', messages: [SYSTEM, user], temperature: 0.2 })
  })
}

/** Chat bodies of about 2 KB: a conversation that goes on, of which only the last message is new in each call. */
export function conversations(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const messages = [
      SYSTEM,
      { role: 'user', content: textOf(i, 400) },
      { role: 'assistant', content: textOf(i + 1, 800) },
      { role: 'user', content: textOf(i + 2, 100) },
      { role: 'assistant', content: textOf(i + 3, 200) },
      { role: 'user', content: `Request ${NUMBER}. ${textOf(i + 4, 150)}` },
    ]
    return JSON.stringify({ model: 'gpt-4', messages, temperature: 0.2 })
  })
}

function textOf(from: number, bytes: number): string {
  let text = ''
  for (let i = from; Buffer.byteLength(text) < bytes; i++) text += SENTENCES[i % SENTENCES.length]
  return text
}
