import {
  type Endpoint,
  type JsonObject,
  type RequestFeatures,
  type RequestView,
  requestFeatures,
} from '../../../runner/plugin.ts'
import { estimatePromptTokens } from './prompt-size.ts'

/** What rules ask about a request; the expensive answers are worked out once, when a rule asks. */
export class RequestFacts {
  readonly model: string
  readonly tier: string
  readonly consumer: string | undefined
  readonly endpoint: Endpoint
  readonly receivedAt: number
  readonly json: JsonObject
  readonly #request: RequestView
  #features: RequestFeatures | undefined
  #promptTokens: number | undefined

  constructor(
    request: RequestView,
    known: {
      endpoint: Endpoint
      model: string
      tier: string
      consumer: string | undefined
      json: JsonObject
    },
  ) {
    this.#request = request
    this.endpoint = known.endpoint
    this.model = known.model
    this.tier = known.tier
    this.consumer = known.consumer
    this.json = known.json
    this.receivedAt = request.receivedAt
  }

  header(name: string): string | undefined {
    return this.#request.header(name)
  }

  get features(): RequestFeatures {
    this.#features ??= requestFeatures(this.endpoint, this.json)
    return this.#features
  }

  get promptTokens(): number {
    this.#promptTokens ??= estimatePromptTokens(this.endpoint, this.json)
    return this.#promptTokens
  }

  /** The limit of the answer, as far as the client sets one; without reading the rest of the body. */
  get maxTokens(): number | undefined {
    const { max_completion_tokens: chat, max_output_tokens: responses, max_tokens: other } = this.json
    return [chat, responses, other].find((limit): limit is number => typeof limit === 'number')
  }

  /** A token has at least one byte: a short body is known to fit without being read. */
  surelyFits(tokens: number): boolean {
    return this.#request.rawBody.length <= tokens
  }
}
