"""Whether two texts speak of the same: names, words, dates. What comparing sources and premises share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.language.dates import calendar
from qa.language.fact import FIGURES, Fact
from qa.language.names import same_name
from qa.language.words import FUNCTION_WORDS, WORD, fold, stem


def one_entity(a: str, b: str) -> bool:
    """Whether two names stand for one person, body or place: spelled otherwise, or one shorter.

    The last words decide: "al-Arouri" is "Saleh al-Aruri"; "Hassan Nasrallah" is not "Hassan Rouhani".
    """
    left, right = name_words(a), name_words(b)
    if not left or not right:
        return False
    short, long = sorted((left, right), key=len)
    if not same_name(short[-1], long[-1]):
        return False
    return all(any(same_name(word, other) for other in long[:-1]) for word in short[:-1])


def name_words(name: str) -> list[str]:
    """The words of a name, without articles, joins and a possessive ending."""
    name = re.sub(r"[’']s\b", "", name)
    return [w for w in re.findall(r"[^\W_][\w’'-]*", name) if fold(w) not in FUNCTION_WORDS]


def stems(text: str) -> frozenset[str]:
    """Stems of the words that say something; of an irregular form, its verb's or adjective's ("met" -> "meet")."""
    words = (fold(w) for w in WORD.findall(text))
    return frozenset(stem(_IRREGULAR.get(w, w)) for w in words if w not in FUNCTION_WORDS)


def whole_words(text: str) -> list[str]:
    """Its words that say something, in order, with what a hyphen or a point joins to them ("X-ray", "3.1"): their
    stems; what has a capital as it stands, since it may be a name ("Write")."""
    found = (w for w in re.findall(r"[^\W_]+(?:[-.’'/][^\W_]+)*", text) if fold(w) not in FUNCTION_WORDS)
    return [stem(w) if w.islower() else w for w in found]


_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "began:begin born:birth bought:buy breadth:broad brought:bring built:build came:come chose:choose dead:die "
        "death:die deaths:die depth:deep died:die fell:fall fled:flee flew:fly fought:fight found:find gave:give "
        "grew:grow heat:hot height:high held:hold length:long "
        "hid:hide hit:hit kept:keep knew:know led:lead left:leave lost:lose made:make met:meet paid:pay ran:run "
        "said:say saw:see sent:send shot:shoot sold:sell sought:seek spoke:speak stood:stand taught:teach told:tell "
        "strength:strong thought:think took:take goes:go went:go width:wide won:win wrote:write youth:young"
    ).split()
)


def other_figures(a: Sequence[Fact], b: Sequence[Fact]) -> bool:
    """Whether two texts give a figure of one kind, and not the same: "48 million euros", "52 million euros"."""
    kinds = (([{f.value for f in given if f.kind == kind} for given in (a, b)]) for kind in FIGURES)
    return any(left and right and not left & right for left, right in kinds)


def unit(figure: Fact, text: str) -> str:
    """What a figure of a text counts: its unit, its currency, "%", else the stem of the noun behind it ("votes").

    Empty for a number that counts nothing: "the 3rd", "in 40 of".
    """
    if figure.kind != "number":
        return "%" if figure.kind == "percent" else re.sub(r"[\d. -]+", "", figure.value)
    noun = re.match(r"[\s-]([^\W\d_]+)", text[figure.end :])
    counts = noun and not figure.value[-1].isalpha() and fold(noun[1]) not in FUNCTION_WORDS
    return stem(noun[1]) if noun and counts else ""


def one_day(a: Sequence[Fact], b: Sequence[Fact]) -> bool:
    """Whether a date of one can be one of the other, or one has none: the census of 2000 is not that of 2010."""
    left, right = ([f.value for f in given if f.kind == "date"] for given in (a, b))
    return not (left and right) or any(one_date(x, y) for x in left for y in right)


def one_date(a: str, b: str) -> bool:
    """Whether two dates (values of facts), each maybe partial, can be one: "2017", "2017-10-31", "--10-31"."""
    x, y = calendar(a), calendar(b)
    return all(p == q or "-" in (p, q) for p, q in zip(x, y, strict=True)) if x and y else a == b
