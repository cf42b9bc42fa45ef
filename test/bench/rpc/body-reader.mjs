/** A plugin that asks for the body and does nothing with it: the price of the question. */
const none = { type: 'object', properties: {}, additionalProperties: false }

export default {
  name: 'body-reader',
  description: 'bench',
  conf: none,
  settings: none,
  needs: { body: 'raw' },
  onFailure: 'deny',
  open: () => ({}),
  prepare: () => ({}),
  decide: () => ({ kind: 'pass' }),
}
