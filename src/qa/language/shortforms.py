"""What a short form stands for, by the letters of the words beside it in brackets.

After Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation definitions in biomedical text".
"""

from __future__ import annotations

import re

from qa.schema import Span


def spelled_out(short: str, text: str) -> Span | None:
    """Where a text gives the long form of a short one beside it in brackets, either way round.

    `spelled_out("RRC", "the Regional Rescue Centre (RRC)")` is the span of "Regional Rescue Centre".
    """
    letters = re.sub(r"^(?:the|an?)\s+|\W", "", short, flags=re.I)
    if not 1 < len(letters) <= 10 or letters.islower():
        return None
    for match in re.finditer(rf"\({re.escape(letters)}\)|\b{re.escape(letters)}\b[^()\n]{{0,20}}\(([^()\n]+)\)", text):
        inside = match.start(1) if match[1] else 0
        words = [(m.start() + inside, m[0]) for m in re.finditer(r"\w+", match[1] or text[: match.start()])]
        for n in (0,) if match[1] else range(len(words) - 1, max(-1, len(words) - 2 * len(letters)), -1):
            if _fits(letters.casefold(), [word.casefold() for _, word in words[n:]]):
                return words[n][0], words[-1][0] + len(words[-1][1])
    return None


def _fits(letters: str, words: list[str]) -> bool:
    """Whether the letters stand in the words, in order, the first at the first word's start, most at a word's start."""
    rest, starts = iter("".join(words)), iter("".join(word[0] for word in words))
    led = sum(letter in starts for letter in letters)
    return words[0][0] == letters[0] and led > len(letters) / 2 and all(letter in rest for letter in letters)
