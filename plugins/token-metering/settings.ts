import { Type } from 'typebox'

export const MeteringSettingsSchema = Type.Object(
  {
    time_zone: Type.String({
      default: 'UTC',
      description: 'IANA name; days and months of quotas and bills begin there.',
    }),
    price_file: Type.Optional(
      Type.String({ description: 'Price table instead of the built-in schemas/prices.json; same schema.' }),
    ),
    price_overrides: Type.Array(Type.Unknown(), {
      default: [],
      description: 'Price entries that win over the table, e.g. what your contract says.',
    }),
    usd_per_unit: Type.Record(Type.String(), Type.String(), {
      default: {},
      description:
        'Exchange rates, decimal strings: {"CNY": "0.1389"}. Without one, cost_usd of such prices is null.',
    }),
    journal_max_bytes: Type.Integer({
      minimum: 65_536,
      default: 4_294_967_296,
      description: 'Embedded store: size of the usage journal in data_dir. Full: the receiver answers 503.',
    }),
    token_worker: Type.Boolean({
      default: true,
      description: 'Count big prompts in a worker thread instead of estimating.',
    }),
  },
  { additionalProperties: false },
)
