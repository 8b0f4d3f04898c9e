"""Does a sentence say who or what something is? By its grammar: "X is a …", "a …, X,", "mayor X", "X, who …"."""

from __future__ import annotations

from typing import Final

from qa.language.alike import name_words
from qa.language.names import akin
from qa.language.parser import Parse, parse
from qa.language.words import fold

_MEANING: Final = frozenset("mean stand denote signify refer".split())


def introduces(thing: str, text: str) -> bool:
    """Whether a text says who or what a thing is; that it does something says nothing of it."""
    wanted = [fold(word) for word in name_words(thing)]
    asked = parse(thing)
    named = all(t.is_name or t.tag == "DT" for t in asked.tokens)
    head = wanted[-1] if wanted and named else next((fold(asked.tokens[i].text) for i in asked.roots), "")
    if head not in wanted or not any(_is(word, head) for word in name_words(text)):
        return False
    p = parse(text)
    return any(_is(t.text, head) and _introduced(p, i, wanted, head) for i, t in enumerate(p.tokens))


def _is(word: str, wanted: str) -> bool:
    return fold(word) == wanted or (len(wanted) > 3 and akin(word, wanted))


def _introduced(p: Parse, at: int, wanted: list[str], noun: str) -> bool:
    """Whether the sentence says what the thing is whose main word stands at a place."""
    token, head = p.tokens[at], p.tokens[p.tokens[at].head]
    while token.dep == "compound" and head.is_noun and p.tokens[at].head != at:  # "Pennock Blue is": the whole name
        if not _is(head.text, noun) and not head.is_name:
            return False  # "the vault format"
        at = token.head
        token, head = p.tokens[at], p.tokens[p.tokens[at].head]
    around = [part for i in p.subtree(at) for part in (p.tokens[i].text, *p.tokens[i].text.split("-"))]
    if not all(any(_is(part, word) for part in around) for name in wanted for word in name.split("-")):
        return False
    titles = [i for i in p.subtree(at) if i < at and p.tokens[i].dep in ("compound", "amod", "nmod")]
    titled = any(p.tokens[i].is_noun and not any(_is(p.tokens[i].text, word) for word in wanted) for i in titles)
    described = any(not p.tokens[i].is_name for i in p.children(at, "appos", "relcl"))
    if described or titled or token.dep == "appos" or (token.dep == "attr" and head.lemma == "be"):
        return True
    told = p.children(token.head, "attr", "acomp", "oprd") if head.lemma in ("be", "become", "remain") else []
    return token.dep in ("nsubj", "nsubjpass") and (head.lemma in _MEANING or any(p.tokens[i].is_noun for i in told))
