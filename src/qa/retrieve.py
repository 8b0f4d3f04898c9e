"""Question -> hits: two retrievers, fused, balanced by source.

Cosines and BM25 scores are fused as a weighted sum (Bruch, Gai and Ingber 2023, arXiv:2210.11934): ranks alone lose by
how much a passage is ahead, and equal weights lose to BM25 alone where a question quotes its passage.
What came through is then read (`qa.read`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from qa.config import Config
from qa.index import Index, Rows
from qa.models.embedder import Embedder
from qa.query import Query, searchable
from qa.read import FEW, READ_AGAIN, SentenceReader, by_letters, look, ranked_by_reader, weighed
from qa.schema import Candidate, Filters, Hit, Passage, QuestionError, Ranks, Source

Stage = Literal["dense", "lexical", "fused", "reader"]

PREFERENCE = 0.5
"""Added to a passage's fused score, as a share of the best, when the question names its source."""


class Retriever:
    """Finds and reads passages."""

    def __init__(self, index: Index, embedder: Embedder, reader: SentenceReader, config: Config) -> None:
        self.index = index
        self.embedder = embedder
        self.reader = reader
        self.config = config

    @cached_property
    def publishers(self) -> str:
        """Of all sources, one a line: a question may name any of them."""
        return "\n".join(self.index.publishers)

    def search(
        self,
        question: str,
        *,
        top_k: int | None = None,
        filters: Filters | None = None,
        stage: Stage = "fused",
        spread: bool = False,
        prefer: Collection[str] = (),
    ) -> list[Hit]:
        """Passages for a question, best first; at most `top_k` (default: the setting of that name).

        Args:
            stage: which ranking decides the order; each hit shows its rank in every stage that ran.
            spread: give every source that qualifies a place, for questions that compare.
            prefer: ids of sources that the question names.

        Raises:
            QuestionError: nothing to search for, too long, no passage wanted, or a filter that no source passes.
        """
        query = searchable(question)
        top_k = self.config.top_k if top_k is None else top_k
        if top_k < 1:
            raise QuestionError(f"top_k is {top_k}; ask for one passage at least")
        allowed = self._allowed(filters)
        depth = max(self.config.candidates, top_k)
        vector = self.embedder.embed_query(query)
        dense = dict(self.index.dense(vector, depth, allowed))
        lexical = dict(self.index.lexical(query, depth, allowed))
        found = list(dict.fromkeys((*dense, *lexical)))
        both = dict(zip(found, self.index.compare(found, query, vector), strict=True))
        fused = self._fuse(lexical, both, prefer)
        if stage in ("dense", "lexical"):
            chosen = [*(dense if stage == "dense" else lexical)][:top_k]
        else:
            chosen = balance([*fused], top_k, self.config.max_share, spread=spread)
        ranks = [{id_: n for n, id_ in enumerate(ids, start=1)} for ids in (dense, lexical, fused)]
        best = max(lexical.values(), default=1.0)
        hits = []
        for id_ in chosen:
            passage = self.index.passages[id_]
            hits.append(
                Hit(
                    passage,
                    self.index.source(passage.document_id),
                    fused[id_],
                    Ranks(*(rank.get(id_) for rank in ranks)),
                    dense.get(id_, 0.0),
                    lexical.get(id_, 0.0) / best,
                )
            )
        if stage == "reader":
            hits = ranked_by_reader(hits, self.read(Query(query, query), hits))
        return hits

    def retrieve(self, query: Query) -> list[Hit]:
        """Passages for a query, best first; where sources are asked to speak, theirs alone.

        Raises:
            QuestionError: a filter that no source passes.
        """
        most = max(1, self.config.top_k // 2) if query.comparing else None  # what is compared is read to the end
        if not (query.comparing and query.sources):
            return self.search(
                query.text, top_k=most, filters=query.filters, spread=query.comparing, prefer=query.sources
            )
        self._allowed(query.filters)
        only = query.sources & self.index.passing(query.filters)
        within = replace(query.filters, sources=tuple(sorted(only)))
        return self.search(query.about, top_k=most, filters=within) if only else []

    def read(self, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        """Every sentence of the hits with the probability that it answers, best first: see `read.weighed`."""
        if not hits:
            return []
        if query.foreign:
            return by_letters(query.text, hits)
        about = query.about if query.comparing else query.text
        put = query.asked if query.asked != query.text else ""  # what the conversation has added is a guess
        without = self.config.without
        again, few = 0 if "again" in without else READ_AGAIN, None if query.comparing or "few" in without else FEW
        seen = look(self.reader, about, hits, again, few)  # to be told silent, a source must have been read
        topic = query.comparing and bool(query.sources)
        return weighed(
            self.reader,
            about,
            seen,
            self.publishers,
            self.document,
            put=put or about,
            topic=topic,
            missed="missed" not in without,
            twins="twins" not in without,
        )

    def document(self, hit: Hit) -> str:
        """The text that a hit is of."""
        return self.index.documents[hit.passage.document_id].text

    def _allowed(self, filters: Filters | None) -> Rows | None:
        if not filters:
            return None
        rows = self.index.rows(filters)
        if not rows.any():
            raise QuestionError(_nothing_passes(filters, self.index.sources))
        return rows

    def _fuse(
        self, lexical: Mapping[str, float], both: Mapping[str, tuple[float, float]], preferred: Collection[str]
    ) -> dict[str, float]:
        """Passage id -> fused score, best first."""
        best = max(lexical.values(), default=1.0)
        weight = self.config.lexical_weight
        scores = {id_: (1 - weight) * cosine + weight * words / best for id_, (cosine, words) in both.items()}
        if preferred:
            bonus = PREFERENCE * max(scores.values(), default=0.0)
            scores = {id_: s + bonus * (Passage.owner(id_) in preferred) for id_, s in scores.items()}
        return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def balance(ids: Sequence[str], top_k: int, max_share: float, *, spread: bool = False) -> list[str]:
    """The first `top_k` passages, where no source takes more than its share until all others had theirs.

    Args:
        ids: of passages, best first.
        spread: sources take turns, so that each that has a hit is heard.
    """
    share = max(1, math.ceil(top_k * max_share))
    taken: Counter[str] = Counter()
    turns = {}
    for id_ in ids:
        taken[owner := Passage.owner(id_)] += 1
        turns[id_] = taken[owner] if spread else taken[owner] > share
    chosen = {*sorted(ids, key=lambda id_: turns[id_])[:top_k]}
    return [id_ for id_ in ids if id_ in chosen]


def _nothing_passes(filters: Filters, sources: Sequence[Source]) -> str:
    known: dict[str, list[str]] = {
        "sources": sorted(s.id for s in sources),
        "publishers": sorted({s.publisher for s in sources if s.publisher}),
        "kinds": sorted({str(s.kind) for s in sources}),
        "languages": sorted({s.language for s in sources if s.language}),
    }
    wrong = [
        f"no {name[:-1]} {value!r} (there are: {', '.join(known[name]) or 'none'})"
        for name in known
        for value in getattr(filters, name)
        if value.casefold() not in map(str.casefold, known[name])
    ]
    dates = sorted(s.published for s in sources if s.published)
    if not wrong and (filters.since or filters.until) and dates:
        wrong = [f"the sources are dated {dates[0]} to {dates[-1]}"]
    return "no source passes the filter: " + ("; ".join(wrong) or "the conditions exclude each other")
