"""Quotation marks claim verbatim speech: are the words there, whole, and said by the person named?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from qa.language import facts, fold_quote, same_name
from qa.language.alike import name_words
from qa.language.speakers import speaker
from qa.markers import sentences
from qa.schema import Passage, Span
from qa.support.words import KEPT, folded, split

APART = 3
"""Sentences between the parts of a shortened quotation from which it is put together, not shortened."""


def quotations(
    claim: str, evidence: Sequence[str], elsewhere: Sequence[str] = (), titles: Sequence[str] = ()
) -> list[str]:
    """What is wrong with each quotation of the claim, held against the cited texts; empty: nothing.

    Args:
        elsewhere: texts that were not cited; they tell the wrong source from an invented quotation.
        titles: of sources, which stand in quotation marks without being speech.
    """
    own = [fold_quote(title) for title in titles]
    quoted = [f for f in facts(claim) if f.kind == "quote" and not any(f.value in title for title in own)]
    return [_judged(claim, (f.start, f.end), f.value, evidence, elsewhere) for f in quoted]


def _judged(claim: str, span: Span, words: str, evidence: Sequence[str], elsewhere: Sequence[str]) -> str:
    shown = claim[slice(*span)]
    parts = [p for part in re.split(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\.{3}|…)\s*", words) if (p := fold_quote(part))]
    for text in evidence:
        places = [place for part in parts if (place := _stands(part, text))]
        if not places or len(places) < len(parts):
            continue
        if any(b[0] < a[1] for a, b in pairwise(places)) or len(split(text[places[0][1] : places[-1][0]])) > APART:
            return f"stitched: {shown} is put together from different places of the source"
        said, named = _said_by(text, places[0]), _said_by(claim, span)
        if named and said and not one_person(named, said):
            return f"misattributed: {shown} is given to {named}; in the source {said} says it"
        return ""
    if any(all(_stands(part, text) for part in parts) for text in elsewhere):
        return f"misattributed: {shown} stands in another source than the one cited"
    return f"fabricated: {shown} does not stand in the source, word for word"


def _stands(words: str, text: str) -> Span | None:
    return next(folded(text).find(folded(words).text), None)


# who speaks ---------------------------------------------------------------------------------------------


def _said_by(text: str, span: Span) -> str:
    """The name of whoever says what stands at a span; empty where the text does not tell."""
    told = Passage("", 0, len(text), text, _sentences(text))
    who = speaker(told, span) if any(a < span[1] and b > span[0] for a, b in told.sentences) else ""
    return who if any(word[0].isupper() for word in who.split()) else ""


_sentences = lru_cache(maxsize=KEPT)(sentences)


def one_person(a: str, b: str) -> bool:
    """Whether two names may be one person's: they share a word, or one of them is no name."""
    left, right = ([w for w in name_words(name) if w[0].isupper() or "-" in w] for name in (a, b))
    return not left or not right or any(same_name(x, y) for x in left for y in right)
