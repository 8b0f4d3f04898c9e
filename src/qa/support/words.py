"""How much of a claim stands in a text, and where: folding with offsets, whole sentences, the nearest ones."""

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.language import FUNCTION_WORDS, fold, name_key, stem
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
        new = " " if char.isspace() else _fold_char(char)
        if new == " " and (not out or out[-1] == " "):
            continue
        for c in new:
            out.append(c)
            offsets.append(i)
    return Folded("".join(out), offsets)


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    return fold(char)


def needle(text: str) -> str:
    """A folded text to look for: no mark at either end."""
    return folded(text).text.strip(" \t\n.,;:!?'\"-…()[]")


def whole_sentences(claim: str, text: str) -> Span | None:
    """Where a claim stands in a text word for word as one or more whole sentences; None if it does not.

    A part of a sentence does not count: "It denied that Iran was involved" does not say "Iran was involved".
    """
    wanted = needle(claim)
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
    """Stems of the words that say something; of a name, what is left over all its spellings."""
    found: set[str] = set()
    for match in WORD.finditer(text):
        word = re.sub(r"['’]s$", "", match[0])
        for part in re.split(r"-", word) if not re.match(r"(?i)[ae][lnstrd]h?-", word) else [word]:
            if part and fold(part) not in FUNCTION_WORDS:
                found.add(_key(part))
    return frozenset(found)


def _key(word: str) -> str:
    if word[0].isupper() or "-" in word:
        key = name_key(word)
        if len(key) > 2:
            return f"~{key}"
    return stem(word)


def carried(claim: str, text: str) -> float:
    """Share of the claim's words of content that the text holds, 0 to 1; 1 for a claim without any."""
    wanted = content(claim)
    return len(wanted & _held(text)) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=2 * KEPT)
def _held(text: str) -> frozenset[str]:
    return content(text) | _as_names(text)


def _as_names(text: str) -> frozenset[str]:
    # "the Council" and "the council": a capital on one side only must not part them
    stems = {stem(m[0]) for m in WORD.finditer(text)}
    names = {f"~{key}" for m in WORD.finditer(text) if len(key := name_key(m[0])) > 2}
    return frozenset(stems | names)


def ranked(claim: str, texts: Sequence[str]) -> list[int]:
    """Places of the texts that hold most of a claim's words of content, the best first; rare ones count more."""
    wanted = content(claim)
    held = [wanted & _held(text) for text in texts]
    spread = Counter(word for own in held for word in own)
    worth = [math.fsum(math.log(1 + len(texts) / spread[word]) for word in own) for own in held]
    return sorted(range(len(texts)), key=lambda i: -worth[i])


def nearest(claim: str, sentences: Sequence[str], texts: Sequence[int]) -> tuple[range, list[int]]:
    """The place of the sentence that holds most of a claim's words, and the places of those to read with it, in order.

    With the first goes a neighbour that adds `BESIDE` of the claim's words: these are shown. Read are also the sentence
    before it, where "he" has a name, and the one behind; and as much of a second place where that adds `APART`.

    Args:
        texts: for each sentence the number of the text in which it stands.
    """
    wanted = content(claim)
    held = [wanted & _held(sentence) for sentence in sentences]

    def beside(i: int) -> set[int]:
        return {j for j in (i - 1, i, i + 1) if 0 <= j < len(texts) and texts[j] == texts[i]}

    def union(places: Iterable[int]) -> frozenset[str]:
        return frozenset().union(*(held[i] for i in places))

    first = max(range(len(held)), key=lambda i: len(held[i]))
    own = union(beside(first))
    second = max(range(len(held)), key=lambda i: (len(union(beside(i)) - own), len(held[i] - own)))
    apart = bool(wanted) and len(union(beside(second)) - own) >= APART * len(wanted)
    around = [range(a, b + 1) for a in beside(first) for b in beside(first) if a <= first <= b]
    shown = max(around, key=lambda run: len(union(run)) - BESIDE * len(wanted) * len(run))
    return shown, sorted(beside(first) | beside(second) if apart else beside(first))
