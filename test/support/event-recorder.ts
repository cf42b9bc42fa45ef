import { appendFileSync } from 'node:fs'
import { Type } from 'typebox'
import { definePlugin, PASS } from '../../runner/plugin.ts'

const Settings = Type.Object({ file: Type.String() }, { additionalProperties: false })

/** Writes every committed usage event to a file, one JSON object a line, so that tests see what was billed. */
export default definePlugin<ReturnType<typeof Type.Object>, typeof Settings, { file: string }, object>({
  name: 'event-recorder',
  description: 'Records usage events for tests.',
  conf: Type.Object({}, { additionalProperties: false }),
  settings: Settings,
  needs: { body: 'none' },
  onFailure: 'allow',
  open: ({ file }) => ({ file }),
  prepare: () => ({}),
  decide: () => PASS,
  observe: ({ event }, { file }) => appendFileSync(file, `${JSON.stringify(event)}\n`),
})
