/**
 * One line is one meaning: words and phrases that may stand for each other without changing the answer.
 * Entries are lemmas (see lemma.ts); `_` joins a phrase. A word stands on one line only.
 */
export const EN_SYNONYMS = `
best_way good_way
enable turn_on switch_on activate
disable turn_off switch_off deactivate
login log_in sign_in logon log_on
logout log_out sign_out log_off logoff
signup sign_up register_account create_account
setup set_up
big large huge
small little tiny
fast quick rapid speedy
quickly fast_way rapidly
begin start commence
end finish
stop halt cease
buy purchase
sell vend
get obtain acquire receive
retrieve fetch
delete remove erase get_rid_of
fix repair resolve
problem issue trouble
error mistake
make create generate produce build
construct
allow permit let
need require
help assist aid assistance
show display
tell
explain describe
choose select pick
find locate discover
learn study
teach
change modify alter
convert transform
improve enhance
good great excellent nice
bad poor terrible awful
important crucial essential significant vital
difficult hard tough
easy simple straightforward
kid child
film movie
picture image photo photograph
car automobile
job career_job
company firm
city town
road street
state province
lawyer attorney
doctor physician
film_director director
illness disease sickness
cure
earn make_money
cost price
phone telephone cellphone mobile_phone smartphone
computer pc
laptop notebook_computer
application app
program programme software
document doc
documentation docs
repository repo
database db
directory folder
config configuration
parameter argument param
information info
specify define
value
method technique
way manner
difference distinction
distinguish differentiate
between
various several multiple
many numerous lot lots
approximately roughly approx
often frequently
usually normally typically generally
mainly mostly primarily chiefly
completely entirely fully totally
currently presently now
then afterwards afterward thereafter subsequently later
finally eventually
previously formerly
famous well_known renowned
possible feasible
impossible
unable cannot_be_able
able capable
start_up startup
happen occur
appear seem
think believe
like enjoy
love
hate dislike
want wish desire
try attempt
call name
establish found_company
form
join become_member
part portion
member
leader head_of
main chief principal major
sort kind type
area region
place location
house home
marry wed
die pass_away decease
bear birth
live reside dwell
work_together collaborate cooperate
work
support
answer reply respond
question
ask inquire
send transmit
provide supply offer
contain include comprise
consist compose
located situated
northern north
southern south
eastern east
western west
british uk united_kingdom england_uk
usa us united_states america u.s. u.s.a.
american
eu european_union
un united_nations
television tv
maximum max
minimum min
average mean
whole entire
own
same identical
different distinct
similar alike
near close nearby
beautiful pretty
rich wealthy
smart clever intelligent
angry mad
happy glad
afraid scared
weird strange odd
correct
wrong incorrect
true
false
speak talk
say state_that
see view
watch
look
listen
understand comprehend
know
remember recall
forget
increase raise grow
decrease reduce lower lessen
gain
lose
win
defeat beat
replace substitute
move
travel
weight
height
effect impact
affect influence
benefit advantage pro
disadvantage drawback con downside
example instance
tip advice suggestion
idea
goal aim objective
reason
result outcome consequence
meaning
mean signify
ai artificial_intelligence
ml machine_learning
nlp natural_language_processing
llm large_language_model
js javascript
ts typescript
k8s kubernetes
postgres postgresql
2fa two_factor_authentication two-factor_authentication
wifi wi-fi
email e-mail mail_address
website web_site site
online
ever_since
prior_to before
after following
unavoidable inevitable
retired former_retired
bury inter
found_dead
writer author
film-maker filmmaker
sponsor
release
publish
perform
play
lead
appoint
rate
male
female
huge_amount
additional extra
further
initial
last final
latest newest most_recent
entire_day
gather collect
keep retain
maintain
save store
load
upload
download
install
uninstall
upgrade
downgrade
update
reset
verify check validate
test
execute run
call_function invoke
print
combine merge
split divide
separate
join_table
copy duplicate
rename
compare contrast
calculate compute
measure
count
sum
throw
handle
access
connect
disconnect
visit
arrive
leave depart
enter
exit quit
return
accept
reject refuse decline
prevent avoid
protect
attack
kill murder
hurt harm injure
heal
sleep
eat
drink
cook
wear
clean
wash
break
grow_hair
lose_weight slim_down
gain_weight put_on_weight
overcome get_over
deal_with cope_with
find_out
come_back
go_back
look_for search seek
take_care_of care_for
prepare
practice
`
