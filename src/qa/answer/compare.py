"""Where sources are held against each other: pairs of cited sentences that cannot both hold, or say the same.

No side is taken: a pair is two quotations, whether they agree or differ, and on what. The support model judges each
sentence against the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from numpy.typing import NDArray

from qa.language import Fact, facts, same_name
from qa.language.alike import name_words, one_day, one_entity, other_figures, stems
from qa.language.fact import FIGURES
from qa.query import Query
from qa.schema import Citation, Pair, Relation, Sentence
from qa.support.words import content

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

POINTS: Final = {"time": "the date", "figure": "the figure"}
POINT_CLAIM: Final = "the account of {what}"
POINT_PLAIN: Final = "the account given"

# Set on the tuning half of our RAMDocs questions (Wang et al. 2025, arXiv:2504.13079); `qa bench ramdocs` gives what
# they do on the other half.
SHOWN: Final = 0.45
"""How alike what stands around two sentences must be for a disagreement to be shown: names alone do not tell two who
share one apart. There .95 of the pairs then shown are real conflicts and not accounts of namesakes."""

CONTRADICTED: Final = 0.4
"""Probability of contradiction, both ways round, from which the support model alone makes a disagreement."""

AGREED: Final = 0.5
"""From what a pair is shown as an agreement; there .95 of these give one answer. On the project's own corpus, where all
sources share the commonest names, half of it lets pairs through that only share those."""

OPPOSED: Final = 0.4
"""Probability of contradiction, either way, from which shared words are no agreement."""

NAMED: Final = 3
"""Names that tell on what two sentences agree or differ."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """One cited sentence with what can be compared in it."""

    text: str
    citation: Citation
    facts: tuple[Fact, ...]

    def values(self, *kinds: str) -> list[Fact]:
        return [f for f in self.facts if f.kind in kinds]

    def names(self) -> list[str]:
        return [self.text[f.start : f.end] for f in self.values("name")]

    def dates(self) -> set[str]:
        """A date without a year is of its source's year."""
        year = self.citation.source.published[:4] or "-"
        return {re.sub(r"^-(?=-)", year, f.value) for f in self.values("date")}

    def around(self) -> frozenset[str]:
        """Stems of the words in and around it, without its figures."""
        figures = {s for f in self.values("date", *FIGURES) for s in stems(self.text[f.start : f.end])}
        return stems(f"{self.citation.before} {self.citation.quote} {self.citation.after}") - figures


def pairs(query: Query, sentences: Sequence[Sentence], judge: Judge | None = None) -> tuple[Pair, ...]:
    """Cited sentences from different sources that cannot both hold on the point asked, or bear each other out on it.

    A figure that a later source gives otherwise is an "update".

    Args:
        query: agreements are looked for only where it compares.
        judge: the support model; without it there are no pairs.
    """
    if judge is None:
        return ()
    told = list(_cited(sentences))
    two = [(a, b) for a, b in combinations(told, 2) if a.citation.source.id != b.citation.source.id]
    found: dict[tuple[str, ...], Pair] = {}
    for (a, b), (opposed, favour) in zip(two, _held_against(two, judge), strict=True):
        relation: Relation = "agreement"
        point = POINTS.get(query.point, "") or (
            POINTS["figure"] if other_figures(a.facts, b.facts) else _accounts(a, b)
        )
        left, right = _by_date(a, b)
        if (
            min(opposed) >= CONTRADICTED
            and not _namesakes(a, b)
            and (query.point == "time" or one_day(a.facts, b.facts))
        ):
            relation = "update" if point == POINTS["figure"] and _later(left, right) else "disagreement"
            score, bar = _alike(a.around(), b.around()), SHOWN
        else:
            score, bar = (favour * _shared(query, a, b, opposed) if query.comparing else 0.0), AGREED
        if score >= bar:
            # one pair of two sources for a point: an answer's first sentences are its best, later ones seem to differ
            key = (*sorted((a.citation.source.id, b.citation.source.id)), point)
            found.setdefault(key, Pair(left.citation, right.citation, relation, point, score))
    return tuple(sorted(found.values(), key=lambda pair: (pair.relation == "agreement", -pair.score)))


def _cited(sentences: Sequence[Sentence]) -> Iterator[_Compared]:
    for sentence in sentences:
        for citation in sentence.citations:
            text = " ".join(citation.quote.split())
            yield _Compared(text, citation, facts(text))


def _held_against(
    two: Sequence[tuple[_Compared, _Compared]], judge: Judge
) -> Iterator[tuple[tuple[float, float], float]]:
    """For each two: probability of contradiction either way, and how far support outweighs it, 0 to 1."""
    if not two:
        return
    ways = judge([(a.text, b.text) for a, b in two] + [(b.text, a.text) for a, b in two]).astype(float)
    for (s, _, c), (t, _, d) in zip(ways[: len(two)], ways[len(two) :], strict=True):
        yield (c, d), (s / (s + c + 1e-9) + t / (t + d + 1e-9)) / 2


def _shared(query: Query, a: _Compared, b: _Compared, opposed: tuple[float, float]) -> float:
    """How much of an answer to the question two sentences share, 0 to 1.

    Asked for a date or a figure, they must give the same one. Otherwise it is the share of the words that the shorter
    one adds to the question and the other has too, and neither way may the model see a contradiction.
    """
    given = {f.value for f in facts(query.text)}
    if query.point == "time":
        left, right = (told.dates() - given for told in (a, b))
        return float(any(x.startswith(y) or y.startswith(x) for x in left for y in right if x[0] != "-"))
    if query.point == "figure":
        left, right = ({f.value for f in told.values(*FIGURES)} - given for told in (a, b))
        return float(bool(left & right))
    if max(opposed) >= OPPOSED:
        return 0.0
    x, y = (content(told.text) - content(query.text) for told in (a, b))
    return len(x & y) / max(1, min(len(x), len(y)))


def _accounts(a: _Compared, b: _Compared) -> str:
    """Of what two sentences give an account: the first names that both have."""
    names: list[str] = []
    for name in a.names():
        both = any(one_entity(name, other) for other in b.names())
        if both and len(names) < NAMED and not any(one_entity(name, other) for other in names):
            names.append(name)
    return POINT_CLAIM.format(what=", ".join(names)) if names else POINT_PLAIN


def _alike(left: frozenset[str], right: frozenset[str]) -> float:
    """Words in common (Jaccard)."""
    return len(left & right) / max(1, len(left | right))


def _namesakes(a: _Compared, b: _Compared) -> bool:
    """Whether the sentences name two who only share a surname."""
    full = [(name_words(x), name_words(y)) for x in a.names() for y in b.names()]
    return any(
        min(len(x), len(y)) > 1 and same_name(x[-1], y[-1]) and not any(same_name(p, q) for p in x[:-1] for q in y[:-1])
        for x, y in full
    )


def _by_date(a: _Compared, b: _Compared) -> tuple[_Compared, _Compared]:
    """The earlier source first, where both are dated."""
    x, y = a.citation.source.published, b.citation.source.published
    return (b, a) if x and y and y < x[: len(y)] else (a, b)


def _later(left: _Compared, right: _Compared) -> bool:
    """Whether the right one, of later, counts anew what the left one counted, at no day that both name."""
    x, y = left.citation.source.published, right.citation.source.published
    return bool(x and y) and x[: len(y)] < y[: len(x)] and not left.dates() & right.dates()
