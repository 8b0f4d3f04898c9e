"""Where sources are held against each other: questions that compare, disagreements, false premises.

No side is taken: a disagreement is two quotations and the point on which they part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

from numpy.typing import NDArray

from qa.facts import FUNCTION_WORDS, Fact, facts, fold, same_name, stem
from qa.schema import Citation, Disagreement, Hit, Sentence

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

NOT_BORNE_OUT: Final = "The question takes “{taken}” for granted; the sources do not bear that out."
NOT_BORNE_OUT_BUT: Final = (
    "The question takes “{taken}” for granted; the sources do not bear that out. They speak of “{found}”."
)
POINT_NUMBER: Final = "number of {what}"
POINT_FIGURE: Final = "the figure"
POINT_AMOUNT: Final = "the amount"
POINT_SHARE: Final = "the percentage"
POINT_DATE: Final = "the date"
POINT_CLAIM: Final = "the account of {what}"
POINT_PLAIN: Final = "the account given"

SHOWN: Final = 0.25
"""Score from which a pair is shown. Without the support model, on the held-out half of RAMDocs (Wang et al. 2025,
arXiv:2504.13079): .95 of the pairs shown answer the question differently, and .20 of those that differ in a
figure or date are shown. One in five of them is a real conflict; the others speak of namesakes."""

SAME_THING: Final = 0.2
"""How far two sentences must speak of one thing before the support model is believed that they conflict."""

CONTRADICTED: Final = 0.7
"""Probability of contradiction, both ways round, from which the support model alone makes a pair."""


# -- questions that compare -----------------------------------------------------------------------------------

_TEXTS = (
    r"(?:sources?|articles?|outlets?|papers?|reports?|accounts?|authors?|texts?|documents?|newspapers?|media|"
    r"publishers?|publications?|perspectives?|sides?|views?|writers?|pieces?|studies|analys[ei]s|versions?|"
    r"narratives?|briefs?|coverage)"
)
_COMPARES = (
    rf"\b{_TEXTS}\b.*\b(?:differ\w*|disagree\w*|agree\w*|contradict\w*|conflict\w*|compare\w*|vary|varies|diverge\w*"
    r"|contrast\w*|at odds|in common|divided|split)\b",
    rf"\b(?:differ\w*|disagree\w*|agree\b|agreement|contradict\w*|compare\w*|comparison|contrast\w*|diverge\w*"
    rf"|conflicting|competing|opposing|different(?:ly)?|rival|various|in common)\b.*\b{_TEXTS}\b",
    rf"\b(?:each|both|either|every|all|other|two|three|four|five|these|those|which|what|how)\s+(?:\w+\s+){{0,2}}"
    rf"(?:of\s+the\s+)?{_TEXTS}\s+(?:\w+\s+){{0,3}}(?:say|says|describe|describes|see|sees|explain\w*|report|"
    r"portray\w*|characteri[sz]e\w*|present\w*|frame\w*|view|judge|assess|call|cover|treat|mention\w*|put)\b",
    rf"\bwhat\s+do(?:es)?\s+(?:each|both|all|the)\s+(?:\w+\s+){{0,3}}{_TEXTS}\s+say\b",
    r"\b(?:according\s+to|across|among|between|by)\s+(?:each|the\s+different|the\s+various|all|both|the\s+\w+)\s+"
    r"(?:of\s+the\s+)?(?:sources|articles|outlets|papers|accounts|authors|texts|perspectives|sides)\b",
    rf"\bhow\s+(?:do|does|did)\s+(?:the\s+|different\s+|these\s+|various\s+|israeli\s+\w+\s+|\w+\s+){{0,4}}{_TEXTS}"
    r"\b.*\b(?:describe|see|explain|report|portray|characteri[sz]e|present|frame|view|judge|assess|call|cover|treat)",
    r"\bwhat\s+do\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)\s+(?:each\s+)?(?:say|claim|argue|report|write|think)\b",
    r"\bhow\s+do\s+.+?\s+and\s+.+?\s+(?:differ|compare|diverge|contrast|disagree|view|see|describe|portray|judge)\b",
    r"\b(?:compare|contrast)\b.+\b(?:and|with|to|versus|vs)\b",
    r"\b(?:do|does|did|is|are)\s+(?:the\s+|they\s+)?.*\b(?:agree|disagree|contradict\s+each\s+other|at\s+odds)\b",
    r"\bwho\s+(?:says|said)\s+what\b|\bon\s+the\s+one\s+hand\b|\bboth\s+sides\b|\bversus\b|\bvs\.?\s",
)
_COMPARING = re.compile("|".join(_COMPARES), re.I | re.S)
_PARTIES_AGREE = re.compile(
    r"^(?:what|when|where|who|why|how many)\b[^?]*\b(?:agreed?|agreement)\b(?!.*\b(?:sources?|articles?|outlets?|"
    r"accounts?|authors?)\b)",
    re.I,
)


def compares(question: str) -> bool:
    """Whether a question asks how sources differ, what each says, or whether they agree."""
    return bool(_COMPARING.search(question)) and not _PARTIES_AGREE.match(question)


# -- one name, several spellings ------------------------------------------------------------------------------


def one_entity(a: str, b: str) -> bool:
    """Whether two names stand for one person, body or place: spelled otherwise, or one shorter.

    The last words decide: "al-Arouri" is "Saleh al-Aruri"; "Hassan Nasrallah" is not "Hassan Rouhani".
    """
    left, right = _name_words(a), _name_words(b)
    if not left or not right:
        return False
    short, long = sorted((left, right), key=len)
    if not same_name(short[-1], long[-1]):
        return False
    return all(any(same_name(word, other) for other in long[:-1]) for word in short[:-1])


def _name_words(name: str) -> list[str]:
    name = re.sub(r"[’']s\b", "", name)
    return [w for w in re.findall(r"[^\W_][\w’'-]*", name) if fold(w) not in FUNCTION_WORDS]


# -- disagreements --------------------------------------------------------------------------------------------

_FIGURE_KINDS = ("number", "quantity", "percent", "money")
_ABOUT_TIME = re.compile(
    r"\b(?:when|what\s+(?:date|day|year|month|time)|which\s+(?:date|day|year|month)|how\s+long\s+ago)\b", re.I
)
_ABOUT_NUMBER = re.compile(
    r"\bhow\s+(?:many|much|large|big|long|far|often|old|tall|high|heavy|deep)\b|\b(?:number|amount|figure|count|toll|total|cost|price|population|share|percentage|rate)\b",
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


def disagreements(
    question: str, sentences: Sequence[Sentence], judge: Judge | None = None
) -> tuple[Disagreement, ...]:
    """Pairs of cited sentences from different sources that cannot both hold on the point asked.

    A figure that a later source gives otherwise is an "update". `judge` (the support model) adds opposing
    accounts that differ in no figure; without it only figures and dates are compared.
    """
    said = list(_cited(sentences))
    pairs = [(a, b) for a, b in combinations(said, 2) if a.citation.source.id != b.citation.source.id]
    probabilities = _contradictions(pairs, judge)
    found: list[Disagreement] = []
    for (a, b), p in zip(pairs, probabilities, strict=True):
        point, score = _difference(question, a, b, p)
        if score < SHOWN:
            continue
        left, right = _by_date(a, b)
        relation: Literal["disagreement", "update"] = (
            "update" if _updates(point, left, right) else "disagreement"
        )
        found.append(Disagreement(left.citation, right.citation, relation, point, score))
    return tuple(sorted(found, key=lambda d: -d.score))


def _cited(sentences: Sequence[Sentence]) -> Iterator[_Said]:
    for sentence in sentences:
        for citation in sentence.citations:
            text = " ".join(citation.quote.split())
            yield _Said(text, citation, facts(text), _stems(text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem(w) for w in re.findall(r"[^\W_]+(?:[’'][^\W_]+)*", text) if fold(w) not in FUNCTION_WORDS
    )


def _contradictions(pairs: Sequence[tuple[_Said, _Said]], judge: Judge | None) -> list[float | None]:
    if judge is None or not pairs:
        return [None] * len(pairs)
    both = judge([(a.text, b.text) for a, b in pairs] + [(b.text, a.text) for a, b in pairs])
    n = len(pairs)
    return [float(min(both[i, 2], both[n + i, 2])) for i in range(n)]


def _difference(question: str, a: _Said, b: _Said, contradiction: float | None) -> tuple[str, float]:
    """The point on which two sentences part, and how sure that is (0: they do not)."""
    same = _same_thing(question, a, b)
    if _ABOUT_TIME.search(question):
        point = _dates_apart(a, b) if _event(question) & a.stems & b.stems else ""
    else:
        point = _figures_apart(question, a, b)
    if point:
        return point, same if contradiction is None else (same + contradiction) / 2
    if contradiction is not None and contradiction >= CONTRADICTED and same >= SAME_THING:
        what = next((_text(a, f) for f, _ in _shared_names(a, b)), "")
        return POINT_CLAIM.format(what=what) if what else POINT_PLAIN, contradiction
    return "", 0.0


def _same_thing(question: str, a: _Said, b: _Said) -> float:
    """How far two sentences speak of one thing: words in common, and words of the question in both (0 to 1)."""
    asked, left, right = _stems(question), a.stems - _figures(a), b.stems - _figures(b)
    in_common = len(left & right) / max(1, len(left | right))
    on_point = len(asked & left & right) / max(1, len(asked))
    return (in_common + on_point) / 2 * (0.5 if _namesakes(a, b) else 1.0)


def _event(question: str) -> frozenset[str]:
    """Stems of what is said to have happened: the question's words that are not names."""
    return _stems(" ".join(re.findall(r"\b[^\W\d_A-Z][^\W\d_]*\b", question)))


