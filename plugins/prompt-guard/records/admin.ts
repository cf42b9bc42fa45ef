import type { AdminReply, AdminRequest } from '../../../runner/plugin.ts'
import type { ViolationQuery, Violations } from './violations.ts'

const MAX_LIMIT = 1_000
const DEFAULT_LIMIT = 50
const MAX_OFFSET = 9_000

const TEXTS = {
  consumer: 'consumer',
  category: 'category',
  action: 'action',
  direction: 'direction',
  route_id: 'routeId',
  request_id: 'requestId',
} as const
const NUMBERS = {
  from_ms: 'fromMs',
  to_ms: 'toMs',
  min_score: 'minScore',
  limit: 'limit',
  offset: 'offset',
} as const

/** `GET violations?consumer=...&category=...&from_ms=...&limit=...`, the newest first. */
export async function answerAdmin(
  request: AdminRequest,
  violations: Violations,
): Promise<AdminReply | undefined> {
  const [what, ...more] = request.path
  if (what !== 'violations' || more.length > 0) return undefined
  if (request.method !== 'GET') return { status: 405, json: { error: 'only GET' } }
  const { query, problems } = readQuery(request.query)
  if (problems.length > 0) return { status: 400, json: { error: problems.join('; ') } }
  try {
    const { total, events } = await violations.search(query)
    return { status: 200, json: { total, events } }
  } catch {
    return { status: 503, json: { error: 'the store of violations is away' } }
  }
}

function readQuery(params: URLSearchParams): { query: ViolationQuery; problems: string[] } {
  const query: Record<string, string | number> = { limit: DEFAULT_LIMIT, offset: 0 }
  const problems: string[] = []
  for (const [name, value] of params) {
    if (Object.hasOwn(TEXTS, name) && value === '') problems.push(`${name} is empty`)
    else if (Object.hasOwn(TEXTS, name)) query[TEXTS[name as keyof typeof TEXTS]] = value
    else if (!Object.hasOwn(NUMBERS, name)) problems.push(`unknown parameter ${name}`)
    else {
      const number = Number(value)
      if (value === '' || !Number.isFinite(number) || number < 0) problems.push(`${name} is no number`)
      else query[NUMBERS[name as keyof typeof NUMBERS]] = number
    }
  }
  query.limit = Math.min(Math.trunc(Number(query.limit)), MAX_LIMIT)
  query.offset = Math.min(Math.trunc(Number(query.offset)), MAX_OFFSET)
  return { query: query as unknown as ViolationQuery, problems }
}
