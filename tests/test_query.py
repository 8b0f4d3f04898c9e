"""A question understood: what kind of answer it wants, of whom, and what it must not be taken for."""

from __future__ import annotations

from itertools import permutations

import pytest

from qa import Assistant, Filters, Source
from qa.query import Catalogue, Query, _means, understand

SOURCES = (
    Source("lbci", "Press highlights", "LBCI", published="2023-12-05", perspective="Lebanese broadcaster"),
    Source("post", "A border at rest", "The Northern Post", "Ana Ruiz", "2021-03-04", perspective="Danish newspaper"),
    Source("nature", "Light from old stars", "Nature", "Theresa May", "2017"),
    Source("time", "Person of the year", "Time", "John Long", "2022"),
    Source(
        "many", "How things begin", "The Many Worlds Institute", "Jean Will", "2019", perspective="French institute"
    ),
    Source("board", "Report of the harbour board for 2018", "Orvik Harbour Board", published="2019-02-11"),
)
CATALOGUE = Catalogue(SOURCES)

ORDINARY = """
What is the nature of the dispute?
How long did the siege last?
How many times did May meet the French president?
Did Hezbollah agree to a ceasefire?
Do doctors agree that smoking kills?
Who won France vs Germany?
What happened in May 2017?
Will the bridge open this time?
When will the next ferry leave?
What time does the museum close?
Who designed the opera house?
Where is the largest reef?
Why do leaves turn red in autumn?
How does a heat pump work?
What is the boiling point of ethanol?
Which river flows through Vienna?
What did the committee decide about parking?
Is the library open on Sundays?
Can a tenant sublet the flat?
How much does a season ticket cost?
What are the side effects of ibuprofen?
Who may vote in the council election?
What causes the northern lights?
When was the treaty signed?
How old was Mozart when he died?
Where were the wells shut down?
Which enzymes break down starch?
What does the abbreviation GDP stand for?
How far is the moon from the earth?
Did the parties sign the agreement in Geneva?
Was the agreement between the union and the railway renewed?
Who agreed to pay for the repairs?
What did France and Germany agree on in 1963?
Do I have to declare gifts?
What is the difference in price?
How do I reset my password?
What is the view from the tower like?
Who holds the world record for the mile?
What is the position of the goalkeeper?
Where does the account holder sign?
How are articles of clothing taxed?
What is the source of the Danube?
Which side of the road do they drive on in Japan?
What papers do I need for a visa?
Who wrote Pride and Prejudice?
Why was the report delayed?
When did the study begin?
What is a review board?
How many authors has the paper?
Who reviews an appeal?
Is a written account of the accident needed?
What version of the protocol is in use?
How long does a vote stay open?
What did the mayor promise before the election?
Who said that the earth is round?
Why did she leave the company?
What is the capital of Australia?
How is penicillin made?
What did the crew find in the wreck?
Does the policy cover water damage?
When must the form be handed in?
Which parties formed the government?
Who opposed the reform?
Why did the bank collapse?
What is the interest rate on the loan?
How many people live in Nairobi?
Where do eels spawn?
What kind of rock is granite?
Who invented the telephone?
Did Napoleon cross the Alps?
Are the trains running today?
How tall is the Eiffel Tower?
What language is spoken in Andorra?
Which planets have rings?
When do swallows return?
How can I get a refund?
What colour was the car?
Who plays the cello in the trio?
How long is parental leave?
What is the penalty for late payment?
Where is the data kept?
Can I bring my dog?
What happens if I miss the deadline?
Which metals are magnetic?
Why is the sea salty?
Who succeeded Queen Anne?
What does a notary do?
How many bones are in the hand?
Where did the fire start?
When is the harvest?
What is the height of the tunnel?
Who is responsible for the roof?
How did the negotiations end?
Was the suspect charged?
What was the cause of death?
How many seats does the party hold?
Did both sides keep the truce?
Who was at both meetings?
Which countries border Chad?
What do bees eat in winter?
How often should the oil be changed?
Which players were sent off?
What did critics dislike about the film?
How many votes are needed to change the statute?
Where can the minutes be read?
Is there a lift?
When does the lease end?
Why are the contrasts in the painting so strong?
What is the conflict of interest?
How does temperature vary with height?
What is the variation in rainfall?
Who compares the bids?
How is the score calculated?
What did Galileo discover?
Which gene is linked to the disease?
What dose of the vaccine is given?
Are the results significant?
How was the sample chosen?
What did patients report after surgery?
How do cells divide?
Why did the control group improve?
What is the half-life of iodine-131?
How many patients dropped out?
What is a placebo?
Who funded the trial?
When were the samples collected?
Does the drug interact with alcohol?
How should the device be cleaned?
What should I do if the light flashes?
Which cable goes into the back?
How long does the battery last?
What is the warranty period?
Where is the serial number?
Can two printers be used at once?
Why does the screen flicker?
Who can open an account?
What fee is charged for a transfer?
How is interest paid?
When is a statement sent?
What counts as income?
Which forms must an employer keep?
Is overtime paid?
How much notice must be given?
Who decides on dismissal?
What rights has a lodger?
When may a landlord enter?
How is rent fixed?
What were the terms of the peace?
Who led the revolt?
Why did the empire fall?
When did the railway reach the coast?
How did people travel before the canal?
What did the king demand?
Where was the battle fought?
Who discovered the comet?
""".strip().splitlines()

