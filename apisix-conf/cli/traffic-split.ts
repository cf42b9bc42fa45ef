import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, recordOf } from '../../runner/llm/json.ts'

/** The rules of a resource's traffic-split; none when it has no such plugin. */
export function splitRules(value: JsonObject): JsonObject[] {
  return arrayOf(recordOf(recordOf(value.plugins)['traffic-split']).rules).map(recordOf)
}
