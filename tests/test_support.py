"""The layers of support, each alone and together; texts from elsewhere checked sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import make_hit
from qa.mutate import mutations
from qa.schema import Source, Verdict
from qa.support import LAYERS, Beside, Case, Evidence, Judgement, Layer, Support, check, denies
from qa.support.quotes import quotations
from qa.support.words import carried, folded, nearest, whole_sentences

TOWN = (
    "“We will not leave,” said Ana Ruiz. The council approved the bridge on 3 March 2021 by 12 votes to 7. "
    "Tomás Vidal denied that Iran was involved. He said that 40 boats had sunk off Hizbullah’s harbour."
)
GAZETTE = Source(
    id="g", title="Bridge voted", publisher="The Harbour Gazette", author="Eva Lind", published="2020-05-03"
)
VOTE = "council approved the bridge on 3 March 2021 by 12 votes to 7."
RULES = Support()


class Overlap:
    """Stands in for the support model: supported where the words are there, contradicted where only one side denies."""

    digest = "overlap"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        rows = []
        for evidence, claim in pairs:
            share = carried(claim, evidence)
            if share >= 0.6 and (" not " in claim) != (" not " in evidence):
                rows.append((0.1, 0.0, 0.9))
            else:
                rows.append((share, 1 - share, 0.0))
        return np.array(rows)


class Unsure:
    """Stands in for the support model where it has nothing to say."""

    digest = "unsure"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.full((len(pairs), 3), 1 / 3)


class Strict:
    """Stands in for the support model: supported where all words are there, else nothing is said of it."""

    digest = "strict"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([(0.9, 0.1, 0) if carried(b, a) == 1 else (0.1, 0.9, 0) for a, b in pairs])


MODEL = Support(Overlap())  # type: ignore[arg-type]
UNSURE = Support(Unsure())  # type: ignore[arg-type]


def failed(judgement: Judgement) -> set[str]:
    return {f.layer for f in judgement.findings if f.ok is False}


# verbatim -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        "The council approved the bridge on 3 March 2021 by 12 votes to 7.",
        "the council  approved the bridge\non 3 March 2021 by 12 votes to 7",
        "The council approved the bridge on 3 March 2021 by 12 votes to 7. Tomás Vidal denied that Iran was involved.",
        "Toma\u0301s Vidal denied that Iran was involved",
        "The coun\u00adcil approved the bridge on\u200b 3 March 2021 by 12 votes to 7.",
        "He said that 40 boats had sunk off Hizbullah's harbour.",
    ],
)
def test_words_that_stand_there_as_whole_sentences_are_supported_without_a_model(claim: str) -> None:
    """White space, quotes, accents' composition, case and invisible characters do not matter."""
    judgement = RULES.judge(claim, ["Nothing of it.", TOWN])
    assert (judgement.verdict, judgement.score, judgement.evidence) == (Verdict.SUPPORTED, 1.0, 1)
    assert [f.layer for f in judgement.findings] == ["verbatim"]


@pytest.mark.parametrize(
    "claim",
    [
        "Iran was involved.",
        "40 boats had sunk.",
        "The council approved.",
        "Approved the bridge on 3 March 2021",
    ],
)
def test_a_part_of_a_sentence_is_not_verbatim(claim: str) -> None:
    """What a clause around the words denies must not be borne out by them."""
    assert RULES.judge(claim, [TOWN]).verdict is not Verdict.SUPPORTED


def test_words_are_matched_whole() -> None:
    """ "He sat" is not in "She sat"."""
    assert whole_sentences("he sat.", "She sat.") is None
    assert whole_sentences("Sat.", "He sat.") is None


