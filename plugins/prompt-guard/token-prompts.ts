import type { Endpoint, JsonObject } from '../../runner/plugin.ts'
import type { GuardConf } from './conf.ts'
import type { Finding } from './note.ts'

/** Why a prompt of tokens is refused; undefined where it has none, or where it need not be read and nothing be added. */
export function tokenFinding(
  endpoint: Endpoint,
  { prompt }: JsonObject,
  { token_prompts: policy, system_prompt_append: append }: GuardConf,
  exempt: boolean,
): Finding | undefined {
  if (endpoint !== 'completions' || policy === 'pass' || (exempt && append === undefined)) return undefined
  if (!Array.isArray(prompt) || prompt.every((item) => typeof item === 'string')) return undefined
  return { action: 'block', category: 'token_prompt', score: 0, rules: [], flags: [] }
}
