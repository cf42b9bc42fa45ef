import { type Static, Type } from 'typebox'
import { readBody } from '../../runner/plugin.ts'

export const SecondOpinionSettingsSchema = Type.Object(
  {
    kind: Type.Union([Type.Literal('nli'), Type.Literal('rerank')], {
      description:
        'nli: text-embeddings-inference’s /predict with a model whose labels name entailment. rerank: the /rerank of TEI, Jina or Cohere.',
    }),
    url: Type.String({ description: 'Whole URL of the endpoint.' }),
    model: Type.Optional(Type.String({ description: 'For rerankers that serve several.' })),
    api_key: Type.Optional(
      Type.String({ description: 'Name a variable: the settings file is no place for a key.' }),
    ),
    min_score: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.8,
      description: 'What each question must say about the other.',
    }),
    timeout_ms: Type.Integer({
      minimum: 1,
      maximum: 5000,
      default: 150,
      description: 'Beyond it the candidate is rejected.',
    }),
  },
  { additionalProperties: false, description: 'Asked about each candidate that the verifier accepted.' },
)
export type SecondOpinionSettings = Static<typeof SecondOpinionSettingsSchema>

/** Judges whether two questions ask the same. What it cannot judge in time it rejects. */
export interface SecondOpinion {
  agrees(query: string, candidate: string, signal: AbortSignal): Promise<boolean>
}

const MAX_REPLY_BYTES = 65_536
const FAILURES = 3
const PAUSE_MS = 5000

/** Over HTTP. After three failures in a row it rejects at once for five seconds: nobody waits for a dead endpoint. */
export class HttpSecondOpinion implements SecondOpinion {
  readonly #settings: SecondOpinionSettings
  readonly #now: () => number
  #failed = 0
  #restsUntil = 0

  constructor(settings: SecondOpinionSettings, now: () => number = () => performance.now()) {
    this.#settings = settings
    this.#now = now
  }

  async agrees(query: string, candidate: string, signal: AbortSignal): Promise<boolean> {
    if (this.#now() < this.#restsUntil || signal.aborted) return false
    try {
      const scores = await this.#scores(query, candidate, signal)
      this.#failed = 0
      return scores.length > 0 && scores.every((score) => score >= this.#settings.min_score)
    } catch {
      if (!signal.aborted && ++this.#failed >= FAILURES) {
        this.#failed = 0
        this.#restsUntil = this.#now() + PAUSE_MS
      }
      return false
    }
  }

  async #scores(query: string, candidate: string, signal: AbortSignal): Promise<number[]> {
    const { kind, model } = this.#settings
    if (kind === 'nli') {
      // Entailment has a direction; the same question is entailed both ways.
      const inputs = [
        [query, candidate],
        [candidate, query],
      ]
      return entailments(await this.#ask({ inputs }, signal))
    }
    const named = model === undefined ? {} : { model }
    const body = { ...named, query, texts: [candidate], documents: [candidate], top_n: 1 }
    return relevances(await this.#ask(body, signal))
  }

  async #ask(body: object, signal: AbortSignal): Promise<unknown> {
    const { url, api_key, timeout_ms } = this.#settings
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(api_key === undefined ? {} : { authorization: `Bearer ${api_key}` }),
      },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]),
    })
    if (!response.ok || !response.body) throw new Error(`second opinion answered ${response.status}`)
    const text = await readBody(response.body, MAX_REPLY_BYTES)
    if (text === undefined) throw new Error('second opinion answered too much')
    return JSON.parse(text)
  }
}

/** `[[{label, score}, ...], [...]]`: for each pair the score of its entailment. @throws Error */
function entailments(reply: unknown): number[] {
  if (!Array.isArray(reply) || reply.length !== 2) throw new Error('second opinion has another form')
  return reply.map((labels: unknown) => {
    const found: unknown = Array.isArray(labels)
      ? labels.find((one) => /^entail/i.test(String((one as { label?: unknown })?.label)))
      : undefined
    return scoreOf((found as { score?: unknown } | undefined)?.score)
  })
}

/** `[{index, score}]` or `{results: [{index, relevance_score}]}`. @throws Error */
function relevances(reply: unknown): number[] {
  const list: unknown = Array.isArray(reply) ? reply : (reply as { results?: unknown } | null)?.results
  const first = Array.isArray(list) ? (list[0] as Record<string, unknown> | undefined) : undefined
  return [scoreOf(first?.score ?? first?.relevance_score)]
}

function scoreOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('second opinion has another form')
  return value
}
