"""Question -> hits: two retrievers, fused, balanced by source.

Dense and lexical rankings are fused by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009).
What came through is then read (`qa.read`).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

from qa.config import Config
from qa.index import Index
from qa.language import meant, name_key, same_name
from qa.models.embedder import Embedder
from qa.read import SentenceReader, look, ranked_by_reader, weighed
from qa.schema import LONGEST_QUESTION, Candidate, Filters, Hit, QuestionError, Ranks, Source

Stage = Literal["dense", "lexical", "fused", "reader"]

PREFERENCE = 0.5
"""Added to a passage's fused score, as a share of the best, when the question names its source."""

_LONG_WORD = re.compile(r"[^\W\d_]{5,}")


class Retriever:
    """Finds and reads passages."""

    def __init__(self, index: Index, embedder: Embedder, reader: SentenceReader, config: Config) -> None:
        self.index = index
        self.embedder = embedder
        self.reader = reader
        self.config = config
        self._sources = {source.id: source for source in index.sources}
        self.publishers = "\n".join(sorted({source.publisher for source in index.sources}))
        """Of all sources, one a line: a question may name any of them."""

    def search(
        self,
        question: str,
        *,
        top_k: int | None = None,
        filters: Filters | None = None,
        stage: Stage = "fused",
        spread: bool = False,
    ) -> list[Hit]:
        """Passages for a question, best first; at most `top_k` (default: the setting of that name).

        Args:
            stage: which ranking decides the order; each hit shows its rank in every stage that ran.
            spread: give every source that qualifies a place, for questions that compare.

        Raises:
            QuestionError: nothing to search for, too long, or a filter that no source passes.
        """
        query = searchable(question)
        top_k = top_k or self.config.top_k
        allowed = self._allowed(filters)
        depth = max(self.config.candidates, top_k)
        names = _same_names(query, self.index.vocabulary)
        dense = dict(self.index.dense(self.embedder.embed_query(query), depth, allowed))
        lexical = dict(self.index.lexical(" ".join((query, *names)), depth, allowed))
        hits = self._fuse(dense, lexical, self.named(query))
        if stage in ("dense", "lexical"):
            ranked = {rank: hit for hit in hits if (rank := getattr(hit.ranks, stage))}
            return [ranked[rank] for rank in sorted(ranked)][:top_k]
        hits = balance(hits, top_k, self.config.max_share, spread=spread)
        if stage == "reader":
            hits = ranked_by_reader(hits, self.read(question, hits))
        return hits

    def read(self, question: str, hits: Sequence[Hit], put: str = "", *, topic: bool = False) -> list[Candidate]:
        """Every sentence of the hits with the probability that it answers, best first: see `weighed`.

        Args:
            put: a follow-up as it was put. Only the names in it are missed where they do not stand: what the
                conversation has added is a guess.
            topic: what is read is no question but what somebody is to speak of: the best sentence alone counts.
        """
        if not hits:
            return []
        seen = look(self.reader, question, hits)
        return weighed(self.reader, question, seen, self.publishers, put=put, topic=topic)

    def spelled(self, question: str) -> str:
        """The question with the names of the corpus spelled as there: "Nasralah" -> "Nasrallah".

        Only a word that stands in no source, that the reader does not know, and that can mean one name alone.
        """

        def right(match: re.Match[str]) -> str:
            word = match[0]
            if self.reader.knows(word) or self.index.lexical(word, 1):
                return word
            return meant(word, self._names[word[0].casefold()] | self._names[name_key(word)]) or word

        return _LONG_WORD.sub(right, question)

    def named(self, question: str) -> set[str]:
        """Ids of the sources that a question names."""
        return preferred(searchable(question), self._sources.values())

    @cached_property
    def _names(self) -> Mapping[str, set[str]]:
        """The names of the corpus by their first letter, and by their `name_key`."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for key, spellings in self.index.vocabulary.items():
            for word in _LONG_WORD.findall(" ".join(spellings)):
                found[word[0].casefold()].add(word)
                found[key].add(word)
        return found

    def _allowed(self, filters: Filters | None) -> set[str] | None:
        if not filters:
            return None
        allowed = {source.id for source in self._sources.values() if filters.passes(source)}
        if not allowed:
            raise QuestionError(_nothing_passes(filters, list(self._sources.values())))
        return allowed

    def _fuse(self, dense: Mapping[str, float], lexical: Mapping[str, float], preferred: Collection[str]) -> list[Hit]:
        scores: defaultdict[str, float] = defaultdict(float)
        for ranking in (dense, lexical):
            for rank, id_ in enumerate(ranking, start=1):
                scores[id_] += 1 / (self.config.rrf_k + rank)
        bonus = PREFERENCE * max(scores.values(), default=0.0)
        passages = self.index.passages
        for id_ in scores:
            scores[id_] += bonus * (passages[id_].document_id in preferred)
        by_dense, by_lexical = ({id_: n for n, id_ in enumerate(ids, start=1)} for ids in (dense, lexical))
        best = max(lexical.values(), default=1.0)
        return [
            Hit(
                passages[id_],
                self._sources[passages[id_].document_id],
                score,
                Ranks(by_dense.get(id_), by_lexical.get(id_), fused),
                dense.get(id_, 0.0),
                lexical.get(id_, 0.0) / best,
            )
            for fused, (id_, score) in enumerate(sorted(scores.items(), key=lambda item: (-item[1], item[0])), start=1)
        ]


def searchable(question: str) -> str:
    """The question as a query: control characters out, blanks folded.

    Raises:
        QuestionError: empty, no letter or digit, or longer than `LONGEST_QUESTION`.
    """
    query = " ".join("".join(c if c.isprintable() else " " for c in question).split())
    if not query:
        raise QuestionError("the question is empty; ask something, for example: qa ask 'Who met whom?'")
    if not any(c.isalnum() for c in query):
        raise QuestionError(f"there is no word to search for in {query[:60]!r}; ask in words")
    if len(query) > LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(query):,} characters; ask in at most {LONGEST_QUESTION:,}. "
            "To check a long text against the sources, use `qa check`"
        )
    return query


def preferred(question: str, sources: Iterable[Source]) -> set[str]:
    """Ids of the sources that a question names: "according to LBCI", "the Iranian study", "the 2017 article".

    By publisher (the first two words of a long name will do, or its initials), by the author's last name, and,
    where the question speaks of a text, by year or by how the publisher is placed.
    """
    asked = f" {' '.join(_words(question))} "
    texts = set(_words(question)) & _TEXT_WORDS
    return {source.id for source in sources if _names_source(question, asked, texts, source)}


def _names_source(question: str, asked: str, texts: set[str], source: Source) -> bool:
    publisher = [word for word in _words(source.publisher) if word not in _FILLERS]
    if publisher and f" {' '.join(publisher[:2])} " in asked:
        return True
    initials = "".join(word[0] for word in publisher).upper()
    if len(initials) > 2 and re.search(rf"\b{initials}\b", question):
        return True
    author = _words(source.author)
    if author and f" {author[-1]} " in asked:
        return True
    if texts and source.published and re.search(rf"\b{source.published[:4]}\b", question):
        return True
    # "the Lebanese broadcaster", "the Iranian author": how it is placed, before a word for a text or its maker
    places = _words(f"{source.perspective} {source.publisher}")
    return any(
        word.endswith(_DEMONYM) and any(len(place) > 3 and word[:4] == place[:4] for place in places)
        for text in texts
        if text not in _MAKERS or text in places
        for word in re.findall(rf"(\w+) {text} ", asked)
    )


_FILLERS = frozenset("the a an of for and in".split())
_MAKERS = frozenset("newspaper broadcaster institute journal center centre daily".split())
_TEXT_WORDS = _MAKERS | frozenset(
    "article paper study report piece source brief author analysis scholar outlet researcher".split()
)
_DEMONYM = ("an", "ese", "ish", "ani", "eli", "ench", "eek")


def balance(hits: Sequence[Hit], top_k: int, max_share: float, *, spread: bool = False) -> list[Hit]:
    """The first `top_k`, where no source takes more than its share until all others had theirs.

    Args:
        spread: sources take turns, so that each that has a hit is heard.
    """
    share = max(1, math.ceil(top_k * max_share))
    taken: Counter[str] = Counter()
    turns = {}
    for hit in hits:
        taken[hit.source.id] += 1
        turns[hit.passage.id] = taken[hit.source.id] if spread else taken[hit.source.id] > share
    chosen = {hit.passage.id for hit in sorted(hits, key=lambda hit: turns[hit.passage.id])[:top_k]}
    return [hit for hit in hits if hit.passage.id in chosen]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _same_names(query: str, vocabulary: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Other spellings, in this corpus, of the names in a query: Hizbullah for Hezbollah."""
    words = {word for word in re.findall(r"\w[\w’'-]*", query) if len(word) > 3}
    known = {word.casefold() for word in words}
    found = (
        spelling
        for word in sorted(words)
        for spelling in vocabulary.get(name_key(word), ())
        if spelling.casefold() not in known and same_name(word, spelling)
    )
    return tuple(dict.fromkeys(found))


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