COMPARING = """
What do the sources say about the ceasefire?
How do the sources differ on the date?
Do the sources agree on the number of dead?
Do the articles contradict each other on the cost?
Where do the accounts of the meeting diverge?
Which sources mention the tunnel?
Which reports describe the fire?
What does each source say about the bridge?
How do the papers describe the minister?
How do the different accounts explain the collapse?
What does LBCI say about Iran?
What did the Northern Post write about the border?
What does Nature report about old stars?
What does Time claim about the winner?
What do LBCI and the Northern Post say about the border?
How do LBCI and the Northern Post differ on the talks?
How does LBCI describe the talks?
How do the Northern Post and Nature explain the delay?
What does Ana Ruiz say about the border?
What did the 2021 article say about the border?
What does the Danish newspaper say about the border?
What does the Lebanese broadcaster report about Iran?
What is LBCI's view on the ceasefire?
What is the Northern Post's position on tolls?
What does Orvik Harbour Board say about berths?
What do the studies say about sleep?
Compare the articles on the cost of the bridge.
Compare LBCI and the Northern Post on the border.
Compare the number of ships in 2018 and 2022.
Compare the cost of the tunnel and the ferry.
Contrast the two proposals and the old rules.
What is the difference between a lease and a licence?
What are the differences between the first edition and the second?
What are the similarities between whales and bats?
How do the board proposal and the trio proposal differ in length of office?
How do cats and dogs differ?
How do whales and bats compare?
How long is my data kept on the free plan compared with the paid plan?
According to each source, who started it?
Do LBCI and the Northern Post agree on the date?
""".strip().splitlines()

OTHERWISE = """
overview: Summarise the 2018 report.
overview: Give me a summary of the talks.
overview: What is this corpus about?
overview: What are the main points?
overview: What is the 2018 report about?
fact: What is the most recent estimate?
list: List the members of the council.
list: Name the countries that signed.
list: Which birds nest on the cliff?
how-to: How do I cancel my account?
how-to: How can we apply for a grant?
who-is: Who is Ana Ruiz?
who-is: What is a notary?
when: When was the treaty signed?
when: In what year did the war end?
number: How many ships called at Orvik?
number: How long is the tunnel?
yes-no: Is the library open on Sundays?
yes-no: Did the mayor resign?
fact: Is the fee paid monthly or yearly?
fact: Does the club or the county pay for the bridge?
""".strip().splitlines()


def test_the_lists_are_as_long_as_they_should_be() -> None:
    """Enough of both sorts to say something."""
    assert len(set(ORDINARY)) >= 150
    assert len(set(COMPARING)) + len(set(OTHERWISE)) >= 50


@pytest.mark.parametrize("question", ORDINARY)
def test_an_ordinary_question_is_no_comparison_and_names_no_source(question: str) -> None:
    """May, Will, Long, Time, Nature and Many are words before they are authors and journals."""
    query = understand(question, (), CATALOGUE)
    assert (query.comparing, query.kind == "overview", query.sources) == (False, False, frozenset())


@pytest.mark.parametrize("question", COMPARING)
def test_a_question_that_compares_is_answered_side_by_side(question: str) -> None:
    """By source, or each of the things compared on its own."""
    assert understand(question, (), CATALOGUE).kind == "compare"


