// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandEnv } from '../../../../apisix-conf/cli/expand-env.ts'

function expand(value: unknown, env: Record<string, string> = {}) {
  const missing: string[] = []
  const expanded = expandEnv(value, {
    env,
    missing: (name, path) => {
      missing.push(`${path} ${name}`)
      return ''
    },
    leave: (path) => path === '/left',
  })
  return { expanded, missing }
}

test('fills in variables and defaults wherever a string stands', () => {
  const { expanded } = expand({ a: ['x-${A}-${B:-2}'], b: { c: '${A:-no}' } }, { A: '1' })
  assert.deepEqual(expanded, { a: ['x-1-2'], b: { c: '1' } })
})

test('takes an empty variable for an unset one', () => {
  assert.deepEqual(expand({ a: '${A:-fallback}' }, { A: '' }).expanded, { a: 'fallback' })
})

test('says where each variable is missing', () => {
  assert.deepEqual(expand({ a: { b: '${ONE}' }, c: ['${TWO}'] }).missing, ['/a/b ONE', '/c/0 TWO'])
})

test('makes a number of a port, and of no key that only looks like one', () => {
  const { expanded } = expand({ port: '${P:-443}', key: '${K}', name: '${P:-443}' }, { K: '12345' })
  assert.deepEqual(expanded, { port: 443, key: '12345', name: '443' })
})

test('leaves alone what belongs to somebody else, and variables of nginx', () => {
  const value = { left: { key: '${OPENAI_API_KEY}' }, format: '$status ${upstream_addr}' }
  const { expanded, missing } = expand(value)
  assert.deepEqual(expanded, value)
  assert.deepEqual(missing, [])
})

test('does not expand what a variable holds', () => {
  assert.deepEqual(expand({ a: '${A}' }, { A: '${B}', B: 'no' }).expanded, { a: '${B}' })
})
