"""The passages of an index as what a text is held against: found by meaning and by words, never scanned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from qa.index import Index
from qa.models.embedder import Embedder
from qa.schema import Filters, Passage, Source
from qa.support import Evidence, Pool

DEPTH = 16
"""Passages taken from each ranking."""


class Shelf(Pool):
    """An index. Safe to share between threads, as the index is."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    def __len__(self) -> int:
        return len(self._index.passages)

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The sources of the index, in their order."""
        return self._index.sources

    def passage(self, place: int) -> Evidence:
        """The passage at a place in the order of the documents, from 0."""
        return self._evidence(self._index.passages[self._ids[place]])

    def near(self, text: str, among: Sequence[Evidence] | None = None, more: int = 0) -> list[Evidence]:
        """As `Pool.near`, of BM25's passages; where all are searched, the nearest in meaning is among them."""
        if among is not None and len(among) <= DEPTH:
            return super().near(text, among, more)
        own = None if among is None else Filters(sources=tuple(sorted({e.owner for e in among})))
        rows = None if own is None else self._index.rows(own)
        allowed = {e.id for e in among} if among is not None else None
        ids = [id_ for id_, _ in self._index.lexical(text, DEPTH, rows) if allowed is None or id_ in allowed]
        if among is not None:
            return super().near(text, self._all(ids) or among[:1], more)
        dense = [id_ for id_, _ in self._index.dense(self._embedder.embed_query(text), DEPTH // 2)]
        found = super().near(text, self._all(list(dict.fromkeys((*ids, *dense)))), more)
        if dense[0] not in (e.id for e in found):
            found[-1 - more :] = [*self._all(dense[:1]), *found[len(found) - more :]]
        return found

    def _all(self, ids: Sequence[str]) -> list[Evidence]:
        return [self._evidence(self._index.passages[id_]) for id_ in ids]

    @cached_property
    def _ids(self) -> tuple[str, ...]:
        return tuple(self._index.passages)

    def _own(self, source: str) -> Sequence[Evidence]:
        return [self._evidence(passage) for passage in self._index.passages_of(source)]

    def _evidence(self, passage: Passage) -> Evidence:
        return Evidence(passage.id, passage.text, self._index.source(passage.document_id), passage.page)
