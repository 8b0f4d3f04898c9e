"""The passages of an index as what a text is held against: found by meaning and by words, never scanned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from qa.index import Index
from qa.models.embedder import Embedder
from qa.schema import Filters, Passage, Source
from qa.support import Evidence, Pool
from qa.support.pool import TRIED

DEPTH = 16
"""Passages taken from each ranking."""


class Shelf(Pool):
    """An index. Safe to share between threads, as the index is."""

    def __init__(self, index: Index, embedder: Embedder, lexical_weight: float) -> None:
        self._index = index
        self._lexical = lexical_weight
        self._vector = lru_cache(maxsize=128)(embedder.embed_query)

    def __len__(self) -> int:
        return len(self._index.passages)

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The sources of the index, in their order."""
        return self._index.sources

    def passage(self, place: int) -> Evidence:
        """The passage at a place in the order of the documents, from 0."""
        return self._evidence(self._index.passages[self._ids[place]])

    def near(self, text: str, among: Sequence[Evidence] | None = None, most: int = TRIED) -> list[Evidence]:
        """As `Pool.near`, by meaning and words together, weighed as for a question."""
        vector = self._vector(text)
        if among is not None and len(among) <= DEPTH:
            ids = [e.id for e in among]
        else:
            allowed = None if among is None else {e.id for e in among}
            own = None if among is None else Filters(sources=tuple(sorted({e.owner for e in among})))
            rows = None if own is None else self._index.rows(own)
            found = (*self._index.lexical(text, DEPTH, rows), *self._index.dense(vector, DEPTH, rows))
            ids = list(dict.fromkeys(id_ for id_, _ in found if allowed is None or id_ in allowed))
            ids = ids or [e.id for e in among or ()][:DEPTH]
        both = self._index.compare(ids, text, vector)
        best = max((words for _, words in both), default=0.0) or 1.0
        scores = [(1 - self._lexical) * cosine + self._lexical * words / best for cosine, words in both]
        order = sorted(range(len(ids)), key=lambda i: -scores[i])[:most]
        return [self._evidence(self._index.passages[ids[i]]) for i in order]

    @cached_property
    def _ids(self) -> tuple[str, ...]:
        return tuple(self._index.passages)

    def _own(self, source: str) -> Sequence[Evidence]:
        return [self._evidence(passage) for passage in self._index.passages_of(source)]

    def _evidence(self, passage: Passage) -> Evidence:
        return Evidence(passage.id, passage.text, self._index.source(passage.document_id), passage.page)
