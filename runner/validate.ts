import { Ajv, type ErrorObject } from 'ajv'
import type { TSchema } from 'typebox'

export type Validation = { ok: true; value: unknown } | { ok: false; problems: string[] }
export type Validator = (candidate: unknown) => Validation

/** Strict: unknown keys are refused, nothing is coerced, every problem is reported, defaults are filled in. */
const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  strict: true,
  // It would refuse a default at the root or inside a union, which documents and does no harm.
  strictSchema: false,
  allowUnionTypes: true,
  strictTypes: false,
})

/** The candidate is cloned first: filling in defaults must not change the caller's object. */
export function compileValidator(schema: TSchema): Validator {
  const validate = ajv.compile(schema)
  return (candidate) => {
    const value = structuredClone(candidate)
    if (validate(value)) return { ok: true, value }
    return { ok: false, problems: (validate.errors ?? []).map(describe) }
  }
}

function describe(error: ErrorObject): string {
  const where = error.instancePath === '' ? 'the top level' : error.instancePath
  const { params } = error
  if (error.keyword === 'additionalProperties') return `${where}: unknown key "${params.additionalProperty}"`
  if (error.keyword === 'enum') return `${where}: must be one of ${JSON.stringify(params.allowedValues)}`
  if (error.keyword === 'const') return `${where}: must be ${JSON.stringify(params.allowedValue)}`
  return `${where}: ${error.message ?? error.keyword}`
}
