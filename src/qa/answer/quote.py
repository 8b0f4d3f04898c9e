"""Answers without a language model: the sentences that answer, word for word, each with who says so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qa.answer.attribute import attribute, dated
from qa.answer.untrusted import hides, is_order
from qa.language.speakers import leans_back
from qa.schema import Candidate, Citation, Passage, Sentence, Span, Verdict

RELATIVE = 0.6
"""A further sentence is quoted when it scores at least this share of the best one."""

RELATIVE_SEVERAL = 0.25
"""The same where the question asks for several things; chosen on the dev questions."""

RELATIVE_COMPARING = 0.04
"""The same where it compares: what a source says of a topic is seldom a plain answer."""

SAME = 0.75
"""Two sentences that share this much of their words (Jaccard) say the same; the better one is quoted."""

WORDS = r"\w+"

PER_SOURCE = 2
"""Sentences of one source in an answer that compares several."""


def quote(
    candidates: Sequence[Candidate],
    limit: int,
    *,
    comparing: bool = False,
    several: bool = False,
    first: Candidate | None = None,
) -> Iterator[Sentence]:
    """The best sentences, verbatim, in order of merit; by source where the question compares.

    Args:
        candidates: sentences with the probability that they answer, best first.
        limit: how many sentences at most.
        comparing: give every source its say before any gets a third one.
        several: the question asks for a list or a course of events.
        first: a sentence that stands before all others, however it scores.
    """
    chosen = (
        compared(candidates, limit) if comparing else best(candidates, limit, RELATIVE_SEVERAL if several else RELATIVE)
    )
    whole: list[tuple[Candidate, Span]] = []
    for candidate in ([first] if first else []) + chosen:
        start, end = with_antecedent(candidate)
        if suspect(candidate.hit.passage, start, end):
            continue
        for i, (other, (a, b)) in enumerate(whole):
            if other.hit.source.id == candidate.hit.source.id and start < b and a < end:
                whole[i] = (candidate if end > b else other, (min(a, start), max(b, end)))
                break
        else:
            whole.append((candidate, (start, end)))
    sources = {candidate.hit.source.id: candidate.hit.source for candidate, _ in whole}
    names = Counter(dated(source) for source in sources.values())
    named: set[str] = set()
    for candidate, span in whole:
        source = candidate.hit.source
        yield quoted(candidate, *span, again=source.id in named, apart=names[dated(source)] > 1)
        named.add(source.id)


def best(candidates: Sequence[Candidate], limit: int, relative: float = RELATIVE) -> list[Candidate]:
    """Those that come near the best one, repetitions left out."""
    chosen: list[Candidate] = []
    bar = relative * candidates[0].score if candidates else 0.0
    for candidate in candidates:
        if candidate.score < bar or len(chosen) == limit:
            break
        if not any(same(candidate.text, other.text) or _told(candidate, other) for other in chosen):
            chosen.append(candidate)
    return chosen


def _told(candidate: Candidate, other: Candidate) -> bool:
    """Whether another sentence of the same source has the words already with which this one answers."""
    if candidate.span is None or candidate.hit.source.id != other.hit.source.id:
        return False
    return _folded(candidate.hit.passage.slice(*candidate.span)) in _folded(other.text)


def _folded(text: str) -> str:
    return f" {' '.join(re.findall(WORDS, text.casefold()))} "


def compared(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The best of each source, sources in order of their best sentence; of a single one, up to the limit."""
    most = PER_SOURCE if len({c.hit.source.id for c in candidates}) > 1 else limit
    by_source: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        mine = by_source.setdefault(candidate.hit.source.id, [])
        if mine and (len(mine) == most or candidate.score < RELATIVE_COMPARING * mine[0].score):
            continue
        if not any(same(candidate.text, other.text) for other in mine):
            mine.append(candidate)
    return [candidate for mine in by_source.values() for candidate in mine]


def with_antecedent(candidate: Candidate) -> Span:
    """The sentence's span, begun one sentence earlier where its first words lean on that ("He added ...")."""
    start = candidate.start
    if leans_back(candidate.text):
        start = candidate.hit.passage.sentence_before(start)
    return start, candidate.end


def suspect(passage: Passage, start: int, end: int) -> bool:
    """Whether the words, or the sentence before, command whoever reads them, or hide some of themselves."""
    words = passage.slice(start, end)
    return is_order(passage.slice(passage.sentence_before(start), end)) or hides(words)


def quoted(candidate: Candidate, start: int, end: int, *, again: bool = False, apart: bool = False) -> Sentence:
    """One quoted sentence. Verbatim by construction, hence supported. `again` and `apart`: as in `attribute`."""
    citation = Citation.cut(candidate.hit, start, end)
    return Sentence(
        text=" ".join(citation.quote.split()),
        span=_shown(citation.quote, candidate.span, start),
        citations=(citation,),
        verdict=Verdict.SUPPORTED,
        score=1.0,
        attribution=attribute(
            candidate.hit.source, citation.quote, candidate.hit.passage, (start, end), again=again, apart=apart
        ),
    )


def _shown(quote: str, span: Span | None, start: int) -> Span | None:
    """A span of the document as one of the quotation with its white space folded."""
    if span is None:
        return None
    before, words = quote[: span[0] - start], quote[span[0] - start : span[1] - start]
    begin = len(" ".join(f"{before}|".split())) - 1
    return begin, begin + len(" ".join(words.split()))


def same(left: str, right: str) -> bool:
    """Whether two sentences say the same in nearly the same words."""
    a, b = (set(re.findall(WORDS, text.casefold())) for text in (left, right))
    return len(a & b) >= SAME * len(a | b)
