"""Whether a claim is a sentence of the text with little changed: its words in order, some left out, none put in.

What may be left out, and which small words may differ, is said here closely, since whoever takes a claim for a copy
asks no model: nothing that denies, doubts, limits or lays the rest at another's door, no head of a sentence, and
nothing between two words that would tie the second to another one ("met the deputy of Ruiz").
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from qa.language import fold, same_name
from qa.support.words import WORD, canonical, root

LEAST = 4
"""Words that must be equal in the shortest claim that is a copy of part of a sentence."""
GAP = 3
"""Words that may be left out within a sentence at one place; more between commas."""
ASIDE = 12
"""Words that may be left out between commas."""

_TOKEN = re.compile(rf"{WORD.pattern}|[,;:—–()]")
_PLAIN = frozenset(
    "a an the this that these those is are was were be been being has have had do does did of in on at over across "
    "within during through as which who whom whose also and so there very just such".split()
)
"""Words that may come, go and change; all others of a claim must stand in the sentence, in the same order."""
_LIMITS = frozenset(
    "not no never nor neither none nobody nothing cannot without hardly barely may might could would should can must "
    "will shall if unless whether only almost nearly about some few most many several half all any less more least "
    "until except but although though despite instead before after".split()
)
_DENIES = frozenset("not no never nor neither none nobody nothing cannot without if unless whether only until".split())
"""Those of them that may reach into another clause."""
_DOUBTS = frozenset(
    root(w)
    for w in "deny denial refuse reject fail failure doubt allege allegedly claim suppose supposedly presume seem "
    "apparently appear expect plan intend intention threaten threat warn warning want hope dispute try attempt seek "
    "urge demand propose consider likely unlikely possible possibly perhaps probable probably false falsely rumour "
    "rumor pretend promise vow would-be so-called stop prevent avoid lack say tell add state argue write note declare "
    "report accord describe call think believe insist suggest predict assert contend maintain".split()
)
"""Words, besides those that limit, without which a sentence may say something else, or in another's name."""
_TIES = frozenset("of to for with against from by between than on in at over about".split())


_SAYS = frozenset(root(w) for w in "say tell state write note report remark mention observe".split())
"""Verbs that say no more than that somebody says it."""


def copied(claim: str, sentence: str) -> bool:
    """Whether the claim says nothing but what the sentence says, nearly in its words."""
    mine = [w for w in _tokens(claim) if WORD.match(w)]
    theirs = _tokens(sentence)
    wanted = [i for i, w in enumerate(mine) if fold(w) not in _PLAIN]
    if len(wanted) < LEAST:
        return False
    places = _aligned([mine[i] for i in wanted], theirs)
    if not places:
        return False
    if any(_owner(mine[i]) != _owner(theirs[p]) for i, p in zip(wanted, places, strict=True)):
        return False
    head, tail = theirs[: places[0]], theirs[places[-1] + 1 :]
    inner = [w for a, b in pairwise(places) for w in theirs[a + 1 : b]]
    while head and fold(head[-1]) in _PLAIN:
        head.pop()
    if _telling(head) and head[-1] not in (",", ":", ";"):
        return False
    apart = tail[:1] == [";"] or [fold(w) for w in tail[:2]] == [",", "and"]
    return (
        not _holds(head, _DENIES, _DOUBTS)
        and not _holds(inner, _LIMITS, _DOUBTS)
        and not _holds(tail, _DENIES if apart else _LIMITS, frozenset() if apart else _DOUBTS)
        and all(
            _may_go(theirs[a + 1 : b], mine[wanted[n] + 1 : wanted[n + 1]]) for n, (a, b) in enumerate(pairwise(places))
        )
    )


@lru_cache(maxsize=2048)
def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(re.sub(r"(?<=\d),(?=\d{3})", "", canonical(text)))


def _owner(word: str) -> bool:
    return word.endswith(("'s", "’s"))


def _holds(tokens: list[str], words: frozenset[str], roots: frozenset[str]) -> bool:
    return any((fold(w) in words and w != "May") or root(w) in roots for w in tokens)  # a month limits nothing


def _aligned(words: list[str], theirs: list[str]) -> list[int]:
    """Where the words stand in the sentence, in their order, each as late as the next allows; empty if not all do."""
    places: list[int] = []
    at = len(theirs)
    for word in reversed(words):
        at -= 1
        while at >= 0 and not _equal(word, theirs[at]):
            at -= 1
        if at < 0:
            return []
        places.append(at)
    return places[::-1]


def _equal(a: str, b: str) -> bool:
    if fold(a) in _LIMITS or fold(b) in _LIMITS:
        return fold(a) == fold(b)
    one, other = root(a), root(b)
    return (
        one == other or {one, other} <= _SAYS or (a[0].isupper() and b[0].isupper() and len(a) > 3 and same_name(a, b))
    )


def _telling(tokens: list[str]) -> list[str]:
    return [w for w in tokens if WORD.match(w) and fold(w) not in _PLAIN]


def _may_go(gap: list[str], kept: list[str]) -> bool:
    """Whether what stands between two words may be left out, the claim having only these words there."""
    dropped = _telling(gap)
    if not dropped:
        return True
    words = [w for w in gap if WORD.match(w)]
    if fold(words[-1]) in _TIES and (not kept or fold(kept[-1]) != fold(words[-1])):
        return False
    if words.count(words[-1]) > 1 or ("and" in map(fold, kept) and "and" not in map(fold, words)):
        return False
    while fold(gap[-1]) in _PLAIN:
        gap = gap[:-1]
    if gap[0] in (",", "(", "—", "–") and len(dropped) <= ASIDE:
        return gap[-1] in (",", ")", "—", "–") or not any(w in gap[1:] for w in (",", ")"))
    return len(dropped) <= GAP and "," not in gap and not {"and", "or"} & {fold(w) for w in words[1:]}
