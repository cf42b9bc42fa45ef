import { codeMarkAt } from './code-marks.ts'
import { MONTH } from './lexicon/calendar.ts'
import type { FunctionTag } from './lexicon/en-function.ts'
import { CURRENCY_SIGNS } from './lexicon/units.ts'
import { isZhNumeral, parseZhNumber, zhScale } from './numerals-zh.ts'
import { isHan } from './text.ts'
import { zhWordAt } from './zh-words.ts'

/** A piece as written; what words mean together is read later (read.ts). */
export interface Raw {
  /** `mark` is punctuation; `zh` is one Chinese character or a word of the tables. */
  kind: 'word' | 'number' | 'ordinal' | 'id' | 'url' | 'mark' | 'zh' | 'zhFn' | 'zhNeg' | 'zhDate' | 'zhAsk'
  /** Lower case, except for `id` and `url`. */
  text: string
  /** Starts with a capital or has one inside. */
  cap: boolean
  /** Two letters or more, and all of them capitals. */
  upper?: true
  value?: number
  /** Written right after the number: `%`, `kg`, `pm`, 年. */
  suffix?: string
  currency?: string
  tag?: FunctionTag
}

const LEX =
  /(?<url>(?:https?|ftp|file|redis|wss?):\/\/[^\s"'<>，。；、）\u4e00-\u9fff]+|www\.[^\s"'<>，。\u4e00-\u9fff]+)|(?<path>(?:~|\.{1,2})?(?:\/[\w.@-]+){2,}\/?|[A-Za-z]:\\[\w.\\-]+|--?[A-Za-z][\w-]*(?==)|--[A-Za-z][\w-]+|(?<=\s)-[A-Za-z]{1,3}(?![\w'-])|\\[A-Za-z]+)|(?<iso>\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d))|(?<time>\d{1,2}:\d{2}(?::\d{2})?(?!\d)(?:\s?[ap]\.?m\b)?)|(?<number>\d+(?:[.,]\d+)*)|(?<word>\p{L}[\p{L}\p{M}\p{N}_]*(?:['.][\p{L}\p{N}_]+)*(?:\+\+|#(?!\w))?|_[\w]+)|(?<mark>[^\s])/giu

const CLITIC = /^(.+?)(n't|'s|'re|'ve|'ll|'d|'m|')$/
const THOUSANDS = /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/
const SUFFIX =
  /^(?:%|°[cf]?|(?:st|nd|rd|th|s|k|m|bn|b|kg|g|mg|km|cm|mm|ml|l|lb|lbs|oz|gb|mb|kb|tb|hz|ghz|mhz|khz|ms|hr|h|min|am|pm|ft|yd|w|kw|mw|mph)(?![\p{L}\p{N}]))/iu
const ZH_SUFFIX =
  /^(?:年|月|日|号|点|时|分|％|个百分点|块钱|块|元|美元|岁|小时|分钟|秒|天|周|个月|公里|千米|米|厘米|毫米|公斤|千克|克|斤|吨|升|毫升|度|%)/u

/** Splits a folded text (see text.ts) into pieces, in one pass. */
export function tokenize(text: string): Raw[] {
  const out: Raw[] = []
  LEX.lastIndex = 0
  for (;;) {
    const at = LEX.lastIndex
    const code = text.charCodeAt(at)
    if (isHan(code)) {
      LEX.lastIndex = readHan(text, at, out)
      continue
    }
    const match = LEX.exec(text)
    if (match === null) break
    // A match may have skipped white space only; Han letters are read above, so a word stops before them.
    if (isHan(text.charCodeAt(match.index))) {
      LEX.lastIndex = match.index
      continue
    }
    const groups = match.groups ?? {}
    const piece = match[0]
    if (groups.word !== undefined) LEX.lastIndex = readWord(text, piece, match.index, out)
    else if (groups.number !== undefined) LEX.lastIndex = readNumber(text, piece, match.index, out)
    else if (groups.url !== undefined) out.push({ kind: 'url', text: trimUrl(piece), cap: false })
    else if (groups.path !== undefined) out.push({ kind: 'id', text: piece, cap: false })
    else if (groups.time !== undefined) out.push({ kind: 'id', text: timeOfDay(piece), cap: false })
    else if (groups.iso !== undefined) {
      for (const part of piece.split(/[-/]/)) {
        out.push({ kind: 'number', text: part, cap: false, value: Number(part), suffix: 'date' })
      }
    } else {
      const code = codeMarkAt(text, match.index)
      if (code !== undefined) LEX.lastIndex = match.index + code.length
      out.push({ kind: code === undefined ? 'mark' : 'id', text: code ?? piece, cap: false })
    }
  }
  return out
}

/** "3:30 pm" is 15:30. */
function timeOfDay(written: string): string {
  const [, hours = '', rest = '', half] = /^(\d+)(:[\d:]+)\s?([ap])?/i.exec(written) ?? []
  if (half === undefined) return written
  return `${hourOf(Number(hours), half.toLowerCase() === 'p')}${rest}`
}

/** Of the 24 that a day has, from one of the 12 before or after noon. */
export function hourOf(hour: number, isAfternoon: boolean): number {
  if (hour > 12) return hour
  return (hour % 12) + (isAfternoon ? 12 : 0)
}

function trimUrl(url: string): string {
  return url.replace(/[.,;:!?)\]]+$/, '').replace(/\/$/, '')
}

const ZH_KINDS = { fn: 'zhFn', neg: 'zhNeg', date: 'zhDate', ask: 'zhAsk', word: 'zh' } as const

function readHan(text: string, at: number, out: Raw[]): number {
  const known = zhWordAt(text, at)
  const char = text.charAt(at)
  const numeral = isZhNumeral(char) || (char === '第' && isZhNumeral(text.charAt(at + 1)))
  if (numeral && (known === undefined || known.text.length === 1)) {
    const end = readZhNumber(text, at, out)
    if (end > at) return end
  }
  if (known !== undefined) {
    const { kind, tag } = known.word
    out.push({ kind: ZH_KINDS[kind], text: known.text, cap: false, ...(tag === undefined ? {} : { tag }) })
    return at + known.text.length
  }
  out.push({ kind: 'zh', text: char, cap: false })
  return at + 1
}

const ZH_COUNTED = /^[个位名次年月日号点天周岁元块度级届集章页条种只头人分秒米万亿十百千部座倍期层%％]/u

/** A numeral character counts as a number after 第, in a run of two, or before a word that is counted. */
function readZhNumber(text: string, at: number, out: Raw[]): number {
  const ordinal = text.charAt(at) === '第'
  let end = ordinal ? at + 1 : at
  const from = end
  const percent = text.startsWith('百分之', at)
  if (percent) end = at + 3
  const start = percent ? end : from
  while (end < text.length && end - start < 20 && isZhNumeral(text.charAt(end))) end++
  const run = text.slice(start, end)
  const pointed = run === '' || ordinal || percent ? undefined : readAfterPoint(text, run, end)
  if (pointed !== undefined) {
    out.push(pointed.piece)
    return pointed.end
  }
  if (run === '' || (run === '一' && !ordinal && !percent)) return at
  const after = text.slice(end, end + 4)
  const counted = ordinal || percent || run.length > 1 || ZH_COUNTED.test(after) || ZH_SUFFIX.test(after)
  const value = parseZhNumber(run)
  if (!counted || value === undefined) return at
  const suffix = percent ? '%' : ZH_SUFFIX.exec(after)?.[0]
  out.push({
    kind: ordinal ? 'ordinal' : 'number',
    text: run,
    cap: false,
    value,
    ...(suffix === undefined ? {} : { suffix }),
  })
  return percent || suffix === undefined ? end : end + suffix.length
}

/** What 点 joins: 零点二 is 0.2, 三点五十 and 六点十分 are times of day. */
function readAfterPoint(text: string, run: string, at: number): { piece: Raw; end: number } | undefined {
  if (text.charAt(at) !== '点') return undefined
  let end = at + 1
  while (end < text.length && end - at < 8 && isZhNumeral(text.charAt(end))) end++
  const tail = text.slice(at + 1, end)
  const whole = parseZhNumber(run)
  const part = parseZhNumber(tail)
  if (tail === '' || whole === undefined || part === undefined) return undefined
  const minutes = text.charAt(end) === '分'
  if (minutes || /[十]/.test(tail)) {
    return {
      piece: { kind: 'id', text: `${whole}:${String(part).padStart(2, '0')}`, cap: false },
      end: end + Number(minutes),
    }
  }
  const value = Number(`${whole}.${[...tail].map((digit) => parseZhNumber(digit) ?? 0).join('')}`)
  const suffix = ZH_SUFFIX.exec(text.slice(end, end + 4))?.[0]
  return {
    piece: {
      kind: 'number',
      text: `${run}点${tail}`,
      cap: false,
      value,
      ...(suffix === undefined ? {} : { suffix }),
    },
    end: end + (suffix?.length ?? 0),
  }
}

/** The rest of a mail address after its first part. */
const MAIL = /@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/y

function readWord(text: string, piece: string, at: number, out: Raw[]): number {
  // \p{L} takes Han letters too: leave them to the Chinese reader.
  let end = 0
  while (end < piece.length && !isHan(piece.charCodeAt(end))) end++
  const word = piece.slice(0, end)
  if (text.charAt(at + end) === '@') {
    MAIL.lastIndex = at + end
    const mail = MAIL.exec(text)?.[0]
    if (mail !== undefined) {
      out.push({ kind: 'url', text: (word + mail).toLowerCase(), cap: false })
      return at + end + mail.length
    }
  }
  const lower = dataUnit(word) ?? word.toLowerCase()
  const cap = word.toLowerCase() !== word
  const clitic = CLITIC.exec(lower)
  if (clitic !== null) {
    const [, head = '', tail = ''] = clitic
    if (tail === "n't")
      out.push({ kind: 'word', text: head === 'ca' ? 'can' : head === 'wo' ? 'will' : head, cap })
    else out.push({ kind: 'word', text: head, cap })
    out.push({ kind: 'word', text: tail === "n't" ? 'not' : tail.slice(1) || 's', cap: false })
  } else if (isIdentifier(word)) out.push({ kind: 'id', text: word, cap })
  else {
    const upper = word.length > 1 && word.toUpperCase() === word && cap
    out.push({ kind: 'word', text: lower.replaceAll('.', ''), cap, ...(upper && { upper }) })
  }
  return at + end
}

/** Bits and bytes differ by the case of a letter. */
function dataUnit(written: string): string | undefined {
  if (/^[KMGT]b(?:ps)?$/.test(written)) return written.toLowerCase().replace('b', 'bit')
  return /^[KMGT]Bps$/.test(written) ? written.toLowerCase().replace('b', 'byte') : undefined
}

/** snake_case, camelCase, letters with digits, dotted names; U.S. and e.g. are words. */
function isIdentifier(word: string): boolean {
  if (/[_\d#+]/.test(word)) return true
  if (/[a-z][A-Z]/.test(word)) return true
  return word.includes('.') && word.split('.').some((part) => part.length > 2)
}

function readNumber(text: string, piece: string, at: number, out: Raw[]): number {
  let end = at + piece.length
  const rest = text.slice(end, end + 8)
  const before = text.charAt(at - 1)
  const last = out[out.length - 1]
  let suffix = SUFFIX.exec(rest)?.[0] ?? ZH_SUFFIX.exec(rest)?.[0]
  const letters = /^[\p{L}\p{N}_]+/u.exec(rest)?.[0] ?? ''
  if (suffix === undefined && letters !== '' && !isHan(rest.charCodeAt(0))) {
    const whole = /^[\p{L}\p{N}_.-]+/u.exec(text.slice(at, at + 64))?.[0] ?? piece
    let stop = 0
    while (stop < whole.length && !isHan(whole.charCodeAt(stop))) stop++
    out.push({ kind: 'id', text: whole.slice(0, stop), cap: false })
    return at + stop
  }
  if (/\.\d+\./.test(piece)) {
    out.push({ kind: 'id', text: piece, cap: false })
    return end
  }
  let value = Number(THOUSANDS.test(piece) ? piece.replaceAll(',', '') : piece.replaceAll(',', '.'))
  if (suffix !== undefined) end += suffix.length
  const scale = suffix === undefined ? zhScale(text.charAt(end)) : undefined
  if (scale !== undefined) {
    value *= scale
    end++
    suffix = ZH_SUFFIX.exec(text.slice(end, end + 4))?.[0]
    if (suffix !== undefined) end += suffix.length
  }
  const lower = suffix === undefined ? undefined : (dataUnit(suffix) ?? suffix.toLowerCase())
  if (lower === 'k') value *= 1e3
  else if (lower === 'm' && last?.text === '$') value *= 1e6
  else if (lower === 'bn') value *= 1e9
  const currency = last?.kind === 'mark' ? CURRENCY_SIGNS.get(last.text) : undefined
  if (currency !== undefined) out.pop()
  const negative =
    last?.kind === 'mark' && last.text === '-' && /^[\s(=,:]?$/.test(text.charAt(at - 2)) && before === '-'
  if (negative) {
    out.pop()
    value = -value
  }
  const isOrdinal =
    (lower !== undefined && /^(?:st|nd|rd|th)$/.test(lower)) || (last?.text === '第' && last.kind === 'zh')
  if (last?.text === '第' && last.kind === 'zh') out.pop()
  const after = MONTH.has(last?.text ?? '') && isOrdinal
  out.push({
    kind: isOrdinal && !after ? 'ordinal' : 'number',
    text: piece,
    cap: false,
    value: Number.isFinite(value) ? value : 0,
    ...(suffix === undefined || isOrdinal || lower === 'k' ? {} : { suffix: lower ?? suffix }),
    ...(currency === undefined ? {} : { currency }),
  })
  return end
}
