/** Words that are another word when they are written in capitals. */
export const ACRONYMS: ReadonlySet<string> = new Set('us it who aids ram led pin sim ice'.split(' '))

/** Words that are another word with a capital letter. "china" and "excel" are not here: nobody means the dishes. */
export const PROPER: ReadonlySet<string> = new Set(
  'polish turkey nice reading bath mobile job lent cork'.split(' '),
)

/** Months whose names are words: after these, or with a capital, they are months. */
export const BEFORE_MONTH: ReadonlySet<string> = new Set(
  'in of since until till during last next early late mid before after'.split(' '),
)
