import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GuardConf, GuardConfSchema } from '../../../../plugins/prompt-guard/conf.ts'
import type { Verdict } from '../../../../plugins/prompt-guard/detect/index.ts'
import { SecretSpans } from '../../../../plugins/prompt-guard/detect/secret-spans.ts'
import { judge } from '../../../../plugins/prompt-guard/judge.ts'
import { compileValidator } from '../../../../runner/validate.ts'

const validate = compileValidator(GuardConfSchema)

function conf(own: object = {}): GuardConf {
  const result = validate({ threshold: 0.8, ...own })
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as GuardConf
}

function rule(category: Verdict['rules'][number]['category'], weight: number): Verdict['rules'][number] {
  return { id: `${category}-1`, category, weight, view: 'plain', span: { text: 0, start: 0, end: 5 } }
}

function verdict(own: Partial<Verdict>): Verdict {
  const isAttack = (own.score ?? 0) >= 0.8
  return {
    score: 0,
    isAttack,
    category: isAttack ? (own.rules?.[0]?.category ?? 'classifier') : 'none',
    rules: [],
    layers: { patterns: 0, classifier: 0 },
    flags: [],
    secrets: new SecretSpans(),
    truncated: false,
    inspectedChars: 100,
    ...own,
  }
}

test('a score from the threshold on gets the action of its category, else the action', () => {
  const attack = verdict({ score: 0.9, rules: [rule('leak', 0.9)] })
  assert.equal(judge(attack, conf())[0]?.action, 'block')
  assert.equal(judge(attack, conf({ category_actions: { leak: 'flag' } }))[0]?.action, 'flag')
  assert.deepEqual(judge(attack, conf({ category_actions: { leak: 'off' } })), [])
})

test('a milder category does not shelter a stricter one that decides by itself', () => {
  const both = verdict({
    score: 0.95,
    rules: [rule('leak', 0.95), rule('override', 0.8), rule('role_play', 0.2)],
  })
  const [finding] = judge(
    both,
    conf({ category_actions: { leak: 'off', role_play: 'block', override: 'flag' } }),
  )
  assert.deepEqual([finding?.category, finding?.action], ['override', 'flag'])
})

test('a rule that weighs nothing does not shelter what the classifier sees', () => {
  const sure = verdict({ score: 0.95, rules: [rule('delimiter', 0.12)] })
  const off = conf({ category_actions: { delimiter: 'off' } })
  assert.deepEqual([judge(sure, off)[0]?.category, judge(sure, off)[0]?.action], ['classifier', 'block'])
  assert.equal(judge(sure, conf())[0]?.category, 'delimiter')
  assert.deepEqual(judge(sure, conf({ category_actions: { delimiter: 'off', classifier: 'off' } })), [])
})

test('the band below the threshold is flagged, never more, and less where the category says so', () => {
  const suspicious = verdict({ score: 0.6, rules: [rule('leak', 0.4)] })
  assert.deepEqual(judge(suspicious, conf()), [])
  assert.equal(judge(suspicious, conf({ flag_threshold: 0.5 }))[0]?.action, 'flag')
  const observed = conf({ flag_threshold: 0.5, category_actions: { leak: 'observe' } })
  assert.equal(judge(suspicious, observed)[0]?.action, 'observe')
  assert.deepEqual(judge(verdict({ score: 0.4 }), conf({ flag_threshold: 0.5 })), [])
})

test('an attack that only the classifier sees has the category classifier', () => {
  assert.equal(judge(verdict({ score: 0.9 }), conf())[0]?.category, 'classifier')
  assert.equal(judge(verdict({ score: 0.6 }), conf({ flag_threshold: 0.5 }))[0]?.category, 'classifier')
})

test('what was not inspected to its end is blocked, whatever the action', () => {
  const [finding] = judge(verdict({ truncated: true }), conf({ action: 'observe' }))
  assert.deepEqual([finding?.category, finding?.action], ['not_inspected', 'block'])
})

test('secrets are a finding of their own beside an attack', () => {
  const secrets = new SecretSpans()
  secrets.add({ kind: 'email', id: 'email', start: 0, end: 5 }, 0)
  const found = judge(verdict({ score: 0.9, secrets }), conf({ secrets: 'mask' }))
  assert.deepEqual(
    found.map(({ category, action }) => [category, action]),
    [
      ['classifier', 'block'],
      ['secret', 'mask'],
    ],
  )
})