@pytest.mark.parametrize("line", OTHERWISE)
def test_the_kind_of_a_question_is_what_would_answer_it(line: str) -> None:
    """A gist, several things, steps, what something is, a time, a count, yes or no."""
    kind, question = line.split(": ", 1)
    assert understand(question, (), CATALOGUE).kind == kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("According to the Northern Post, who met whom?", {"post"}),
        ("what does Ruiz write about it?", {"post"}),
        ("Who wrote the 2021 article?", {"post"}),
        ("What does the Danish newspaper say about tolls?", {"post"}),
        ("Who is quoted in the LBCI report?", {"lbci"}),
        ("What happened in 2021?", set()),
        ("What did Danish workers read in a newspaper?", set()),
        ("Who met whom?", set()),
    ],
)
def test_a_source_is_named_by_its_publisher_author_or_kind(question: str, expected: set[str]) -> None:
    """A bare year or people of a place are about the matter, not about the source."""
    assert understand(question, (), CATALOGUE).sources == expected


def test_each_of_several_that_are_asked_is_a_part_of_the_query() -> None:
    """So each is searched, read and answered on its own."""
    query = understand("How do LBCI and the Northern Post differ on the talks?", (), CATALOGUE)
    assert [part.sources for part in query.parts] == [{"lbci"}, {"post"}]
    assert {part.about for part in query.parts} == {"the talks"}


@pytest.mark.parametrize("question", ["How do the reports of 2017 and 2021 compare?"])
def test_texts_of_two_years_are_held_side_by_side(question: str) -> None:
    """Each is asked, where its year tells which is meant."""
    query = understand(question, (), CATALOGUE)
    assert (query.kind, [part.sources for part in query.parts]) == ("compare", [{"nature"}, {"post"}])


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Which is cheaper, the bus or the tram?", ["How cheap is the bus?", "How cheap is the tram?"]),
        ("Is the barn or the mill older?", ["How old is the barn?", "How old is the mill?"]),
        ("Which keeps longer, the hard cheese or the soft one?",
         ["How long keeps the hard cheese?", "How long keeps the soft cheese?"]),
        ("Is it warmer in Rye or in Hove?", ["How warm is it in Rye?", "How warm is it in Hove?"]),
        ("How do the two-day pass and the week pass differ in how long they last?",
         ["the two-day pass, how long they last", "the week pass, how long they last"]),
        ("How long is the key kept, in the club plan compared with the plan for you?",
         ["How long is the key kept, in the club plan?", "How long is the key kept, in the plan for you?"]),
        ("What is the difference between full and junior members?", ["full members", "junior members"]),
        ("How many ships came in 2020 compared to 2019?",
         ["How many ships came in 2020?", "How many ships came in 2019?"]),
        ("How did the budgets of 2019 and 2020 compare?", ["the budgets of 2019", "the budgets of 2020"]),
        ("How does the tram compare with the bus in noise?", ["the tram, noise", "the bus, noise"]),
        ("Does the plan cost more or less than before?", []),
        ("How many more berths were there in 2022 than in 2018?",
         ["How many berths were there in 2022?", "How many berths were there in 2018?"]),
        ("Is the tunnel cheaper than the ferry?", ["How cheap is the tunnel?", "How cheap is the ferry?"]),
        ("Does the red line carry more people than the blue line today?",
         ["How many people does the red line carry today?", "How many people does the blue line carry today?"]),
        ("Is the tram faster than the bus on Sundays?",
         ["How fast is the tram on Sundays?", "How fast is the bus on Sundays?"]),
        ("Will the new bus be faster than the old one?",
         ["How fast will the new bus be?", "How fast will the old bus be?"]),
        ("Did the lake cost more than the park?", ["How much did the lake cost?", "How much did the park cost?"]),
        ("Are the fees in Rye higher than in Hove?",
         ["How high are the fees in Rye?", "How high are the fees in Hove?"]),
        ("Is it more than five miles?", []),
        ("Who earned more than the director?", []),
        ("Can I take more than one bag?", []),
        ("Can the manager approve other than routine spending?", []),
    ],
)  # fmt: skip
def test_things_compared_are_asked_for_one_by_one(question: str, parts: list[str]) -> None:
    """The question goes with each."""
    assert [part.text for part in understand(question, (), CATALOGUE).parts] == parts