def _namesakes(a: _Said, b: _Said) -> bool:
    """Whether the sentences name two who only share a surname, or lives of which no date agrees."""
    for f in a.values("name"):
        for g in b.values("name"):
            left, right = _name_words(_text(a, f)), _name_words(_text(b, g))
            if min(len(left), len(right)) < 2:
                continue
            if _NUMERAL.findall(_text(a, f)) != _NUMERAL.findall(_text(b, g)) and left[0] == right[0]:
                return True
            if same_name(left[-1], right[-1]) and not any(same_name(x, y) for x in left[:-1] for y in right[:-1]):
                return True
    x, y = a.values("date"), b.values("date")
    return min(len(x), len(y)) > 1 and not any(_compatible(f.value, g.value) for f in x for g in y)


_NUMERAL = re.compile(r"\b[IVX]+\b|\b\d+(?:st|nd|rd|th)\b")


def _text(said: _Said, fact: Fact) -> str:
    return said.text[fact.start : fact.end]


def _figures(said: _Said) -> frozenset[str]:
    return frozenset(s for f in said.values("date", *_FIGURE_KINDS) for s in _stems(_text(said, f)))


def _shared_names(a: _Said, b: _Said) -> list[tuple[Fact, Fact]]:
    pairs = ((f, g) for f in a.values("name") for g in b.values("name"))
    return [(f, g) for f, g in pairs if one_entity(_text(a, f), _text(b, g))]


