import { type Static, type TSchemaOptions, Type } from 'typebox'
import { tierConf } from '../tier.ts'
import { DEFAULT_SECRET_KINDS, DEFAULT_THRESHOLD, SECRET_KINDS } from './detect/index.ts'

const choice = <T extends string>(values: readonly T[], options: TSchemaOptions) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    options,
  )
const patterns = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), { default: [], maxItems: 256, description })

export const GuardConfSchema = Type.Object(
  {
    threshold: Type.Number({
      minimum: 0,
      maximum: 1,
      default: DEFAULT_THRESHOLD,
      description: 'Score from which a text counts as an attack.',
    }),
    action: choice(['block', 'flag', 'observe'], {
      default: 'block',
      description:
        'On an attack. flag: response header `X-Guard-Flag` and event; observe: event only, for rolling out.',
    }),
    category_actions: Type.Record(Type.String(), choice(['block', 'flag', 'observe', 'off'], {}), {
      default: {},
      description: 'Other actions for single categories, e.g. {"leak": "flag"}.',
    }),
    message: Type.String({
      minLength: 1,
      maxLength: 500,
      default: 'The request contains unsafe content.',
      description: 'What the client reads when it is blocked.',
    }),
    deny_patterns: patterns('RE2 expressions; a text that matches one is an attack of category `deny`.'),
    allow_patterns: patterns('RE2 expressions; what they match is not judged.'),
    inspect_roles: Type.Array(choice(['system', 'developer', 'assistant'], {}), {
      default: [],
      description: 'Roles to inspect beside all text from outside (users, tool results, names).',
    }),
    secrets: choice(['off', 'mask', 'block', 'flag'], {
      default: 'off',
      description: 'On secrets and personal data. mask: the provider sees [KIND] instead.',
    }),
    secret_kinds: Type.Array(choice(SECRET_KINDS, {}), {
      default: [...DEFAULT_SECRET_KINDS],
      description: 'What counts as a secret.',
    }),
    system_prompt_append: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20_000,
        description: 'Constraint that always stands after the client’s system prompt.',
      }),
    ),
    exempt_consumers: Type.Array(Type.String(), {
      default: [],
      description: 'Consumers whose texts are not inspected.',
    }),
    exempt_tiers: Type.Array(Type.String(), {
      default: [],
      description: 'Tiers whose texts are not inspected.',
    }),
    unknown_endpoint: choice(['deny', 'pass'], {
      default: 'deny',
      description: 'A request that is no known LLM call cannot be inspected.',
    }),
    budget_ms: Type.Integer({
      minimum: 10,
      maximum: 10_000,
      default: 1000,
      description: 'CPU time for one request; a text that needs more is blocked as not inspected.',
    }),
    ...tierConf,
  },
  { additionalProperties: false },
)

type Action = 'block' | 'flag' | 'observe'
type Loose = Static<typeof GuardConfSchema>
export type GuardConf = Readonly<
  Omit<
    Loose,
    'action' | 'category_actions' | 'secrets' | 'secret_kinds' | 'inspect_roles' | 'unknown_endpoint'
  >
> & {
  readonly action: Action
  readonly category_actions: Readonly<Record<string, Action | 'off'>>
  readonly secrets: 'off' | 'mask' | 'block' | 'flag'
  readonly secret_kinds: readonly (typeof SECRET_KINDS)[number][]
  readonly inspect_roles: readonly ('system' | 'developer' | 'assistant')[]
  readonly unknown_endpoint: 'deny' | 'pass'
}
