"""How much of a claim stands in a text, and where: folding with offsets, whole sentences, nearest window."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.language import FUNCTION_WORDS, fold, name_key, same_name, stem
from qa.markers import sentences
from qa.schema import Span

WINDOW = 3
"""Sentences in the largest span that is shown as decisive."""

WORD = re.compile(r"[^\W_]+(?:['’ʼ-][^\W_]+)*")
"""A word, with what an apostrophe or a hyphen joins to it."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared, and for each of its characters the offset it came from."""

    text: str
    offsets: tuple[int, ...]

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


@lru_cache(maxsize=4096)
def folded(text: str) -> Folded:
    """NFKC, quotes, dashes, case, accents and white space made alike; invisible characters left out."""
    out: list[str] = []
    offsets: list[int] = []
    for i, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        new = " " if char.isspace() else _fold_char(char)
        if new == " " and (not out or out[-1] == " "):
            continue
        for c in new:
            out.append(c)
            offsets.append(i)
    return Folded("".join(out), tuple(offsets))


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


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[Span, ...]:
    """Spans of the sentences of a text, those inside a quotation one by one."""
    return sentences(text, within_quotes=True)


@lru_cache(maxsize=8192)
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
    return share(content(claim), text)


def share(wanted: frozenset[str], text: str) -> float:
    """Share of some words of content (`content`) that the text holds, 0 to 1; 1 for none."""
    return _share(wanted, _held(text))


def _share(wanted: frozenset[str], held: frozenset[str]) -> float:
    return len(wanted & held) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=4096)
def _held(text: str) -> frozenset[str]:
    return content(text) | _as_names(text)


@lru_cache(maxsize=8192)
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


def window(claim: str, text: str) -> Span:
    """The one to three sentences of a text that hold most of a claim's words; the shortest of equals."""
    spans = split(text)
    if not spans:
        return 0, len(text)
    wanted = content(claim)
    held = [_held(text[a:b]) for a, b in spans]

    def merit(first: int, size: int) -> tuple[float, int]:
        words = frozenset().union(*held[first : first + size])
        return _share(wanted, words) - 0.08 * (size - 1), -first

    places = [(i, n) for n in range(1, WINDOW + 1) for i in range(len(spans) - n + 1)]
    first, size = max(places, key=lambda place: merit(*place))
    return spans[first][0], spans[first + size - 1][1]


def grown(text: str, span: Span, words: int) -> Span:
    """A span with the sentences around it, as long as it holds no more than so many words."""
    spans = split(text)
    starts = [a for a, _ in spans]
    first = max(0, bisect_left(starts, span[0] + 1) - 1)
    last = max(first, bisect_left(starts, span[1]) - 1)
    while True:
        wider = [(f, e) for f, e in ((first - 1, last), (first, last + 1)) if f >= 0 and e < len(spans)]
        wider = [(f, e) for f, e in wider if _count(text[spans[f][0] : spans[e][1]]) <= words]
        if not wider:
            return (min(span[0], spans[first][0]), max(span[1], spans[last][1])) if spans else span
        first, last = wider[0]


def _count(text: str) -> int:
    return len(text.split())


@lru_cache(maxsize=8192)
def _telling(text: str) -> tuple[str, ...]:
    """Stems of the words that say something, numbers among them."""
    words = ((word, stem(word)) for word in WORD.findall(text))
    return tuple(key for word, key in words if key.isdigit() or fold(word) not in FUNCTION_WORDS)


@lru_cache(maxsize=8192)
def _proper(text: str) -> tuple[str, ...]:
    return tuple(sorted({m[0] for m in WORD.finditer(text) if m[0][0].isupper() and len(m[0]) > 3}))


def relevant(sentences: Sequence[str], claim: str, words: int = 100) -> list[int]:
    """Which sentences to hold a claim against, the best first: greedily those that add most of its words.

    Rare words weigh more, those that say nothing of their own do not count; a name may be spelled otherwise. Takes at
    least one sentence, then while there is room for `words` words.
    """
    keys = [frozenset(_telling(s)) for s in sentences]
    sizes = [len(WORD.findall(s)) for s in sentences]
    spread = Counter(key for own in keys for key in own)
    wanted = set(_telling(claim))
    for name in _proper(claim):
        if stem(name) not in spread:
            wanted |= {stem(n) for s in sentences for n in _proper(s) if same_name(name, n)}
    weight = {k: math.log(1 + len(sentences) / spread[k]) for k in wanted if k in spread}
    left, room = set(weight), words
    taken: list[int] = []
    while len(taken) < len(sentences):
        # what is covered already still counts a little: a second sentence on the same matter beats a stranger
        gains = [
            (
                math.fsum(weight[k] for k in keys[i] & left)
                + 0.1 * math.fsum(weight[k] for k in keys[i] & weight.keys()),
                -i,
            )
            for i in range(len(sentences))
            if i not in taken and (not taken or sizes[i] <= room)
        ]
        if not gains or (taken and max(gains)[0] <= 0):
            break
        best = -max(gains)[1]
        taken.append(best)
        left -= keys[best]
        room -= sizes[best]
    return taken


def runs(words: Sequence[str], texts: Sequence[str], least: int) -> list[tuple[int, int, int]]:
    """Greedy cover of words by runs that stand in a text: (first word, how many, number of the text)."""
    pieces: list[tuple[int, int, int]] = []
    padded = [f" {' '.join(WORD.findall(t))} " for t in texts]
    at = 0
    while at < len(words):
        best = (0, -1)
        for number, text in enumerate(padded):
            size = 0
            while at + size < len(words) and f" {' '.join(words[at : at + size + 1])} " in text:
                size += 1
            best = max(best, (size, number))
        if best[0] >= least:
            pieces.append((at, best[0], best[1]))
            at += best[0]
        else:
            at += 1
    return pieces
