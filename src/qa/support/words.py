"""How much of a claim stands in a text, and where: folding with offsets, whole sentences, the nearest ones."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.language import FUNCTION_WORDS, fold, stem
from qa.markers import sentences
from qa.schema import Span

BESIDE, APART = 0.08, 0.3
"""Shares of a claim's words that a neighbour of the best sentence must add to be shown with it, and a second place, to
be read with it."""

KEPT = 512
"""Texts of which is remembered what was found in them: those of a batch of sentences, so that memory stays flat."""

WORD = re.compile(r"[^\W_]+(?:['’ʼ-][^\W_]+)*")
"""A word, with what an apostrophe or a hyphen joins to it."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared, and for each of its characters the offset it came from."""

    text: str
    offsets: Sequence[int]

    def find(self, needle: str) -> Iterator[Span]:
        """Spans, in the original, of a folded text between word boundaries."""
        at = self.text.find(needle) if needle else -1
        while at >= 0:
            end = at + len(needle)
            before = self.text[at - 1 : at] if at else ""
            after = self.text[end : end + 1]
            if not (before.isalnum() and needle[0].isalnum()) and not (after.isalnum() and needle[-1].isalnum()):
                yield self.offsets[at], self.offsets[end - 1] + 1
            at = self.text.find(needle, at + 1)


@lru_cache(maxsize=KEPT)
def folded(text: str) -> Folded:
    """NFKC, quotes, dashes, case, accents and white space made alike; invisible characters left out."""
    out: list[str] = []
    offsets = array("I")  # an eighth of what as many ints take
    for i, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        new = " " if char.isspace() else fold(char)
        if new == " " and (not out or out[-1] == " "):
            continue
        for c in new:
            out.append(c)
            offsets.append(i)
    return Folded("".join(out), offsets)


def whole_sentences(claim: str, text: str) -> Span | None:
    """Where a claim stands in a text word for word as one or more whole sentences; None if it does not.

    A part of a sentence does not count: "It denied that Iran was involved" does not say "Iran was involved".
    """
    wanted = folded(claim).text.strip(" \t\n.,;:!?'\"-…()[]")
    if not wanted:
        return None
    for start, end in folded(text).find(wanted):
        spans = split(text)
        first = next((a for a, b in spans if a <= start < b), None)
        last = next((b for a, b in spans if a < end <= b), None)
        if first is None or last is None:
            continue
        if not WORD.search(text[first:start]) and not WORD.search(text[end:last]):
            return first, last
    return None


@lru_cache(maxsize=2 * KEPT)
def split(text: str) -> tuple[Span, ...]:
    """Spans of the sentences of a text, those inside a quotation one by one."""
    return sentences(text, within_quotes=True)


@lru_cache(maxsize=2 * KEPT)
def content(text: str) -> frozenset[str]:
    """Stems of the words that say something; what a hyphen joins whole and part by part."""
    words = WORD.findall(re.sub(r"['’]s\b", "", text))
    parts = {part for word in words for part in (word, *word.split("-")) if part}
    return frozenset(stem(part) for part in parts if fold(part) not in FUNCTION_WORDS)


def carried(claim: str, text: str) -> float:
    """Share of the claim's words of content that the text holds, 0 to 1; 1 for a claim without any."""
    wanted = content(claim)
    return len(wanted & content(text)) / len(wanted) if wanted else 1.0


def nearest(claim: str, sentences: Sequence[str], texts: Sequence[int]) -> tuple[range, list[int]]:
    """The place of the sentence that holds most of a claim's words, and the places of those to read with it, in order.

    With the first goes a neighbour that adds `BESIDE` of the claim's words: these are shown. Read are also the sentence
    before it, where "he" has a name, and the one behind; and as much of a second place where that adds `APART`; it
    is shown instead where it holds more of the claim's figures.

    Args:
        texts: for each sentence the number of the text in which it stands.
    """
    wanted = content(claim)
    held = [wanted & content(sentence) for sentence in sentences]

    def union(places: Iterable[int]) -> frozenset[str]:
        return frozenset().union(*(held[i] for i in places))

    beside = [{j for j in (i - 1, i, i + 1) if 0 <= j < len(texts) and texts[j] == texts[i]} for i in range(len(texts))]
    first = max(range(len(held)), key=lambda i: len(held[i]))
    own = union(beside[first])
    second = max(range(len(held)), key=lambda i: (len(union(beside[i]) - own), len(held[i] - own)))
    apart = bool(wanted) and len(union(beside[second]) - own) >= APART * len(wanted)
    best = max([first, second][: 1 + apart], key=lambda i: sum(any(map(str.isdigit, word)) for word in held[i]))
    around = [range(a, b + 1) for a in beside[best] for b in beside[best] if a <= best <= b]
    shown = max(around, key=lambda run: len(union(run)) - BESIDE * len(wanted) * len(run))
    return shown, sorted(beside[first] | beside[second] if apart else beside[first])
