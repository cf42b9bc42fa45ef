import { type Static, Type } from 'typebox'
import { tierConf } from '../tier.ts'

export const CacheConfSchema = Type.Object(
  {
    scope: Type.Union(
      ['consumer', 'tier', 'route', 'global'].map((scope) => Type.Literal(scope)),
      {
        default: 'consumer',
        description:
          'Who shares entries. Anything but `consumer` lets one consumer read what another one’s request produced.',
      },
    ),
    ttl_s: Type.Integer({
      minimum: 1,
      maximum: 31_536_000,
      default: 3600,
      description:
        'Seconds that an entry lives; up to 10% less at random, so that entries do not expire together.',
    }),
    max_ttl_s: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 31_536_000,
        description: 'Highest `X-Cache-TTL` that a request may ask for; default `ttl_s`.',
      }),
    ),
    semantic: Type.Boolean({ default: true, description: 'false: exact matches only.' }),
    threshold: Type.Number({
      minimum: 0.5,
      maximum: 1,
      default: 0.95,
      description:
        'Cosine similarity that a candidate needs before it is verified. The verifier’s bars count from here.',
    }),
    min_threshold: Type.Number({
      minimum: 0.5,
      maximum: 1,
      default: 0.9,
      description: 'Lowest threshold that a request may ask for with `X-Cache-Threshold`.',
    }),
    candidates: Type.Integer({
      minimum: 1,
      maximum: 20,
      default: 3,
      description: 'Nearest entries that are verified.',
    }),
    max_temperature: Type.Number({
      minimum: 0,
      maximum: 2,
      default: 1,
      description: 'Requests above it want variety and are not cached.',
    }),
    max_query_chars: Type.Integer({
      minimum: 1,
      default: 2000,
      description:
        'A longer last user message is matched exactly only. The verifier reads 2000 characters, so more changes nothing.',
    }),
    max_answer_bytes: Type.Integer({
      minimum: 1,
      default: 262_144,
      description: 'Longer answers are not kept.',
    }),
    lookup_deadline_ms: Type.Integer({
      minimum: 1,
      maximum: 5000,
      default: 200,
      description: 'Embedding, search and second opinion together; beyond it the request is a miss.',
    }),
    coalesce_ms: Type.Integer({
      minimum: 0,
      maximum: 8000,
      default: 0,
      description:
        'Equal misses at the same time: those that come later wait so long for the answer of the first. 0: they do not.',
    }),
    shadow_share: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description:
        'Share of hits that are sent upstream all the same; the two answers are compared, the client gets the live one.',
    }),
    key_headers: Type.Array(Type.String({ minLength: 1 }), {
      default: ['anthropic-version', 'anthropic-beta', 'openai-beta'],
      description: 'Request headers that change the answer and so belong to the key.',
    }),
    ...tierConf,
  },
  { additionalProperties: false },
)

export type CacheConf = Readonly<Omit<Static<typeof CacheConfSchema>, 'scope'>> & {
  readonly scope: 'consumer' | 'tier' | 'route' | 'global'
}
