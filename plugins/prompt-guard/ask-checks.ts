import type { TextPart } from '../../runner/plugin.ts'
import { CheckError } from './checks/check.ts'
import type { Guard, UsedCheck } from './compile.ts'
import type { Finding } from './note.ts'

/** All checks of the route at once. A failure is a finding: it blocks where the conf says `deny`, else it is noted. */
export async function askChecks(
  guard: Guard,
  parts: readonly TextPart[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (guard.checks.length === 0) return []
  const findings = await Promise.all(guard.checks.map((used) => ask(used, parts, signal)))
  return findings.filter((finding) => finding !== undefined)
}

async function ask(
  { use, check }: UsedCheck,
  parts: readonly TextPart[],
  signal: AbortSignal,
): Promise<Finding | undefined> {
  try {
    const { violation, label, score } = await check.check(textsFor(use.texts, parts), signal)
    if (!violation) return undefined
    return { action: use.action, category: 'content', score, rules: [`${check.name}:${label}`], flags: [] }
  } catch (error) {
    const code = error instanceof CheckError ? error.code : 'network'
    return {
      action: use.on_failure === 'deny' ? 'block' : 'observe',
      category: 'check_failed',
      score: 0,
      rules: [`${check.name}:${code}`],
      flags: [],
    }
  }
}

/**
 * Of the newest user message all parts: they have the same place in the body but for its end. Each prompt of a batch is a
 * message of its own, and none is newer than the others.
 */
function textsFor(texts: 'all' | 'last_user', parts: readonly TextPart[]): readonly string[] {
  if (texts === 'all') return parts.map((part) => part.text)
  const last = parts.findLast((part) => part.role === 'user' || part.role === 'input')
  if (!last) return []
  const [list, index] = last.path
  if (last.role === 'input') return parts.map((part) => part.text)
  return parts
    .filter((part) => part.role === last.role && part.path[0] === list && part.path[1] === index)
    .map((part) => part.text)
}
