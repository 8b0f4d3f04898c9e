"""Hits -> candidates: the reader scores each sentence of the passages that came through.

Its score, not a similarity, decides the order, the quotation and the abstention.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from qa.language import missing
from qa.language.alike import stems
from qa.language.parser import parse
from qa.language.tongue import shares
from qa.models.reader import Fusion, Reader, Reading, Window, between
from qa.passages import cells
from qa.schema import Candidate, Hit, Passage, Span

_WINDOW_WORDS = 30
"""Words read at once: so few that those near an answer are not taken for one."""

FEW, MOST, ENOUGH = 24, 48, 0.5
"""Windows that are read at once, the likeliest first; how many are at all; and the probability from which a sentence
answers so surely that no more are."""

ALIKE, OTHER = 0.5, 0.5
"""Share of their words in common from which two sentences are told apart by what is asked, and how much of its match is
left to the one that is not."""

LAST, UNSEEN = 6, 0.003
"""Windows that the last reader sees; and what counts as its score of a sentence that it does not see."""

READ_AGAIN = 3
"""Passages read a second time, whole: those whose sentences look best. In few words the reader tells best whether
anything answers, in all of them which sentence does: a name and its pronoun come together."""


class SentenceReader(Protocol):
    """Whatever can say how likely each sentence of a window answers a question."""

    digest: str
    threshold: float
    """Probability below which the best sentence is no answer."""
    fusion: Fusion

    @property
    def last(self) -> SentenceReader | None:
        """A better and slower one, that reads once more what looks best; None: there is none."""

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
    span: Span | None = None
    """The few words in it that answer, in the document, where the reader marks them in this sentence."""
    read: bool = True
    """Whether the reader saw it at all."""
    last: float | None = None
    """The last reader's probability that it answers; None where there is no such reader."""


_Place = tuple[Hit, Window, int]
"""A window, the passage it is of, and where in the document it starts."""


