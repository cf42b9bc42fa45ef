import { CheckError, type ContentService, type ServiceParts, verdictOf } from './check.ts'
import { postJson } from './post-json.ts'
import type { OpenAiSettings } from './settings.ts'

const MAX_CHARS = 32_000

/** https://platform.openai.com/docs/api-reference/moderations */
export function openAiModeration(settings: OpenAiSettings, parts: ServiceParts): ContentService {
  const { endpoint: url = 'https://api.openai.com/v1/moderations', model, min_score: minScore } = settings
  const headers = {
    authorization: `Bearer ${parts.secret(settings.api_key_env)}`,
    'content-type': 'application/json',
    accept: 'application/json',
  }
  return {
    maxChars: MAX_CHARS,
    ask: async (text, signal) => {
      const body = JSON.stringify({ model, input: text })
      const answer = await postJson({ url, headers, body, signal, ...parts })
      const { results } = (answer ?? {}) as { results?: { flagged?: unknown; category_scores?: unknown }[] }
      const [result] = Array.isArray(results) ? results : []
      if (typeof result?.flagged !== 'boolean') throw new CheckError('shape', 'no results[0].flagged')
      const [label, score] = worst(result.category_scores)
      if (minScore === undefined) return verdictOf(result.flagged, label, score)
      if (score === undefined) throw new CheckError('shape', 'no results[0].category_scores')
      return verdictOf(score >= minScore, label, score)
    },
  }
}

function worst(scores: unknown): [label: string | undefined, score: number | undefined] {
  let label: string | undefined
  let score: number | undefined
  if (typeof scores !== 'object' || scores === null) return [label, score]
  for (const [name, value] of Object.entries(scores)) {
    if (typeof value !== 'number' || value <= (score ?? -1)) continue
    label = name
    score = value
  }
  return [label, score]
}
