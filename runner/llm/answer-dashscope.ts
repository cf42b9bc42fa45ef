import type { AnswerBuilder, ChoiceDraft } from './answer-builder.ts'
import { argumentsText, partedText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'
import { openAiUsage } from './token-usage.ts'

/** One text over the events of a stream: whether each repeats all before it is only known at the end. */
class Growing {
  #appended = ''
  #last = ''
  #cumulative = true

  add(text: string): string {
    this.#cumulative &&= text.startsWith(this.#last)
    this.#appended += text
    this.#last = text
    return this.#cumulative ? text : this.#appended
  }
}

/**
 * Reads DashScope's own format (`/api/v1/services/aigc/...`), whole or the events of one stream. Its streams repeat
 * the whole text in each event unless the request asked for `incremental_output`; the body alone tells which.
 */
export function dashscopeReader(builder: AnswerBuilder): (json: JsonRecord) => void {
  const texts = new Growing()
  const thoughts = new Growing()

  return (json) => {
    builder.identify(json.request_id, json.model, undefined)
    builder.count(openAiUsage(json.usage))
    const code = stringOf(json.code)
    const message = stringOf(json.message)
    if (code) builder.error = { code, ...(message !== undefined && { message }) }
    if (!isRecord(json.output)) return

    const choice = builder.choice(0)
    const item = recordOf(arrayOf(json.output.choices)[0])
    // a stream says "null" until it ends
    const reason = stringOf(item.finish_reason) ?? stringOf(json.output.finish_reason)
    if (reason !== undefined && reason !== 'null') choice.finishReason = reason
    if (!builder.keepText) return

    const said = recordOf(item.message)
    const { text } = partedText(said.content ?? json.output.text)
    choice.role = stringOf(said.role) ?? choice.role
    choice.content = texts.add(text)
    choice.reasoning = thoughts.add(stringOf(said.reasoning_content) ?? '')
    readCalls(choice, said.tool_calls)
  }
}

function readCalls(choice: ChoiceDraft, calls: unknown): void {
  for (const [index, item] of arrayOf(calls).entries()) {
    const called = recordOf(recordOf(item).function)
    const call = choice.toolCalls[index] ?? choice.tool()
    call.id = stringOf(recordOf(item).id) || call.id
    call.name = stringOf(called.name) || call.name
    const args = argumentsText(called.arguments)
    call.arguments = args.startsWith(call.arguments) ? args : call.arguments + args
  }
}
