"""Which language a question is put in, and how much two texts in any language share, by their letters."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import Final

from qa.language.words import fold

UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters of scripts that set no blanks between words, as in a class of a regular expression."""

SURE: Final = 20.0
"""Of log-likelihood: of 27, English ones with a foreign name came to 11 at most, others to 20 and more."""

_LETTER: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_ENGLISH: Final = re.compile(r"(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)
_RUN: Final = re.compile(rf"[{UNSPACED}]+|[^\W{UNSPACED}]+")


def language(text: str, among: Collection[str]) -> str:
    """The language of a question, "en" where it may be English; "" in letters that English does not have.

    By py3langid (character n-grams, Lui and Baldwin 2012), of English and those that the documents are in.

    Args:
        among: ISO 639-1 codes.
    """
    letters = _LETTER.findall(text)
    if 2 * len(_LATIN.findall(text)) < len(letters):
        return ""
    others = set(among) - {"", "en"}
    if not others or len(text.split()) < 3 or _ENGLISH.match(text):
        return "en"
    import py3langid  # late: it loads its model, which takes a second

    likely = {str(code): float(score) for code, score in py3langid.rank(text)}
    best = max(others & likely.keys(), key=likely.__getitem__, default="en")
    return best if likely[best] > likely["en"] + SURE else "en"


def shares(question: str, texts: Sequence[str]) -> list[float]:
    """How much of a question stands in each text, 0 to 1: runs of four letters of its words, of two where words are not
    spaced (McNamee and Mayfield 2004); those that stand in few of the texts weigh more."""
    bags = [_runs(text) for text in texts]
    weights = {run: math.log(1 + len(bags) / (1 + sum(run in bag for bag in bags))) for run in _runs(question)}
    total = sum(weights.values()) or 1.0
    return [sum(weight for run, weight in weights.items() if run in bag) / total for bag in bags]


def _runs(text: str) -> set[str]:
    found: set[str] = set()
    for word in _RUN.findall(fold(text)):
        if re.match(rf"[{UNSPACED}]", word):
            found.update(word[i : i + 2] for i in range(len(word) - 1))
        elif len(word) > 2:
            found.update(f" {word} "[i : i + 4] for i in range(len(word) - 1))
    return found
