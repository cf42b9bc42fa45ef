import { type Static, Type } from 'typebox'
import { EmbedderSettingsSchema } from './open-embedder.ts'
import { SecondOpinionSettingsSchema } from './second-opinion.ts'

const ms = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 60_000, default: value, description: `Milliseconds. ${description}` })

export const CacheSettingsSchema = Type.Object(
  {
    embedder: EmbedderSettingsSchema,
    max_entries: Type.Integer({
      minimum: 1,
      default: 10_000,
      description: 'Entries of the embedded store, all scopes together.',
    }),
    max_scope_entries: Type.Integer({
      minimum: 1,
      default: 100_000,
      description: 'Entries of one scope; the least recently used go first.',
    }),
    max_scope_bytes: Type.Integer({
      minimum: 1024,
      default: 536_870_912,
      description: 'Answers, questions and vectors of one scope, as stored.',
    }),
    store_prompts: Type.Boolean({
      default: false,
      description:
        'Keep the question as readable text beside each entry and show questions and answers to operators.',
    }),
    redis_deadline_ms: ms(40, 'A request waits for one answer of Redis no longer than this.'),
    redis_write_deadline_ms: ms(2000, 'Storing an answer; nobody waits for it.'),
    sweep_ms: ms(15_000, 'Between two rounds of putting books and gauges right.'),
    second_opinion: Type.Optional(SecondOpinionSettingsSchema),
  },
  { additionalProperties: false },
)
export type CacheSettings = Static<typeof CacheSettingsSchema>

/** What the schema cannot say. @throws Error that names the setting */
export function checkCacheSettings({ embedder, second_opinion }: CacheSettings): void {
  if (embedder.kind === 'http') checkUrl('/embedder/base_url', embedder.base_url)
  if (second_opinion) checkUrl('/second_opinion/url', second_opinion.url)
}

function checkUrl(name: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new Error(`${name} is no http or https URL`)
}
