import { definePlugin, PASS, type TextPart } from '../../runner/plugin.ts'
import { refuseUnknown } from './act.ts'
import { answerFlags, reportAnswer } from './answers/report.ts'
import { compileGuard, type Guard } from './compile.ts'
import { type GuardConf, GuardConfSchema } from './conf.ts'
import { decideOn } from './decide.ts'
import { partsToInspect } from './inspect.ts'
import { guardFlags } from './note.ts'
import { answerAdmin } from './records/admin.ts'
import { GuardSettingsSchema } from './settings.ts'
import { closeShared, openShared, type Shared } from './shared.ts'

/** Inspects every text that comes from outside, acts on what it finds, and adds the operator's constraint. */
export default definePlugin<typeof GuardConfSchema, typeof GuardSettingsSchema, Shared, Guard>({
  name: 'prompt-guard',
  description: 'Blocks prompt injection and leaks of secrets; appends a constraint to the system prompt.',
  conf: GuardConfSchema,
  settings: GuardSettingsSchema,
  needs: { body: 'json' },
  onFailure: 'deny',
  open: openShared,
  close: closeShared,
  prepare: (conf, shared) => compileGuard(conf as GuardConf, shared),
  decide: (request, guard, call) => {
    const { endpoint, json } = request
    if (endpoint === 'models') return PASS
    if (!endpoint || !json) return guard.conf.unknown_endpoint === 'pass' ? PASS : refuseUnknown()
    const decide = (parts: readonly TextPart[]) => decideOn({ request, endpoint, json, parts }, guard, call)
    const parts = partsToInspect(request, endpoint, json, guard.conf)
    return parts instanceof Promise ? parts.then(decide) : decide(parts)
  },
  enrich: async (observation, shared) => ({
    flags: [
      ...observation.event.flags,
      ...guardFlags(observation.notes),
      ...(await answerFlags(observation, shared.answers)),
    ],
  }),
  observe: reportAnswer,
  admin: (request, { violations }) => answerAdmin(request, violations),
})
