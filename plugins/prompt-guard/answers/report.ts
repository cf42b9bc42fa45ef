import type { Observation } from '../../../runner/plugin.ts'
import { CheckError } from '../checks/check.ts'
import type { GuardedCheck } from '../checks/guarded-check.ts'
import type { Finding } from '../note.ts'
import type { AnswerSettings } from '../settings.ts'
import type { Shared } from '../shared.ts'
import { inspectAnswer, isReadable, textOfAnswer } from './inspect-answer.ts'

const FLAG = 'guard:answer_'

/** `guard:answer_leak` and the like, for the usage event. Only what is found here: a service could say something else next time. */
export async function answerFlags(
  observation: Observation,
  settings: AnswerSettings,
): Promise<readonly string[]> {
  return (await inspectAnswer(observation, settings)).map(({ category }) => `${FLAG}${category}`)
}

/** Reports what an answer should not have said. The client has it already: a stream cannot be recalled. */
export async function reportAnswer(observation: Observation, shared: Shared): Promise<void> {
  const { event } = observation
  const { answers: settings, recorder } = shared
  // The flags say whether the local checks found something; most answers need no second look.
  const isFlagged = event.flags.some((flag) => flag.startsWith(FLAG))
  const local = isFlagged ? await inspectAnswer(observation, settings) : []
  const findings = [...local, ...(await askAbout(observation, shared))]
  if (findings.length === 0) return
  for (const { category, action } of findings) shared.verdict('answer', category, action)
  recorder.record(
    {
      requestId: event.request_id,
      timestampMs: event.timestamp_ms,
      direction: 'answer',
      consumer: event.consumer,
      routeId: event.route_id,
      endpoint: event.endpoint,
      texts: [textOfAnswer(observation, settings.max_chars)],
    },
    findings,
  )
}

async function askAbout(observation: Observation, shared: Shared): Promise<readonly Finding[]> {
  const { answers: settings, checks } = shared
  if (settings.checks.length === 0 || !isReadable(observation, settings)) return []
  const text = textOfAnswer(observation, settings.max_chars)
  const asked = settings.checks.map((name) => ask(checks.get(name), text))
  return (await Promise.all(asked)).filter((finding) => finding !== undefined)
}

/** A check that is down has its metric; the answer is gone anyway, so there is nothing to report about it. */
async function ask(check: GuardedCheck | undefined, text: string): Promise<Finding | undefined> {
  if (!check || text === '') return undefined
  try {
    const { violation, label, score } = await check.check([text], new AbortController().signal)
    if (!violation) return undefined
    return { action: 'observe', category: 'content', score, rules: [`${check.name}:${label}`], flags: [] }
  } catch (error) {
    if (error instanceof CheckError) return undefined
    throw error
  }
}
