import { type Static, type TSchema, type TSchemaOptions, Type } from 'typebox'
import { type TierConf, tierConf } from '../tier.ts'
import { DEFAULT_SECRET_KINDS, DEFAULT_THRESHOLD, SECRET_KINDS, type SecretKind } from './detect/index.ts'
import type { Action } from './note.ts'

const choice = <T extends string>(values: readonly T[], options: TSchemaOptions): TSchema & { static: T } =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    options,
  ) as unknown as TSchema & { static: T }
const list = <T extends TSchema>(of: T, description: string, maxItems = 1000) =>
  Type.Array(of, { default: [], maxItems, description })
const pattern = Type.String({ minLength: 1, maxLength: 1000 })

const CheckUse = Type.Object(
  {
    use: Type.String({ minLength: 1, description: 'Name of a check in the settings.' }),
    action: choice(['block', 'flag', 'observe'], { default: 'block', description: 'On a violation.' }),
    on_failure: choice(['deny', 'allow'], {
      default: 'deny',
      description: 'When the check is down, late or gives no usable verdict. deny: 503.',
    }),
    texts: choice(['all', 'last_user'], {
      default: 'all',
      description:
        'all: every inspected text, known ones from the cache; last_user: the newest message only.',
    }),
  },
  { additionalProperties: false },
)

export const GuardConfSchema = Type.Object(
  {
    threshold: Type.Number({
      minimum: 0,
      maximum: 1,
      default: DEFAULT_THRESHOLD,
      description: 'Score from which a text counts as an attack.',
    }),
    flag_threshold: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'Scores from here to `threshold` are flagged and let through. Unset: they are not reported.',
      }),
    ),
    action: choice(['block', 'mask', 'flag', 'observe'], {
      default: 'block',
      description:
        'On an attack. mask: the passages that gave it away are cut out, and what cannot be cut out is blocked; flag: response header `X-Guard-Flag` and event; observe: event only, for rolling out.',
    }),
    category_actions: Type.Record(Type.String(), choice(['block', 'mask', 'flag', 'observe', 'off'], {}), {
      default: {},
      description: 'Other actions for single categories, e.g. {"leak": "flag"}.',
    }),
    message: Type.String({
      minLength: 1,
      maxLength: 500,
      default: 'The request contains unsafe content.',
      description: 'What the client reads when it is blocked.',
    }),
    deny_patterns: list(
      pattern,
      'RE2 expressions of at most 150 instructions; a text that matches one is an attack of category `deny`. They see a text in slices of 4,608 characters that overlap by 512: a longer match is not found, and `^` and `$` stand at the ends of slices.',
      256,
    ),
    allow_patterns: list(
      pattern,
      'RE2 expressions of at most 150 instructions; what they match is not judged. They see slices, as deny_patterns do; at most 32 matches in each.',
      256,
    ),
    inspect_roles: list(
      choice(['system', 'developer', 'assistant'], {}),
      'Roles to inspect beside all text from outside (users, tool results, names).',
    ),
    secrets: choice(['off', 'mask', 'block', 'flag', 'observe'], {
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
    checks: list(CheckUse, 'External checks, asked together when the texts passed the local ones.', 8),
    exempt_consumers: list(Type.String(), 'Consumers whose texts are not inspected.'),
    exempt_tiers: list(Type.String(), 'Tiers whose texts are not inspected.'),
    unknown_endpoint: choice(['deny', 'pass'], {
      default: 'deny',
      description: 'A request that is no known LLM call cannot be inspected.',
    }),
    token_prompts: choice(['deny', 'pass'], {
      default: 'deny',
      description:
        'A prompt of legacy completions that is given as tokens can neither be inspected nor carry `system_prompt_append`.',
    }),
    budget_ms: Type.Integer({
      minimum: 10,
      maximum: 4_000,
      default: 1000,
      description: 'CPU time for one request; a text that needs more is blocked as not inspected.',
    }),
    ...tierConf,
  },
  { additionalProperties: false },
)

/** As GuardConfSchema says it; written out because TypeBox cannot name the members of a union that is made by `map`. */
export type GuardConf = Readonly<
  Omit<Static<typeof GuardConfSchema>, 'flag_threshold' | 'system_prompt_append' | 'checks' | keyof TierConf>
> &
  TierConf & {
    readonly flag_threshold?: number
    readonly system_prompt_append?: string
    readonly action: Action
    readonly category_actions: Readonly<Record<string, Action | 'off'>>
    readonly secrets: Action | 'off'
    readonly secret_kinds: readonly SecretKind[]
    readonly inspect_roles: readonly ('system' | 'developer' | 'assistant')[]
    readonly checks: readonly CheckUse[]
    readonly unknown_endpoint: 'deny' | 'pass'
    readonly token_prompts: 'deny' | 'pass'
  }

export interface CheckUse {
  readonly use: string
  readonly action: 'block' | 'flag' | 'observe'
  readonly on_failure: 'deny' | 'allow'
  readonly texts: 'all' | 'last_user'
}