def by_score(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first; equals in the order of their texts."""
    return sorted(candidates, key=lambda c: (-c.score, c.hit.passage.id, c.start))


def length(question: str) -> int:
    """Words of a question, from 7 to 20: hardly one that the fusion was fitted on is shorter, and what it learned of
    longer ones refuses "Are dogs allowed?"."""
    return max(7, min(len(question.split()), 20))


def absent(question: str, read: str, document: str = "") -> int:
    """How many names of a question stand neither in what was read nor, by their last word, elsewhere in its document.

    A name is said once and then "he", "the company"; a page that lacks it may well be about it.
    """
    names = (question[f.start : f.end] for f in missing(question, read) if f.kind == "name")
    last = (re.findall(r"\w+", name)[-1] for name in names)
    return sum(not re.search(rf"\b{re.escape(word)}\b", document, re.IGNORECASE) for word in last)


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


def look(
    reader: SentenceReader, question: str, hits: Sequence[Hit], again: int = READ_AGAIN, few: int | None = None
) -> list[Look]:
    """Every sentence of the hits as the reader sees it: among few others, and where it looks best once more.

    The log-odds of the two readings are averaged, as of several views of one picture. A sentence that is not read,
    since one that looked likelier answers surely or too many did, has no chance. What looks best then is shown to the
    last reader, if there is one: where all is read, the best of every source.

    Args:
        hits: best first.
        again: passages that are read a second time.
        few: windows after which it stops where one answers surely, and at `MOST` at the latest; None: all are read.
    """
    places = [(hit, *part) for hit in hits for part in windows(hit)]
    most = step = len(places)
    if few:
        places, most, step = _likeliest(question, places), MOST, few
    seen: list[Look] = []
    read = 0
    while read < min(most, len(places)) and not any(chance(reader, s) >= ENOUGH for s in seen):
        seen += _see(reader, question, places[read : min(read + step, most)])
        read = min(read + step, most)
    best: defaultdict[str, float] = defaultdict(float)
    for s in seen:
        best[s.hit.passage.id] = max(best[s.hit.passage.id], chance(reader, s))
    likely = sorted(hits, key=lambda hit: -best[hit.passage.id])[:again]
    longer = [hit for hit in likely if len(windows(hit)) > 1]  # a short passage was read whole the first time
    wholes = _see(reader, question, [(hit, *part) for hit in longer for part in windows(hit, words=None)])
    second = {(s.hit.passage.id, s.start): s for s in wholes}
    twice = [_both(s, second.get((s.hit.passage.id, s.start), s)) for s in seen]
    left = [
        Look(hit, a + at, b + at, 0.0, read=False) for hit, window, at in places[read:] for a, b in window.sentences
    ]
    looks = twice + [second.get((s.hit.passage.id, s.start), s) for s in left]
    return _at_last(reader, question, looks, places, each=few is None)


def _at_last(
    reader: SentenceReader, question: str, seen: Sequence[Look], places: Sequence[_Place], each: bool
) -> list[Look]:
    """With what the last reader makes of the windows that look best.

    Args:
        each: of every source the best window goes first, and twice as many are read.
    """
    if reader.last is None:
        return list(seen)
    whose = {(hit.passage.id, a + at): n for n, (hit, window, at) in enumerate(places) for a, _ in window.sentences}
    best: defaultdict[int, float] = defaultdict(float)
    for s in seen:
        n = whose[s.hit.passage.id, s.start]
        best[n] = max(best[n], chance(reader, s))
    likely = sorted((n for n in best if best[n] > 0), key=lambda n: -best[n])
    if each:
        of_source = {places[n][0].source.id: n for n in reversed(likely)}
        likely.sort(key=lambda n: n not in of_source.values())
    chosen = likely[: 2 * LAST if each else LAST]
    found = {(s.hit.passage.id, s.start): s for s in _see(reader.last, question, [places[n] for n in chosen])}

    def with_last(s: Look) -> Look:
        sight = found.get((s.hit.passage.id, s.start))
        return replace(s, last=sight.score, span=sight.span or s.span) if sight else replace(s, last=UNSEEN)

    return [with_last(s) for s in seen]


def _likeliest(question: str, places: Sequence[_Place]) -> list[_Place]:
    """In the order in which windows are worth reading: by the question's words in one, and how well its passage was
    found."""
    shares = WordReader().read(question, [window for _, window, _ in places])
    best = max((hit.score for hit, _, _ in places), default=0.0) or 1.0
    worth = [share.answerable + hit.score / best for share, (hit, _, _) in zip(shares, places, strict=True)]
    return [places[i] for i in sorted(range(len(places)), key=lambda i: -worth[i])]


def _both(first: Look, second: Look) -> Look:
    return replace(first, score=between(first.score, second.score), span=second.span or first.span)


def _see(reader: SentenceReader, question: str, places: Sequence[_Place]) -> list[Look]:
    readings = reader.read(question, [window for _, window, _ in places])
    return [
        Look(hit, start + offset, end + offset, score, _inside(reading.span, (start, end), offset))
        for (hit, window, offset), reading in zip(places, readings, strict=True)
        for (start, end), score in zip(window.sentences, reading.answers, strict=True)
    ]


def _inside(span: Span | None, sentence: Span, offset: int) -> Span | None:
    """A span of a window as one of the document, where it lies in the sentence."""
    if span is None or not sentence[0] <= span[0] < span[1] <= sentence[1]:
        return None
    return span[0] + offset, span[1] + offset


def weighed(
    reader: SentenceReader,
    question: str,
    seen: Sequence[Look],
    publishers: str = "",
    document: Callable[[Hit], str] = lambda hit: "",
    put: str = "",
    topic: bool = False,
    missed: bool = True,
    twins: bool = True,
) -> list[Candidate]:
    """What was read as candidates, best first.

    The score of the best one is the probability that the sources answer at all; the others keep their ratio to it.

    Args:
        publishers: names that are missed nowhere.
        document: the text that a hit is of.
        put: as in `Retriever.read`, and `topic`.
        missed: whether names of the question that are not there count.
        twins: whether of sentences that are alike the one with the words of the question counts more.
    """
    found = matches(question, seen)
    if twins:
        found = [a * b for a, b in zip(found, told_apart(question, seen), strict=True)]
    chances = [chance(reader, s, match) for s, match in zip(seen, found, strict=True)]
    best = max(chances)
    hit = seen[chances.index(best)].hit
    lacking = absent(put or question, stands(hit, publishers), document(hit)) if missed else 0
    whole = reader.fusion.answerable([best] if topic else chances, length(question), lacking)
    ranked = zip(seen, chances, strict=True)
    return by_score(Candidate(s.hit, s.start, s.end, p * whole / best, s.span, s.read) for s, p in ranked)


def by_letters(question: str, hits: Sequence[Hit]) -> list[Candidate]:
    """Every sentence of the hits with how much of the question stands in it, best first: for languages that the reader
    model does not know. No probability."""
    places = [(hit, span) for hit in hits for span in hit.passage.sentences]
    texts = [hit.passage.slice(*span) for hit, span in places]
    found = zip(places, shares(question, texts), strict=True)
    return by_score(Candidate(hit, *span, share) for (hit, span), share in found)


def stands(hit: Hit, publishers: str = "") -> str:
    """Where a question's names may stand: a passage, its headings, who wrote it and from where, who publishes."""
    source, passage = hit.source, hit.passage
    return "\n".join((publishers, source.author, source.perspective, _heading(hit), passage.text))


def chance(reader: SentenceReader, seen: Look, match: float = 1.0) -> float:
    """Probability that a sentence answers, from what the reader and both retrievers make of it; 0 if it was not read.

    Args:
        match: how much of its passage's share of BM25 it has: see `matches`.
    """
    return reader.fusion.answers(seen.score, match * seen.hit.share, seen.hit.cosine, seen.last) if seen.read else 0.0


def matches(question: str, seen: Sequence[Look]) -> list[float]:
    """For each sentence 1; for the rows of a table, which differ in their cells alone, how well each is the one asked.

    A row's match is its share of the question's words that stand in cells, rare ones weighing more, of that of the best
    row; 0 where it has no cell in the column that is asked; up to twice as much where it has one, by how many of these
    words stand in the row, its columns and over it.
    """
    asked = stems(question)
    found = [1.0] * len(seen)
    tables: defaultdict[tuple[str, str], list[tuple[int, frozenset[str], set[str]]]] = defaultdict(list)
    for i, s in enumerate(seen):
        name, said = cells(s.hit.passage.slice(s.start, s.end))
        if said:
            words = asked & stems(" ".join((s.hit.passage.lead(s.start), name, *said.values())))
            tables[s.hit.passage.document_id, s.hit.passage.heading].append((i, words, set(said)))
    for rows in tables.values():
        named = {column: len(asked & stems(column)) for _, _, columns in rows for column in columns}
        most = max(named.values())
        column_asked = {column for column, n in named.items() if n == most > 0}
        rows_with = Counter(word for _, words, _ in rows for word in words)
        weights = [sum(1 / rows_with[word] for word in words) for _, words, _ in rows]
        best = max(weights)
        told_apart = best > 0 and weights.count(best) < len(rows)
        over = stems(_heading(seen[rows[0][0]].hit))
        for (i, words, columns), weight in zip(rows, weights, strict=True):
            found[i] = weight / best if best else 1.0
            if column_asked and not column_asked & columns:
                found[i] = 0.0
            elif column_asked and told_apart:
                found[i] *= 1 + len(asked & (words | over | stems(" ".join(columns)))) / len(asked)
    return found


def told_apart(question: str, seen: Sequence[Look]) -> list[float]:
    """For each sentence 1; less where its like in the same passage has more of the question's words and all of its own.

    "Sailing boats pay 310 crowns" and "Motor boats pay 480 crowns" look much the same to a reader.
    """
    asked = stems(question)
    passages: defaultdict[str, list[tuple[int, frozenset[str], frozenset[str]]]] = defaultdict(list)
    for i, s in enumerate(seen):
        passage, said = s.hit.passage, s.hit.passage.slice(s.start, s.end)
        if not cells(said)[1]:
            own = stems(said)
            has = asked & (own | stems(f"{passage.heading} {passage.lead(s.start)}"))
            passages[passage.id].append((i, own, has))
    found = [1.0] * len(seen)
    for sentences in passages.values():
        for i, own, has in sentences:
            if any(
                has < more and len(own & other) >= ALIKE * min(len(own), len(other)) for _, other, more in sentences
            ):
                found[i] = OTHER
    return found


def windows(hit: Hit, words: int | None = _WINDOW_WORDS) -> list[tuple[Window, int]]:
    """Stretches of a passage of about so many words (None: the whole), with the document offset each starts at.

    Each sentence is scored in one window. A row of a table is read alone,
    under its table's name: its like would be taken for it. So is a headline: it is on all under it; but "2.4.0
    (2023-11-06)" answers by what stands under it, and is read with that.
    """
    passage = hit.passage
    found: list[tuple[Window, int]] = []
    group: list[Span] = []
    units = [unit for unit in passage.sentences if not is_label(hit, unit)] or passage.sentences
    for span in units or ((passage.start, passage.end),):
        size = sum(_size(passage, s) for s in group)
        ends = any(_is_headline(hit, unit) for unit in (span, *group[-1:]))
        if words:
            ends = ends or size + _size(passage, span) > words or any(_is_row(hit, u) for u in (span, *group[-1:]))
        if group and ends:
            found.append(_window(hit, group))
            group = []
        group.append(span)
    found.append(_window(hit, group))
    return found


def _window(hit: Hit, group: Sequence[Span]) -> tuple[Window, int]:
    passage = hit.passage
    start = group[0][0]
    spans = tuple((a - start, b - start) for a, b in group)
    text = passage.slice(start, group[-1][1])
    lead = passage.lead(start)  # the line above its list, the question it replies to
    return Window(text, spans, _heading(hit, "" if lead in text else lead)), start


def is_label(hit: Hit, unit: Span) -> bool:
    """Whether what can be quoted is a heading that names what stands under it and says nothing of it: no clause, no
    second name for the first, no figure. It is read over what it names."""
    said = hit.passage.slice(*unit)
    if not _is_heading(hit, unit) or ":" in said or any(c.isdigit() for c in said):
        return False
    return not _states(said) and not any(t.dep == "appos" for t in parse(said).tokens)


def _is_headline(hit: Hit, unit: Span) -> bool:
    return _is_heading(hit, unit) and _states(hit.passage.slice(*unit))


def _states(heading: str) -> bool:
    """Whether a heading says something: a clause that is no question's and no condition's."""
    parsed = parse(heading)
    clauses = [
        i for i in parsed.roots
        if parsed.tokens[i].tag in ("VBD", "VBP", "VBZ") or parsed.children(i, "nsubj", "nsubjpass")
    ]  # fmt: skip
    first = parsed.tokens[0]
    asks = first.head in clauses and (first.tag in ("WRB", "WP", "WDT") or first.dep == "mark")
    return heading[-1] in ".!" or (bool(clauses) and not asks)


def _is_row(hit: Hit, unit: Span) -> bool:
    return bool(cells(hit.passage.slice(*unit))[1])


def _is_heading(hit: Hit, unit: Span) -> bool:
    return hit.passage.slice(*unit) in (hit.source.title, hit.passage.nearest)


def _heading(hit: Hit, lead: str = "") -> str:
    return " · ".join(part for part in (hit.source.title, hit.passage.heading, lead) if part)


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
    last = None

    def read(self, question: str, windows: Sequence[Window]) -> list[Reading]:
        """Shares instead of probabilities; a sentence counts in full, its neighbours half."""
        asked = stems(question)
        bags = [stems(f"{window.heading} {window.text}") for window in windows]
        weight = {w: math.log(1 + len(bags) / (1 + sum(w in bag for bag in bags))) for w in asked}
        total = sum(weight.values()) or 1.0
        readings = []
        for window, bag in zip(windows, bags, strict=True):
            near = sum(weight[w] for w in asked & bag) / total
            own = [sum(weight[w] for w in asked & stems(window.text[a:b])) / total for a, b in window.sentences]
            scores = tuple(0.75 * o + 0.25 * near for o in own)
            readings.append(Reading(scores, max(scores, default=0.0), None))
        return readings

    def knows(self, word: str) -> bool:
        """It has no dictionary, so it doubts no word."""
        return True
