"""Where sources are held against each other: questions that compare, and pairs of cited sentences.

No side is taken: a pair is two quotations, whether they agree or differ, and on what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from numpy.typing import NDArray

from qa.answer.quote import with_antecedent
from qa.language import FUNCTION_WORDS, Fact, facts, fold, same_name, stem
from qa.language.alike import FIGURES, akin, happening, name_words, one_date, one_entity, related, stems, terms
from qa.schema import Candidate, Citation, Pair, Relation, Sentence, Source
from qa.support.words import content

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

POINT_NUMBER: Final = "number of {what}"
POINT_FIGURE: Final = "the figure"
POINT_AMOUNT: Final = "the amount"
POINT_SHARE: Final = "the percentage"
POINT_DATE: Final = "the date"
POINT_CLAIM: Final = "the account of {what}"
POINT_PLAIN: Final = "the account given"

# Set on the tuning half of our RAMDocs questions (Wang et al. 2025, arXiv:2504.13079); `qa bench ramdocs` gives what
# they do on the other half.
SHOWN: Final = 0.45
"""How alike what stands around two sentences must be for a disagreement to be shown: names alone do not tell two who
share one apart. There .95 of the pairs then shown are real conflicts and not accounts of namesakes."""

CONTRADICTED: Final = 0.7
"""Probability of contradiction, both ways round, from which the support model alone makes a disagreement."""

AGREED: Final = 0.2
"""From what a pair is shown as an agreement; there .95 of these give one answer. On the project's own corpus, where all
sources share the commonest names, half of it lets pairs through that only share those."""

OPPOSED: Final = 0.5
"""Probability of contradiction, either way, from which shared words are no agreement."""

PARTLY: Final = 0.3
"""Share of the best score from which a sentence on part of the topic is shown; chosen on the dev questions."""

MOST, HALF = 2 / 3, 1 / 2
"""Shares of a topic's names and words, or of its words where it names nobody, that are part of it."""


_TEXTS = (
    r"(?:sources?|articles?|outlets?|papers?|reports?|accounts?|authors?|texts?|documents?|newspapers?|media|publishers?"
    r"|publications?|perspectives?|sides?|views?|writers?|pieces?|studies|analys[ei]s|versions?|narratives?|briefs?"
    r"|coverage)"
)
_COMPARING = re.compile(
    "|".join(
        (
            # the sources differ
            rf"\b{_TEXTS}\b.*\b(?:differ\w*|disagree\w*|agree\w*|contradict\w*|conflict\w*|compare\w*|vary|varies"
            r"|diverge\w*|contrast\w*|at odds|in common|divided|split)\b",
            # different sources, what they have in common
            r"\b(?:differ\w*|disagree\w*|agree\b|agreement|contradict\w*|compare\w*|comparison|contrast\w*|diverge\w*"
            rf"|conflicting|competing|opposing|different(?:ly)?|rival|various|in common)\b.*\b{_TEXTS}\b",
            # each source says
            r"\b(?:each|both|either|every|all|other|two|three|four|five|these|those|which|what|how)\s+(?:\w+\s+){0,2}"
            rf"(?:of\s+the\s+)?{_TEXTS}\s+(?:\w+\s+){{0,3}}(?:say|says|describe|describes|see|sees|explain\w*|report"
            r"|portray\w*|characteri[sz]e\w*|present\w*|frame\w*|view|judge|assess|call|cover|treat|mention\w*|put)\b",
            rf"\bwhat\s+do(?:es)?\s+(?:each|both|all|the)\s+(?:\w+\s+){{0,3}}{_TEXTS}\s+say\b",
            # according to each source
            r"\b(?:according\s+to|across|among|between|by)\s+"
            r"(?:each|the\s+different|the\s+various|all|both|the\s+\w+)\s+(?:of\s+the\s+)?"
            r"(?:sources|articles|outlets|papers|accounts|authors|texts|perspectives|sides)\b",
            # how do the sources describe
            r"\bhow\s+(?:do|does|did)\s+(?:the\s+|different\s+|these\s+|various\s+|israeli\s+\w+\s+|\w+\s+){0,4}"
            rf"{_TEXTS}\b.*\b(?:describe|see|explain|report|portray|characteri[sz]e|present|frame|view|judge|assess"
            r"|call|cover|treat)",
            # what do A and B each say, how do A and B differ
            r"\bwhat\s+do\s+.+?\s+and\s+.+?\s+(?:each\s+)?(?:say|claim|argue|report|write|think)\b",
            r"\bhow\s+do\s+.+?\s+and\s+.+?\s+"
            r"(?:differ|compare|diverge|contrast|disagree|view|see|describe|portray|judge)\b",
            r"\b(?:compare|contrast)\b.+\b(?:and|with|to|versus|vs)\b",
            r"\b(?:do|does|did|is|are)\s+(?:the\s+|they\s+)?.*\b(?:agree|disagree|contradict\s+each\s+other|at\s+odds)\b",
            r"\bwho\s+(?:says|said)\s+what\b|\bon\s+the\s+one\s+hand\b|\bboth\s+sides\b|\bversus\b|\bvs\.?\s",
        )
    ),
    re.I | re.S,
)
_PARTIES_AGREE = re.compile(
    r"^(?:what|when|where|who|why|how many)\b[^?]*\b(?:agreed?|agreement)\b"
    r"(?!.*\b(?:sources?|articles?|outlets?|accounts?|authors?)\b)",
    re.I,
)


