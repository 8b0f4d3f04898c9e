"""Where a text speaks of a claim, and what it says there in the place of the claim's words.

    lines(texts)                  the sentences of the evidence, each with its neighbours
    adrift(claim, fact, lines)    the fact does not stand where the rest of the claim is said
    rival(claim, fact, lines)     another figure or place stands there instead
    denies(claim, lines)          what the claim affirms is denied there
    opposed(claim, lines)         the opposite of a word of the claim stands there instead

A name, a place or a figure is borne out only where the thing is said that it is said of: that another sentence of
the same source has it vouches for nothing. Each of these speaks only where a sentence holds most of what else the
claim says, and keeps silent where such a sentence has the claim's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from qa.language import FUNCTION_WORDS, Fact, denied, facts, fold, missing
from qa.support.words import WORD, canonical, content, root, share, split

TOLD = 0.5
"""Share of the rest of a claim from which a sentence speaks of it."""
SURELY = 0.6
"""The same, where what the sentence has instead is to count against the claim."""
NEARLY = 0.15
"""A sentence that holds less than the best one by no more than this speaks of the claim as well."""
BESIDE = 4
"""Words of content on either side of a word that tell what it is said of."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the evidence, and the same with the sentences beside it in its paragraph."""

    text: str
    around: str


def lines(texts: Sequence[str]) -> tuple[Line, ...]:
    """All sentences of the texts, in order."""
    return tuple(line for text in texts for line in _lines(text))


@lru_cache(maxsize=1024)
def _lines(text: str) -> tuple[Line, ...]:
    spans = split(text) or ((0, len(text)),)
    found = []
    for i, (a, b) in enumerate(spans):
        start = spans[i - 1][0] if i and "\n\n" not in text[spans[i - 1][1] : a] else a
        end = spans[i + 1][1] if i + 1 < len(spans) and "\n\n" not in text[b : spans[i + 1][0]] else b
        found.append(Line(text[a:b], text[start:end]))
    return tuple(found)


def _telling(rest: frozenset[str], lines: Sequence[Line], least: float) -> list[Line]:
    """The sentences that speak of what is left of a claim."""
    shares = [share(rest, line.text) for line in lines]
    bar = max(least, max(shares, default=0.0) - NEARLY)
    return [line for line, own in zip(lines, shares, strict=True) if own >= bar]


def _without(claim: str, start: int, end: int) -> frozenset[str]:
    """What a claim says besides the words between two offsets."""
    return content(claim) - content(claim[start:end])


def _stands(claim: str, fact: Fact, text: str) -> bool:
    return fact not in missing(claim, re.sub(r"['’]s\b", "", text))


def adrift(claim: str, fact: Fact, lines: Sequence[Line]) -> bool:
    """Whether sentences speak of the rest of the claim, and neither they nor their neighbours have the fact."""
    telling = _telling(_without(claim, fact.start, fact.end), lines, TOLD)
    return bool(telling) and not any(_stands(claim, fact, line.around) for line in telling)


def rival(claim: str, fact: Fact, lines: Sequence[Line]) -> str:
    """What stands in the fact's place where the text speaks of the rest of the claim; "" where that is not plain."""
    rest = _without(claim, fact.start, fact.end)
    found: list[str] = []
    for line in _telling(rest, lines, SURELY if fact.kind == "name" else TOLD):
        part = _part(claim, fact, rest, line.text)
        if not part or (fact.kind == "name" and _stands(claim, fact, line.around)):
            return ""
        found += [part[g.start : g.end] for g in facts(part) if _instead(claim, fact, part, g)]
    return ", ".join(dict.fromkeys(found))


_JOINT = re.compile(r"[;:]\s|,?\s(?:and|but|while|whereas)\s(?=\S+\s\S+)")


