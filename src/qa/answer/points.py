"""What sources say on a question, point by point: a point is a name or thing that several of them speak of.

It is a word that stands in a sentence of the answer and in what was read of another source, never one of the question.
Points are chosen greedily: each time the one that brings together most sentences that no point has yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from qa.language import facts
from qa.language.alike import name_words, stems
from qa.language.names import akin
from qa.language.parser import parse
from qa.language.words import fold, stem
from qa.query import Query
from qa.schema import Citation, Hit, Pair, Point, Sentence

MOST: Final = 6
"""Points."""
SHORTEST: Final = 5
"""Words of a sentence that is quoted in a cell."""
COMMON: Final = 1 / 3
"""Share of the sentences that were read: what more of them speak of is the subject, not a point."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence that was read, whether the answer has it, and the stems of its words."""

    citation: Citation
    words: frozenset[str]
    answers: bool

    def speaks_of(self, term: str) -> bool:
        """Whether the word, a name or a noun by its stem, stands in it."""
        if term[0].isupper():
            return any(akin(term, word) for word in name_words(self.citation.quote) if word[0].isupper())
        return term in self.words


def points(
    query: Query, sentences: Sequence[Sentence], pairs: Sequence[Pair], hits: Sequence[Hit]
) -> tuple[Point, ...]:
    """The rows of a table of who says what; each sentence of the answer stands in one at least.

    Args:
        query: one that compares.
        sentences: of its answer.
        pairs: what they differ or agree on: points of their own.
        hits: what was read; further words on a point are quoted from it.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    read = list(_read(sentences, hits))
    ours = [said for said in read if said.answers]
    found = [Point(pair.heading, (pair.left, pair.right)) for pair in pairs]
    left = [said for said in ours if not any(said.citation in point.said for point in found)]
    asked = stems(query.text)
    terms = {
        term: label
        for said in left
        for term, label in _terms(said.citation.quote)
        if not (stems(label) & asked or any(akin(word, label) for word in name_words(query.text)))
    }
    speaking = {term: [said for said in read if said.speaks_of(term)] for term in terms}
    speaking = {
        term: said
        for term, said in speaking.items()
        if len(said) <= max(3, COMMON * len(read)) and len({one.citation.source.id for one in said}) > 1
    }
    rows: list[Point] = []
    while speaking and left and len(found) + len(rows) < MOST - 1:
        term = max(
            speaking, key=lambda t: (sum(one in left for one in speaking[t]), _sources(speaking[t]), t[0].isupper())
        )
        said = speaking.pop(term)
        if not any(one in left for one in said):
            break
        rows.append(Point(terms[term], tuple(one.citation for one in _heard(said))))
        left = [one for one in left if one not in said]
    subject = [Point(query.about, tuple(said.citation for said in left))] if left else []
    return (*found, *subject, *rows)


def event(query: Query) -> str:
    """The day, month or year that the question names, as an ISO date; empty where it names none, or several."""
    dates = {f.value for f in facts(query.text) if f.kind == "date" and f.value[:4].isdigit() and "s" not in f.value}
    return dates.pop() if len(dates) == 1 else ""


def _read(sentences: Sequence[Sentence], hits: Sequence[Hit]) -> Iterator[_Said]:
    """What the answer quotes, then all else that was read, each once."""
    seen = set()
    for sentence in sentences:
        for citation in sentence.citations:
            seen.add((citation.source.id, citation.start))
            yield _Said(citation, stems(citation.quote), answers=True)
    for hit in hits:
        for start, end in hit.passage.sentences:
            if (hit.source.id, start) not in seen and len(hit.passage.slice(start, end).split()) >= SHORTEST:
                citation = Citation.cut(hit, start, end)
                yield _Said(citation, stems(citation.quote), answers=False)


def _terms(text: str) -> Iterator[tuple[str, str]]:
    """The names and nouns of a sentence: how they are looked for, and how they are written."""
    for fact in facts(text):
        name = text[fact.start : fact.end]
        if fact.kind == "name" and (words := name_words(name)):
            yield words[-1], " ".join(words)
    for token in parse(text).tokens:
        if token.is_noun and not token.is_name and len(token.text) > 3:
            yield stem(fold(token.text)), token.text


def _heard(said: Sequence[_Said]) -> Iterator[_Said]:
    """All that the answer has of them, and of each source that it does not have the first."""
    heard = {one.citation.source.id for one in said if one.answers}
    for one in said:
        if one.answers or one.citation.source.id not in heard:
            heard.add(one.citation.source.id)
            yield one


def _sources(said: Sequence[_Said]) -> int:
    return len({one.citation.source.id for one in said})
