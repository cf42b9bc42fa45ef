import { type Static, Type } from 'typebox'

const oneOf = (values: readonly string[], description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  )
const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

/** A violation, as it stands in the log, on Kafka and in the search index; source of schemas/guard-event.schema.json. */
export const GuardEventSchema = Type.Object(
  {
    schema_version: Type.Literal(1),
    event_id: Type.String({
      description:
        '<request_id>:<direction>:<category>, and of external checks :<check>; the same when an event comes twice.',
    }),
    request_id: Type.String(),
    timestamp_ms: Type.Integer({ description: 'Milliseconds since the epoch.' }),
    direction: oneOf(['request', 'answer'], 'answer: found after the client had it.'),
    consumer: nullable('APISIX consumer; null before authentication.'),
    route_id: nullable('APISIX route.'),
    endpoint: nullable('chat-completions, completions, responses, embeddings, messages.'),
    category: Type.String({
      description:
        'Of the rules (override, leak, ...), classifier, deny, secret, not_inspected, token_prompt, content, check_failed; leak, secret and content for answers.',
    }),
    action: oneOf(['block', 'mask', 'flag', 'observe'], 'What was done.'),
    score: Type.Number({ minimum: 0, maximum: 1 }),
    rules: Type.Array(Type.String(), { description: 'Rule ids, kinds of secrets, or <check>:<label>.' }),
    flags: Type.Array(Type.String(), { description: 'Disguises that were seen.' }),
    text_length: Type.Integer({
      minimum: 0,
      description: 'UTF-16 code units of the texts that were looked at.',
    }),
    text_sha256: Type.String({ description: 'Of those texts, hexadecimal.' }),
    text: Type.Optional(
      Type.String({ description: 'Only with records.text_max_chars: its beginning, secrets masked.' }),
    ),
  },
  { additionalProperties: false, title: 'Guard event (Kafka topic llm-guard-events)' },
)

export type GuardEvent = Readonly<
  Omit<Static<typeof GuardEventSchema>, 'direction' | 'action'> & {
    direction: 'request' | 'answer'
    action: 'block' | 'mask' | 'flag' | 'observe'
  }
>