@given(
    st.lists(
        st.sampled_from(["Ann met Bob.", "It rained — hard.", "“No,” he said.", "Ça va‽", "Ⅳ ﬁne days."]),
        min_size=1,
    )
)
def test_every_whole_sentence_of_a_text_is_found_where_it_stands(parts: list[str]) -> None:
    """The span holds the words that were looked for."""
    text = "  ".join(parts)
    for part in parts:
        judgement = RULES.judge(part, [text])
        assert judgement.verdict is Verdict.SUPPORTED
        assert judgement.span
        assert folded(part).text in folded(text[slice(*judgement.span)]).text


@given(st.text(max_size=80))
def test_folding_keeps_offsets(text: str) -> None:
    """Each folded character knows the one it came from, in order."""
    result = folded(text)
    assert len(result.text) == len(result.offsets)
    assert list(result.offsets) == sorted(result.offsets)
    assert all(0 <= i < len(text) for i in result.offsets)


# facts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        "The council approved the bridge by 13 votes.",
        "The council approved the bridge on 4 March 2021.",
        "The council approved the bridge with 12 percent.",
        "The council of Lisbon approved the bridge.",
        "The council approved the bridge for 12 euros.",
        "Ana Ruiz will leave, said Vidal of Lisbon.",
    ],
)
def test_a_fact_that_the_evidence_has_not_is_not_borne_out(claim: str) -> None:
    """Rules alone tell so, with or without the model."""
    assert {"figures", "names"} & failed(RULES.judge(claim, [TOWN]))
    assert RULES.judge(claim, [TOWN]).failed
    assert MODEL.judge(claim, [TOWN]).verdict is not Verdict.SUPPORTED


def test_a_source_may_be_named_though_its_text_does_not_name_it() -> None:
    """Publisher, author and date of a citation are no facts that its text must hold."""
    claim = f"According to The Harbour Gazette (3 May 2020), the {VOTE}"
    assert RULES.judge(claim, [TOWN], sources=[GAZETTE]).verdict is Verdict.SUPPORTED
    assert RULES.judge(claim, [TOWN]).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    "claim",
    [
        f"According to The Island Ledger, the {VOTE}",
        f"According to The Harbour Gazette (4 May 2020), the {VOTE}",
        f"Olga Stern, quoted by The Harbour Gazette: The {VOTE}",
    ],
)
def test_a_claim_laid_at_the_wrong_door_is_not_borne_out(claim: str) -> None:
    """Another outlet, another date, a person who is not in the text."""
    assert RULES.judge(claim, [TOWN], sources=[GAZETTE]).failed


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Ruiz left Lisbon.", "ana ruiz left lisbon on monday, witnesses said."),
        ("The Iranian mayor left.", "the mayor, from iran, left the hall and went home."),
    ],
)
def test_names_are_found_in_a_text_without_capitals(claim: str, evidence: str) -> None:
    """Evidence in lower case holds the names that it spells in lower case."""
    assert "names" not in failed(RULES.judge(claim, [evidence]))


def test_a_name_in_the_sentence_beside_it_is_near_enough() -> None:
    """Who "he" is, and where "there" is, stands before."""
    text = ["Ana Ruiz came to Lisbon in May. She met the old pilots of the harbour there."]
    claim = "Ana Ruiz met the old pilots of the harbour in Lisbon."
    assert not failed(RULES.judge(claim, text))


# quotes -------------------------------------------------------------------------------------------------

SPEECH = (
    "“We will not leave the harbour before the money is there,” said Ana Ruiz, the mayor. Tomás Vidal called the plan "
    "“a gift to the ferry company”. He added: “The bridge is a scandal. Nobody wants this thing.” "
    "Olga Stern was silent."
)


