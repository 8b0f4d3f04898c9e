"""Does a sentence say who or what something is? By its grammar, and for a short form by its letters.

"X is a …", "a …, X,", "mayor X", "X, who …" say it in full; "X founded …" and "written by X" say what X did.
A short form is spelled out beside its brackets (after Schwartz and Hearst 2003, "A simple algorithm for identifying
abbreviation definitions in biomedical text").
"""

from __future__ import annotations

import re
from typing import Final

from qa.language.alike import name_words
from qa.language.names import akin
from qa.language.parser import Parse, parse
from qa.language.words import fold
from qa.schema import Span

SAYS, TELLS = 1.0, 0.5
"""How far a sentence introduces something: it says what it is; it tells what it did."""
_MEANING: Final = frozenset("mean stand denote signify refer".split())
NEAR: Final = 3
"""Words before a bracket among which a short form stands that it spells out: "a HACCP plan (Hazard ...)"."""
_BRACKETS: Final = re.compile(r"\(([^()\n]{2,120})\)")


def introduces(thing: str, text: str) -> float:
    """How far a text says who or what a thing is, 0 to 1."""
    if spelled_out(thing, text):
        return SAYS
    wanted = [fold(word) for word in name_words(thing)]
    asked = parse(thing)
    named = all(t.is_name or t.tag == "DT" for t in asked.tokens)
    head = wanted[-1] if wanted and named else next((fold(asked.tokens[i].text) for i in asked.roots), "")
    if head not in wanted or not any(_is(word, head) for word in name_words(text)):
        return 0.0
    p = parse(text)
    return max((_said_of(p, i, wanted, head) for i, t in enumerate(p.tokens) if _is(t.text, head)), default=0.0)


def _is(word: str, wanted: str) -> bool:
    return fold(word) == wanted or (len(wanted) > 3 and akin(word, wanted))


def _said_of(p: Parse, at: int, wanted: list[str], noun: str) -> float:
    """What is said of the thing whose main word stands at a place."""
    token, head = p.tokens[at], p.tokens[p.tokens[at].head]
    while token.dep == "compound" and head.is_noun and p.tokens[at].head != at:  # "Pennock Blue is": the whole name
        if not _is(head.text, noun) and not head.is_name:
            return 0.0  # "the vault format"
        at = token.head
        token, head = p.tokens[at], p.tokens[p.tokens[at].head]
    around = [part for i in p.subtree(at) for part in (p.tokens[i].text, *p.tokens[i].text.split("-"))]
    if not all(any(_is(part, word) for part in around) for name in wanted for word in name.split("-")):
        return 0.0
    described = [i for i in p.children(at, "appos", "relcl") if not p.tokens[i].is_name]
    titles = [i for i in p.subtree(at) if i < at and p.tokens[i].dep in ("compound", "amod", "nmod")]
    titled = [i for i in titles if not any(_is(p.tokens[i].text, word) for word in wanted)]
    if described or token.dep == "appos" or any(p.tokens[i].is_noun for i in titled):
        return SAYS
    if token.dep in ("nsubj", "nsubjpass"):
        told = p.children(token.head, "attr", "acomp", "oprd") if head.lemma in ("be", "become", "remain") else []
        if any(p.tokens[i].is_noun for i in told) or head.lemma in _MEANING:
            return SAYS
        return TELLS
    if token.dep == "attr" and head.lemma == "be":
        return SAYS
    return TELLS if head.dep == "agent" else 0.0


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