SIDES = """
Compare the quorum of the Board and the Council. => the quorum of the Board | the quorum of the Council
Compare the salary of a clerk with that of a judge. => the salary of a clerk | the salary of a judge
How do the quorum of the senate and that of the faculty differ? => the quorum of the senate | the quorum of the faculty
What is the difference between the duties of the treasurer and those of the secretary? =>\
    the duties of the treasurer | the duties of the secretary
What is the difference between the rights of full members and associate members? =>\
    the rights of full members | the rights of associate members
Compare the fees for adults and children. => the fees for adults | the fees for children
Compare the deadlines for appeals and for complaints. => the deadlines for appeals | the deadlines for complaints
Compare hourly and monthly billing. => hourly billing | monthly billing
What is the difference between annual leave and sick leave? => annual leave | sick leave
What's the difference between a merge and a rebase? => a merge | a rebase
What differences are there between the old and the new tariff? => the old tariff | the new tariff
How is a grant different from a loan? => a grant | a loan
How are grants and loans different? => grants | loans
In what way does a lease differ from a licence? => a lease | a licence
How does maternity leave differ from paternity leave in length? => maternity leave, length | paternity leave, length
How does leave for nurses differ from leave for doctors? => leave for nurses | leave for doctors
How does version 2.1 differ from version 2.0? => version 2.1 | version 2.0
Do the north and the south entrance have different opening hours? =>
Which is longer, the ring road or the coast road? => How long is the ring road? | How long is the coast road?
Which lasts longer, a visa or a permit? => How long lasts a visa? | How long lasts a permit?
Which costs more, the basic or the premium plan? => How much costs the basic plan? | How much costs the premium plan?
The bus or the tram: which is cheaper? => How cheap is the bus? | How cheap is the tram?
Postgres or MySQL: which is faster? => How fast is Postgres? | How fast is MySQL?
Who has more votes, the chair or the deputy? => How many votes has the chair? | How many votes has the deputy?
Is a knot faster than a mile per hour? => How fast is a knot? | How fast is a mile per hour?
Is Lake Como deeper than Lake Garda? => How deep is Lake Como? | How deep is Lake Garda?
Are the wages of nurses lower than those of teachers? =>\
    How low are the wages of nurses? | How low are the wages of teachers?
Do interns get fewer holidays than employees? => How many holidays do interns get? | How many holidays do employees get?
Was the turnout in May higher than in October? =>\
    How high was the turnout in May? | How high was the turnout in October?
Do full-time students pay more than part-time students? =>\
    How much do full-time students pay? | How much do part-time students pay?
How many seats does the lower house have compared with the upper house? =>\
    How many seats does the lower house have? | How many seats does the upper house have?
How much does a day ticket cost compared to a week ticket? =>\
    How much does a day ticket cost? | How much does a week ticket cost?
What changed in version 3.1 compared with version 3.0? => What changed in version 3.1? | What changed in version 3.0?
Compare the climate of Oslo to the climate of Rome. => the climate of Oslo | the climate of Rome
Compare TCP with UDP in terms of reliability. => TCP, reliability | UDP, reliability
Compare Oslo, Bergen and Tromsø by population. => Oslo, population | Bergen, population | Tromsø, population
Contrast the powers of the mayor with those of the council. => the powers of the mayor | the powers of the council
How do frogs and toads compare in size? => frogs, size | toads, size
How does the new contract compare to the old contract? => the new contract | the old contract
What distinguishes a member from a guest? => a member | a guest
What distinguishes wolves from dogs? => wolves | dogs
What is the difference in age between Ada and Bo? => Ada, age | Bo, age
How do Ada and Bo differ on the date of the fire? => Ada, the date of the fire | Bo, the date of the fire
How do the two-year visa and the five-year visa differ on who may apply? =>\
    the two-year visa, who may apply | the five-year visa, who may apply
What is the difference between gross pay and net pay? => gross pay | net pay
What are the differences between an associate and a fellow? => an associate | a fellow
Explain the difference between a will and a trust. => a will | a trust
Describe the differences between dry and wet storage. => dry storage | wet storage
Is there a difference between a member and a supporter? => a member | a supporter
How does the summer timetable differ from the winter timetable? => the summer timetable | the winter timetable
How do the duties of a nurse and a midwife differ? => the duties of a nurse | the duties of a midwife
How do the rules for cats and for dogs differ? => the rules for cats | the rules for dogs
Compare the size of the Moon with the size of Mars. => the size of the Moon | the size of Mars
Compare private and public schools in class size. => private schools in class size | public schools in class size
Compare beta blockers and statins by side effects. => beta blockers, side effects | statins, side effects
Which river is longer, the Tay or the Spey? => How long river is the Tay? | How long river is the Spey?
Which is heavier: copper or gold? => How heavy is copper? | How heavy is gold?
Is gold heavier than copper? => How heavy is gold? | How heavy is copper?
Is the fine for littering higher than the fine for speeding? =>\
    How high is the fine for littering? | How high is the fine for speeding?
Are there more members in Bergen than in Oslo? =>\
    How many members are there in Bergen? | How many members are there in Oslo?
Does a colonel earn more than a captain? => How much does a colonel earn? | How much does a captain earn?
Sick leave vs annual leave => Sick leave | annual leave
Who scored more goals, Hurst or Peters? => How many goals scored Hurst? | How many goals scored Peters?
When does the pool open on weekdays compared with weekends? =>\
    When does the pool open on weekdays? | When does the pool open on weekends?
How much rain fell in Bergen compared with Oslo? => How much rain fell in Bergen? | How much rain fell in Oslo?
What did the 2015 budget spend on roads compared with the 2016 budget? =>\
    What did the 2015 budget spend on roads? | What did the 2016 budget spend on roads?
In which respects do the first and the second draft differ? => the first draft | the second draft
What does the difference between the two figures mean? =>
Who won, France or Germany? =>
Why do the results differ? =>
How different are the two models? =>
""".strip().splitlines()


