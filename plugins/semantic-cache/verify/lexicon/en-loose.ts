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

/** Words that a statement can say one for another, while a question or a request might mean just the one. */
export const EN_STATED = `
use utilize employ apply
method technique approach way
purpose intent intention
purpose function role
perform execute run carry_out conduct
perform calculate
change modify alter adjust adapt
change transform convert
determine set decide establish
determine identify find
helpful useful beneficial advantageous valuable
important essential crucial vital significant key
necessary essential
various several different diverse multiple
various numerous many
example sample instance
example case
task project job assignment
display show present exhibit
demonstrate show illustrate
show indicate reveal
select choose pick
particular specific certain
information detail data
details specifics
amount number quantity count
sequence order
field column
section part portion segment
piece part
kind sort type variety form
handle manage process deal
evaluate assess appraise measure
limit restrict constrain
limitation restriction constraint
ability capability capacity
capability feature functionality
combine merge join unite
divide split separate partition
slice division
eliminate remove drop discard
insert add append
configuration setup setting config
configure set_up
explain describe clarify
explanation description account
detailed thorough comprehensive
prevent avoid
ensure guarantee confirm
verify confirm check validate
produce yield generate create make
return yield
new fresh
manage control govern
maintain preserve keep retain
improve enhance better boost
improved enhanced increased
speed_up expedite accelerate
fast rapid swift
join become_member
collaborate cooperate
access reach
available accessible
similar alike comparable
same identical
possible potential
probable likely
appropriate suitable proper fitting
correct right accurate
simple easy straightforward
difficult challenging
main primary principal chief major
initial first original
whole total overall
entire total
usual common typical
typically usually normally generally
frequently regularly
`
