import type { Behaviour } from './behaviour.ts'
import type { Call } from './call.ts'
import { countTokens, groupTokens, splitTokens } from './tokens.ts'

export interface Piece {
  text: string
  tokens: number
}

/** What the provider says and bills, before any API's form. */
export interface Answer {
  id: string
  /** Unix seconds. */
  created: number
  model: string
  /** The text, refusal or tool arguments, cut into the chunks of a stream. */
  kind: 'text' | 'refusal' | 'tool_call'
  pieces: Piece[]
  toolName: string
  /** In OpenAI's words; each API translates. */
  finishReason: string
  usage: Usage
  behaviour: Behaviour
}

export interface Usage {
  prompt: number
  completion: number
  cached: number
  reasoning: number
}

export interface AnswerFacts {
  provider: string
  id: string
  now: number
}

const defaultChunks = 8
const filler = splitTokens(
  ' the river runs past the mill and the miller counts every sack of grain that leaves his door before noon',
)

/** Makes the answer to a call: the same call and behaviour give the same words and the same bill. */
export function makeAnswer(call: Call, behaviour: Behaviour, facts: AnswerFacts): Answer {
  const toolName = behaviour.tool_call?.name ?? call.forcedTool
  const kind = behaviour.refusal !== undefined ? 'refusal' : toolName !== undefined ? 'tool_call' : 'text'
  const all = kind === 'text' ? textTokens(call, behaviour, facts) : splitTokens(fixedText(kind, behaviour))
  const reasoning = behaviour.reasoning_tokens ?? 0
  const cut = kind === 'text' && call.maxTokens !== undefined && all.length > call.maxTokens
  const tokens = cut ? all.slice(0, call.maxTokens) : all
  const pieces = groupTokens(tokens, behaviour.chunks ?? defaultChunks).map((text) => ({
    text,
    tokens: countTokens(text),
  }))
  const completion = pieces.reduce((sum, piece) => sum + piece.tokens, 0) + reasoning
  return {
    id: facts.id,
    created: Math.floor(facts.now / 1000),
    model: call.model,
    kind,
    pieces,
    toolName: toolName ?? '',
    finishReason: behaviour.finish_reason ?? (kind === 'tool_call' ? 'tool_calls' : cut ? 'length' : 'stop'),
    usage: {
      prompt: call.promptTokens,
      completion,
      cached: Math.min(behaviour.cached_tokens ?? 0, call.promptTokens),
      reasoning,
    },
    behaviour,
  }
}

export function textOf(answer: Answer): string {
  return answer.pieces.map((piece) => piece.text).join('')
}

function fixedText(kind: 'refusal' | 'tool_call', behaviour: Behaviour): string {
  return (kind === 'refusal' ? behaviour.refusal : behaviour.tool_call?.arguments) ?? '{}'
}

function textTokens(call: Call, behaviour: Behaviour, { provider }: AnswerFacts): string[] {
  const text =
    behaviour.text ?? `Answer of ${provider} as ${call.model} to prompt ${call.digest}, scripted for tests.`
  const tokens = splitTokens(text)
  const wanted =
    behaviour.tokens ??
    (behaviour.text === undefined ? Math.max(behaviour.chunks ?? 0, tokens.length) : tokens.length)
  for (let i = 0; tokens.length < wanted; i++) tokens.push(filler[i % filler.length] ?? ' word')
  return tokens.slice(0, wanted)
}
