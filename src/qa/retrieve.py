"""Question -> hits -> candidates: two retrievers, fused, balanced by source, then read.

Dense and lexical rankings are fused by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009). The
reader then scores each sentence of the passages that came through; its score, not a similarity, decides
the order, the quotation and the abstention.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

from qa.config import Config
from qa.facts import FUNCTION_WORDS, meant, missing, name_key, same_name, stem
from qa.index import Index
from qa.models.embedder import Embedder
from qa.models.reader import Fusion, Reader, Reading, Window, between
from qa.schema import LONGEST_QUESTION, Candidate, Filters, Hit, Passage, QuestionError, Ranks, Source, Span

Stage = Literal["dense", "lexical", "fused", "reader"]

PREFERENCE = 0.5
"""Added to a passage's fused score, as a share of the best, when the question names its source."""

_LONG_WORD = re.compile(r"[^\W\d_]{5,}")

_WINDOW_WORDS = 30
"""Words read at once, beside the sentence before them: so few that those near an answer are not taken for one."""

READ_AGAIN = 3
"""Passages read a second time, whole: those whose sentences look best. In few words the reader tells best whether
anything answers, in all of them which sentence does: a name and its pronoun come together."""


class SentenceReader(Protocol):
    """Whatever can say how likely each sentence of a window answers a question."""

    digest: str
    threshold: float
    """Probability below which the best sentence is no answer."""
    fusion: Fusion

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        """One reading per window, probabilities in the order of `Window.sentences`."""

    def knows(self, word: str) -> bool:
        """Whether a word is spelled as it should be, for all this reader can tell."""


@dataclass(frozen=True, slots=True)
class Look:
    """A sentence as the reader saw it."""

    hit: Hit
    start: int
    """In the document, as `end`."""
    end: int
    score: float
    """The reader's probability that it answers."""


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


