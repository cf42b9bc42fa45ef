const IRREGULAR_GROUPS = `
go went gone goes going|come came coming comes|buy bought|bring brought|think thought|teach taught|catch caught
seek sought|sell sold|tell told|say said says|pay paid|make made making|take took taken taking|give gave given giving
find found|know knew known|grow grew grown|throw threw thrown|fly flew flown|draw drew drawn|show shown
see saw seen|run ran running|beat beaten beating|founded founds founding|strike struck striking stricken|begin began begun beginning|drink drank drunk|sing sang sung|swim swam swum
speak spoke spoken|break broke broken|choose chose chosen choosing|wake woke woken|steal stole stolen
write wrote written writing|drive drove driven driving|ride rode ridden riding|rise rose risen rising
eat ate eaten|fall fell fallen|feel felt|keep kept|sleep slept|leave left leaving|lose lost losing|meet met
lead led|feed fed|hold held|stand stood|understand understood|win won winning|sit sat sitting|get got gotten getting
send sent|spend spent|build built|lend lent|mean meant|deal dealt|hear heard|become became becoming|forget forgot forgotten
bear born borne|wear wore worn|tear tore torn|hide hid hidden|bite bit bitten|shoot shot|fight fought|lie lay lain lying
die died dying dies|tie tied tying|put putting puts|cut cutting cuts|set setting sets|let letting lets|hit hitting hits
marry married marries|bury buried buries|study studied studies|carry carried carries|try tried tries
child children|man men|woman women|person people|foot feet|tooth teeth|mouse mice|life lives|wife wives|leaf leaves
datum data|medium media|criterion criteria|index indices indexes|analysis analyses|matrix matrices|use used uses using
stop stopped stopping|plan planned planning|refer referred referring|control controlled controlling|travel travelled traveled
travelling traveling|install installed installing|model modelled modelling|commit committed|submit submitted
color colour colored coloured|behavior behaviour|center centre centered centred|favorite favourite|organization organisation
organize organise organized organised|license licence|program programme|analyze analyse|theater theatre|grey gray|defense defence
news news|bus buses|gas gases|lens lenses|class classes|series series|species species|always always|perhaps perhaps|less less
this this|his his|is is|was was|has has|does does|its its|us us|as as|yes yes|plus plus|thus thus|status status|virus viruses
address addresses addressed addressing|process processes processed processing|access accesses accessed accessing
need needed needs needing|feed feeds feeding|speed speeds|king kings|ring rings|thing things|string strings|spring springs
during during|evening evenings|morning mornings|building buildings|nothing nothing|something something|anything anything
everything everything|red red|bed beds|hundred hundreds|united united|wing wings|being being|sing sings`

const IRREGULAR: ReadonlyMap<string, string> = new Map(
  IRREGULAR_GROUPS.split(/[|\n]/).flatMap((group) => {
    const forms = group.trim().split(' ')
    const lemma = forms[0] ?? ''
    return lemma === '' ? [] : forms.map((form) => [form, lemma] as const)
  }),
)

/** Whether a word is a form of another one ("found" of "find"), whatever else it may be. */
export function isInflected(word: string): boolean {
  return (IRREGULAR.get(word) ?? word) !== word
}

const VOWEL = /[aeiouy]/

/**
 * A light lemma of a lower-case English word: plural and verb endings go, derivation stays ("active" and
 * "activate" are two words). Both sides of a comparison pass here, so a wrong but equal stem is harmless.
 */
export function lemma(word: string): string {
  const known = IRREGULAR.get(word)
  if (known !== undefined) return known
  const n = word.length
  if (n <= 3) return word
  if (word.endsWith("'s")) return lemma(word.slice(0, -2))
  if (word.endsWith('ies') && n > 4) return `${word.slice(0, -3)}y`
  if (word.endsWith('sses') || word.endsWith('ches') || word.endsWith('shes') || word.endsWith('xes')) {
    return word.slice(0, -2)
  }
  if (word.endsWith('s')) {
    return word.endsWith('ss') || word.endsWith('us') || word.endsWith('is')
      ? word
      : singular(word.slice(0, -1))
  }
  if (word.endsWith('ied') && n > 4) return `${word.slice(0, -3)}y`
  if (word.endsWith('ed') && n > 4 && VOWEL.test(word.slice(0, -2))) return stem(word.slice(0, -2))
  if (word.endsWith('ing') && n > 5 && VOWEL.test(word.slice(0, -3))) return stem(word.slice(0, -3))
  return dropE(word)
}

function singular(word: string): string {
  return IRREGULAR.get(word) ?? dropE(word)
}

/** One consonant, vowel and consonant before -ed: "named", "razed" lost an e, "waited" and "boxed" did not. */
const SHORT = /^[^aeiou][aeiou][^aeiouwxy]$/

function stem(base: string): string {
  if (SHORT.test(base)) return `${base}e`
  const known = IRREGULAR.get(base)
  if (known !== undefined) return known
  const last = base[base.length - 1] ?? ''
  const doubled = last === base[base.length - 2] && !'aeiouls'.includes(last) && base.length > 3
  return dropE(doubled ? base.slice(0, -1) : base)
}

/** A silent e is dropped on every form, since "used" and "use" must meet; "recognise" is "recognize". */
function dropE(word: string): string {
  const stem = word.length > 4 && word.endsWith('e') && !word.endsWith('ee') ? word.slice(0, -1) : word
  return stem.length > 5 && stem.endsWith('is') ? `${stem.slice(0, -2)}iz` : stem
}
