import { Type } from 'typebox'
import { CheckSettingsSchema } from './checks/settings.ts'
import { SECRET_KINDS } from './detect/index.ts'

const strict = { additionalProperties: false }

export const GuardSettingsSchema = Type.Object(
  {
    checks: Type.Record(Type.String({ pattern: '^[a-z0-9_-]{1,40}$' }), CheckSettingsSchema, {
      default: {},
      description: 'External checks by name; a conf says which of them its route uses.',
    }),
    answers: Type.Object(
      {
        leak: Type.Boolean({ default: true, description: 'Report answers that repeat the system prompt.' }),
        secret_kinds: Type.Array(Type.Union(SECRET_KINDS.map((kind) => Type.Literal(kind))), {
          default: ['api_key', 'private_key', 'jwt', 'url_credentials'],
          description: 'Secrets in answers that are reported; an empty list: none.',
        }),
        checks: Type.Array(Type.String(), { default: [], description: 'External checks that read answers.' }),
        routes: Type.Optional(
          Type.Array(Type.String(), { description: 'Routes whose answers are read. Unset: all.' }),
        ),
        max_chars: Type.Integer({
          minimum: 1_000,
          maximum: 10_000_000,
          default: 262_144,
          description: 'How much of an answer is read.',
        }),
      },
      { ...strict, default: {}, description: 'What is looked for in answers once the client has them.' },
    ),
    records: Type.Object(
      {
        kafka_topic: Type.String({ minLength: 1, default: 'llm-guard-events' }),
        text_max_chars: Type.Integer({
          minimum: 0,
          maximum: 100_000,
          default: 0,
          description:
            'Characters of the text that a record keeps, secrets masked. 0: none. The log never has any.',
        }),
        ttl_s: Type.Integer({
          minimum: 60,
          maximum: 31_536_000,
          default: 604_800,
          description: 'How long violations can be searched.',
        }),
        memory_events: Type.Integer({
          minimum: 0,
          maximum: 1_000_000,
          default: 10_000,
          description: 'Without Redis: how many can be searched.',
        }),
        max_waiting: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 10_000,
          description: 'Records that wait for Kafka or Redis, each; the oldest are dropped and counted.',
        }),
      },
      { ...strict, default: {}, description: 'Where violations are written down.' },
    ),
  },
  strict,
)

type SecretKind = (typeof SECRET_KINDS)[number]

export interface AnswerSettings {
  readonly leak: boolean
  readonly secret_kinds: readonly SecretKind[]
  readonly checks: readonly string[]
  readonly routes?: readonly string[]
  readonly max_chars: number
}