@pytest.mark.parametrize("line", SIDES)
def test_each_side_of_a_comparison_is_asked_for_in_full(line: str) -> None:
    """What only one side has (its noun, what it is of, the verb of the question) goes with the other; nothing is a side
    where nothing is compared."""
    question, _, parts = line.partition(" =>")
    assert [part.text for part in understand(question).parts] == [part.strip() for part in parts.split("|") if part]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How deep is the lock, and what will it cost?", ["How deep is the lock?", "What will the lock cost?"]),
        ("How long do drivers have to pay and who checks the fine?",
         ["How long do drivers have to pay?", "Who checks the fine?"]),
        ("What is the fee? And who pays it?", ["What is the fee?", "Who pays the fee?"]),
        ("Why did the crew strike and how did the owner respond?",
         ["Why did the crew strike?", "How did the owner respond?"]),
        ("Did the council approve the plan and did Berg sign the lease?",
         ["Did the council approve the plan?", "Did Berg sign the lease?"]),
        ("Who were the co-founders of Acme Inc. and of Globex?",
         ["Who were the co-founders of Acme Inc.?", "Who were the co-founders of Globex?"]),
        ("What was the budget in 2018 and 2022?", ["What was the budget in 2018?", "What was the budget in 2022?"]),
        ("Who are Ada, Bo, and Cy?", []),
        ("Who signed the lease, and when?", []),
        ("What happened between 2010 and 2012?", []),
        ("Who is the head of research and development?", []),
        ("Did she work at Acme and at Globex?", []),
        ("When and where did they meet?", []),
        ("Who is the man who came and who left?", []),
        ("What were the causes and effects of the fire?", []),
        ("Where do storks nest, and why?", []),
        ("Who chairs the board and when was she elected?", []),
        ("I broke my leg. Can I claim?", []),
    ],
)  # fmt: skip
def test_two_questions_in_one_are_two_parts(question: str, parts: list[str]) -> None:
    """Each stands alone; what only seems to be two, or would lose whom it asks about, stays one."""
    assert [part.text for part in understand(question).parts] == parts


def test_of_two_questions_the_one_that_nothing_answers_is_named(town: Assistant) -> None:
    """The other is answered all the same."""
    answer = town.ask("What will the harbour bridge cost, and which whales sing?")
    assert answer.sentences
    assert answer.premise == "These sources do not answer “Which whales sing?”"


def test_filters_come_from_the_person_alone() -> None:
    """Naming a source is no filter; one that was set holds in every part."""
    query = understand("What do LBCI and Nature say about stars?", (), CATALOGUE)
    assert not query.filters
    filtered = query.within(Filters(since="2020"))
    assert {part.filters.since for part in (filtered, *filtered.parts)} == {"2020"}


