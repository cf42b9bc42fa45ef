import { toBinary } from '../http/uri.ts'

/** A variable's value: `undefined` is Lua's nil, numbers stay numbers. */
export type VarValue = string | number | undefined
export type VarReader = (name: string) => VarValue
export type Expression = (read: VarReader) => boolean

/** A `vars` expression that lua-resty-expr would refuse. */
export class ExpressionError extends Error {}

type Compare = (left: VarValue, right: unknown) => boolean

const LOGIC = new Set(['OR', '!OR', 'AND', '!AND'])

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

function ordered(test: (left: number, right: number) => boolean): Compare {
  return (left, right) => {
    const [a, b] = [toNumber(left), toNumber(right)]
    return a !== undefined && b !== undefined && test(a, b)
  }
}

function equal(left: VarValue, right: unknown): boolean {
  return (typeof right === 'number' ? toNumber(left) : left) === right
}

const OPERATORS: Record<string, Compare> = {
  '==': equal,
  '~=': (left, right) => !equal(left, right),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '~~': (left, right) => left !== undefined && right instanceof RegExp && right.test(String(left)),
  '~*': (left, right) => left !== undefined && right instanceof RegExp && right.test(String(left)),
  in: (left, right) => Array.isArray(right) && left !== undefined && right.includes(left),
  // a request variable is never a table here, and `has` of anything else is false
  has: () => false,
}

/**
 * Compiles `vars` of a route, of traffic-split or of `_meta.filter` with the rules of lua-resty-expr v1:
 * `==` compares without conversion unless the right side is a number, `!` negates, OR / AND / !OR / !AND nest.
 * @throws ExpressionError with the library's own message.
 */
export function compileExpression(rule: unknown): Expression {
  if (!Array.isArray(rule)) throw new ExpressionError('missing argument rule')
  if (rule.length === 0) return () => true
  if (typeof rule[0] === 'string' && !LOGIC.has(rule[0].toUpperCase())) {
    throw new ExpressionError('rule should be wrapped inside brackets')
  }
  return compileRule(rule)
}

function compileRule(rule: unknown): Expression {
  if (!Array.isArray(rule) || rule.length === 0) throw new ExpressionError('rule too short')
  const first: unknown = rule[0]
  if (Array.isArray(first)) return combine('AND', rule.map(compileRule))
  const logic = String(first).toUpperCase()
  if (LOGIC.has(logic)) {
    if (rule.length <= 2) throw new ExpressionError('rule too short')
    return combine(logic, rule.slice(1).map(compileRule))
  }
  return compileComparison(rule)
}

function combine(logic: string, parts: readonly Expression[]): Expression {
  switch (logic) {
    case 'AND':
      return (read) => parts.every((part) => part(read))
    case 'OR':
      return (read) => parts.some((part) => part(read))
    case '!AND':
      return (read) => !parts.every((part) => part(read))
    default:
      return (read) => !parts.some((part) => part(read))
  }
}

function compileComparison(rule: readonly unknown[]): Expression {
  let negated = false
  let [name, operator, right] = rule
  if (rule.length === 4) {
    if (rule[1] !== '!') throw new ExpressionError("bad 'not' expression")
    negated = true
    ;[name, , operator, right] = rule
  }
  if (operator === undefined) throw new ExpressionError('invalid expression')
  let lowered = String(operator).toLowerCase()
  if (right === undefined && OPERATORS[lowered] === undefined) {
    right = operator
    lowered = '=='
  }
  const compare = OPERATORS[lowered]
  if (typeof name !== 'string') throw new ExpressionError('invalid expression')
  if (compare === undefined) throw new ExpressionError(`invalid operator '${lowered}'`)
  const operand = prepareOperand(lowered, right)
  return (read) => compare(read(name), operand) !== negated
}

function prepareOperand(operator: string, right: unknown): unknown {
  if (right === null) return undefined
  if (typeof right === 'string' && operator !== '~~' && operator !== '~*') return toBinary(right)
  if (Array.isArray(right)) return right.map((one) => (typeof one === 'string' ? toBinary(one) : one))
  if (operator !== '~~' && operator !== '~*') return right
  const inline = toBinary(String(right)).match(/^\(\?i\)([\s\S]*)$/)
  const flags = operator === '~*' || inline !== null ? 'i' : ''
  try {
    return new RegExp(inline?.[1] ?? toBinary(String(right)), flags)
  } catch (cause) {
    throw new ExpressionError(`the stand-in cannot compile the regular expression ${String(right)}`, {
      cause,
    })
  }
}
