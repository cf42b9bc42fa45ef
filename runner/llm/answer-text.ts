import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'

export interface PartedText {
  text: string
  reasoning: string
  /** There are parts of other kinds. */
  others: boolean
}

/**
 * Content that is a string or a list of parts: `{type: 'text', text}` and, from Mistral, `{type: 'thinking', thinking}`.
 * Other parts (images, audio) have no text.
 */
export function partedText(content: unknown): PartedText {
  if (typeof content === 'string') return { text: content, reasoning: '', others: false }
  const parted = { text: '', reasoning: '', others: false }
  for (const part of arrayOf(content)) {
    if (!isRecord(part)) continue
    if (part.thinking !== undefined) parted.reasoning += plainText(part.thinking)
    else if (part.text !== undefined) parted.text += plainText(part.text)
    else parted.others = true
  }
  return parted
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  return arrayOf(value)
    .map((part) => stringOf(recordOf(part).text) ?? '')
    .join('')
}

/** Arguments of a tool call: JSON text in OpenAI's formats, an object in Ollama's, Gemini's and Anthropic's. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  try {
    return JSON.stringify(value)
  } catch {
    return '' // nested too deep for a JSON writer
  }
}
