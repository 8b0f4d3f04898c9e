"""All facts of a text, and which of a claim its evidence lacks."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

from qa.language.dates import calendar, dates_in
from qa.language.fact import FIGURES, Fact
from qa.language.names import TITLES, akin, names_in
from qa.language.numbers import numbers_in
from qa.language.words import FUNCTION_WORDS, WORD, fold, fold_quote, stem

_NEGATION = re.compile(
    r"\b(?:cannot|not|no(?! (?:one|longer)\b)|no one|no longer|never|none|nobody|nothing|neither|nor|without|"
    r"(?:fail|refus|declin)(?:e|ed|es|ing|s)?(?= to\b))\b|n['’]t\b",
    re.I,
)
_QUOTES = re.compile(
    r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|``(.+?)''|\"([^\"]+)\"|(?<![\w])‘((?:[^‘’]|’(?=\w)){1,800})’(?!\w)"
    r"|(?<![\w'])'((?:[^'\n]|'(?=\w)){1,800})'(?!\w)",
    re.S,
)


_ONLY = re.compile(r"\s{1,9}only\b")


def _negations(text: str) -> Iterator[Fact]:
    for match in _NEGATION.finditer(text):
        if _ONLY.match(text, match.end()):
            continue  # "not only ... but also" affirms
        yield Fact("negation", f"not {_denied(text, match)}".strip(), match.start(), match.end())


def _denied(text: str, match: re.Match[str]) -> str:
    """The stem of the first word with content after a negation, within its clause."""
    clause = re.split(r"[.,;:!?]", text[match.end() : match.end() + _REACH], maxsplit=1)[0]
    return next((stem(w) for w in WORD.findall(clause) if fold(w) not in FUNCTION_WORDS), "")


_REACH = 120
"""Characters behind a negation among which the word that it denies is looked for."""


def _add(found: list[Fact], more: Iterable[Fact]) -> None:
    """Puts facts in their places among those found; what overlaps one that is there already is left out."""
    for fact in more:
        i = bisect_left(found, fact.end, key=lambda f: f.start)
        if not i or found[i - 1].end <= fact.start:
            found.insert(i, fact)


def _quotations(text: str) -> Iterator[Fact]:
    for match in _QUOTES.finditer(text):
        words = next(g for g in match.groups() if g)
        value = fold_quote(words)
        if value:
            yield Fact("quote", value, match.start(), match.end())


@lru_cache(maxsize=1024)
def facts(text: str, *, parsed: bool = False) -> tuple[Fact, ...]:
    """All facts of a text in the order they stand. Only quotations may overlap others.

    Args:
        parsed: of a claim or question: its opening word is told from a name by the parser.
    """
    found = _values(text, parsed=parsed)
    _add(found, _negations(text))
    found += _quotations(text)
    return tuple(sorted(found, key=lambda f: (f.start, f.end, f.kind)))


def names_of(text: str) -> list[Fact]:
    """The names among the facts of a text; negations and quotations, which take none from them, are not looked for."""
    return [fact for fact in _values(text) if fact.kind == "name"]


def _values(text: str, *, parsed: bool = False) -> list[Fact]:
    """Dates, numbers and names, none over another."""
    found: list[Fact] = []
    for more in (dates_in(text), numbers_in(text), names_in(text, parsed=parsed)):
        _add(found, more)
    return found


@lru_cache(maxsize=256)
def missing(claim: str, evidence: str) -> tuple[Fact, ...]:
    """The facts of the claim that do not stand in the evidence.

    A date may be less exact than the evidence's, a name shorter, spelled otherwise, or given by its initials.
    A negation is missing where the evidence does not deny the same word. The other way round, a negation that
    the claim leaves out, is seen by `denied`.
    """
    held = facts(evidence)
    values = {(f.kind, f.value) for f in held}
    figures = {amount(f) for f in held if f.kind in FIGURES}
    figures |= {f.value for f in held if f.kind == "date"}
    words = {form for w in WORD.findall(evidence) for form in (fold(w), stem(w))}
    spoken = WORD.findall(evidence)
    # a text without names is one in lower case: any of its words may be a name
    lower = 100 * sum(f.kind == "name" for f in held) < len(spoken)
    capitals = [w for w in spoken if w[0].isupper() or (lower and len(w) > 3)]
    folded = fold_quote(evidence)
    dates = [f.value for f in held if f.kind == "date"]

    def stands(fact: Fact) -> bool:
        if (fact.kind, fact.value) in values:
            return True
        if fact.kind == "number":
            return fact.value in figures
        if fact.kind == "date":
            return _dated(fact.value, dates) or fact.value in figures
        if fact.kind == "name":
            return _named(claim[fact.start : fact.end], words, capitals)
        if fact.kind == "quote":
            return fact.value in folded
        if fact.kind == "negation":
            return any(f.kind == "negation" and f.value == fact.value for f in held)
        return False

    own = facts(claim, parsed=True)
    held_by = {(f.kind, f.value, claim[f.start : f.end]): f for f in own}
    there = {key for key, fact in held_by.items() if stands(fact)}
    return tuple(f for f in own if (f.kind, f.value, claim[f.start : f.end]) not in there)


def amount(figure: Fact) -> str:
    """The number of a figure, whatever it counts: "30" of "30 km"."""
    return figure.value.split()[-1 if figure.kind == "money" else 0]


def _dated(value: str, held: list[str]) -> bool:
    """Whether the parts of a date are all said, in one date, or its year in one and the rest in another."""
    wanted, said = calendar(value), [calendar(other) for other in held]
    if any(other.startswith(wanted[:4]) for other in said):
        said = [re.sub(r"^----", wanted[:4], other) for other in said]
    return bool(wanted) and any(
        other and all(p in ("-", q) for p, q in zip(wanted, other, strict=True)) for other in said
    )


def _named(name: str, words: set[str], capitals: list[str]) -> bool:
    """Whether each word of a name stands in the evidence, or its initials do."""
    parts = [w for w in WORD.findall(re.sub(r"['’]s\b", "", name)) if fold(w) not in FUNCTION_WORDS]
    parts = [w for w in parts if fold(w) not in TITLES and fold(w) not in {"al", "el", "bin", "ibn"}] or parts
    if all({fold(p), stem(p)} & words or any(akin(p, c) for c in capitals) for p in parts):
        return True
    letters = re.sub(r"\W", "", name)
    if letters.isupper() and 2 <= len(letters) <= 6:
        return letters.lower() in "".join(c[0] for c in capitals).lower()
    return len(parts) > 1 and "".join(p[0] for p in parts).upper() in {re.sub(r"\W", "", c) for c in capitals}


def denied(claim: str, evidence: str) -> tuple[Fact, ...]:
    """Negations of the evidence that the claim leaves out, though it says the word denied ("attended")."""
    own = {f.value for f in facts(claim) if f.kind == "negation"}
    said = {stem(w) for w in WORD.findall(claim)}
    return tuple(
        f
        for f in facts(evidence)
        if f.kind == "negation" and f.value not in own and f.value[4:] and f.value[4:] in said
    )
