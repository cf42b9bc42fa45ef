/**
 * Groups of words that can stand for each other in some sentence, as WordNet's groups can; unlike those of
 * en-synonyms.ts they may overlap. They settle a single replaced word, never a difference in order.
 */
export const EN_LOOSE = `
provide supply offer furnish give
specify define indicate designate state
contain include have hold
get obtain retrieve fetch load acquire
permit allow enable let
necessary required needed
must need should
purpose goal aim objective
aid assist support
often commonly frequently
title name call
establish founded form create set_up
alternative another different other
location place site spot
suggest recommend advise
speedy quick fast
tough hard difficult
additional further extra more
complete entire whole full
begin start commence launch
result outcome consequence
reason cause
huge enormous giant
carry transport convey
destroy demolish raze
dissolve disband
aggravate exacerbate worsen
inspire inspirational inspiring
unavoidable inevitable
page site
hit strike
mark grade score
photo picture image photograph
salary pay wage income
guide tutorial manual
error bug fault
error exception
steps procedure process
shop store
pupil student
flat apartment
holiday vacation
autumn fall
lift elevator
rubbish garbage trash
cab taxi
cellphone mobile
attorney lawyer
`
