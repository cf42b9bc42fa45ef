const DIGITS: Readonly<Record<string, number>> = {
  零: 0,
  〇: 0,
  一: 1,
  壹: 1,
  二: 2,
  贰: 2,
  两: 2,
  三: 3,
  叁: 3,
  四: 4,
  肆: 4,
  五: 5,
  伍: 5,
  六: 6,
  陆: 6,
  七: 7,
  柒: 7,
  八: 8,
  捌: 8,
  九: 9,
  玖: 9,
}
const SCALES: Readonly<Record<string, number>> = { 十: 10, 拾: 10, 百: 100, 佰: 100, 千: 1000, 仟: 1000 }
const BIG: Readonly<Record<string, number>> = { 万: 1e4, 亿: 1e8 }

export function isZhNumeral(char: string): boolean {
  return char in DIGITS || char in SCALES || char in BIG
}

/** Factor of a scale character after digits ("150万"), or undefined. */
export function zhScale(char: string): number | undefined {
  return BIG[char] ?? SCALES[char]
}

/**
 * Value of a run of Chinese numerals: 一百二十三, 二〇二四, 三万五, 十. Undefined if the run is not one number.
 */
export function parseZhNumber(run: string): number | undefined {
  const chars = [...run]
  if (chars.length === 0 || chars.length > 20) return undefined
  if (chars.every((char) => char in DIGITS)) {
    // A lone run of digits is read one by one, as years and codes are.
    return Number(chars.map((char) => DIGITS[char]).join(''))
  }
  let total = 0
  let section = 0
  let digit: number | undefined
  let lastScale = 1
  for (const char of chars) {
    const value = DIGITS[char]
    const scale = SCALES[char]
    const big = BIG[char]
    if (value !== undefined) {
      if (digit !== undefined && digit !== 0) return undefined
      digit = value
    } else if (scale !== undefined) {
      section += (digit ?? 1) * scale
      lastScale = scale
      digit = undefined
    } else if (big !== undefined) {
      section += digit ?? 0
      // 一万亿: a scale right after a scale multiplies what stands before.
      if (section === 0 && total > 0) total *= big
      else total += (section === 0 ? 1 : section) * big
      lastScale = big
      section = 0
      digit = undefined
    } else return undefined
  }
  // 三万五 is 35,000: a last digit without zero counts in the next lower scale.
  if (digit !== undefined)
    section += lastScale >= 100 && !run.includes('零') ? digit * (lastScale / 10) : digit
  return total + section
}
