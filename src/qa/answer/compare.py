"""Where sources are held against each other: questions that compare, and pairs of cited sentences.

No side is taken: a pair is two quotations, whether they agree or differ, and on what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from numpy.typing import NDArray

from qa.language import FUNCTION_WORDS, Fact, facts, fold, same_name, stem
from qa.language.alike import FIGURES, happening, name_words, one_date, one_entity, stems
from qa.query import Query
from qa.schema import Citation, Pair, Relation, Sentence
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


def pairs(query: Query, sentences: Sequence[Sentence], judge: Judge | None = None) -> tuple[Pair, ...]:
    """Cited sentences from different sources that cannot both hold on the point asked, or bear each other out on it.

    A figure that a later source gives otherwise is an "update". Without `judge` (the support model) only
    differing figures and dates are seen.

    Agreements are looked for only where the query compares.
    """
    said = list(_cited(sentences))
    two = [(a, b) for a, b in combinations(said, 2) if a.citation.source.id != b.citation.source.id]
    asked = _POINTS_ASKED.get(query.point, "")
    found: dict[tuple[str, ...], Pair] = {}
    for (a, b), reading in zip(two, _readings(two, judge), strict=True):
        left, right = _by_date(a, b)
        if point := _difference(query, a, b, reading):
            relation: Relation = "update" if _updates(point, left, right) else "disagreement"
            score, bar = _one_subject(a, b), SHOWN
        else:
            relation, point = "agreement", asked or _subject(a, b)
            score, bar = (_agreement(query, a, b, reading) if query.comparing else 0.0), AGREED
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


def _agreement(query: Query, a: _Said, b: _Said, reading: _Reading) -> float:
    """How far two sentences give the question one answer, 0 to 1.

    Asked for a date or a figure, they must give the same one. Otherwise what counts is the share of the words
    that the shorter one adds to the question and the other has too, and neither way may the model see a contradiction.
    """
    told = {f.value for f in facts(query.text)}
    if query.point == "time":
        left, right = (_days(said) - told for said in (a, b))
        return reading.favour * any(x.startswith(y) or y.startswith(x) for x in left for y in right)
    if query.point == "figure":
        left, right = ({f.value for f in said.values(*FIGURES)} - told for said in (a, b))
        return reading.favour * bool(left & right)
    if max(reading.contradicted) >= OPPOSED:
        return 0.0
    asked = content(query.text)
    x, y = content(a.text) - asked, content(b.text) - asked
    return reading.favour * len(x & y) / max(1, min(len(x), len(y)))


_POINTS_ASKED: Final = {"time": POINT_DATE, "figure": POINT_FIGURE}


def _days(said: _Said) -> set[str]:
    """The dates that a sentence gives, one without a year as of its source's year."""
    year = said.citation.source.published[:4]
    dates = (re.sub(r"^-(?=-)", year, f.value) for f in said.values("date"))
    return {date for date in dates if date[0].isdigit()}


# where they differ ----------------------------------------------------------------------------------


def _difference(query: Query, a: _Said, b: _Said, reading: _Reading) -> str:
    """The point on which two sentences part; empty if they do not, or speak of two who share a name."""
    if _namesakes(a, b):
        return ""
    if query.point == "time":
        point = _dates_apart(a, b) if happening(query.text) & a.stems & b.stems else ""
    else:
        point = _figures_apart(query, a, b)
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


def _figures_apart(query: Query, a: _Said, b: _Said) -> str:
    """The point on which figures for one thing differ; empty where one is shared or the moments differ."""
    if not _one_day(a, b):
        return ""  # the census of 2000 and that of 2010
    shared = {f.value for f in a.values(*FIGURES)} & {f.value for f in b.values(*FIGURES)}
    asked = stems(query.text)
    for kind in FIGURES:
        for f in a.values(kind):
            for g in b.values(kind):
                what, counted = _counted(a, f)
                if {f.value, g.value} & shared or counted != _counted(b, g)[1]:
                    continue
                if kind in ("quantity", "money") and _unit(f) != _unit(g):
                    continue
                if query.point == "figure" or query.comparing or counted in asked:
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
