"""What a text is held against: passages by source and page, and the few that are nearest to a sentence."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from qa.schema import Hit, Source, Span
from qa.support.words import content

TRIED = 3
"""Passages of a cited source, or of all sources where none is cited, that a sentence is held against."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that a sentence was held against."""

    id: str
    text: str
    source: Source | None = None
    page: int | None = None

    @property
    def owner(self) -> str:
        """Id of its source, or its own where it has none."""
        return self.source.id if self.source else self.id


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of a passage: `evidence.text[start:end]`."""

    evidence: Evidence
    span: Span

    @property
    def quote(self) -> str:
        """The words."""
        return self.evidence.text[slice(*self.span)]


class Pool:
    """Passages in memory, in order."""

    def __init__(self, passages: Iterable[Evidence]) -> None:
        self.passages = tuple(passages)

    def __len__(self) -> int:
        return len(self.passages)

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The sources, in order of their first passage."""
        return tuple({e.owner: e.source or Source(id=e.owner, title="") for e in self.passages}.values())

    def passage(self, place: int) -> Evidence:
        """The passage at a place in their order, from 0."""
        return self.passages[place]

    def of(self, source: str, pages: Sequence[int] = ()) -> Sequence[Evidence]:
        """The passages of a source; of these pages of it, where it has pages and they are among them."""
        own = self._own(source)
        # a passage that begins on the page before may end on this one
        there = [e for e in own if e.page is not None and (e.page in pages or e.page + 1 in pages)] if pages else []
        return there or own

    def near(self, text: str, among: Sequence[Evidence] | None = None, most: int = TRIED) -> list[Evidence]:
        """The passages that share most words with a sentence, the best first; rare words count more."""
        scores = {self._places[e.id]: 0.0 for e in among or ()}
        for word in content(text):
            places = self._words.get(word, ())
            for i in places:
                if among is None or i in scores:
                    scores[i] = scores.get(i, 0.0) + math.log(1 + len(self) / len(places))
        best = heapq.nsmallest(most, scores, key=lambda i: (-scores[i], i))
        return [self.passages[i] for i in best] or list(self.passages[:1])

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {e.id: i for i, e in enumerate(self.passages)}

    def _own(self, source: str) -> Sequence[Evidence]:
        return self._of.get(source, ())

    @cached_property
    def _of(self) -> Mapping[str, list[Evidence]]:
        found: defaultdict[str, list[Evidence]] = defaultdict(list)
        for e in self.passages:
            found[e.owner].append(e)
        return found

    @cached_property
    def _words(self) -> Mapping[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for i, e in enumerate(self.passages):
            for word in content(e.text):
                found[word].append(i)
        return dict(found)


def evidence_of(passages: Sequence[Hit] | Mapping[str, str]) -> list[Evidence]:
    """Hits, or texts by name, as evidence."""
    if isinstance(passages, Mapping):
        return [Evidence(id_, text) for id_, text in passages.items()]
    return [Evidence(hit.passage.id, hit.passage.text, hit.source, hit.passage.page) for hit in passages]