def compares(question: str) -> bool:
    """Whether a question asks how sources differ, what each says, or whether they agree."""
    return bool(_COMPARING.search(question)) and not _PARTIES_AGREE.match(question)


_DIFFER = r"(?:differ|disagree|agree|diverge|compare|vary|conflict|contradict\s+each\s+other|part\s+ways)"
_ABOUT = r"(?:on|about|over|in|of|as\s+to|regarding|concerning|when\s+it\s+comes\s+to)"
_FRAMES = (
    rf"^(?:how|where|on\s+what|in\s+what\s+ways?)?\s*(?:do|does|did)\s+.*?\b{_TEXTS}\s+(?:\w+\s+)?{_DIFFER}\s+"
    rf"{_ABOUT}\s+(?P<topic>.+)$",
    rf"^what\s+do(?:es)?\s+.*?\b{_TEXTS}\s+(?:\w+\s+)?(?:say|write|think|report|claim)\s+{_ABOUT}\s+(?P<topic>.+)$",
    rf"^(?:compare|contrast)\s+.*?\b{_TEXTS}\s+{_ABOUT}\s+(?P<topic>.+)$",
    rf"^(?P<topic>.+?[.?!])\s+(?:how|where|do|does|what|the|put|compare|contrast)\b.*\b(?:{_TEXTS}|next\s+to)\b.*$",
)


def topic(question: str) -> str:
    """What a comparing question is about, without its frame: "How do the sources differ on X?" -> "X".

    A passage answers the topic, hardly ever the frame. A question without a frame comes back unchanged.
    """
    for frame in _FRAMES:
        if match := re.match(frame, question.strip(), re.I | re.S):
            return match["topic"]
    return question


@dataclass(frozen=True, slots=True)
class Saying:
    """Who is asked for, as the question puts it ("LBCI", "the Iranian author"), and what they are to speak of."""

    whose: tuple[str, ...]
    topic: str


