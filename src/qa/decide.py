"""Query, hits, candidates -> decision: which sentences may answer, or why none does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from qa.language.alike import akin, name_words, related, stems, terms
from qa.language.speakers import leans_back, speaks
from qa.query import Query
from qa.schema import Abstention, Candidate, Hit, Reason

NEAREST: Final = 3
"""Passages shown with an abstention."""

LENIENT: Final = 0.4
"""Share of the threshold that is enough where several things are asked for, or what is written is checked again."""

COMPARING: Final = 0.1
"""The same for questions that compare sources: what each says of a topic is seldom a plain answer."""

ON_POINT: Final = 0.29
"""Probability from which a sentence on part of a topic is taken for what a source says on it: of 26 topics made up for
`corpus/`, 11 of the 12 that a source deals with in other words reach it, and one of the 14 others."""

PERHAPS: Final = 0.5
"""Probability that the sources answer below which an answer is marked as perhaps none."""

IRRELEVANT: Final = 0.1
UNRELATED: Final = 0.3
"""Below this probability, and with no passage of this cosine, the sources do not even deal with the question."""

PARTLY: Final = 0.3
"""Share of the best score from which a sentence on part of the topic is shown; chosen on the dev questions."""

MOST: Final = 2 / 3
HALF: Final = 1 / 2
"""Shares of a topic's names and words, or of its words where it names nobody, that are part of it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the sources have on a query, and whether it is an answer."""

    query: Query
    hits: tuple[Hit, ...]
    candidates: tuple[Candidate, ...]
    """Every sentence that was read, best first."""
    chosen: tuple[Candidate, ...]
    """Those that may be quoted, best first; empty: nothing answers."""

    @property
    def best(self) -> float:
        """The probability that the sources answer."""
        return self.candidates[0].score if self.candidates else 0.0

    @property
    def unsure(self) -> bool:
        """Whether what was chosen may be beside the question."""
        return bool(self.chosen) and not self.query.comparing and self.best < PERHAPS


def decide(
    query: Query,
    hits: Sequence[Hit],
    candidates: Sequence[Candidate],
    threshold: float,
    *,
    lenient: bool = False,
    without: Collection[str] = (),
) -> Decision:
    """Which candidates may answer.

    Args:
        candidates: best first, the score of the best being the probability that the sources answer at all.
        threshold: probability from which they do.
        lenient: what is made of them is checked again.
        without: rules left out, as in `qa.config.RULES`.
    """
    best = candidates[0].score if candidates else 0.0
    chosen: Sequence[Candidate] = candidates
    if query.comparing and "topic" not in without:
        chosen = on_point(query.about, candidates, sure=ON_POINT if query.of else 0.0, alone="leaning" in without)
        bar = 0.0 if query.of else COMPARING * threshold
        if not chosen and best >= threshold and not query.of:
            chosen = candidates  # words alone silence nobody: where none holds the topic's, a sure reader decides
    else:
        several = query.kind in ("list", "who-is") and "list" not in without  # a name that is nowhere is unknown
        bar = LENIENT * threshold if lenient or several else threshold
    if query.unknown and not query.comparing and "unknown" not in without:
        bar = float("inf")  # what is asked about stands in no document: nothing here answers
    speakers = [named.name for named in query.of if not named.sources]
    if speakers and "speakers" not in without:
        said = [c for c in candidates[:SPOKEN] if any(speaks(who, c.hit.passage, (c.start, c.end)) for who in speakers)]
        chosen = on_point(query.about, said) or chosen
    return Decision(query, tuple(hits), tuple(candidates), tuple(chosen) if best >= bar else ())


SPOKEN: Final = 20
"""Candidates of which the speaker is looked for."""


def abstention(decisions: Sequence[Decision], searched: int, reason: Reason | None = None) -> Abstention:
    """Why there is no answer, with the passages that come nearest.

    Args:
        searched: number of sources.
        reason: default: by what was found.
    """
    hits = {hit.passage.id: hit for d in decisions for hit in d.hits}
    best = max((d.best for d in decisions), default=0.0)
    if reason is None and not hits:
        reason = Reason.NOTHING_FOUND
    elif reason is None:
        strange = best < IRRELEVANT and all(hit.cosine < UNRELATED for hit in hits.values())
        reason = Reason.NOT_RELEVANT if strange else Reason.NOT_ANSWERED
    nearest = tuple({c.hit.passage.id: c.hit for d in decisions for c in d.candidates}.values())[:NEAREST]
    return Abstention(reason, len(hits), searched, nearest)


def on_point(topic: str, candidates: Sequence[Candidate], *, sure: float = 0.0, alone: bool = False) -> list[Candidate]:
    """Those that speak of all that a topic names.

    What counts is the heading, the sentence, and the one it leans on. Of those that answer nearly as well as the best,
    also the sentence before counts, and a part is enough: most of the names, or half of the words where there is no
    name. A topic without words keeps all.

    Args:
        sure: the probability that a sentence on a part of the topic must reach.
        alone: a sentence that leans on the one before is judged without it.
    """
    names, words = terms(topic)
    count = len(names) + len(words)
    best = max((c.score for c in candidates), default=0.0)

    def held(text: str) -> tuple[int, int]:
        there, said = name_words(text), stems(text)
        spoken = sum(any(related(word, other) for other in said) for word in words)
        return sum(any(akin(name, word) for word in there) for name in names), spoken

    kept = []
    for c in candidates:
        passage = c.hit.passage
        before = passage.slice(passage.sentence_before(c.start), c.end)
        named, spoken = held(f"{passage.heading}. {before if not alone and leans_back(c.text) else c.text}")
        keep = named + spoken == count
        if not keep and c.score >= PARTLY * best:
            part = named >= MOST * len(names) if names else spoken >= HALF * len(words)
            part = part or named + spoken >= MOST * count
            keep = sum(held(before)) == count or (part and c.score >= sure)
        if keep:
            kept.append(c)
    return kept
