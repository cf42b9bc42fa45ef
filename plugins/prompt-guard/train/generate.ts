// Makes labelled texts from the templates beside it. Own text, no third-party data.
import { readFileSync } from 'node:fs'

export type Sample = {
  text: string
  label: 0 | 1
  lang: string
  category: string
  source: string
  visible?: boolean
}

/** Repeatable random numbers in [0, 1): mulberry32. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const read = (name: string): string[] =>
  readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.length > 0 && !line.startsWith('# '))

type Slots = Map<string, string[]>

const readSlots = (name: string): Slots =>
  new Map(
    read(name).map((line) => {
      const at = line.indexOf('=')
      const choices = splitTop(line.slice(at + 1)).map((choice) => choice.trim())
      return [line.slice(0, at).trim(), choices]
    }),
  )

/** Splits at `|` outside braces. */
function splitTop(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}') depth--
    else if (text[at] === '|' && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}

const pick = <T>(list: readonly T[], random: () => number): T => {
  const one = list[Math.floor(random() * list.length)]
  if (one === undefined) throw new RangeError('nothing to pick from')
  return one
}

const NOISE_WORDS =
  'similarly now write opposite me giving one please revert with two sure description formatting tutorial sheet text begin title inverse three sentences summary using proper bullet list step interface here html table output'.split(
    ' ',
  )
const NOISE_SIGNS = '].( ** \\! {@ "\\ ## --> ;)) == :) [/ <% }} == ++ __ (?: $\\ |> //'.split(' ')

/** A run of words and signs without sense, as gradient search against a model leaves behind a question. */
const noise = (random: () => number): string => {
  let out = ''
  const length = 8 + Math.floor(random() * 14)
  for (let at = 0; at < length; at++) {
    const isSign = random() < 0.45
    const word = pick(isSign ? NOISE_SIGNS : NOISE_WORDS, random)
    const dice = random()
    const cased =
      dice < 0.15 ? word.toUpperCase() : dice < 0.3 ? word[0]?.toUpperCase() + word.slice(1) : word
    out += (random() < 0.35 ? '' : ' ') + cased
  }
  return out.trim()
}

const INNERMOST = /\{([^{}]*\|[^{}]*)\}/

/** Replaces [[SLOT]] and {a|b} until none is left. */
const expand = (template: string, slots: Slots, random: () => number): string => {
  let text = template
  for (let round = 0; round < 200; round++) {
    const slot = /\[\[([A-Z0-9]+)\]\]/.exec(text)
    if (slot?.[1] === 'NOISE') {
      text = text.replace(slot[0], () => noise(random))
      continue
    }
    if (slot) {
      const choices = slots.get(slot[1] ?? '')
      if (!choices) throw new SyntaxError(`no slot ${slot[0]}`)
      text = text.slice(0, slot.index) + pick(choices, random) + text.slice(slot.index + slot[0].length)
      continue
    }
    const braces = INNERMOST.exec(text)
    if (!braces) break
    const choice = pick((braces[1] ?? '').split('|'), random)
    text = text.slice(0, braces.index) + choice + text.slice(braces.index + braces[0].length)
  }
  return text.replaceAll('\\n', '\n').replace(/ {2,}/g, ' ').trim()
}

const vary = (text: string, random: () => number): string => {
  const dice = random()
  if (dice < 0.06) return text.toUpperCase()
  if (dice < 0.2) return text.toLowerCase()
  if (dice < 0.26) return text.replace(/[.!?,]/g, '')
  return text
}

/**
 * Longer texts out of others: documents of several benign texts, and attacks in the midst of such documents, which
 * teach that a window of a long text is judged by itself.
 */
export const compose = (samples: readonly Sample[], count: number, seed: number): Sample[] => {
  const random = seeded(seed)
  const out: Sample[] = []
  for (const lang of ['en', 'zh']) {
    const benign = samples.filter((one) => one.label === 0 && one.lang === lang && one.text.length < 3000)
    const attacks = samples.filter((one) => one.label === 1 && one.lang === lang && one.text.length < 400)
    if (benign.length === 0 || attacks.length === 0) continue
    for (let made = 0; made < count; made++) {
      const parts = Array.from({ length: 2 + Math.floor(random() * 9) }, () => pick(benign, random).text)
      const label = random() < 0.3 ? 1 : 0
      if (label === 1) parts[Math.floor(random() * parts.length)] = pick(attacks, random).text
      const glue = pick([' ', '\n', '\n\n', '\n- '], random)
      out.push({
        text: parts.join(glue),
        label,
        lang,
        category: 'composed',
        source: 'own compositions',
        visible: true,
      })
    }
  }
  return out
}

/** About `perTemplate` texts of each template, without repeats, in a repeatable order. */
export const generate = (perTemplate: number, seed: number): Sample[] => {
  const random = seeded(seed)
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const lang of ['en', 'zh']) {
    const slots = readSlots(`slots-${lang}.txt`)
    for (const kind of ['attacks', 'benign'] as const) {
      for (const line of read(`${kind}-${lang}.txt`)) {
        const [category = '', template = ''] = line.split('\t')
        // The very wide templates (a slot alone) and the hard benign ones come out more often.
        const rounds = kind === 'benign' ? perTemplate * 2 : perTemplate
        for (let round = 0; round < rounds; round++) {
          const text = vary(expand(template, slots, random), random)
          if (text.length === 0 || seen.has(text)) continue
          seen.add(text)
          const label = kind === 'attacks' ? 1 : 0
          samples.push({ text, label, lang, category, source: `own templates: ${category}`, visible: true })
        }
      }
    }
  }
  return samples
}