@pytest.mark.parametrize(
    ("claim", "failure"),
    [
        ("Ana Ruiz said: “We will not leave the harbour before the money is there.”", ""),
        ('Ruiz said "we will not leave the harbour ... before the money is there".', ""),
        ("Vidal called it “a gift to the ferry company”.", ""),
        ("“Nobody wants this thing,” said Vidal.", ""),
        ("“We shall sell all of the boats by Friday,” said Ana Ruiz.", "fabricated"),
        ("Ana Ruiz said: “We will not leave the town before the money is there.”", "fabricated"),
        ("Ana Ruiz said: “We will leave the harbour before the money is there.”", "fabricated"),
        ("Ana Ruiz said: “Before the money is there … we will not leave the harbour.”", "stitched"),
        ("“The bridge is a scandal,” said Ana Ruiz.", "misattributed"),
        ("Ana Ruiz called it “a gift to the ferry company”.", "misattributed"),
        ("Olga Stern said: “Ferries are cheaper than bridges.”", "misattributed"),
    ],
)
def test_failures_of_quotations_are_named(claim: str, failure: str) -> None:
    """Fabricated, stitched, misattributed, or as it should be."""
    other = "The director told us: “Ferries are cheaper than bridges.”"
    (fault,) = quotations(claim, [SPEECH], [other])
    assert fault.partition(":")[0] == failure
    assert RULES.judge(claim, [SPEECH], elsewhere=[other]).failed == bool(failure)


@pytest.mark.parametrize(
    ("claim", "text", "right"),
    [
        ("Vidal said “the ice is safe”.", "Neither Oslo nor Bergen objects; “the ice is safe”, Vidal said.", True),
        ("Bergen said “the ice is safe”.", "Neither Oslo nor Bergen objects; “the ice is safe”, Vidal said.", False),
        ("Ana Ruiz said the ice “is safe”.", "Ana Ruiz, a friend of Tom Lund, said the ice “is safe”.", True),
        ("Tom Lund said the ice “is safe”.", "Ana Ruiz, a friend of Tom Lund, said the ice “is safe”.", False),
        ("Oslo said the ice “is safe”.", "The ice of Oslo “is safe”, the mayor argues.", True),  # whose, nobody knows
        ("The Ledger claimed the ice “is safe”.", "The Ledger wrote. It also claimed that the ice “is safe”.", True),
        ("Vidal claimed the ice “is safe”.", "The Ledger wrote. It also claimed that the ice “is safe”.", False),
    ],
)
def test_who_speaks_is_not_who_is_spoken_of(claim: str, text: str, right: bool) -> None:
    """A name in what is said is not taken for the speaker; somebody without a name may be anybody."""
    (fault,) = quotations(claim, [text])
    assert (not fault) == right


def test_the_model_decides_where_rules_cannot() -> None:
    """Supported, contradicted, and without it: unchecked."""
    text = ["The mayor met the fishermen twice in the old town hall."]
    assert MODEL.judge("The mayor twice met the fishermen.", text).verdict is Verdict.SUPPORTED
    assert MODEL.judge("The mayor did not meet the fishermen.", text).verdict is Verdict.CONTRADICTED
    assert RULES.judge("The mayor twice met the fishermen.", text).verdict is Verdict.UNCHECKED


@pytest.mark.parametrize("said", ["didn't", "didn’t", "did not"])
def test_a_contraction_says_what_it_stands_for(said: str) -> None:
    """On either side."""
    text = "The mayor did not meet the fishermen in the town hall."
    assert MODEL.judge(f"The mayor {said} meet the fishermen.", [text]).verdict is Verdict.SUPPORTED
    assert MODEL.judge("The mayor met the fishermen.", [text.replace("did not", said)]).verdict is Verdict.CONTRADICTED


def test_a_denial_need_not_repeat_the_details() -> None:
    """What speaks of the same and denies it is shown, in its own words; not from a passage that also says it."""
    claim = "The council approved the bridge on 3 March 2021 by 12 votes to 7."
    other = Evidence("other", "In March 2021 it rained. The council did not approve the bridge.")
    ask = MODEL.probabilities
    assert ask is not None
    both = Evidence("both", f"{claim} The council did not approve the bridge at first.")
    cases = [[other], [Evidence("same", claim)], [both], []]
    denied, same, agreeing, nothing = denies(ask, [Beside(claim, claim, passages) for passages in cases])
    assert denied is not None
    assert denied.quote == "The council did not approve the bridge."
    assert same is agreeing is nothing is None