_OF = r"(?:on|about|over|of|as\s+to|regarding|concerning)"
_SAYS = (
    r"(?:sa(?:y|ys|id)|writ(?:e|es|ten)|wrote|thinks?|thought|report(?:s|ed)?|claim(?:s|ed)?|argue[ds]?|state[ds]?"
    r"|tells?\s+us|told\s+us|ha(?:s|ve)\s+to\s+say)"
)
_SAYING = (
    rf"what\s+(?:(?:do|does|did|has|have|had)\s+)?(?P<who>.+?)\s+(?:(?:each|both|all)\s+)?{_SAYS}\s+{_OF}\s+"
    r"(?P<topic>.+)$",
    r"what\s+(?:is|are|was|were)\s+(?P<who>.+?)[’']s?\s+(?:views?|opinions?|positions?|stance|take|account|verdict"
    rf"|judge?ments?|assessment)\s+{_OF}\s+(?P<topic>.+)$",
    r"how\s+(?:do|does|did)\s+(?P<who>.+?\s+and\s+.+?)\s+(?:(?:each|both)\s+)?(?:see|view|describe|explain|portray"
    r"|judge|characteri[sz]e|present|frame|assess|regard|treat)\s+(?P<topic>.+)$",
    rf"(?:how|where)\s+(?:do|does|did)\s+(?P<who>.+?\s+and\s+.+?)\s+{_DIFFER}\s+{_OF}\s+(?P<topic>.+)$",
)
_LEAD = r"(?:(?:and|but|so|then|please|(?:can|could)\s+you|tell\s+(?:me|us))\b[\s,]*)*"


def saying(question: str) -> Saying | None:
    """What a question asks of somebody by name: "What does LBCI say about Iran?"; else nothing."""
    for frame in _SAYING:
        match = re.match(_LEAD + frame, question.strip().rstrip("?. "), re.I | re.S)
        if match and any(terms(match["topic"])):  # a day is no topic, nor is "it"
            parts = re.split(r",\s+(?:and\s+)?|\s+and\s+", match["who"])
            return Saying(tuple(part for part in parts if part), match["topic"])
    return None


def on_point(
    topic: str, candidates: Sequence[Candidate], *, sure: float = 0.0, asked: Collection[Source] = ()
) -> list[Candidate]:
    """Those that speak of all that a topic names.

    What counts is the heading, the sentence, and the one it leans on. Of those that answer nearly as well as the best,
    also the sentence before counts, and a part is enough: most of the names, or most of the words where a name is put
    otherwise, or half of them where there is no name. A topic without words keeps all.

    Args:
        sure: the probability that a sentence on a part of the topic must reach.
        asked: the sources that were asked for by name: each has its own best, and their names are not the topic.
    """
    names, words = terms(topic)
    own = {fold(word) for s in asked for word in name_words(f"{s.publisher} {s.author}")}
    names = tuple(name for name in names if fold(name) not in own)
    count = len(names) + len(words)
    best: dict[str, float] = {}
    for c in candidates:
        of = c.hit.source.id if asked else ""
        best[of] = max(best.get(of, 0.0), c.score)

    def held(text: str) -> tuple[int, int]:
        there, said = name_words(text), stems(text)
        spoken = sum(any(related(word, other) for other in said) for word in words)
        return sum(any(akin(name, word) for word in there) for name in names), spoken

    kept = []
    for candidate in candidates:
        passage = candidate.hit.passage
        named, spoken = held(f"{passage.heading}. {passage.slice(*with_antecedent(candidate))}")
        keep = named + spoken == count
        if not keep and candidate.score >= PARTLY * best[candidate.hit.source.id if asked else ""]:
            around = passage.slice(passage.sentence_before(candidate.start), candidate.end)
            part = named >= MOST * len(names) if names else spoken >= HALF * len(words)
            part = part or named + spoken >= MOST * count
            keep = sum(held(around)) == count or (part and candidate.score >= sure)
        if keep:
            kept.append(candidate)
    return kept


