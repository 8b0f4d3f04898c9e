"""What a text asks, and what it tells besides: "I was here for 8 months and got fired, what severance do I get?" """

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qa.language.parser import Parse, parse_question
from qa.language.speech import POINTING

_ASKING: Final = ("WP", "WDT", "WRB", "WP$")
_MINE: Final = frozenset("i me my mine we us our ours myself ourselves".split())
_LIGHT: Final = frozenset("be do get go happen have mean need say".split())
"""Verbs that ask for nothing by themselves: "What do I have to do?" """


def asking(text: str) -> tuple[str, tuple[str, ...]]:
    """The sentences or the clause of a text that ask, and what whoever asks tells of themselves before and after.

    What asks too little to stand alone ("What do I have to do?") keeps the sentence before it. Nothing is told where no
    statement is in the first person: it is part of what is asked.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    if "?" not in text:
        return text, ()
    p = parse_question(text)
    asks: list[str] = []
    told: list[str] = []
    full = pointing = False
    for sentence in _sentences(p):
        if p.tokens[sentence[-1]].text != "?":
            told.append(p.span(sentence))
            continue
        begins = _begins(p, sentence)
        if begins > sentence[0]:
            told.append(p.span(range(sentence[0], begins)).rstrip(" ,;:-–—"))
        asks.append(p.span(range(begins, sentence[-1] + 1)))
        words = range(begins, sentence[-1])
        full = full or _says_enough(p, words)
        pointing = pointing or any(p.tokens[i].tag == "DT" and p.tokens[i].lower in POINTING
                                   and p.tokens[i].dep != "det" for i in words)  # fmt: skip
    mine = any(t.tag in ("PRP", "PRP$") and t.lower in _MINE for part in told for t in parse_question(part).tokens)
    if not mine or pointing or not asks:
        return text, ()
    asked = " ".join(asks)
    asked = asked[0].upper() + asked[1:]
    if not full and len(told) < 2:
        return text, ()
    return (asked, tuple(told)) if full else (f"{told[-1].rstrip('.')}. {asked}", tuple(told[:-1]))


def _sentences(p: Parse) -> list[range]:
    """The places of the words of each sentence."""
    starts = sorted(p.subtree(root)[0] for root in p.roots)
    return [range(a, b) for a, b in zip(starts, (*starts[1:], len(p.tokens)), strict=True)]


def _begins(p: Parse, sentence: range) -> int:
    """Where the clause begins that asks, behind a statement in its sentence; else its first word."""
    words = [i for i in sentence if p.tokens[i].tag[0].isalpha() and p.tokens[i].tag != "UH"]
    if not words or p.tokens[words[0]].tag in _ASKING or _turned(p, words[0], sentence):
        return sentence[0]
    for i in words[1:]:
        parted = p.tokens[i - 1].tag in (",", ":", "HYPH") or p.tokens[i - 1].lower in ("so", "but", "and")
        opens = p.tokens[i].tag in _ASKING or _turned(p, i, sentence)
        if parted and opens and _states(p, [w for w in words if w < i]):
            return i
    return sentence[0]


def _turned(p: Parse, i: int, sentence: range) -> bool:
    """Whether a verb stands before its subject: "can I", "is the hut"."""
    token = p.tokens[i]
    if token.tag != "MD" and token.lemma not in ("be", "do", "have"):
        return False
    verb = i if token.dep not in ("aux", "auxpass") else token.head
    hanging = (verb, i, *p.children(i, "acomp", "xcomp"))  # "is their milk accepted"
    subjects = [j for of in hanging for j in p.children(of, "nsubj", "nsubjpass", "expl", "attr")]
    return any(j > i for j in subjects if j in sentence) and not any(j < i for j in subjects)


def _states(p: Parse, words: Sequence[int]) -> bool:
    """Whether some words are a statement, no condition: they have a subject and its verb, and no "if" before it."""
    subject = next((i for i in words if p.tokens[i].dep in ("nsubj", "nsubjpass", "expl")), None)
    if subject is None:
        return False
    verb = p.tokens[subject].head
    marked = any(j < subject for j in p.children(verb, "mark")) or any(
        p.tokens[j].tag in _ASKING for j in p.children(verb, "advmod") if j < subject
    )
    return verb in words and not marked and p.tokens[verb].dep != "pcomp"


def _says_enough(p: Parse, words: Sequence[int]) -> bool:
    """Whether what asks has a verb, and a noun or a verb that says something."""
    says = any(p.tokens[i].is_noun or (p.tokens[i].is_verb and p.tokens[i].lemma not in _LIGHT) for i in words)
    return says and any(p.tokens[i].is_verb or p.tokens[i].tag == "MD" for i in words)
