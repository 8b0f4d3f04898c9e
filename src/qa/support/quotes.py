"""Quotation marks claim verbatim speech: are the words there, whole, and said by the person named?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from rapidfuzz.fuzz import partial_ratio

from qa.language import facts, fold_quote, same_name, stem
from qa.language.speakers import speaker
from qa.markers import sentences
from qa.schema import Passage, Span
from qa.support.words import KEPT, WORD, folded, runs, split

ALIKE = 0.6
"""Share of equal words, in order, from which a quotation that does not stand there is an altered one."""

NEARLY = 0.9
"""Share from which it is an altered one, even if it could be put together from pieces too."""

PIECE = 3
"""Words in the shortest piece that a stitched quotation is made of."""

COVERED = 0.85
"""Share of a quotation's words that pieces found elsewhere must cover for it to be stitched."""


class Failure(StrEnum):
    """What is wrong with a quotation."""

    FABRICATED = "fabricated"
    STITCHED = "stitched"
    ALTERED = "altered"
    MISATTRIBUTED = "misattributed"


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation in a claim, what is wrong with it (None: nothing), and why, in words."""

    words: str
    failure: Failure | None
    detail: str = ""
    speaker: str = ""
    """Who says it in the source, if it is who says it in the claim."""


def quotations(
    claim: str, evidence: Sequence[str], elsewhere: Sequence[str] = (), titles: Sequence[str] = ()
) -> list[Quotation]:
    """Each quotation of the claim, held against the cited texts.

    Args:
        elsewhere: texts that were not cited; they tell the wrong source from an invented quotation.
        titles: of sources, which stand in quotation marks without being speech.
    """
    own = [fold_quote(title) for title in titles]
    found = []
    for fact in facts(claim):
        if fact.kind == "quote" and not any(fact.value in title for title in own):
            found.append(_judged(claim, (fact.start, fact.end), fact.value, evidence, elsewhere))
    return found


def _judged(claim: str, span: Span, words: str, evidence: Sequence[str], elsewhere: Sequence[str]) -> Quotation:
    shown = claim[slice(*span)]
    parts = [p for part in re.split(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\.{3}|…)\s*", words) if (p := fold_quote(part))]
    for text in evidence:
        places = [_stands(part, text) for part in parts]
        if not all(places):
            continue
        spans = [p for p in places if p]
        if len(parts) > 1 and not _in_one_breath(spans, text):
            return Quotation(shown, Failure.STITCHED, f"{shown} is put together from different places of the source")
        said, named = _said_by(text, spans[0]), _said_by(claim, span)
        if named and said and not one_person(named, said):
            return Quotation(shown, Failure.MISATTRIBUTED, f"{shown} is given to {named}; in the source {said} says it")
        return Quotation(shown, None, speaker=said if named else "")
    if any(all(_stands(part, text) for part in parts) for text in elsewhere):
        return Quotation(shown, Failure.MISATTRIBUTED, f"{shown} stands in another source than the one cited")
    failure = _failure(words, [folded(text).text for text in (*evidence, *elsewhere)])
    return Quotation(shown, failure, f"{shown} {_SAID[failure]}")


_SAID = {
    Failure.ALTERED: "is not what the source has, word for word",
    Failure.STITCHED: "is put together from different places",
    Failure.FABRICATED: "does not stand in the source",
}


def _failure(words: str, texts: Sequence[str]) -> Failure:
    """What was done to words that stand nowhere as they are."""
    spoken = WORD.findall(words)
    likeness = max((_likeness(spoken, text) for text in texts), default=0.0) if len(spoken) > 1 else 0.0
    pieces = runs(spoken, texts, PIECE)
    covered = sum(size for _, size, _ in pieces) / len(spoken) if len(pieces) > 1 else 0.0
    if likeness < NEARLY and (covered == 1 or (likeness < ALIKE and covered >= COVERED)):
        return Failure.STITCHED
    return Failure.ALTERED if likeness >= ALIKE else Failure.FABRICATED


def _stands(words: str, text: str) -> Span | None:
    return next(folded(text).find(folded(words).text), None)


def _in_one_breath(spans: Sequence[Span], text: str) -> bool:
    """Whether the parts of a shortened quotation follow each other within three sentences."""
    if any(b[0] < a[1] for a, b in pairwise(spans)):
        return False
    between = text[spans[0][1] : spans[-1][0]]
    return len(split(between)) <= 3


def _likeness(words: Sequence[str], text: str) -> float:
    """Share of the words that stand, in order, in the stretch of the text that is most like them."""
    there = WORD.findall(text)
    return partial_ratio(words, there) / 100 * min(1.0, len(there) / len(words))


# who speaks ---------------------------------------------------------------------------------------------

SPEECH = frozenset(
    stem(w) for w in "said says say told tell added stated wrote writes noted remarked declared replied".split()
)
"""Verbs, as stems, that say no more than that somebody said it."""


def _said_by(text: str, span: Span) -> str:
    """The name of whoever says what stands at a span; empty where the text does not tell."""
    told = Passage("", 0, len(text), text, _sentences(text))
    who = speaker(told, span) if any(a < span[1] and b > span[0] for a, b in told.sentences) else ""
    return who if any(word[0].isupper() for word in who.split()) else ""


@lru_cache(maxsize=KEPT)
def _sentences(text: str) -> tuple[Span, ...]:
    return sentences(text)


@lru_cache(maxsize=KEPT)
def unquoted(text: str) -> str:
    """The text with quoted words blanked, offsets kept."""
    out = list(text)
    for fact in facts(text):
        if fact.kind == "quote":
            out[fact.start + 1 : fact.end - 1] = " " * (fact.end - fact.start - 2)
    return "".join(out)


def one_person(a: str, b: str) -> bool:
    """Whether two names may be one person's: they share a word."""
    left, right = ([w for w in re.findall(r"[^\W_][\w'’-]*", name) if w[0].isupper() or "-" in w] for name in (a, b))
    if not left or not right:
        return True
    short, long = sorted((left, right), key=len)
    return any(same_name(x, y) for x in short for y in long)
