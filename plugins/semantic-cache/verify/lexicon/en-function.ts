/**
 * English words that carry grammar rather than content. The tag is what the order rules see of them:
 * prepositions keep their group, since "from Paris" and "to Paris" are different roles.
 */
export type FunctionTag =
  | 'skip'
  | 'and'
  | 'or'
  | 'be'
  | 'aux'
  | 'clause'
  | 'ask'
  | 'at'
  | 'from'
  | 'to'
  | 'by'
  | 'with'
  | 'for'
  | 'of'
  | 'as'
  | 'than'
  | 'via'

const GROUPS: Readonly<Record<FunctionTag, string>> = {
  skip: `however moreover furthermore additionally therefore yes a an the this that these those there here it its itself they them their theirs themselves
    i me my mine myself you your yours yourself we us our ours one's oneself
    please kindly hi hello hey thanks thank just really actually basically simply very quite rather so too
    also ever yet still already even else well such some any certain every each
    do does did doing done can could may might shall will would
    ok okay etc eg ie about's oh um s t d ll ve re`,
  and: 'and & plus',
  or: 'or',
  be: 'be is am are was were been being s',
  aux: 'have has had having get gets got getting',
  clause: 'who whom whose which while where when because if though although but whereas whether',
  ask: 'what how why',
  at: 'in on at within inside upon near around among amongst',
  from: 'from',
  to: 'to into onto toward towards',
  by: 'by',
  with: 'with together alongside',
  for: 'for',
  of: 'of about regarding concerning',
  as: 'as like',
  than: 'than',
  via: 'via through using use uses used utilizing utilising utilize utilise utilized utilised employ employs employed employing throughout',
}

export const EN_FUNCTION: ReadonlyMap<string, FunctionTag> = new Map(
  Object.entries(GROUPS).flatMap(([tag, words]) =>
    words
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => [word, tag as FunctionTag] as const),
  ),
)
