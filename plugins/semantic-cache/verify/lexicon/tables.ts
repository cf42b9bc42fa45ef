import { lemma } from '../lemma.ts'
import { ANTONYMS } from './antonyms.ts'
import { EN_SYNONYMS } from './en-synonyms.ts'
import { ZH_SYNONYMS } from './zh-synonyms.ts'

function lines(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}

/** A phrase key is its lemmas joined by `_`. */
function phraseKey(entry: string): string {
  return /^[\x20-\x7e]+$/.test(entry) ? entry.split('_').map(lemma).join('_') : entry
}

/** Lemma or phrase key to the key of its meaning. */
export const SYNONYM: ReadonlyMap<string, string> = new Map(
  [...lines(EN_SYNONYMS), ...lines(ZH_SYNONYMS)].flatMap((words) => {
    const keys = words.map(phraseKey)
    return keys.map((key) => [key, keys[0] ?? key] as const)
  }),
)

export function canonical(key: string): string {
  return SYNONYM.get(key) ?? key
}

const OPPOSITES: ReadonlySet<string> = new Set(
  lines(ANTONYMS).flatMap(([a = '', b = '']) => {
    const x = canonical(phraseKey(a))
    const y = canonical(phraseKey(b))
    return [`${x}|${y}`, `${y}|${x}`]
  }),
)

/** Both keys canonical. */
export function areOpposite(a: string, b: string): boolean {
  return OPPOSITES.has(`${a}|${b}`) || isPrefixOpposite(a, b) || isPrefixOpposite(b, a)
}

const NEGATIVE_PREFIXES = ['un', 'in', 'im', 'ir', 'il', 'dis', 'non', 'de', 'anti', 'mis']

function isPrefixOpposite(a: string, b: string): boolean {
  return (
    a.length > 3 && b.length > a.length && b.endsWith(a) && NEGATIVE_PREFIXES.includes(b.slice(0, -a.length))
  )
}

/** English phrases of the tables by their first word, longest first. */
export const PHRASES: ReadonlyMap<string, readonly string[][]> = (() => {
  const map = new Map<string, string[][]>()
  for (const key of SYNONYM.keys()) {
    if (!key.includes('_')) continue
    const words = key.split('_')
    const first = words[0] ?? ''
    const list = map.get(first) ?? []
    list.push(words)
    list.sort((a, b) => b.length - a.length)
    map.set(first, list)
  }
  return map
})()

/** Chinese words of the tables, for reading by longest match. */
export const ZH_WORDS: readonly string[] = [
  ...lines(ZH_SYNONYMS).flat(),
  ...lines(ANTONYMS)
    .flat()
    .filter((word) => /^[\u4e00-\u9fff]{2,}$/.test(word)),
]
