"""May the few words that answer stand alone, above the sentence they are marked in?

Only where they are what is asked for and nothing else in the sentence can be: the cell of a row that was looked up,
the long form of a short one, the one figure or date of a sentence. The score alone tells too little: on documents of
strangers four of ten spans that it is sure of are right.
"""

from __future__ import annotations

from typing import Final

from qa.answer.lookup import row
from qa.language import facts
from qa.language.fact import FIGURES
from qa.language.shortforms import spelled_out
from qa.query import Query
from qa.schema import Sentence

SURE: Final = 0.6
"""Probability that the sources answer from which a figure stands alone: 23 of 24 were right, on the two sets
by which it was chosen."""

_ASKED: Final = {"number": FIGURES, "when": ("date",)}


def stands_alone(query: Query, sentence: Sentence, score: float) -> bool:
    """Whether the words that are marked in a sentence answer by themselves.

    Args:
        score: probability that the sources answer.
    """
    if not sentence.span:
        return False
    if query.thing:
        return spelled_out(query.thing, sentence.text) == sentence.span
    if found := row(sentence.text):
        return sentence.span in [span for _, _, span in found.cells]
    kinds = _ASKED.get(query.kind, ())
    inside, whole = ([f for f in facts(text) if f.kind in kinds] for text in (sentence.brief, sentence.text))
    return score >= SURE and len(inside) == len(whole) == 1
