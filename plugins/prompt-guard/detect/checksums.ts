const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const ID_CHECK = '10X98765432'
const MIN_BIRTH_YEAR = 1900
const MAX_BIRTH_YEAR = 2100

/** Mainland resident identity number, 18 characters: region, date of birth and check character (GB 11643-1999). */
export const isMainlandId = (text: string): boolean => {
  if (!/^[1-9]\d{16}[\dXx]$/.test(text)) return false
  const province = Number(text.slice(0, 2))
  if (province > 82) return false
  const year = Number(text.slice(6, 10))
  const month = Number(text.slice(10, 12))
  const day = Number(text.slice(12, 14))
  if (year < MIN_BIRTH_YEAR || year > MAX_BIRTH_YEAR) return false
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate())
    return false
  let sum = 0
  for (let at = 0; at < 17; at++) sum += Number(text[at]) * (ID_WEIGHTS[at] ?? 0)
  return ID_CHECK[sum % 11] === text[17]?.toUpperCase()
}

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