def by_score(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first; equals in the order of their texts."""
    return sorted(candidates, key=lambda c: (-c.score, c.hit.passage.id, c.start))


def length(question: str) -> int:
    """Words of a question; above twenty no more are counted."""
    return min(len(question.split()), 20)


def absent(question: str, read: str) -> int:
    """How many names of a question do not stand in what was read."""
    return sum(fact.kind == "name" for fact in missing(question, read))


def ranked_by_reader(hits: Sequence[Hit], candidates: Sequence[Candidate]) -> list[Hit]:
    """Hits in the order of their best sentence."""
    best: dict[str, float] = {}
    for candidate in candidates:
        best.setdefault(candidate.hit.passage.id, candidate.score)
    order = sorted(hits, key=lambda h: -best.get(h.passage.id, 0.0))
    return [
        replace(hit, score=best.get(hit.passage.id, 0.0), ranks=replace(hit.ranks, reader=n))
        for n, hit in enumerate(order, start=1)
    ]


def look(reader: SentenceReader, question: str, hits: Sequence[Hit]) -> list[Look]:
    """Every sentence of the hits as the reader sees it: among few others, and where it looks best once more.

    The log-odds of the two readings are averaged, as of several views of one picture.
    """
    seen = _see(reader, question, [(hit, *part) for hit in hits for part in windows(hit)])
    best: defaultdict[str, float] = defaultdict(float)
    for s in seen:
        best[s.hit.passage.id] = max(best[s.hit.passage.id], chance(reader, s))
    again = sorted(hits, key=lambda hit: -best[hit.passage.id])[:READ_AGAIN]
    longer = [hit for hit in again if len(windows(hit)) > 1]  # a short passage was read whole the first time
    wholes = _see(reader, question, [(hit, *part) for hit in longer for part in windows(hit, words=None)])
    second = {(s.hit.passage.id, s.start): s.score for s in wholes}
    return [replace(s, score=between(s.score, second.get((s.hit.passage.id, s.start), s.score))) for s in seen]


def _see(reader: SentenceReader, question: str, places: Sequence[tuple[Hit, Window, int]]) -> list[Look]:
    readings = reader.read(question, [window for _, window, _ in places])
    return [
        Look(hit, start + offset, end + offset, score)
        for (hit, window, offset), reading in zip(places, readings, strict=True)
        for (start, end), score in zip(window.sentences, reading.answers, strict=True)
    ]


def weighed(
    reader: SentenceReader,
    question: str,
    seen: Sequence[Look],
    publishers: str = "",
    put: str = "",
    topic: bool = False,
) -> list[Candidate]:
    """What was read as candidates, best first.

    The score of the best one is the probability that the sources answer at all; the others keep their ratio to it.

    Args:
        publishers: names that are missed nowhere.
        put: as in `Retriever.read`, and `topic`.
    """
    chances = [chance(reader, s) for s in seen]
    best = max(chances)
    missed = absent(put or question, stands(seen[chances.index(best)].hit, publishers))
    whole = reader.fusion.answerable([best] if topic else chances, length(question), missed)
    return by_score(Candidate(s.hit, s.start, s.end, p * whole / best) for s, p in zip(seen, chances, strict=True))


def stands(hit: Hit, publishers: str = "") -> str:
    """Where a question's names may stand: a passage, its headings, who wrote it and from where, who publishes."""
    source, passage = hit.source, hit.passage
    return "\n".join((publishers, source.author, source.perspective, _heading(hit), passage.text))


def chance(reader: SentenceReader, seen: Look) -> float:
    """Probability that a sentence answers, from what the reader and both retrievers make of it."""
    return reader.fusion.answers(seen.score, seen.hit.share, seen.hit.cosine)


def windows(hit: Hit, words: int | None = _WINDOW_WORDS) -> list[tuple[Window, int]]:
    """Stretches of a passage of about so many words (None: the whole), with the document offset each starts at.

    Each sentence is scored in one window; the sentence before it is there as context.
    """
    passage = hit.passage
    found: list[tuple[Window, int]] = []
    group: list[Span] = []
    before: Span | None = None
    for span in passage.sentences or ((passage.start, passage.end),):
        size = sum(_size(passage, s) for s in group)
        if words and group and size + _size(passage, span) > words:
            found.append(_window(hit, group, before))
            before, group = group[-1], []
        group.append(span)
    found.append(_window(hit, group, before))
    return found


def _window(hit: Hit, group: Sequence[Span], before: Span | None) -> tuple[Window, int]:
    passage = hit.passage
    start = before[0] if before else group[0][0]
    spans = tuple((a - start, b - start) for a, b in group)
    return Window(passage.slice(start, group[-1][1]), spans, _heading(hit)), start


def _heading(hit: Hit) -> str:
    return " · ".join(part for part in (hit.source.title, hit.passage.heading) if part)


def _size(passage: Passage, span: Span) -> int:
    return passage.slice(*span).count(" ") + 1


class WordReader:
    """The plain fallback where there is no reader model: the share of the question's words that are near.

    Rare words weigh more (inverse frequency over the windows read). It cannot tell an answer from a
    sentence on the same subject, which is why answers made with it say so.
    """

    digest = "shared-words"
    threshold = 0.4
    fusion = Reader.fusion

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        """Shares instead of probabilities; a sentence counts in full, its neighbours half."""
        asked = _content(question)
        bags = [_content(f"{window.heading} {window.text}") for window in windows]
        weight = {w: math.log(1 + len(bags) / (1 + sum(w in bag for bag in bags))) for w in asked}
        total = sum(weight.values()) or 1.0
        readings = []
        for window, bag in zip(windows, bags, strict=True):
            near = sum(weight[w] for w in asked & bag) / total
            own = [sum(weight[w] for w in asked & _content(window.text[a:b])) / total for a, b in window.sentences]
            scores = tuple(0.75 * o + 0.25 * near for o in own)
            readings.append(Reading(scores, max(scores, default=0.0), None))
        return readings

    def knows(self, word: str) -> bool:
        """It has no dictionary, so it doubts no word."""
        return True


def _content(text: str) -> set[str]:
    return {stem(word) for word in _words(text) if word not in FUNCTION_WORDS}


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
