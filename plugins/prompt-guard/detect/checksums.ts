const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const ID_CHECK = '10X98765432'
const MIN_BIRTH_YEAR = 1900
const MAX_BIRTH_YEAR = 2100

/** First two digits of a region (GB/T 2260), those of Hong Kong, Macao and Taiwan residents included. */
const PROVINCES = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(
    ' ',
  ),
)

const isDate = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()

/** Mainland resident identity number, 18 characters: region, date of birth and check character (GB 11643-1999). */
export const isMainlandId = (text: string): boolean => {
  if (!/^[1-9]\d{16}[\dXx]$/.test(text)) return false
  if (!PROVINCES.has(text.slice(0, 2))) return false
  const year = Number(text.slice(6, 10))
  if (year < MIN_BIRTH_YEAR || year > MAX_BIRTH_YEAR) return false
  if (!isDate(year, Number(text.slice(10, 12)), Number(text.slice(12, 14)))) return false
  let sum = 0
  for (let at = 0; at < 17; at++) sum += Number(text[at]) * (ID_WEIGHTS[at] ?? 0)
  return ID_CHECK[sum % 11] === text[17]?.toUpperCase()
}

/** The 15 digits of before 1999: no check digit, the year of birth in two. One in a hundred numbers looks like one. */
export const isOldMainlandId = (digits: string): boolean =>
  /^\d{15}$/.test(digits) &&
  PROVINCES.has(digits.slice(0, 2)) &&
  isDate(
    MIN_BIRTH_YEAR + Number(digits.slice(6, 8)),
    Number(digits.slice(8, 10)),
    Number(digits.slice(10, 12)),
  )

/** Mainland mobile number, 11 digits without the country code. */
export const isMainlandMobile = (digits: string): boolean => /^1[3-9]\d{9}$/.test(digits)

const passesLuhn = (digits: string): boolean => {
  let sum = 0
  let isDoubled = false
  for (let at = digits.length - 1; at >= 0; at--) {
    let digit = digits.charCodeAt(at) - 48
    if (isDoubled) {
      digit *= 2
      if (digit > 9) digit -= 9
    }
    sum += digit
    isDoubled = !isDoubled
  }
  return sum % 10 === 0
}

/** Ranges of issuer numbers (ISO/IEC 7812) by their first four digits, with the lengths in use. */
const ISSUERS: readonly { from: number; to: number; lengths: readonly number[] }[] = [
  { from: 4000, to: 4999, lengths: [13, 16, 19] },
  { from: 5100, to: 5599, lengths: [16] },
  { from: 2221, to: 2720, lengths: [16] },
  { from: 3400, to: 3499, lengths: [15] },
  { from: 3700, to: 3799, lengths: [15] },
  { from: 6200, to: 6299, lengths: [16, 17, 18, 19] },
  { from: 8100, to: 8171, lengths: [16, 19] },
  { from: 6011, to: 6011, lengths: [16, 19] },
  { from: 6440, to: 6599, lengths: [16, 19] },
  { from: 3528, to: 3589, lengths: [16, 19] },
  { from: 3000, to: 3059, lengths: [14] },
  { from: 3600, to: 3699, lengths: [14] },
  { from: 3800, to: 3999, lengths: [14, 16] },
  { from: 6000, to: 6010, lengths: [16, 19] },
  { from: 9558, to: 9558, lengths: [19] },
]

/** Payment card number: digits only, a known issuer's length, Luhn check digit, not one digit over and over. */
export const isBankCard = (digits: string): boolean => {
  const issuer = Number(digits.slice(0, 4))
  const isKnown = ISSUERS.some(
    ({ from, to, lengths }) => issuer >= from && issuer <= to && lengths.includes(digits.length),
  )
  return isKnown && passesLuhn(digits) && !/^(\d)\1+$/.test(digits)
}

/** Dotted IPv4 address with four numbers up to 255, not a version number such as 1.2.3.4 with zeros in front. */
export const isIpv4 = (text: string): boolean =>
  /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/.test(text)

/** International bank account number (ISO 13616), spaces allowed: check digits by MOD 97-10 (ISO 7064). */
export const isIban = (text: string): boolean => {
  const compact = text.replaceAll(' ', '')
  if (!/^[A-Z]{2}\d{2}[0-9A-Z]{11,30}$/.test(compact)) return false
  let rest = 0
  for (const char of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
