"""What a text asks, and what it tells besides: "I was here for 8 months and got fired, what severance do I get?" """

from __future__ import annotations

from itertools import pairwise
from typing import Final

from qa.language.parser import Parse, parse_question
from qa.language.speech import POINTING

ASKING: Final = ("WP", "WDT", "WRB", "WP$")
"""Tags of question words."""
_MINE: Final = frozenset("i me my mine we us our ours".split())
_LIGHT: Final = frozenset("be do get go happen have mean need say".split())
"""Verbs that ask for nothing by themselves: "What do I have to do?" """


def asking(text: str) -> tuple[str, tuple[str, ...]]:
    """The sentences or the clause of a text that ask, and what whoever asks tells of themselves before and after.

    It is all asked where no statement is in the first person, where what asks points to one ("is that right?"), or
    where it asks too little to stand alone.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    if "?" not in text:
        return text, ()
    p = parse_question(text)
    asks: list[str] = []
    told: list[str] = []
    enough = False
    starts = [*sorted(p.subtree(root)[0] for root in p.roots), len(p.tokens)]
    for start, end in pairwise(starts):
        begins = _begins(p, start, end) if p.tokens[end - 1].text == "?" else end
        if begins > start:
            told.append(p.span([start, begins - 1]).rstrip(" ,;:-–—"))
        if begins < end:
            asks.append(p.span([begins, end - 1]))
            words = p.tokens[begins:end]
            if any(t.tag == "DT" and t.lower in POINTING and t.dep != "det" for t in words):
                return text, ()
            enough = enough or any(t.is_noun or (t.is_verb and t.lemma not in _LIGHT) for t in words)
    mine = any(t.lower in _MINE for part in told for t in parse_question(part).tokens)
    asked = " ".join(asks)
    return (f"{asked[0].upper()}{asked[1:]}", tuple(told)) if mine and asked and enough else (text, ())


def _begins(p: Parse, start: int, end: int) -> int:
    """Where the clause begins that asks, behind a statement in its sentence; else where that begins."""
    for i in range(start + 1, end):
        parted = p.tokens[i - 1].tag in (",", ":", "HYPH") or p.tokens[i - 1].lower in ("so", "but", "and")
        if parted and (p.tokens[i].tag in ASKING or _turned(p, i)) and _states(p, start, i):
            return i
    return start


def _turned(p: Parse, i: int) -> bool:
    """Whether a verb stands before its subject: "can I", "is the hut"."""
    token = p.tokens[i]
    verb = token.head if token.dep in ("aux", "auxpass") else i
    hanging = (verb, i, *p.children(i, "acomp", "xcomp"))  # "is their milk accepted"
    subjects = [j for of in hanging for j in p.children(of, "nsubj", "nsubjpass", "expl", "attr")]
    return (token.tag == "MD" or token.lemma in ("be", "do", "have")) and min(subjects, default=0) > i


def _states(p: Parse, start: int, end: int) -> bool:
    """Whether some words are a statement, no condition or question: a subject before its verb, no "if" before it."""
    subject = next((i for i in range(start, end) if p.tokens[i].dep in ("nsubj", "nsubjpass", "expl")), None)
    verb = p.tokens[subject].head if subject is not None else end
    opens = any(p.tokens[j].dep in ("mark", "aux") or p.tokens[j].tag in ASKING for j in range(start, subject or start))
    return start <= verb < end and not opens and p.tokens[verb].dep != "pcomp"
