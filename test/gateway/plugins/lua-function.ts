const FRAME = /^\s*return\s+function\s*\([\w\s,]*\)\s*([\s\S]*?)\s*end\s*;?\s*$/

/** What stands between `return function(...)` and its `end`, without comments; undefined: the text has another form. */
export function luaFunctionBody(source: string): string | undefined {
  return source.replace(/--[^\n]*/g, '').match(FRAME)?.[1]
}

/** `functions` and `phase` of both serverless plugins (apisix/plugins/serverless/init.lua). */
export const SERVERLESS_SCHEMA = {
  type: 'object',
  properties: {
    phase: {
      type: 'string',
      default: 'access',
      enum: ['rewrite', 'access', 'header_filter', 'body_filter', 'log', 'before_proxy'],
    },
    functions: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
  required: ['functions'],
}
