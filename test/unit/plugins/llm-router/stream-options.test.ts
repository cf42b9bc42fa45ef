import assert from 'node:assert/strict'
import { test } from 'node:test'
import plugin from '../../../../plugins/llm-router/index.ts'
import { routeNote } from '../../../../plugins/llm-router/note.ts'
import { startRig } from '../../../support/rig.ts'

const conf = (drop_fields: readonly string[]) => ({
  providers: { old: { type: 'openai-compatible', upstream: 'old', drop_fields } },
  rules: [{ targets: [{ provider: 'old' }] }],
})

test('a provider that refuses stream_options is noted, so that nobody adds it later', async () => {
  const rig = await startRig([plugin])
  try {
    const peer = await rig.peer()
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] })
    for (const [drop, refuses] of [
      [['stream_options'], true],
      [[], undefined],
    ] as const) {
      const token = await peer.prepare({ 'llm-router': conf(drop) }, `route#${drop}#1`)
      const answer = await peer.call({ token, body })
      assert.equal(answer.kind, 'rewrite', JSON.stringify(answer))
      const id =
        answer.kind === 'rewrite' ? answer.headers.find(({ name }) => name === 'x-request-id')?.value : ''
      const note = (await rig.records.get(id ?? ''))?.notes[routeNote.plugin] as {
        refuses_stream_options?: true
      }
      assert.equal(note.refuses_stream_options, refuses)
    }
  } finally {
    await rig.close()
  }
})