def test_a_sentence_is_read_with_those_beside_it_and_with_a_second_place_that_adds_to_it() -> None:
    """Neighbours of the same text alone; a second place only where it holds much of the claim that the first lacks."""
    said = [
        "It rained.",
        "Ana Ruiz chairs the council.",
        "She left.",
        "Gulls nest.",
        "Ferries cost 48 euros.",
        "It is late.",
    ]
    assert nearest("Ana Ruiz chairs it.", said, [0] * 6) == (range(1, 2), [0, 1, 2])
    assert nearest("Ana Ruiz chairs it.", said, [0, 1, 2, 2, 2, 2]) == (range(1, 2), [1])
    assert nearest("Ana Ruiz is the chair and ferries cost 48 euros.", said, [0] * 6) == (
        range(4, 5),
        [0, 1, 2, 3, 4, 5],
    )
    assert nearest("Ana Ruiz chairs the council and left.", said, [0] * 6) == (range(1, 3), [0, 1, 2])
    figure = ["The council of Rye met.", "Rain.", "Fog.", "It gave 30 grants."]
    shown, read = nearest("The council of Rye gave 30 grants.", figure, [0] * 4)
    assert (shown, read) == (range(3, 4), [0, 1, 2, 3]), "where its figure stands"
    assert nearest("Whales sing.", ["Nothing alike."], [0]) == (range(1), [0])


def test_two_passages_can_bear_out_together_what_neither_does_alone() -> None:
    """A sentence with two citations is held against both joined."""
    parts = ["The mayor met the fishermen on Monday.", "The fishermen left for Lisbon on Tuesday."]
    claim = "The fishermen met the mayor on Monday and left for Lisbon on Tuesday."
    assert MODEL.judge(claim, parts).verdict is Verdict.SUPPORTED
    assert all(MODEL.judge(claim, [part]).failed for part in parts)


def test_nothing_cited_is_nothing_checked() -> None:
    """No evidence gives no verdict, rather than a bad one."""
    assert RULES.judge("The mayor left.", []) == Judgement(Verdict.UNCHECKED)


def test_judging_together_is_judging_one_by_one() -> None:
    """The order of a batch, and what else is in it, change nothing."""
    cases = [Case(c, [TOWN, SPEECH]) for c in ("Forty boats sank.", "Ruiz said “a gift”.", "The council slept.")]
    assert MODEL.judge_all(cases) == [MODEL.judge_all([case])[0] for case in cases]


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_can_be_used_alone(layer: Layer) -> None:
    """For the ablation table: no finding comes from a layer that is off."""
    support = Support(Overlap(), {layer})  # type: ignore[arg-type]
    judgement = support.judge("Vidal said “a gift to the ferry” 13 times.", [SPEECH])
    assert {f.layer for f in judgement.findings} <= {layer}


def test_an_unknown_layer_is_refused() -> None:
    """With the names of those there are."""
    with pytest.raises(ValueError, match="there are: verbatim, figures"):
        Support(layers={"magic"})


@given(st.text(max_size=120), st.lists(st.text(max_size=120), max_size=3))
def test_any_text_can_be_judged(claim: str, evidence: list[str]) -> None:
    """No text breaks it, and the span always lies in the evidence."""
    judgement = RULES.judge(claim, evidence)
    if judgement.span:
        assert judgement.evidence is not None
        assert 0 <= judgement.span[0] <= judgement.span[1] <= len(evidence[judgement.evidence])


def test_rules_catch_program_made_falsehoods(briefs_sentences: list[tuple[str, list[str]]]) -> None:
    """Of figures and names put in the place of others that the passage has not, nearly all; of true sentences, none."""
    caught = total = 0
    for sentence, document in briefs_sentences:
        assert not RULES.judge(sentence, [" ".join(document)]).failed
        for m in mutations(sentence, document):
            if m.kind in ("fabricated", "date", "number"):
                total += 1
                caught += RULES.judge(m.text, [sentence]).failed
    assert total >= 30
    assert caught >= 0.95 * total


