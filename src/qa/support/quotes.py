"""Quotation marks claim verbatim speech: are the words there, whole, and said by the person named?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from qa.language import facts, fold_quote, same_name, stem
from qa.language.alike import name_words
from qa.language.speakers import speaker
from qa.markers import sentences
from qa.schema import Passage, Span
from qa.support.words import KEPT, folded, split


class Failure(StrEnum):
    """What is wrong with a quotation."""

    FABRICATED = "fabricated"
    STITCHED = "stitched"
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
    quoted = [f for f in facts(claim) if f.kind == "quote" and not any(f.value in title for title in own)]
    return [_judged(claim, (f.start, f.end), f.value, evidence, elsewhere) for f in quoted]


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
    return Quotation(shown, Failure.FABRICATED, f"{shown} does not stand in the source, word for word")


def _stands(words: str, text: str) -> Span | None:
    return next(folded(text).find(folded(words).text), None)


def _in_one_breath(spans: Sequence[Span], text: str) -> bool:
    """Whether the parts of a shortened quotation follow each other within three sentences."""
    if any(b[0] < a[1] for a, b in pairwise(spans)):
        return False
    between = text[spans[0][1] : spans[-1][0]]
    return len(split(between)) <= 3


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


_sentences = lru_cache(maxsize=KEPT)(sentences)


@lru_cache(maxsize=KEPT)
def unquoted(text: str) -> str:
    """The text with quoted words blanked, offsets kept."""
    out = list(text)
    for fact in facts(text):
        if fact.kind == "quote":
            out[fact.start + 1 : fact.end - 1] = " " * (fact.end - fact.start - 2)
    return "".join(out)


def one_person(a: str, b: str) -> bool:
    """Whether two names may be one person's: they share a word, or one of them is no name."""
    left, right = ([w for w in name_words(name) if w[0].isupper() or "-" in w] for name in (a, b))
    return not left or not right or any(same_name(x, y) for x in left for y in right)
