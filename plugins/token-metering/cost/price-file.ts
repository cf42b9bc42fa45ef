import { type Static, Type } from 'typebox'

const price = (description: string) =>
  Type.String({ pattern: '^\\d{1,9}(\\.\\d{1,6})?$', description: `${description}, per million tokens.` })

const INSTANT = '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}Z)?$'

const RatesSchema = Type.Object(
  {
    input: price('Input tokens that no other price covers'),
    cached_input: Type.Optional(price('Input tokens read from the cache; default: as input')),
    cache_write: Type.Optional(price('Input tokens written to the cache; default: as input')),
    output: price('Output tokens'),
    reasoning: Type.Optional(price('Output tokens spent on reasoning; default: as output')),
    audio_input: Type.Optional(price('Audio among the input tokens; default: as input')),
    audio_output: Type.Optional(price('Audio among the output tokens; default: as output')),
  },
  { additionalProperties: false },
)

const HoursSchema = Type.Object(
  {
    weekdays: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
        minItems: 1,
        uniqueItems: true,
        description: 'Days in UTC, 1 is Monday; default: every day.',
      }),
    ),
    utc: Type.Array(
      Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d-(([01]\\d|2[0-3]):[0-5]\\d|24:00)$' }),
      { minItems: 1, description: 'Spans of the day, start included, end not.' },
    ),
  },
  { additionalProperties: false },
)

const TierSchema = Type.Object(
  {
    above_prompt_tokens: Type.Integer({
      minimum: 1,
      description:
        'A request with more prompt tokens than this pays the price of the tier for all its tokens.',
    }),
    per_million: RatesSchema,
  },
  { additionalProperties: false },
)

const PriceEntrySchema = Type.Object(
  {
    provider: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Provider pattern, with `*` and `?`; default: any.',
      }),
    ),
    models: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      minItems: 1,
      description: 'Model names or patterns, with `*` and `?`.',
    }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code.' }),
    valid_from: Type.String({
      pattern: INSTANT,
      description: 'First instant, UTC; a date means its midnight.',
    }),
    valid_to: Type.Optional(Type.String({ pattern: INSTANT, description: 'First instant no longer valid.' })),
    hours: Type.Optional(HoursSchema),
    per_million: RatesSchema,
    tiers: Type.Optional(Type.Array(TierSchema, { minItems: 1 })),
    source: Type.String({ minLength: 1, description: 'Where the price was read, and when.' }),
  },
  { additionalProperties: false },
)

/** The schema of schemas/prices.json and of the overrides in the settings; schemas/prices.schema.json is made of it. */
export const PriceFileSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    note: Type.Optional(Type.String()),
    prices: Type.Array(PriceEntrySchema),
  },
  { additionalProperties: false },
)

export type RatesJson = Static<typeof RatesSchema>
export type PriceEntry = Static<typeof PriceEntrySchema>
export type PriceFile = Static<typeof PriceFileSchema>
