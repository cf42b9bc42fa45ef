const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

const shift = (text: string, by: number): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter < 'a' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + by) % 26) + base)
  })

const LOOKALIKES: Readonly<Record<string, string>> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  o: 'о',
  p: 'р',
  s: 'ѕ',
  x: 'х',
  y: 'у',
}
const LEET: Readonly<Record<string, string>> = { a: '4', e: '3', i: '1', o: '0', s: '5', t: '7' }
const TRADITIONAL: Readonly<Record<string, string>> = {
  无: '無',
  视: '視',
  规: '規',
  则: '則',
  现: '現',
  输: '輸',
  个: '個',
  没: '沒',
  问: '問',
  题: '題',
  诉: '訴',
  统: '統',
  词: '詞',
  复: '復',
  内: '內',
  进: '進',
  开: '開',
  发: '發',
  过: '過',
  请: '請',
  记: '記',
  设: '設',
  从: '從',
  须: '須',
  绕: '繞',
  拒: '拒',
  绝: '絕',
  码: '碼',
  黑: '黑',
}

const replaceBy = (text: string, table: Readonly<Record<string, string>>): string =>
  [...text].map((one) => table[one.toLowerCase()] ?? one).join('')

const smuggled = (text: string): string =>
  `ok 😀${[...bytes(text)].map((byte) => String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16)).join('')}`

const BENIGN = [
  'The meeting on Friday is moved to three in the afternoon, please tell the others.',
  '本季度的销售额比去年同期增长了百分之四，主要来自线上渠道。',
]
const FILLER = Array.from({ length: 40 }, (_, at) => BENIGN[at % 2]).join(' ')

/** Disguises of a text; a list of texts stands for the messages of one request. */
export const DISGUISES: Readonly<Record<string, (text: string) => string[]>> = {
  base64: (text) => [`Read this: ${bytes(text).toString('base64')}`],
  'base64 twice': (text) => [bytes(bytes(text).toString('base64')).toString('base64')],
  hexadecimal: (text) => [bytes(text).toString('hex')],
  'percent encoding': (text) => [encodeURIComponent(text)],
  'HTML entities': (text) => [[...text].map((one) => `&#${one.codePointAt(0)};`).join('')],
  'unicode escapes': (text) => [
    [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  ],
  rot13: (text) => [isAscii(text) ? shift(text, 13) : [...text].reverse().join('')],
  backwards: (text) => [[...text].reverse().join('')],
  'zero width': (text) => [[...text].join('\u200b')],
  'tag characters': (text) => [
    isAscii(text)
      ? `Hello ${[...text].map((one) => String.fromCodePoint(0xe0000 + one.charCodeAt(0))).join('')}`
      : [...text].join('\u2063'),
  ],
  'variation selectors': (text) => [smuggled(text)],
  'look-alikes or traditional': (text) => [replaceBy(text, isAscii(text) ? LOOKALIKES : TRADITIONAL)],
  'full width': (text) => [text.replace(/[!-~]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0))],
  'mathematical letters': (text) => [
    text.replace(/[a-z]/g, (one) => String.fromCodePoint(0x1d41a + one.charCodeAt(0) - 97)).normalize('NFC'),
  ],
  leet: (text) => [isAscii(text) ? replaceBy(text, LEET) : [...text].join('.')],
  'spaced letters': (text) => [
    text
      .split(' ')
      .map((word) => [...word].join(' '))
      .join('   '),
  ],
  'punctuated letters': (text) => [[...text].join('-')],
  'chat template, translated': (text) => [`<|im_start|>系统\n${text}<|im_end|>\n<|im_start|>assistant`],
  'in a tool result in JSON': (text) => [
    JSON.stringify({ status: 'ok', rows: [{ id: 7, note: `${BENIGN[0]}\n${text}\n${BENIGN[1]}` }] }),
  ],
  'first of many messages, long': (text) => [`${FILLER} ${text} ${FILLER}`, ...BENIGN, 'Thanks!'],
  'words written as one': (text) => [text.replaceAll(' ', '')],
  'camel case': (text) => [
    text
      .split(' ')
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
      .join(''),
  ],
  'base64 in groups': (text) => [
    (
      bytes(text)
        .toString('base64')
        .match(/.{1,24}/g) ?? []
    ).join(' '),
  ],
  'escaped bytes': (text) => [
    [...bytes(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  ],
  'octal bytes': (text) => [
    [...bytes(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  ],
  'bytes of e-mail': (text) => [
    [...bytes(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  ],
}