def _part(claim: str, fact: Fact, rest: frozenset[str], sentence: str) -> str:
    """What of a sentence speaks of the rest and does not hold the fact; "" if the fact stands where it should.

    "It was sent in May and came in June": to what came, May is as foreign as if it stood in another sentence.
    """
    if not _stands(claim, fact, sentence):
        return sentence
    cuts = [0, *(m.start() for m in _JOINT.finditer(sentence)), len(sentence)]
    parts = [sentence[a:b] for a, b in pairwise(cuts)]
    shares = [share(rest, part) for part in parts]
    best = [part for part, own in zip(parts, shares, strict=True) if own == max(shares)]
    if len(best) > 1 or _stands(claim, fact, best[0]):
        return ""
    # "and in June Vidal did": who is named beside the fact is whom it is said of
    names = [f for f in facts(claim) if f.kind == "name" and f != fact and not _stands(claim, f, best[0])]
    return "" if any(_stands(claim, f, sentence) for f in names) else best[0]


_PLACED = re.compile(r"\b(in|at|near|from|to|into)\s(?:the\s)?$", re.I)


def _instead(claim: str, fact: Fact, text: str, other: Fact) -> bool:
    """Whether a fact of the text stands where the claim has this one, and cannot be the same."""
    if other.kind != fact.kind or _stands(text, other, claim):
        return False
    loose = _NOT_THEN if fact.kind == "date" else _NOT_JUST
    if loose.search(claim[: fact.start]) or loose.search(text[: other.start]):
        return False
    if fact.kind == "date":
        return all(_other_day(f.value, other.value) for f in facts(claim) if f.kind == "date")
    if fact.kind == "name":
        here, there = _PLACED.search(claim[: fact.start]), _PLACED.search(text[: other.start])
        return bool(here and there and here[1].lower() == there[1].lower())
    if fact.kind == "number":
        return bool(_counted(claim, fact)) and _counted(claim, fact) == _counted(text, other)
    return fact.value.split()[1:] == other.value.split()[1:]


_NOT_THEN = re.compile(r"\b(?:before|after|until|since|by|than|about|around)\s(?:the\s)?$", re.I)
_NOT_JUST = re.compile(r"\b(?:than|over|under|least|most|about|around|nearly|almost|some|roughly|up to)\s$", re.I)
"""Before a date or a number: another one may be just as true."""
_DATE = re.compile(r"(\d{4}|-)(?:-(\d\d))?(?:-(\d\d))?")


def _other_day(a: str, b: str) -> bool:
    left, right = _DATE.fullmatch(a), _DATE.fullmatch(b)
    if not left or not right:
        return False
    return any(x != y for x, y in zip(left.groups(), right.groups(), strict=True) if x and y and "-" not in (x, y))


def _counted(text: str, number: Fact) -> str:
    """The root of the word behind a number; "" where that is no word of content."""
    word = WORD.match(text[number.end :].lstrip())
    return root(word[0]) if word and fold(word[0]) not in FUNCTION_WORDS else ""


def denies(claim: str, lines: Sequence[Line]) -> str:
    """The words with which every sentence that speaks of the claim denies what it affirms; "" where that is not plain.

    Two negations may cancel each other, and "not this but that" affirms something: neither tells.
    """
    claim = canonical(claim)
    if any(f.kind == "negation" for f in facts(claim)):
        return ""
    found = ""
    for line in _telling(content(claim), lines, SURELY):
        text = canonical(line.text)
        negations = [f for f in facts(text) if f.kind == "negation"]
        left = denied(claim, text)
        if len(negations) != 1 or not left or re.search(r"\bbut\b", text[left[0].end :]):
            return ""
        found = found or f"{text[left[0].start : left[0].end]} {left[0].value[4:]}"
    return found


# opposites ----------------------------------------------------------------------------------------------

