import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { JsonObject } from '../plugins/plugin.ts'
import { DEFINITIONS } from './definitions.ts'

const ajv = new Ajv({ useDefaults: true, strict: false, schemas: [DEFINITIONS] })
const compiled = new WeakMap<object, ValidateFunction>()

/**
 * Checks data and fills in defaults.
 * @returns what is wrong, worded like lua-jsonschema; undefined when nothing is.
 */
export function checkSchema(schema: JsonObject, data: unknown): string | undefined {
  let validate = compiled.get(schema)
  if (validate === undefined) {
    validate = ajv.compile(schema)
    compiled.set(schema, validate)
  }
  if (validate(data)) return undefined
  return describe(validate.errors ?? [])
}

function describe(errors: readonly ErrorObject[]): string {
  const error = errors.find(({ keyword }) => !['anyOf', 'oneOf', 'allOf'].includes(keyword)) ?? errors[0]
  if (error === undefined) return 'validation failed'
  const path = error.instancePath.split('/').filter((part) => part !== '')
  return path.reduceRight((inner, part) => wrap(part, inner), reason(error))
}

function wrap(part: string, inner: string): string {
  return /^\d+$/.test(part)
    ? `failed to validate item ${Number(part) + 1}: ${inner}`
    : `property "${part}" validation failed: ${inner}`
}

function reason(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'required':
      return `property "${String(params.missingProperty)}" is required`
    case 'additionalProperties':
      return `additional properties forbidden, found ${String(params.additionalProperty)}`
    case 'type':
      return `wrong type: expected ${String(params.type)}`
    case 'enum':
      return 'matches none of the enum values'
    case 'pattern':
      return `failed to match pattern ${JSON.stringify(params.pattern)}`
    default:
      return error.message ?? error.keyword
  }
}