def _dates_apart(a: _Said, b: _Said) -> str:
    left, right = a.values("date"), b.values("date")
    apart = left and right and not any(_compatible(f.value, g.value) for f in left for g in right)
    return POINT_DATE if apart else ""


def _compatible(a: str, b: str) -> bool:
    """Whether two dates, each maybe partial, can be one: "2017", "2017-10-31", "--10-31"."""
    x, y = ((v.replace("--", "----") if v.startswith("--") else v) for v in (a, b))
    return all(p == q or "-" in (p, q) for p, q in zip(x, y, strict=False))


def _figures_apart(question: str, a: _Said, b: _Said) -> str:
    """The point on which figures for one thing differ; empty where one is shared or the moments differ."""
    left, right = a.values("date"), b.values("date")
    if left and right and not any(_compatible(f.value, g.value) for f in left for g in right):
        return ""  # the census of 2000 and that of 2010
    values = {f.value for f in a.values(*_FIGURE_KINDS)} & {f.value for f in b.values(*_FIGURE_KINDS)}
    asked = _stems(question)
    for kind in _FIGURE_KINDS:
        for f in a.values(kind):
            for g in b.values(kind):
                what, stems = _counted(a, f)
                if {f.value, g.value} & values or f.value == g.value or stems != _counted(b, g)[1]:
                    continue
                if kind in ("quantity", "money") and _unit(f) != _unit(g):
                    continue
                if _ABOUT_NUMBER.search(question) or compares(question) or stems in asked:
                    return _POINTS.get(kind, POINT_NUMBER).format(what=what) if what else POINT_FIGURE
    return ""


_POINTS = {"percent": POINT_SHARE, "money": POINT_AMOUNT, "quantity": POINT_FIGURE}


def _unit(fact: Fact) -> str:
    """The unit of a quantity ("30 km") or the currency of an amount ("USD 3")."""
    return fact.value.split()[1 if fact.kind == "quantity" else 0]


def _counted(said: _Said, fact: Fact) -> tuple[str, str]:
    """What a figure counts, as written and as a stem: the noun after it, else before it ("population of 205")."""
    after = re.match(r"[\s-]+((?:[^\W\d_]+\s+){0,2}?[^\W\d_]+)\b", said.text[fact.end :])
    words = [w for w in (after[1].split() if after else []) if fold(w) not in FUNCTION_WORDS]
    if not words:
        before = _COUNTED_BEFORE.search(said.text[: fact.start])
        words = [before[1]] if before else []
    return (words[0].lower(), stem(words[0])) if words else ("", "")


_COUNTED_BEFORE = re.compile(
    r"([^\W\d_]+)\s+(?:of|was|were|is|are|at|to|reached|stood\s+at|had\s+been)\s+(?:about|nearly|almost|over|some|"
    r"around|roughly|more\s+than|at\s+least|approximately|estimated\s+at)?\s*$"
)


