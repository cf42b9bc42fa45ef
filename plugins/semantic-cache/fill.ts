import type { Observation } from '../../runner/plugin.ts'
import { lastUserPart } from './key.ts'
import { embed } from './lookup.ts'
import type { CacheNote } from './note.ts'
import { compareWithLive } from './shadow.ts'
import type { Shared } from './shared.ts'
import type { CacheEntry } from './store/cache-store.ts'

/** Why an answer is not kept. */
export type NotStored =
  | 'fallback'
  | 'outcome'
  | 'incomplete'
  | 'finish_reason'
  | 'tool_calls'
  | 'extras'
  | 'refusal'
  | 'empty'
  | 'too_large'

const JITTER = 0.1
const EMBED_DEADLINE_MS = 5000

type Miss = Extract<CacheNote, { result: 'miss' }>

/** What a request that was not served brought: an entry, a comparison, or only that nobody need wait for it. */
export async function learn(observation: Observation, note: Miss, shared: Shared): Promise<void> {
  const { store, report, clock, random } = shared
  if (note.shadow) await compare(observation, note, note.shadow, shared)
  const entry = entryFrom(observation, note, clock.now(), random)
  if (typeof entry === 'string') {
    report.notStored(entry)
    if (note.leads) await store.release(note.scope, note.key).catch(() => {})
    return
  }
  try {
    await store.put(entry, entry.query === '' ? undefined : await vectorOf(entry.query, shared))
    report.stored()
  } catch {
    report.notStored('store_away')
  }
}

async function compare(
  observation: Observation,
  { scope }: Miss,
  { layer, key }: NonNullable<Miss['shadow']>,
  { store, report }: Shared,
): Promise<void> {
  const stored = await store.get(scope, key).catch(() => undefined)
  const { result, similarity } = compareWithLive(stored, observation)
  report.shadowed(layer, result, similarity)
}

/** Without an embedder the entry still serves the exact layer. */
function vectorOf(query: string, { embedder, report }: Shared): Promise<Float32Array | undefined> {
  return embed(query, embedder, report, AbortSignal.timeout(EMBED_DEADLINE_MS))
}

/** Only a complete, successful, finished answer becomes an entry. What is stored under is what the request flow noted. */
export function entryFrom(
  observation: Observation,
  note: Miss,
  nowMs: number,
  random: () => number,
): CacheEntry | NotStored {
  const { event, answer, endpoint, requestJson } = observation
  if (event.outcome !== 'completed' || event.status !== 200) return 'outcome'
  // The key names the model that was asked; another one answered.
  if (event.fallback) return 'fallback'
  if (!answer?.complete || answer.error || answer.brokenEvents > 0) return 'incomplete'
  const choice = answer.choices[0]
  if (!choice || answer.choices.length !== 1) return 'empty'
  if (choice.toolCalls?.length) return 'tool_calls'
  if (choice.extras) return 'extras'
  if (!FINISHED.has(choice.finishReason ?? answer.finishReason ?? '')) return 'finish_reason'
  if (choice.refusal || looksRefused(choice.content)) return 'refusal'
  if (choice.content.trim() === '') return 'empty'
  const { content, reasoning } = choice
  if (Buffer.byteLength(content) + Buffer.byteLength(reasoning ?? '') > note.max_answer_bytes)
    return 'too_large'
  const query =
    endpoint && requestJson && note.semantic ? lastUserPart(endpoint, requestJson)?.text : undefined
  return {
    scope: note.scope,
    key: note.key,
    context: note.context,
    query: query ?? '',
    choices: [{ index: 0, content, ...(reasoning && { reasoning }), finishReason: 'stop' }],
    model: event.response_model ?? event.model ?? '',
    promptTokens: event.prompt_t,
    completionTokens: event.completion_t,
    storedMs: nowMs,
    expiresMs: nowMs + note.ttl_s * 1000 * (1 - JITTER * random()),
  }
}

/**
 * The words of OpenAI, Anthropic and the Responses API for an answer that came to its end. Not Anthropic's
 * `stop_sequence`: its clients want to know which one.
 */
const FINISHED: ReadonlySet<string> = new Set(['stop', 'end_turn', 'completed'])

/** How answers begin that decline. One too many costs a call to the provider; one too few is served for an hour. */
const REFUSALS = [
  /^(?:i['’]?m|i am) (?:(?:really|very|so|truly|deeply|terribly) )?(?:sorry|afraid|unable|not able|not comfortable)\b/i,
  /^(?:sorry|(?:my |our )?apologies|i (?:sincerely )?apologi[sz]e|unfortunately|regrettably)\b[^.!?\n]{0,80}?\b(?:can['’]?t|cannot|can not|won['’]?t|unable|not able|not allowed|not permitted|decline)(?![\p{L}])/iu,
  /^i (?:can['’]?t|cannot|can not|won['’]?t|will not|am not able to) (?:help|assist|provide|comply|do (?:that|this)|answer|fulfil+|support|continue|create|generate|engage|discuss|share|offer|give|respond|write|produce)\b/i,
  /^i (?:must|have to|need to) (?:respectfully |politely )?(?:decline|refuse)\b/i,
  /^as an? (?:ai|artificial intelligence|(?:large )?language model)\b/i,
  /^(?:(?:你好|您好)[，,！!。]?\s*)?(?:非常|很|十分|实在)?(?:抱歉|对不起|不好意思|遗憾)/,
  /^(?:(?:你好|您好)[，,！!。]?\s*)?作为(?:一个|一名|一款|一种)?\s*(?:AI|人工智能|(?:大型?)?语言模型|智能助手)/i,
  /^(?:(?:你好|您好)[，,！!。]?\s*)?(?:[这该]个?问题)?[，,]?我(?:暂时)?(?:不能|无法|没办法|不可以)(?:提供|回答|协助|帮助|满足|给到|给出|处理|生成|继续|讨论)/,
]

function looksRefused(content: string): boolean {
  const start = content.trimStart().slice(0, 120)
  return REFUSALS.some((pattern) => pattern.test(start))
}
