"""Whose is it? The mayor of one town is no answer about the mayor of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from qa.language.names import akin
from qa.language.parser import Parse, parse


def of_another(question: str, text: str) -> bool:
    """Whether what a question asks about belongs, in the text, to another than in the question.

    `of_another("Who is mayor of Rye?", "The mayor of Hove, Ada Holm, came.")` is true. A text that says of nobody whose
    it is, or names the one asked about too, is not of another.
    """
    asked = _owners(parse(question))
    told = _owners(parse(text)) if asked else {}
    return any(_apart(owners, told[noun]) for noun, owners in asked.items() if noun in told)


def _apart(asked: set[str], told: set[str]) -> bool:
    return not any(akin(a, b) for a in asked for b in told)


def _owners(p: Parse) -> dict[str, set[str]]:
    """For each noun the names that it belongs to: "the mayor of Rye", "Rye's mayor"."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for i, token in enumerate(p.tokens):
        if token.is_noun and not token.is_name:
            for at in _belonging(p, i):
                if p.tokens[at].is_name:
                    found[token.lemma].add(p.tokens[at].text)
    return found


def _belonging(p: Parse, noun: int) -> Iterator[int]:
    yield from p.children(noun, "poss")
    for of in p.children(noun, "prep"):
        if p.tokens[of].lower == "of":
            for at in p.children(of, "pobj"):
                yield from (at, *p.children(at, "conj"))
