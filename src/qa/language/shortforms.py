"""What a short form stands for, by the letters of the words beside it in brackets.

After Schwartz and Hearst 2003, "A simple algorithm for identifying abbreviation definitions in biomedical text".
"""

from __future__ import annotations

import re
from typing import Final

from qa.language.words import fold
from qa.schema import Span

NEAR: Final = 3
"""Words before a bracket among which a short form stands that it spells out: "a HACCP plan (Hazard ...)"."""
_BRACKETS: Final = re.compile(r"\(([^()\n]{2,120})\)")


def spelled_out(short: str, text: str) -> Span | None:
    """Where a text gives the long form of a short one beside it in brackets, either way round.

    `spelled_out("RRC", "the Regional Rescue Centre (RRC)")` is the span of "Regional Rescue Centre".
    """
    short = re.sub(r"^(?:the|an?)\s+", "", short.strip(), flags=re.I)
    letters = [c for c in short.casefold() if c.isalnum()]
    if not (1 < len(letters) <= 10) or short.islower() or " " in short.strip():
        return None
    for match in _BRACKETS.finditer(text):
        inside, start = match[1].strip(), match.start(1)
        if fold(inside) == fold(short):
            before = list(re.finditer(r"\w[\w’'-]*", text[: match.start()]))[-2 * len(letters) - 2 :]
            for n in range(len(before) - 1, -1, -1):
                if before[n][0][0].casefold() == letters[0] and _fits(letters, [w[0] for w in before[n:]]):
                    return before[n].start(), before[-1].end()
        elif fold(short) in fold(text[: match.start()]).split()[-NEAR:] and _fits(letters, re.findall(r"\w+", inside)):
            return start, start + len(inside)
    return None


def _fits(letters: list[str], words: list[str]) -> bool:
    """Whether the letters stand in the words, in order, the first at the first word's start, most at a word's start."""
    starts = "".join(word[0].casefold() for word in words)
    if starts == "".join(letters):
        return True
    rest = iter("".join(words).casefold())
    at_starts = iter(starts)
    led = sum(letter in at_starts for letter in letters)
    return starts[:1] == letters[0] and led > len(letters) / 2 and all(letter in rest for letter in letters)
