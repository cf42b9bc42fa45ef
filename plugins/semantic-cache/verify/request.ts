import { EN_REQUESTS, ZH_REQUESTS } from './lexicon/requests.ts'

const SENTENCE_START = /(?:^|[.!?:;。！？：；\n]|[,，](?=\s*(?:please|请)))\s*["'(]*/giu
const ASKER = /^(?:i|we)(?:'d| would)? (?:need|want|like|wish|am looking|have to)\b/i
const WORD = /^[a-z']+/i

/**
 * Whether a sentence of the text tells the model to do something ("Write a short poem"). What is asked for hangs on
 * each of its words, which is not so when something is only stated.
 */
export function isRequest(folded: string): boolean {
  for (const { 0: mark, index } of folded.matchAll(SENTENCE_START)) {
    const rest = folded.slice(index + mark.length, index + mark.length + 40)
    const first = WORD.exec(rest)?.[0].toLowerCase()
    if ((first !== undefined && EN_REQUESTS.has(first)) || ASKER.test(rest) || ZH_REQUESTS.test(rest))
      return true
  }
  return false
}
