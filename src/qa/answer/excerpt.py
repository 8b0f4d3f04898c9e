"""What a language model gets to read: the sentences that look like answers with their neighbours, not whole passages.

A prompt of twelve whole passages has 3,300 tokens and takes a small model minutes on a processor; what the reader found
stands in a quarter of that: about a thousand tokens with the rules around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.schema import Candidate, Hit, Passage, Span

WORDS = 450
"""Of all excerpts together, at most; one sentence with its neighbours is always whole."""
HEADER = 25
"""Words that stand around each excerpt in the prompt: its marks, and whose it is."""
GAP = " … "


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage and those of its sentences that are shown to the model."""

    hit: Hit
    text: str


def excerpts(hits: Sequence[Hit], candidates: Sequence[Candidate], words: int = WORDS) -> tuple[Excerpt, ...]:
    """Parts of the hits around the best candidates, best passage first; whole passages where nothing was read.

    Args:
        hits: passages, best first.
        candidates: their sentences, best first.
        words: how many words together, about.
    """
    kept: dict[str, set[int]] = {}
    passages = {c.hit.passage.id: c.hit for c in candidates} | {hit.passage.id: hit for hit in hits}
    order = candidates or [Candidate(hit, hit.passage.start, hit.passage.end, 0.0) for hit in hits]
    used = 0
    for candidate in order:
        passage = candidate.hit.passage
        around = _around(passage, (candidate.start, candidate.end))
        new = around - kept.get(passage.id, set())
        size = sum(_size(passage, n) for n in new) + (0 if passage.id in kept else HEADER)
        if used and used + size > words:
            break
        kept.setdefault(passage.id, set()).update(new)
        used += size
    return tuple(Excerpt(passages[id_], _text(passages[id_].passage, sorted(places))) for id_, places in kept.items())


def _spans(passage: Passage) -> tuple[Span, ...]:
    return passage.sentences or ((passage.start, passage.end),)


def _around(passage: Passage, span: Span) -> set[int]:
    """The places of the sentences that a span touches, and of those beside them."""
    spans = _spans(passage)
    touched = [n for n, (a, b) in enumerate(spans) if a < span[1] and b > span[0]]
    return {m for n in touched for m in (n - 1, n, n + 1) if 0 <= m < len(spans)}


def _size(passage: Passage, n: int) -> int:
    return len(passage.slice(*_spans(passage)[n]).split())


def _text(passage: Passage, places: Sequence[int]) -> str:
    """The sentences at these places as they stand, with a mark where some are left out."""
    spans = _spans(passage)
    runs: list[list[int]] = []
    for n in places:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    parts = [passage.slice(spans[run[0]][0], spans[run[-1]][1]) for run in runs]
    opening = GAP.lstrip() if places[0] > 0 else ""
    closing = GAP.rstrip() if places[-1] < len(spans) - 1 else ""
    return f"{opening}{GAP.join(parts)}{closing}"