@pytest.fixture(scope="module")
def briefs_sentences() -> list[tuple[str, list[str]]]:
    """Sentences of the project's own corpus, with the sentences of their document."""
    from conftest import ROOT
    from qa.markers import sentences

    found = []
    for path in sorted((ROOT / "corpus").glob("*.md")):
        if path.stem == "SOURCES":
            continue
        body = path.read_text(encoding="utf-8").split("---", 2)[2]
        for paragraph in body.split("\n\n"):
            if paragraph.strip().startswith("#"):
                continue
            text = " ".join(paragraph.split())
            document = [text[a:b] for a, b in sentences(text)]
            found += [(s, document) for s in document if len(s.split()) > 5]
    return found[:120]


# texts from elsewhere -------------------------------------------------------------------------------------

HITS = [
    make_hit(
        "The council approved the bridge on 3 March 2021 by 12 votes to 7. It rained all day.",
        id="g",
        publisher="The Harbour Gazette",
        title="Bridge voted",
    ),
    make_hit(
        "The ferry company carried 900,000 passengers in 2021. Olga Stern said: “Ferries are cheaper.”",
        id="l",
        publisher="Island Ledger",
        title="The ferry",
    ),
]


def statuses(text: str, **options: object) -> list[str]:
    return [s.status for s in check(text, HITS, MODEL, **options).sentences]  # type: ignore[arg-type]


def test_a_text_is_checked_sentence_by_sentence() -> None:
    """Each against what it cites, in whatever shape the marker is."""
    text = (
        "The council approved the bridge on 3 March 2021 by 12 votes to 7 [1]. The ferry company carried 800,000 "
        "passengers in 2021.【2】 Whales are singing loudly tonight (2). Olga Stern said “Ferries are cheaper”.[^2]"
    )
    assert statuses(text) == ["supported", "partly", "unsupported", "supported"]


def test_the_right_words_with_the_wrong_number_are_found_elsewhere() -> None:
    """The report names the passage that does bear the sentence out."""
    report = check("The council approved the bridge on 3 March 2021 by 12 votes to 7 [2].", HITS, MODEL)
    (sentence,) = report.sentences
    assert sentence.status != "supported"
    assert sentence.elsewhere
    assert sentence.elsewhere.source == HITS[0].source


def test_a_sentence_without_a_marker_is_held_against_the_nearest_passage() -> None:
    """It may be true, but it cites nothing, and the report says both."""
    report = check("It rained all day.", HITS, MODEL)
    assert report.sentences[0].status == "supported"
    assert report.sentences[0].quote == "It rained all day."
    assert report.counts["no citation"] == 1
    assert not report.ok


def test_that_a_text_cites_nothing_is_said_once() -> None:
    """Of the whole text; where some sentences cite, each that does not is named."""
    report = check("It rained all day. Ferries are cheaper.", HITS, RULES)
    assert "cites nothing" in report.remark
    assert str(report).count("cite") == 1 + str(report).count("no citation,")
    assert not any("no citation" in note for s in report.sentences for note in s.notes)
    mixed = check("It rained all day [1]. Ferries are cheaper.", HITS, RULES)
    assert mixed.remark == ""
    assert [any("no citation" in n for n in s.notes) for s in mixed.sentences] == [False, True]


@pytest.mark.parametrize(
    "title", ["# A title", "## It is dry\n", "A title\n=======", "**A title**", "---\ntitle: dry\n---"]
)
def test_a_title_is_no_claim(title: str) -> None:
    """It is left alone; offsets point into the text as it was given."""
    text = f"{title}\nIt rained all day [1].\n"
    (sentence,) = check(text, HITS, RULES).sentences
    assert text[sentence.start : sentence.end] == "It rained all day [1]."


