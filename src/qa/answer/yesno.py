"""Yes or no? The question as a statement, held against the sentences that were chosen.

"Yes" where the support model bears the statement out and nothing in the sentence denies it; "no" where the sentence
denies what the statement says, word for word ("never locked"). Where neither is plain, or two sentences speak for
different answers, nothing is said: the sentences stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from numpy.typing import NDArray

from qa.language.facts import denied
from qa.language.parser import Parse, parse
from qa.schema import Sentence
from qa.support.words import carried

Says = Literal["", "yes", "no"]
Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

SURE: Final = 0.7
"""Probability from which a sentence bears the statement out."""
NEUTRAL: Final = 0.5
"""Probability from which a sentence is on something else."""
ON_POINT: Final = 0.6
"""Share of the statement's words that the sentence has, at least."""
READ: Final = 2
"""Sentences that may decide: the best ones."""

_SOME: Final = {"any": "some", "anyone": "someone", "anybody": "somebody", "anything": "something", "ever": ""}
"""What stands in questions and denials alone, and what in statements."""


def says(question: str, sentences: Sequence[Sentence], judge: Judge | None) -> tuple[Says, Sentence | None]:
    """What the sentences answer to a yes-no question, and the one that does; empty and None where that is not sure.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    claim = statement(question)
    if judge is None or not claim or not sentences:
        return "", None
    evidence = [(s, " ".join(c.quote.split())) for s in sentences[:READ] for c in s.citations]
    evidence = [(s, text) for s, text in evidence if carried(claim, text) >= ON_POINT]
    told = judge([(text, claim) for _, text in evidence])
    found: dict[Says, Sentence] = {}
    for (sentence, text), (supported, neutral, _) in zip(evidence, told, strict=True):
        if denied(claim, text) or denied(text, claim):
            if neutral < NEUTRAL:
                found.setdefault("no", sentence)
        elif supported >= SURE:
            found.setdefault("yes", sentence)
    return next(iter(found.items())) if len(found) == 1 else ("", None)


def statement(question: str) -> str:
    """What a yes-no question asks to confirm: "Are dogs allowed there?" -> "Dogs are allowed there."; "" if none.

    The auxiliary goes behind the subject: "Did she pay?" -> "She did pay."
    """
    p = parse(question.strip().rstrip("?. "))
    opens = next((i for i, t in enumerate(p.tokens) if t.tag[0].isalpha() and t.tag not in ("CC", "UH")), None)
    if opens is None or p.tokens[opens].tag[:2] not in ("VB", "MD"):
        return ""
    verb = opens if p.tokens[opens].head == opens else p.tokens[opens].head
    subject = next(
        (i for of in (verb, opens) for i in p.children(of, "nsubj", "nsubjpass", "expl", "csubj", "attr")), None
    )
    if subject is None or subject < opens:
        return ""
    end, first = _end(p, subject, opens, verb), opens + 1
    first += p.tokens[first].dep == "neg" and first < subject  # "Didn't they pay?"
    before, after = _said(p, range(first, end + 1)), _said(p, range(end + 1, len(p.tokens)))
    words = " ".join(f"{before} {p.span([opens, first - 1]).casefold()} {after}".split())
    return f"{words[0].upper()}{words[1:]}."


def _end(p: Parse, subject: int, opens: int, verb: int) -> int:
    """The last word of the subject: all up to the verb or what is said of it; else its noun with what belongs to it."""
    if verb > subject:
        return max(i for i in range(subject, verb) if p.tokens[i].head != verb or i == subject)
    said = next(
        (i for i in range(subject + 1, len(p.tokens)) if p.tokens[i].dep in ("acl", "acomp", "oprd", "attr")), None
    )
    if said is not None:
        return max(subject, (said if p.tokens[said].dep == "acl" else min(p.subtree(said))) - 1)
    inside = [subject]
    for i in inside:
        inside += p.children(i, "compound", "nmod", "case", "conj", "cc")
        inside += [j for k in p.children(i, "prep") if p.tokens[k].lower == "of" for j in (k, *p.children(k, "pobj"))]
    return max(inside)


def _said(p: Parse, places: range) -> str:
    """Some words as they stand, and as statements have them."""
    following = [*(t.start for t in p.tokens[1:]), len(p.text)]
    words = (p.tokens[i] for i in places)
    return "".join(
        _SOME.get(t.lower, t.text) + " " * (t.end < following[i]) for i, t in zip(places, words, strict=True)
    )
