import { EN_REQUESTS, ZH_REQUESTS } from './lexicon/requests.ts'
import type { Raw } from './tokenize.ts'

const SENTENCE_START = /(?:^|[.!?:;。！？：；\n]|[,，](?=\s*(?:please|请)))\s*["'(]*/giu
const ASKER = /^(?:i|we)(?:'d| would)? (?:need|want|like|wish|am looking|have to)\b/i
const WORD = /^[a-z']+/i

const ASKERS: ReadonlySet<string> = new Set('i my me mine we our us ours 我 我们 咱 咱们 我家'.split(' '))

const BEGINNING = 6

/** Whether the asker tells of himself, from the beginning or again and again: "My tenant has ..." asks for advice, and hangs on each of its words too. */
export function isOwnStory(raw: readonly Raw[]): boolean {
  const told = raw.filter(({ text, upper }) => ASKERS.has(text) && !upper)
  return told.length > 1 || raw.slice(0, BEGINNING).some((piece) => told.includes(piece))
}

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
