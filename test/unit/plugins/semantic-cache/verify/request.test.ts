import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRequest } from '../../../../../plugins/semantic-cache/verify/request.ts'

const requests = [
  'Write a short poem about rain',
  'please translate this into French',
  'The text is below. Summarize it in one line.',
  'I need a plan for a week in Rome',
  "I'd like a recipe with eggs",
  'As a teacher, please explain gravity',
  'Context: a shop sells tea\nList its costs',
  '帮我写一封邮件',
  '下面是一段话。请总结',
  '以春天为题写一首诗',
]
for (const text of requests) test(`«${text}» is a request`, () => assert.equal(isRequest(text), true))

const statements = [
  'The writer wrote a poem about rain',
  'Translations into French are listed below',
  'Rome was built in a week, I guess',
  '他在这里写了一首诗',
  '总部位于北京',
]
for (const text of statements) test(`«${text}» is none`, () => assert.equal(isRequest(text), false))
