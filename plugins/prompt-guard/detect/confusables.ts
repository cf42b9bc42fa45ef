/**
 * Letters that look like ASCII letters and that NFKC leaves alone, as "ASCII letter: look-alikes".
 * Own selection, after the idea of Unicode TS 39 (confusables); lower and upper case both listed where
 * their shapes differ, because a capital may look like another letter than its small form (Cyrillic Н, Greek Ρ).
 */
export const CONFUSABLES: Readonly<Record<string, string>> = {
  a: 'аАαΑɑᴀⱯɐаꭺᎪꓮⲀⲁⱥȺ⍺∂',
  b: 'ЬьВвΒβʙḂɃƀƄƅᏏᏼꓐⲂбɓ฿Ᏸ♭',
  c: 'сСϲϹᴄƈƇȼȻⲤⲥᏟꓚↄↃϛ',
  d: 'ԁԀᴅđĐɗɖƉƊᎠꓓժⅾ∂ᏧᑯÐð',
  e: 'еЕεΕєЄэɛƐᴇǝƎəӘәɘëℯ⋿ⴹᎬꓰɇɆҽҾҿ℮Σ',
  f: 'ƒƑғҒϝϜꞘꓝſẝʄᏝϜ',
  g: 'ɡɢǥǤɠƓԌԍցᏀᏳꓖɣ',
  h: 'һҺнНΗћЋʜħĦհⲎᎻꓧɥⱧⱨђҤң',
  i: 'іІιΙɩɪıİӏӀᎥꙇᛁɨƗꓲїΪϊΐ¡',
  j: 'јЈʝɟᴊɈɉᎫꓙϳͿ',
  k: 'кКκΚᴋƙƘҝҜқҚҡҠӃӄᏦꓗⲔⲕκ',
  l: 'ⅼʟłŁƖⱠⱡɫɭᏞꓡⳐլןǀ∣Ⅼ',
  m: 'мМΜᴍɱӍӎᎷꓟⲘⲙʍ₥ϻϺ',
  n: 'пΝηɴƞȠɲƝŋŊиИйЙոռղᴎꓠⲚⲛח',
  o: 'оОοΟσΣᴏøØɵƟөӨօՕⲞⲟꓳסዐ૦ഠංଠ൦०੦๐໐০ọΘθѳ',
  p: 'рРρΡᴘþÞƿᑭᏢꓑⲢⲣҏҎ₱',
  q: 'ԛԚզգɋɊʠϙϘ',
  r: 'гГʀɼɽɍɌяЯᏒꓣᎡⲄⲅɾᴙѓɿ',
  s: 'ѕЅꜱʂƨƧꓢՏᏚᏕςʃⱾȿŞ',
  t: 'тТτΤᴛŧŦƭƬțᎢꓔⲦⲧ†ʇʈⱦȾ₮',
  u: 'υսᴜʊʋƱµμцЦᑌꓴՍùЏџɥ∪Ʉ',
  v: 'ѵѴνᴠᏙꓦⅴ∨√ʌɅ∇ѷ',
  w: 'ԝԜωшШщЩɯᴡѡѠᏔꓪɯաϣⲰⲱ₩Ꮃ',
  x: 'хХχΧҳҲӿӾⲬⲭꓫᕁ᙭⤫⤬Ꭓ',
  y: 'уУγΥʏүҮұҰчЧүɏɎƴƳყΎύⲨⲩꓬɣʎ',
  z: 'ᴢƶƵʐʑȥȤⱫⱬᏃꓜΖζʒƷ',
}

/** Astral letters that NFKC leaves alone: first code point of a run of 26 letters a to z. */
export const ASTRAL_ALPHABETS: readonly number[] = [
  0x1f110, // parenthesised
  0x1f130, // squared
  0x1f150, // negative circled
  0x1f170, // negative squared
  0x1f1e6, // regional indicators
]

/** Digits and signs that stand for letters. `l` is written as `i` on both sides: 1, ! and | stand for either. */
export const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
  '€': 'e',
}
