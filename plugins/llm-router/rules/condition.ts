import { compileGlob, compileGlobs } from '../../glob.ts'
import type { WhenConf } from '../conf.ts'
import type { RequestFacts } from './facts.ts'
import { compileTimeWindow } from './time-window.ts'

export interface Condition {
  holds(facts: RequestFacts): boolean
  /** The same for a request whose body is not known (GET /v1/models): could it hold with some body? */
  couldHold(facts: CallerFacts): boolean
}

export type CallerFacts = Pick<RequestFacts, 'model' | 'tier' | 'consumer' | 'receivedAt' | 'header'>

type Test<F> = (facts: F) => boolean

/** Cheap tests first; the prompt is only measured when everything else holds. @throws Error naming a bad time zone. */
export function compileCondition(when: WhenConf = {}): Condition {
  const caller = callerTests(when)
  const body = bodyTests(when)
  const couldHold = (facts: CallerFacts) => caller.every((test) => test(facts))
  return { couldHold, holds: (facts) => couldHold(facts) && body.every((test) => test(facts)) }
}

function callerTests(when: WhenConf): Test<CallerFacts>[] {
  const tests: Test<CallerFacts>[] = []
  if (when.models) {
    const takes = compileGlobs(when.models)
    tests.push((facts) => takes(facts.model))
  }
  if (when.tiers) {
    const tiers = new Set(when.tiers)
    tests.push((facts) => tiers.has(facts.tier))
  }
  if (when.consumers) {
    const takes = compileGlobs(when.consumers)
    tests.push((facts) => facts.consumer !== undefined && takes(facts.consumer))
  }
  for (const [name, glob] of Object.entries(when.headers ?? {})) {
    const lower = name.toLowerCase()
    const takes = compileGlob(glob)
    tests.push((facts) => {
      const value = facts.header(lower)
      return value !== undefined && takes(value)
    })
  }
  if (when.time) {
    const inside = compileTimeWindow(when.time)
    tests.push((facts) => inside(facts.receivedAt))
  }
  return tests
}

function bodyTests(when: WhenConf): Test<RequestFacts>[] {
  const tests: Test<RequestFacts>[] = []
  const { endpoints, stream, tools, images, prompt_tokens: size } = when
  if (endpoints) tests.push((facts) => (endpoints as readonly string[]).includes(facts.endpoint))
  if (stream !== undefined) tests.push((facts) => facts.features.stream === stream)
  if (tools !== undefined) tests.push((facts) => facts.features.hasTools === tools)
  if (images !== undefined) tests.push((facts) => facts.features.hasImages === images)
  if (size?.max !== undefined) {
    const { max } = size
    tests.push((facts) => facts.surelyFits(max) || facts.promptTokens <= max)
  }
  if (size?.min !== undefined) {
    const { min } = size
    tests.push((facts) => !facts.surelyFits(min - 1) && facts.promptTokens >= min)
  }
  return tests
}