@pytest.mark.parametrize(
    ("item", "claims"),
    [
        ("- [The minutes](minutes.md)", 0),
        ("- [The minutes](minutes.md) — what the council said\n  about the bridge", 0),
        ("1. [The minutes](minutes.md): **extends** this note", 0),
        ("- [The minutes](minutes.md) say that the bridge was approved.", 1),
        ("- The bridge was approved: [the minutes](minutes.md)", 1),
        ("[The minutes](minutes.md) - it was approved.", 1),
    ],
)
def test_a_list_of_documents_claims_nothing(item: str, claims: int) -> None:
    """An item that names a document and tells what it is; one that says what stands in it is a claim."""
    assert len(check(f"It rained:\n\n{item}\n", {"minutes.md": "It was approved."}, RULES).sentences) == claims + 1


def test_bold_words_with_a_full_stop_are_a_claim() -> None:
    """They are not passed over in silence."""
    assert len(check("**It was dry all day.**\nIt rained [1].", HITS, RULES).sentences) == 2


TICKETS = {"t.md": "Season tickets lapse after 180 days. Free tickets lapse after 365 days. A pass costs 40 euros."}


@pytest.mark.parametrize(
    ("claim", "status", "named"),
    [
        (
            "Free tickets lapse after 180 days.",
            "contradicted",
            "“180 days” is of something else, here it is “365 days”",
        ),
        ("Season tickets lapse after 365 days.", "contradicted", "here it is “180 days”"),
        ("Free tickets lapse after 365 days at last.", "supported", ""),
        ("Season tickets lapse after 180 days, free ones after 365 days.", "supported", ""),
        ("A pass costs 60 euros today.", "partly", "not in the passages read: “60 euros”; here it is “40 euros”"),
    ],
)
def test_a_figure_is_that_of_its_own_thing(claim: str, status: str, named: str) -> None:
    """One that stands beside it, of something else, bears nothing out; the one in its place is named."""
    [sentence] = check(claim, TICKETS, MODEL).sentences
    assert sentence.status == status
    assert named in sentence.judgement.reason


@pytest.mark.parametrize(
    ("claim", "status", "part"),
    [
        ("The tunnel was opened in 2010, and Rye forbade all lorries.", "partly", "The tunnel was opened in 2010."),
        ("The tunnel, which ministers wanted, was opened.", "partly", "The tunnel was opened."),
        ("Berg opposed lorries in Rye and sold two ferries.", "partly", "Berg opposed lorries in Rye."),
        ("The tunnel was opened by Rye in spring.", "unsupported", ""),
        ("The tunnel was opened in 2011.", "unsupported", ""),
    ],
)
def test_partly_is_said_where_a_part_is_borne_out(claim: str, status: str, part: str) -> None:
    """The part is shown; words in common alone are none."""
    text = {"t.md": "The tunnel was opened in 2010. Berg of Rye opposed lorries. All went well."}
    [sentence] = check(claim, text, Support(Strict())).sentences  # type: ignore[arg-type]
    assert (sentence.status, sentence.part) == (status, part)


def test_a_number_behind_which_there_is_nothing_is_invented() -> None:
    """Counted, and it costs nobody else's citation."""
    report = check("It rained all day [7]. It rained all day [1][9].", HITS, MODEL)
    assert [s.invented for s in report.sentences] == [(7,), (9,)]
    assert [s.cited for s in report.sentences] == [False, True]
    assert report.counts["invented markers"] == 2