_POLES = (
    "support back endorse favour favor approve praise hail welcome applaud accept embrace thank"
    " | oppose object reject condemn criticise criticize denounce dismiss protest disapprove deplore blame",
    "increase grow rise raise widen expand strengthen boost heighten intensify deepen"
    " | decrease shrink fall drop reduce narrow weaken diminish lessen lower decline dwindle",
    "allow permit enable encourage | forbid prevent ban block restrain discourage hinder",
    "begin | cease halt",
    "join | leave quit",
    "arrive | depart leave",
    "win victory | lose defeat",
    "succeed success successful | fail failure",
    "confirm admit acknowledge | deny",
    "include | exclude",
    "unite merge converge reconcile | divide split diverge separate",
    "trust | mistrust",
    "easier simpler | harder complicated",
    "honest sincere | fraudulent",
    "satisfied satisfaction content contentment | disappointed disappointment",
    "strong strength | weak weakness",
    "higher | lower",
    "larger bigger | smaller",
    "earlier | later",
    "rich | poor",
    "safe safety | danger dangerous",
    "friend friendly ally | foe hostile enemy",
    "advance | retreat",
    "build create | destroy dismantle",
    "buy | sell",
    "peace | war",
    "send | receive",
    "protect shield | endanger threaten",
    "public publicly | secret secretly covert",
    "better improve | worse worsen",
    "northern | southern",
    "eastern | western",
    "inside internal domestic | outside external foreign",
    "majority | minority",
    "optimistic | pessimistic",
    "guilty convict | innocent acquit",
)
"""Words that cannot both be true of one thing at one time, in two camps; a word is known by its root."""

_PREFIXES = ("un", "dis", "non")


def _sides() -> dict[str, dict[int, int]]:
    """For each root the axes on which it lies, and in which camp."""
    found: dict[str, dict[int, int]] = {}
    for axis, both in enumerate(_POLES):
        for side, camp in enumerate(both.split(" | ")):
            for word in camp.split():
                found.setdefault(root(word), {})[axis] = side
    return found


_SIDES = _sides()
_DENIES = re.compile(r"(?:\b(?:not|never|no|nor|neither|without|hardly|cannot)|n['’]t)\b(?:\s\w+){0,3}\s*$", re.I)


def opposed(claim: str, lines: Sequence[Line]) -> tuple[str, str] | None:
    """A word of the claim, and the opposite that the text has where it speaks of the rest; None if that is not plain.

    What is said of the same words counts, within a sentence as between them: "cut the price and raised the wages" does
    not deny that wages rose, and who welcomes something else does not excuse what is rejected here.
    """
    for match in WORD.finditer(claim):
        if not match[0].islower() or not _axes(root(match[0])):
            continue
        rest = _without(claim, *match.span())
        found = [a for line in _telling(rest, lines, SURELY) if (a := _against(claim, match, line.text))]
        nearest = [a.opposite for a in found if a.beside == max(a.beside for a in found)]
        if nearest and all(nearest):
            return match[0], nearest[0]
    return None


@lru_cache(maxsize=16384)
def _axes(word: str) -> tuple[tuple[str | int, int], ...]:
    """Axes and camps of a root; a word and the same with "un" before it are an axis of their own."""
    bare = next((word.removeprefix(p) for p in _PREFIXES if word.startswith(p) and len(word) > len(p) + 4), None)
    own: list[tuple[str | int, int]] = list(_SIDES.get(word, {}).items())
    if bare:
        own.append((bare, 1))
    return tuple(own)


class _Against(NamedTuple):
    """What a text has in the place of a word."""

    beside: int
    """Words of content that stand next to both."""
    opposite: str
    """Empty where the word itself, or its like, is said."""


def _against(claim: str, word: re.Match[str], text: str) -> _Against | None:
    """The opposite or the like of a word that stands in a text among the same words; None: neither does."""
    mine = dict(_axes(root(word[0])))
    beside = set(_beside(claim, word))
    denied = bool(_DENIES.search(claim[: word.start()]))
    scored: list[tuple[int, bool, str]] = []
    for other in WORD.finditer(text):
        for axis, side in _axes(root(other[0])):
            if axis in mine:
                same = (side == mine[axis]) == (denied == bool(_DENIES.search(text[: other.start()])))
                scored.append((len(beside & set(_beside(text, other))), same, other[0]))
    if not scored:
        return None
    shared, same, found = max(scored, key=lambda s: (s[0], s[1]))
    return _Against(shared, "" if same else found)


def _beside(text: str, word: re.Match[str]) -> Iterator[str]:
    """Roots of the words of content next to a word."""
    before = [root(w) for w in WORD.findall(text[: word.start()]) if fold(w) not in FUNCTION_WORDS]
    after = [root(w) for w in WORD.findall(text[word.end() :]) if fold(w) not in FUNCTION_WORDS]
    yield from before[-BESIDE:]
    yield from after[:BESIDE]
