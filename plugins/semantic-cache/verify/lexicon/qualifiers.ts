import { lemma } from '../lemma.ts'

/** Words that turn what stands beside them into something else: the interim mayor is not the mayor, after it is not at it. */
const WORDS = `
after before over under above below behind ahead against during until since mid
interim acting deputy vice assistant former future potential possible alleged unofficial
almost nearly half partial partially partly mostly only less least fewer more most
all every each any some few several both other
must should
`

export const QUALIFIERS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/).map(lemma))