@pytest.mark.parametrize("heading", ["References", "## Sources", "**Bibliography**", ""])
def test_a_list_of_references_tells_what_the_numbers_mean(heading: str) -> None:
    """Numbers follow the list, not the order of the passages; the list is not checked as text."""
    listed = "[1] The Harbour Gazette, “Bridge voted”\n[2] Island Ledger, “The ferry”\n"
    text = f"It rained all day [1].\n\n{heading}\n{listed}"
    hits = HITS[::-1]
    report = check(text, hits, MODEL)
    assert [s.status for s in report.sentences] == ["supported"]
    assert report.sentences[0].evidence
    assert report.sentences[0].evidence.source == HITS[0].source


def test_a_file_in_the_list_of_references_is_that_file_or_none() -> None:
    """A name that is nearly that of a source is told to be none; it is not taken for it."""
    sources = {"refund.md": "It rained all day.", "ferry.md": "The ferry sank."}
    text = "It rained all day [1]. The ferry sank [2].\n\n## Sources\n1. refunds.md\n2. ferry.md\n"
    wrong, right = check(text, sources, RULES).sentences
    assert (wrong.unknown, right.unknown, right.sources) == (("refunds.md",), (), ("ferry.md",))
    assert (wrong.cited, right.cited) == (False, True)
    assert [note for note in wrong.notes if "there is no source" in note] == [wrong.notes[0]]
    assert wrong.notes[0].count("there is no source") == 1


def test_numbers_may_count_sources() -> None:
    """Where many passages of few sources are given."""
    hits = [HITS[0], make_hit("Nothing here.", id="g", start=500, publisher="The Harbour Gazette"), HITS[1]]
    text = "Olga Stern said “Ferries are cheaper” [2]."
    assert check(text, hits, MODEL, numbers="sources").sentences[0].status == "supported"
    assert check(text, hits, MODEL).sentences[0].status != "supported"


@pytest.mark.parametrize("marker", ["[l]", "(Island Ledger, 2021)", "(Lind 2021)"])
def test_a_source_can_be_cited_by_name(marker: str) -> None:
    """By its id, or by publisher or author with the year, if that names one source only."""
    ledger = make_hit("The ferry company carried 900,000 passengers.", id="l", publisher="Island Ledger",
                      author="Eva Lind", published="2021-05-03")  # fmt: skip
    report = check(f"The ferry company carried 900,000 passengers {marker}.", [HITS[0], ledger], MODEL)
    assert [(s.status, s.sources, s.cited) for s in report.sentences] == [("supported", ("l",), True)]
    wrong = check(f"It rained all day {marker}.", [HITS[0], ledger], MODEL).sentences[0]
    assert wrong.status != "supported"
    assert wrong.elsewhere


def test_a_name_that_two_sources_share_names_neither() -> None:
    """Better no citation than the wrong one."""
    hits = [make_hit("It rained.", id=id_, publisher="Island Ledger", published="2021") for id_ in ("a", "b")]
    report = check("It rained (Island Ledger, 2021).", hits, MODEL)
    assert report.sentences[0].sources == ()


def test_plain_texts_can_be_cited_too() -> None:
    """A mapping of names to texts, without sources."""
    report = check("It rained [1].", {"a.txt": "It rained."}, RULES)
    assert report.sentences[0].evidence
    assert report.sentences[0].evidence.id == "a.txt"
    assert report.ok


def test_a_report_is_json_and_reads_as_text() -> None:
    """Spans point into the text that was checked."""
    import json

    text = "# Title\n\n- It rained all day [1].\n"
    report = check(text, HITS, RULES)
    assert json.loads(json.dumps(report.to_dict()))["counts"]["supported"] == 1
    sentence = report.sentences[-1]
    assert text[sentence.start : sentence.end] == "It rained all day [1]."
    assert "supported" in str(report)


def test_what_only_the_model_bears_out_is_likely() -> None:
    """A tick is for what is sure: a text from elsewhere is checked by somebody who relies on it."""
    report = check("The council liked the bridge in the March of that year.", HITS, MODEL)
    [sentence] = report.sentences
    assert (sentence.status, sentence.borne_out) == ("likely", True)
    assert any("before you rely on it" in note for note in sentence.notes)