def _by_date(a: _Said, b: _Said) -> tuple[_Said, _Said]:
    """The earlier source first, where both are dated."""
    x, y = a.citation.source.published, b.citation.source.published
    return (b, a) if x and y and y < x[: len(y)] else (a, b)


def _updates(point: str, left: _Said, right: _Said) -> bool:
    """Whether the right one, later, counts anew what the left one counted: a figure, at no day that both name."""
    counted = point == POINT_FIGURE or point.startswith((POINT_NUMBER.split("{")[0], POINT_AMOUNT, POINT_SHARE))
    x, y = left.citation.source.published, right.citation.source.published
    precision = min(len(x), len(y))
    same_day = any(f.value == g.value for f in left.values("date") for g in right.values("date"))
    return counted and bool(precision) and x[:precision] < y[:precision] and not same_day


# -- false premises -------------------------------------------------------------------------------------------

_TAKES_FOR_GRANTED = re.compile(
    r"^\W*(?:and\s+|but\s+|so\s+)?(?:in\s+\w+\s+)?(?:why|how|when|where|who|whom|what|which|after)\b", re.I
)
_PLACE = re.compile(
    r"\b(?:in|at|near|to|from|outside|inside)\s+(?:the\s+)?((?:[A-Z][\w’'-]+)(?:\s+(?:of\s+)?[A-Z][\w’'-]+){0,2})"
)


def premise(question: str, hits: Sequence[Hit]) -> str:
    """One sentence naming what a question takes for granted and the sources do not bear out; "" if nothing.

    Only places and dates tied to an event that a source tells, with all its other names, at another place
    or date: a wrong accusation is worse than silence.
    """
    if not _TAKES_FOR_GRANTED.match(question):
        return ""
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    for taken, kind in _slots(question, own):
        others = [n for n in names if n != taken and taken not in n]
        found = _told_otherwise(question, taken, kind, others, hits)
        if found:
            return NOT_BORNE_OUT_BUT.format(taken=taken, found=found)
    return ""


def _slots(question: str, own: Sequence[Fact]) -> Iterator[tuple[str, Literal["place", "date"]]]:
    for match in _PLACE.finditer(question):
        yield match[1], "place"
    for fact in own:
        if fact.kind == "date":
            yield question[fact.start : fact.end], "date"


def _told_otherwise(
    question: str, taken: str, kind: Literal["place", "date"], others: Sequence[str], hits: Sequence[Hit]
) -> str:
    """The place or date at which the sources put the event; empty where they bear the taken one out, or are silent."""
    if len(others) < 2:
        return ""
    event = {
        stem(w) for w in re.findall(r"[^\W\d_]+", question) if w.islower() and fold(w) not in FUNCTION_WORDS
    }
    event -= {stem(w) for w in re.findall(r"[^\W\d_]+", taken)}
    found = ""
    for hit in hits:
        passage = hit.passage
        if _mentions(passage.text, taken, kind):
            return ""
        for start, end in passage.sentences or ((passage.start, passage.end),):
            sentence = passage.slice(start, end)
            told = facts(sentence)
            names = [sentence[f.start : f.end] for f in told if f.kind == "name"]
            if not all(any(one_entity(n, m) for m in names) for n in others) or not event & _stems(sentence):
                continue
            if not found:
                found = _place_in(sentence, others) if kind == "place" else _date_in(sentence, told, taken)
    return found


def _mentions(text: str, taken: str, kind: Literal["place", "date"]) -> bool:
    if kind == "place":
        return any(one_entity(taken, name) for name in re.findall(r"[A-Z][\w’'-]+", text)) or taken in text
    mine = [f.value for f in facts(taken) if f.kind == "date"]
    return any(_compatible(f.value, m) for f in facts(text) if f.kind == "date" for m in mine)


def _place_in(sentence: str, others: Sequence[str]) -> str:
    for match in re.finditer(
        r"\b(?:in|at|near)\s+(?:the\s+)?((?:[A-Z][\w’'-]+)(?:\s+[A-Z][\w’'-]+)?)", sentence
    ):
        date = any(f.kind == "date" for f in facts(match[1]))
        if not date and not any(one_entity(match[1], n) for n in others):
            return match[1]
    return ""


def _date_in(sentence: str, told: Sequence[Fact], taken: str) -> str:
    precision = {len(f.value) for f in facts(taken) if f.kind == "date"}
    return next(
        (
            sentence[f.start : f.end]
            for f in told
            if f.kind == "date" and len(f.value) >= min(precision, default=4)
        ),
        "",
    )

