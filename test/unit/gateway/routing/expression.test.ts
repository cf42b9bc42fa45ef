import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression, ExpressionError, type VarValue } from '../../../gateway/routing/expression.ts'

const vars: Record<string, VarValue> = { server_port: '9444', status: 200, http_x_up: 'qwen', empty: '' }
const read = (name: string) => vars[name]

const cases: readonly [string, unknown, boolean][] = [
  ['an empty rule is true', [], true],
  ['text equals text', [['server_port', '==', '9444']], true],
  ['a number on the right converts the left', [['server_port', '==', 9444]], true],
  ['text never equals a number variable', [['status', '==', '200']], false],
  ['the operator may be left out', [['http_x_up', 'qwen']], true],
  ['different text is not equal', [['http_x_up', '~=', 'openai']], true],
  ['a missing variable differs from any number', [['nope', '~=', 1]], true],
  ['a missing variable equals null', [['nope', '==', null]], true],
  ['greater compares numbers', [['server_port', '>', 9000]], true],
  ['less compares text as numbers', [['server_port', '<', '10000']], true],
  ['text that is no number is not greater', [['http_x_up', '>', 1]], false],
  ['a regular expression searches', [['http_x_up', '~~', '^q.en$']], true],
  ['a regular expression minds the case', [['http_x_up', '~~', 'QWEN']], false],
  ['unless asked not to', [['http_x_up', '~*', 'QWEN']], true],
  ['a missing variable matches nothing', [['nope', '~~', '.*']], false],
  ['in looks through a list', [['http_x_up', 'in', ['openai', 'qwen']]], true],
  ['has is for tables, which no request variable is', [['http_x_up', 'has', 'qwen']], false],
  ['! negates', [['http_x_up', '!', 'in', ['openai']]], true],
  [
    'all must hold',
    [
      ['http_x_up', '==', 'qwen'],
      ['status', '==', 500],
    ],
    false,
  ],
  ['OR needs one', ['OR', ['http_x_up', '==', 'no'], ['status', '==', 200]], true],
  ['!AND is true when one fails', ['!AND', ['http_x_up', '==', 'no'], ['status', '==', 200]], true],
  ['groups nest', [['OR', ['status', '==', 1], ['AND', ['status', '==', 200], ['empty', '==', '']]]], true],
]

for (const [name, rule, expected] of cases) {
  test(name, () => assert.equal(compileExpression(rule)(read), expected))
}

const refusals: readonly [string, unknown, string][] = [
  ['a rule without brackets', ['a', '==', 'b'], 'rule should be wrapped inside brackets'],
  ['an unknown operator', [['a', '=', 'b']], "invalid operator '='"],
  ['a misplaced negation', [['a', '==', '!', 'b']], "bad 'not' expression"],
  ['an OR of one', ['OR', ['a', '==', 'b']], 'rule too short'],
  ['a lonely name', [['a']], 'invalid expression'],
]

for (const [name, rule, message] of refusals) {
  test(`${name} is refused as lua-resty-expr does`, () => {
    assert.throws(() => compileExpression(rule), new ExpressionError(message))
  })
}