def test_what_stands_nowhere_is_unknown() -> None:
    """A day is no name; a name that stands is not unknown."""
    catalogue = Catalogue(SOURCES, {}, stands=lambda word: word.casefold() in {"bridge", "hill"})
    assert understand("Did Quigley open the bridge in June?", (), catalogue).unknown == ("Quigley",)
    assert understand("Did Hill open the bridge on Monday?", (), catalogue).unknown == ()
    assert understand("How many fishermen does the parish book name?", (), catalogue).unknown == ()


def test_a_query_needs_words() -> None:
    """A wrong value cannot be made."""
    with pytest.raises(ValueError, match="needs words"):
        Query(" ", "")


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("What did Mayor Durate say?", "What did Mayor Duarte say?"),
        ("what did durate's office answer", "what did Duarte's office answer"),
        ("What did Mayor Duarte say?", "What did Mayor Duarte say?"),
        ("Who met Duarto in Gothenborg?", "Who met Duarte in Gothenborg?"),
        ("Did the auditor object to the bridges?", "Did the auditor object to the bridges?"),
    ],
)
def test_a_misspelt_name_is_read_as_the_sources_spell_it(town: Assistant, question: str, spelled: str) -> None:
    """What stands in a source in any form, or is near to no name there, stays as it was put."""
    query = understand(question, (), town.catalogue)
    assert query.text == spelled
    assert bool(query.notes) == (question != spelled)


@pytest.mark.parametrize(
    "question", ["They did it, but how", "how", "Tell me how", "Which", "what about", "compare", "to"]
)
def test_a_question_that_breaks_off_is_understood(question: str) -> None:
    """Nothing is looked for behind its last word."""
    assert understand(question).text == question


def test_sources_are_looked_up_as_they_would_be_compared():
    """Whatever words a phrase has, the sources that are found by them are those that comparing with each finds."""
    words = "LBCI lbci’s the Danish French newspaper report 2017 Ruiz Will Theresa May Northern Post Orvik Long TMWI NP"
    phrases = [
        *words.split(),
        *map(" ".join, permutations(words.split(), 2)),
        "A border",
        "How things",
        "The Many Worlds",
    ]
    found = {phrase: CATALOGUE.called(phrase) for phrase in phrases}
    assert found == {phrase: tuple(s.id for s in SOURCES if _means(phrase, s)) for phrase in phrases}
    assert {id_ for ids in found.values() for id_ in ids} == {s.id for s in SOURCES}


@pytest.mark.parametrize(
    ("question", "foreign"),
    [
        ("Wann wurde die Brauerei gegründet?", True),
        ("Quand le moulin a-t-il été construit ?", True),
        ("图书馆什么时候建成？", True),
        ("Кто был директором?", True),
        ("What is a Brauerei?", False),
        ("Is the Brauerei open?", False),
        ("AMC?", False),
    ],
)
def test_a_question_in_a_language_of_the_documents_is_told(question: str, foreign: bool) -> None:
    """No name is missed in it, and what the models cannot read is said."""
    sources = tuple(Source(id=code, title=code, language=code) for code in ("de", "fr", "en"))
    query = understand(question, catalogue=Catalogue(sources, stands=lambda word: False))
    assert query.foreign is foreign
    assert bool(query.notes) is foreign
    assert not (foreign and query.unknown)


@pytest.mark.parametrize("question", ["What is bylaw 5 about?", "Summarise Bylaw 5", "Give me a summary of Bylaw 5."])
def test_a_text_is_summed_up_by_the_title_it_is_called_by(question: str) -> None:
    """Whatever sort of text it is, and however its capitals are written."""
    catalogue = Catalogue([Source("five", "Bylaw 5"), Source("three", "Bylaw 3")])
    query = understand(question, catalogue=catalogue)
    assert (query.kind, query.sources) == ("overview", {"five"})
    assert understand("What is the fuss about?", catalogue=catalogue).kind != "overview"


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Summarise the chapter on quorum.", "quorum"),
        ("Give me an overview of parental leave.", "parental leave"),
        ("Summarise the report.", ""),
        ("Give me a summary of these documents.", ""),
    ],
)
def test_what_is_to_be_summed_up_may_be_a_heading_or_a_topic(question: str, topic: str) -> None:
    """The texts at large are no topic."""
    query = understand(question, (), CATALOGUE)
    assert (query.kind, query.about) == ("overview", topic or query.text)
