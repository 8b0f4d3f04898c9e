"""What documents are about: a few of their own sentences that cover the rest, and the names that come up most.

An extract, never a summary in other words, and never complete. Passages are chosen by facility location (Lin and
Bilmes, ACL 2011): greedily, each time the one that brings the others nearest to something chosen. Of each chosen
passage one sentence stands for it: the one nearest to the passage as a whole, early ones preferred (position is the
strongest single signal in news and reports, Hong and Nenkova, EACL 2014).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from qa.answer.mentions import Mentions, mentions
from qa.language import facts
from qa.schema import Candidate, Hit

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, one a row."""

SENTENCES = 7
"""At most; a short document gives one for every `PASSAGES_EACH` of its passages, three at least."""
PASSAGES_EACH = 2
SHORTEST, LONGEST = 6, 60
"""Words of a sentence that can stand for a passage."""
EARLY = 0.1
"""What the first sentence of a passage has before its last, in cosine."""
REPEATED = 0.9
"""Cosine from which two sentences say the same."""
NAMES = 12
ENOUGH = 1500
"""Passages that are looked at: of more, every second, third, ...; likeness is of all with all."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Key sentences in the order of their documents, and the names that come up in most passages, with how many."""

    sentences: tuple[Candidate, ...]
    names: tuple[tuple[str, int], ...]
    passages: int
    """How many it was chosen from."""
    mentions: Mentions = field(default_factory=Mentions)


def overview(hits: Sequence[Hit], vectors: NDArray[np.float32], embed: Embed, most: int = SENTENCES) -> Overview:
    """Key sentences of passages.

    Args:
        hits: the passages to cover, of one source, of several, or found for a topic.
        vectors: of the passages, unit length, a row each in the same order.
        embed: makes vectors of sentences.
        most: sentences at most.

    Raises:
        ValueError: not one vector for each passage.
    """
    if len(hits) != len(vectors):
        raise ValueError(f"{len(hits)} passages and {len(vectors)} vectors; give one for each")
    step = -(-len(hits) // ENOUGH) or 1
    hits, vectors = hits[::step], vectors[::step]
    wanted = min(most, max(3, len(hits) // PASSAGES_EACH))
    ranked = [_spokesmen(hits[n], vectors[n], embed) for n in covering(vectors, 2 * wanted)]
    # a second sentence of a passage only where there are too few passages
    in_turn = [said for turn in zip_longest(*ranked) for said in turn if said is not None]
    chosen: list[Candidate] = []
    seen: list[NDArray[np.float32]] = []
    for candidate, row in in_turn:
        if len(chosen) < wanted and not any(float(row @ other) >= REPEATED for other in seen):
            chosen.append(candidate)
            seen.append(row)
    order = {hit.passage.id: n for n, hit in enumerate(hits)}  # as their documents have them
    chosen.sort(key=lambda c: (order[c.hit.passage.id], c.start))
    return Overview(tuple(chosen), _names(hits), len(hits), mentions(hits))


def gathered(hits: Sequence[Hit], answering: Sequence[Candidate], each: int) -> Overview:
    """What was found on a topic: the best sentences of each source, as their documents have them."""
    taken: Counter[str] = Counter()
    chosen: list[Candidate] = []
    for candidate in answering:
        taken[candidate.hit.source.id] += 1
        if taken[candidate.hit.source.id] <= each:
            chosen.append(candidate)
    chosen.sort(key=lambda c: (c.hit.source.id, c.start))
    on_topic = list({c.hit.passage.id: c.hit for c in answering}.values())
    return Overview(tuple(chosen), _names(on_topic), len(hits), mentions(on_topic))


def covering(vectors: NDArray[np.float32], k: int) -> list[int]:
    """Places of up to `k` rows that together lie nearest to all rows, best first (greedy facility location)."""
    if not len(vectors):
        return []
    likeness = np.clip(vectors @ vectors.T, 0, None)
    covered = np.zeros(len(vectors), np.float32)
    chosen: list[int] = []
    for _ in range(min(k, len(vectors))):
        gain = np.maximum(likeness, covered).sum(axis=1) - covered.sum()
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        covered = np.maximum(covered, likeness[best])
    return chosen


def _spokesmen(hit: Hit, whole: NDArray[np.float32], embed: Embed) -> list[tuple[Candidate, NDArray[np.float32]]]:
    """The sentences of a passage that can stand for it, with their vectors, best first."""
    spans = [span for span in hit.passage.sentences if _stands_alone(hit.passage.slice(*span))]
    if not spans:
        return []
    rows = embed([hit.passage.slice(*span) for span in spans])
    score = rows @ whole - EARLY * np.arange(len(spans)) / len(spans)
    order = np.argsort(-score, kind="stable")
    return [(Candidate(hit, start, end, 1.0), rows[n]) for n in order for start, end in (spans[n],)]


def _stands_alone(text: str) -> bool:
    """Whether a text is a whole sentence of ordinary length that tells something: no heading, question or row. The
    number before an article is none of its words."""
    words = re.sub(r"^\(?(?:\d{1,3}|[a-z])[.)]\s+", "", text).split() or [""]
    return SHORTEST <= len(words) <= LONGEST and text.rstrip("\"'”’)]").endswith((".", "!")) and words[0][:1].isupper()


def _names(hits: Sequence[Hit]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for hit in hits:
        names = {f.value: hit.passage.text[f.start : f.end] for f in facts(hit.passage.text) if f.kind == "name"}
        counts.update(names.keys())
        shown = names | shown  # as it is first spelled
    return tuple((shown[name], n) for name, n in counts.most_common(NAMES) if n > 1)