_SEVERAL = re.compile(
    r"^\s*(?:please\s+)?(?:list|trace|enumerate|outline|summari[sz]e|name\s+(?:all|the|some|two|three|four|five))\b"
    r"|\b(?:step\s+by\s+step|one\s+by\s+one|time\s?line|chronolog\w+|sequence\s+of|in\s+(?:what|which)\s+order)\b"
    r"|\bhow\s+(?:did|has|have)\b.+\b(?:develop\w*|evolve\w*|unfold\w*|change\w*\s+(?:over|since|from))\b"
    r"|\bwhat\s+happened\s+(?:between|after|before|since|from|in)\b|\bbesides\b"
    r"|\b(?:what|which)\s+(?:\w+\s+)?(?:two|three|four|five|several|kinds|types|sorts|reasons|steps|contacts|factors|"
    r"elements|conditions|arguments|examples|names|meetings|events|groups|countries|demands|goals|measures)\b",
    re.I,
)


def asks_several(question: str) -> bool:
    """Whether a question wants a list or a course of events, which seldom stands in one sentence."""
    return bool(_SEVERAL.search(question))


_ABOUT_TIME = re.compile(
    r"\b(?:when|what\s+(?:date|day|year|month|time)|which\s+(?:date|day|year|month)|how\s+long\s+ago)\b", re.I
)
_ABOUT_NUMBER = re.compile(
    r"\bhow\s+(?:many|much|large|big|long|far|often|old|tall|high|heavy|deep)\b"
    r"|\b(?:number|amount|figure|count|toll|total|cost|price|population|share|percentage|rate)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Said:
    """One cited sentence with what can be compared in it."""

    text: str
    citation: Citation
    facts: tuple[Fact, ...]
    stems: frozenset[str]

    def values(self, *kinds: str) -> list[Fact]:
        return [f for f in self.facts if f.kind in kinds]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the support model makes of two sentences, each held against the other."""

    contradicted: tuple[float, float] = (0.0, 0.0)
    favour: float = 0.0
    """How far support outweighs contradiction, 0 to 1."""


def pairs(
    question: str, sentences: Sequence[Sentence], judge: Judge | None = None, *, comparing: bool = False
) -> tuple[Pair, ...]:
    """Cited sentences from different sources that cannot both hold on the point asked, or bear each other out on it.

    A figure that a later source gives otherwise is an "update". Without `judge` (the support model) only
    differing figures and dates are seen.

    Args:
        comparing: the question asks who says what; only then are agreements looked for.
    """
    said = list(_cited(sentences))
    two = [(a, b) for a, b in combinations(said, 2) if a.citation.source.id != b.citation.source.id]
    asked = _point_asked(question)
    found: dict[tuple[str, ...], Pair] = {}
    for (a, b), reading in zip(two, _readings(two, judge), strict=True):
        left, right = _by_date(a, b)
        if point := _difference(question, a, b, reading):
            relation: Relation = "update" if _updates(point, left, right) else "disagreement"
            score, bar = _one_subject(a, b), SHOWN
        else:
            relation, point = "agreement", asked or _subject(a, b)
            score, bar = (_agreement(question, a, b, reading) if comparing else 0.0), AGREED
        if score >= bar:
            # one pair of two sources for a point: an answer's first sentences are its best, later ones seem to differ
            key = (*sorted((a.citation.source.id, b.citation.source.id)), asked or point)
            found.setdefault(key, Pair(left.citation, right.citation, relation, point, score))
    return tuple(sorted(found.values(), key=lambda pair: (pair.relation == "agreement", -pair.score)))


def _cited(sentences: Sequence[Sentence]) -> Iterator[_Said]:
    for sentence in sentences:
        for citation in sentence.citations:
            text = " ".join(citation.quote.split())
            yield _Said(text, citation, facts(text), stems(text))


def _readings(two: Sequence[tuple[_Said, _Said]], judge: Judge | None) -> list[_Reading]:
    if judge is None or not two:
        return [_Reading()] * len(two)
    both = judge([(a.text, b.text) for a, b in two] + [(b.text, a.text) for a, b in two])
    supported, _, contradicted = both.astype(float).T
    favour = supported / (supported + contradicted + 1e-9)
    n = len(two)
    return [_Reading((contradicted[i], contradicted[n + i]), (favour[i] + favour[n + i]) / 2) for i in range(n)]


NAMED: Final = 3
"""Names that tell on what two sentences agree or differ."""


# where they agree -----------------------------------------------------------------------------------


def _agreement(question: str, a: _Said, b: _Said, reading: _Reading) -> float:
    """How far two sentences give the question one answer, 0 to 1.

    Asked for a date or a figure, they must give the same one. Otherwise what counts is the share of the words
    that the shorter one adds to the question and the other has too, and neither way may the model see a contradiction.
    """
    told = {f.value for f in facts(question)}
    if _ABOUT_TIME.search(question):
        left, right = (_days(said) - told for said in (a, b))
        return reading.favour * any(x.startswith(y) or y.startswith(x) for x in left for y in right)
    if _ABOUT_NUMBER.search(question):
        left, right = ({f.value for f in said.values(*FIGURES)} - told for said in (a, b))
        return reading.favour * bool(left & right)
    if max(reading.contradicted) >= OPPOSED:
        return 0.0
    asked = content(question)
    x, y = content(a.text) - asked, content(b.text) - asked
    return reading.favour * len(x & y) / max(1, min(len(x), len(y)))


def _point_asked(question: str) -> str:
    if _ABOUT_TIME.search(question):
        return POINT_DATE
    return POINT_FIGURE if _ABOUT_NUMBER.search(question) else ""


def _days(said: _Said) -> set[str]:
    """The dates that a sentence gives, one without a year as of its source's year."""
    year = said.citation.source.published[:4]
    dates = (re.sub(r"^-(?=-)", year, f.value) for f in said.values("date"))
    return {date for date in dates if date[0].isdigit()}


# where they differ ----------------------------------------------------------------------------------


def _difference(question: str, a: _Said, b: _Said, reading: _Reading) -> str:
    """The point on which two sentences part; empty if they do not, or speak of two who share a name."""
    if _namesakes(a, b):
        return ""
    if _ABOUT_TIME.search(question):
        point = _dates_apart(a, b) if happening(question) & a.stems & b.stems else ""
    else:
        point = _figures_apart(question, a, b)
    return point or (_subject(a, b) if min(reading.contradicted) >= CONTRADICTED else "")


def _subject(a: _Said, b: _Said) -> str:
    """Of what two sentences give an account: the first names that both have."""
    names: list[str] = []
    for f, _ in _shared_names(a, b):
        name = _text(a, f)
        if len(names) < NAMED and not any(one_entity(name, other) for other in names):
            names.append(name)
    return POINT_CLAIM.format(what=", ".join(names)) if names else POINT_PLAIN


def _one_subject(a: _Said, b: _Said) -> float:
    """How alike the passages around two sentences are: words in common (Jaccard), figures left out."""
    left, right = _around(a), _around(b)
    return len(left & right) / max(1, len(left | right))


def _around(said: _Said) -> frozenset[str]:
    citation = said.citation
    return stems(f"{citation.before} {citation.quote} {citation.after}") - _figures(said)


def _namesakes(a: _Said, b: _Said) -> bool:
    """Whether the sentences name two who only share a surname, or a name with another numeral."""
    for f in a.values("name"):
        for g in b.values("name"):
            one, other = _text(a, f), _text(b, g)
            left, right = name_words(one), name_words(other)
            if min(len(left), len(right)) < 2:
                continue
            if _NUMERAL.findall(one) != _NUMERAL.findall(other) and left[0] == right[0]:
                return True
            if same_name(left[-1], right[-1]) and not any(same_name(x, y) for x in left[:-1] for y in right[:-1]):
                return True
    return False


_NUMERAL = re.compile(r"\b[IVX]+\b|\b\d+(?:st|nd|rd|th)\b")


def _text(said: _Said, fact: Fact) -> str:
    return said.text[fact.start : fact.end]


def _figures(said: _Said) -> frozenset[str]:
    return frozenset(s for f in said.values("date", *FIGURES) for s in stems(_text(said, f)))


def _shared_names(a: _Said, b: _Said) -> Iterator[tuple[Fact, Fact]]:
    both = ((f, g) for f in a.values("name") for g in b.values("name"))
    return ((f, g) for f, g in both if one_entity(_text(a, f), _text(b, g)))


def _one_day(a: _Said, b: _Said) -> bool:
    """Whether any date of one can be one of the other, or one of them has none."""
    left, right = a.values("date"), b.values("date")
    return not (left and right) or any(one_date(f.value, g.value) for f in left for g in right)


def _dates_apart(a: _Said, b: _Said) -> str:
    return "" if _one_day(a, b) else POINT_DATE


def _figures_apart(question: str, a: _Said, b: _Said) -> str:
    """The point on which figures for one thing differ; empty where one is shared or the moments differ."""
    if not _one_day(a, b):
        return ""  # the census of 2000 and that of 2010
    shared = {f.value for f in a.values(*FIGURES)} & {f.value for f in b.values(*FIGURES)}
    asked = stems(question)
    for kind in FIGURES:
        for f in a.values(kind):
            for g in b.values(kind):
                what, counted = _counted(a, f)
                if {f.value, g.value} & shared or counted != _counted(b, g)[1]:
                    continue
                if kind in ("quantity", "money") and _unit(f) != _unit(g):
                    continue
                if _ABOUT_NUMBER.search(question) or compares(question) or counted in asked:
                    return _POINTS.get(kind, POINT_NUMBER).format(what=what) if what else POINT_FIGURE
    return ""


_POINTS = {"percent": POINT_SHARE, "money": POINT_AMOUNT, "quantity": POINT_FIGURE}


def _unit(fact: Fact) -> str:
    """The unit of a quantity ("30 km") or the currency of an amount ("USD 3")."""
    return fact.value.split()[1 if fact.kind == "quantity" else 0]


def _counted(said: _Said, fact: Fact) -> tuple[str, str]:
    """What a figure counts, as written and as a stem: the noun after it or before ("population of 205")."""
    after = re.match(r"[\s-]+((?:[^\W\d_]+\s+){0,2}?[^\W\d_]+)\b", said.text[fact.end :])
    words = [w for w in (after[1].split() if after else []) if fold(w) not in FUNCTION_WORDS]
    if not words:
        before = _COUNTED_BEFORE.search(said.text[: fact.start])
        words = [before[1]] if before else []
    return (words[0].lower(), stem(words[0])) if words else ("", "")


_COUNTED_BEFORE = re.compile(
    r"([^\W\d_]+)\s+(?:of|was|were|is|are|at|to|reached|stood\s+at|had\s+been)\s+"
    r"(?:about|nearly|almost|over|some|around|roughly|more\s+than|at\s+least|approximately|estimated\s+at)?\s*$"
)


def _by_date(a: _Said, b: _Said) -> tuple[_Said, _Said]:
    """The earlier source first, where both are dated."""
    x, y = a.citation.source.published, b.citation.source.published
    return (b, a) if x and y and y < x[: len(y)] else (a, b)


def _updates(point: str, left: _Said, right: _Said) -> bool:
    """Whether the right one, later, counts anew what the left one counted, at no day that both name."""
    counted = point == POINT_FIGURE or point.startswith((POINT_NUMBER.split("{")[0], POINT_AMOUNT, POINT_SHARE))
    x, y = left.citation.source.published, right.citation.source.published
    precision = min(len(x), len(y))
    same_day = any(f.value == g.value for f in left.values("date") for g in right.values("date"))
    return counted and bool(precision) and x[:precision] < y[:precision] and not same_day
