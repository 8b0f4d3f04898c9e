"""Names: where they stand, and which spellings are one name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from qa.language.dates import MONTHS, dates_in
from qa.language.fact import Fact
from qa.language.parser import Parse, parse
from qa.language.words import FUNCTION_WORDS, WORD, fold
from qa.schema import Span

TITLES = frozenset(
    "mr mrs ms dr prof professor president prime minister king queen sir lady lord saint st general gen colonel "
    "col captain capt sheikh shaikh ayatollah imam sayyed senator sen rep judge justice pope bishop".split()
)
_ARTICLE = r"(?:[Aa]l|[Ee]l|[Aa]n|[Aa]r|[Aa]s|[Aa]sh|[Aa]d|[Aa]t|[Uu]l)[-‐‑'’]"
_CAPITAL = (
    rf"(?:{_ARTICLE})?(?=[^\W\d_a-zß-öø-ÿ])[^\W_]"  # "al-Aruri"; "B"
    r"(?:[^\W_]|[.](?=[A-Z]\b)|['’ʼ&](?=[^\W\d_])(?!s\b)|[-‐‑](?=[^\W_]))*"  # "U.S", "O'Neill", "R&D"
    r"(?:(?<=\b[A-Z])\.(?=[A-Z\s]))?"  # "J. K."
)
_NAME = re.compile(
    rf"(?<![\w]){_CAPITAL}(?:(?:\s(?:of|of\sthe|de|la|van|von|bin|ibn|abu|al|el|der|du|da|di|del|y|&))?\s{_CAPITAL})*"
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:;…][\"'”’)\]]*\s|[\n\r]|[\"“‘(\[«])\s*$")
_CALENDAR = frozenset(MONTHS) | {f"{d}day" for d in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}


def names_in(text: str, *, parsed: bool = False) -> Iterator[Fact]:
    """The names of a text; what is a date or a number may be among them.

    Args:
        parsed: a word that opens a sentence is told from a common one by the parser; else it is none.
    """
    lower = {w for w in WORD.findall(text) if w.islower()}
    for match in _NAME.finditer(text):
        start, end = match.span()
        words = [(start + m.start(), m[0]) for m in re.finditer(r"\S+", match[0])]
        opens = bool(_SENTENCE_START.search(text[max(0, start - 6) : start]))
        # a capital that only the sentence's start explains is not part of a name
        while words and (
            fold(words[0][1]) in FUNCTION_WORDS
            or (opens and words[0][1].lower() in lower and not words[0][1].isupper())
            or words[0][1] in {"of", "the"}
        ):
            words.pop(0)
            opens = False
        while words and fold(words[-1][1]) in FUNCTION_WORDS:
            end = words[-1][0]
            words.pop()
        if not words:
            continue
        start, end = words[0][0], words[-1][0] + len(words[-1][1])
        word = text[start:end]
        if len(word.rstrip(".")) < 2 or fold(word) in _CALENDAR or fold(word).rstrip(".") in TITLES:
            continue
        if opens and len(words) == 1 and not (parsed and _is_name(text, start)):
            continue
        yield Fact("name", fold(word), start, end)


def named(p: Parse) -> Iterator[Span]:
    """Where the names of a parsed text stand, each in full ("University of Chicago"); dates are none."""
    dates = list(dates_in(p.text))
    run: list[int] = []
    for i, t in enumerate((*p.tokens, None)):
        inside = t is not None and t.is_name and not any(f.start <= t.start < f.end for f in dates)
        joins = run and t is not None and t.lower == "of" and any(u.is_name for u in p.tokens[i + 1 : i + 2])
        if inside or joins:
            run.append(i)
        elif run:
            start, end = p.extent(run)  # the parser cuts words at hyphens: "Al-Madar", "Eazy-E"
            before, after = re.search(r"[\w-]*$", p.text[:start]), re.match(r"[\w-]*", p.text[end:])
            yield start - len(before[0] if before else ""), end + len(after[0] if after else "")
            run = []


def _is_name(text: str, start: int) -> bool:
    """Whether the parser takes the word that starts there for one of a name."""
    return any(token.is_name for token in parse(text).tokens if token.start == start)


_FOLDS = tuple((re.compile(pattern), new) for pattern, new in (
    (r"[^a-z]", ""), (r"ph", "f"), (r"[kgz]h", lambda m: m[0][0]), (r"dh", "d"), (r"th", "t"), (r"ck", "k"),
    (r"q", "k"), (r"c(?![hei])", "k"), (r"x", "ks"), (r"ee", "i"), (r"(.)\1+", r"\1"), (r"v", "w"), (r"j|dj", "j"),
    (r"(?<=[aeiou])h$", ""), (r"(?<=[aeiou])h(?=[^aeiou])", ""), (r"[ou]+w?|(?<=[a-z])w(?=[^aeiou]|$)", "o"),
))  # fmt: skip


@lru_cache(maxsize=65536)
def name_key(word: str) -> str:
    """The consonants of a name, however it is transliterated: "Hizbullah", "Hezbollah" -> "hzbl".

    A key to look names up by. Two names may share it (Khomeini, Khamenei); `same_name` decides.
    """
    return "".join(c for c in _sounds(word) if c not in "aou")


@lru_cache(maxsize=65536)
def _sounds(word: str) -> str:
    """Consonants, with front vowels as "a", back vowels as "o"; a leading vowel keeps its class."""
    return re.sub(r"(?:[aei]|(?<=[a-z])y)+", "a", _spoken(word))


@lru_cache(maxsize=65536)
def _spoken(word: str) -> str:
    """A word without its article, each sound written one way: "Waleed" -> "walid", "al-Tariq" -> "tarik"."""
    word = _ARTICLED.sub("", fold(word).strip())
    for pattern, new in _FOLDS:
        word = pattern.sub(new, word)
    return word


@lru_cache(maxsize=65536)
def same_name(a: str, b: str) -> bool:
    """Whether two words spell one name: same consonants, no front vowel where the other has a back one.

    "al-Aruri" = "al-Arouri", "Hizbullah" = "Hezbollah", "Nakhalah" = "Nakhleh"; not "Khomeini" = "Khamenei". The first
    vowel must be nearly the same (Warner is not Werner), and short names must be in all letters: Mali is not Male.
    """
    left, right = _ARTICLED.sub("", fold(a)), _ARTICLED.sub("", fold(b))
    if left == right:
        return True
    key = name_key(a)
    if len(key) < 2 or key != name_key(b) or a.isupper() != b.isupper() or _first_vowel(a) != _first_vowel(b):
        return False
    one, other = _slots(_sounds(a)), _slots(_sounds(b))
    if len(one) != len(other) or one[0] != other[0] or one[-1][-1:] != other[-1][-1:]:
        return False  # Omar, Amr; Niger, Nigeria; Maria, Mario
    if min(len(left), len(right)) < _LONG:
        shared = max(ratio(left, right), ratio(_spoken(a), _spoken(b)))
        if shared < _ALIKE or [bool(x) for x in one] != [bool(y) for y in other]:
            return False
    return all(not x or not y or x[0] == y[0] for x, y in zip(one, other, strict=True))


_ARTICLED = re.compile(r"^(?:al|el|ul|an|ar|as|ash|ad|at)[-' ]")
_LONG = 6
"""Letters from which a name may be spelled with other vowels, or without some."""
_ALIKE = 78
"""Share of letters in common, in percent, from which a shorter one is the same."""
_VOWELS = re.compile(r"(?:[aeiou]|(?<=[a-z])y)+")


def _first_vowel(word: str) -> str:
    """The sort of a name's first vowel: "ay" (Shaikh, Sheikh), else "a", "i" or "o"."""
    found = _VOWELS.search(_spoken(word))
    sound = found[0] if found else ""
    if re.match(r"[ae][iy]", sound):
        return "ay"
    return sound[:1].translate(str.maketrans("eyu", "iio"))


def _slots(sounds: str) -> list[str]:
    """What stands before, between and behind the consonants."""
    slots = [""]
    for c in sounds:
        if c in "ao":
            slots[-1] += c
        else:
            slots.append("")
    return slots


def akin(a: str, b: str) -> bool:
    """Whether two words are one name or a name and its adjective: Syria, Syrian; Lebanon, Lebanese."""
    if same_name(a, b):
        return True
    short, long = sorted((fold(a), fold(b)), key=lambda word: (len(word), word))
    begun = ((short[: max(4, len(short) - cut)], _OF_PLACE if cut else _OF_NAME) for cut in range(4))
    return len(short) >= 4 and any(
        long.startswith(begin) and ending.fullmatch(long, len(begin)) is not None for begin, ending in begun
    )


_OF_NAME = re.compile(r"[aeioy]{0,2}(?:ns?|ans?|ish|ese|i|is|ic|ians?|ers?|s)")
_OF_PLACE = re.compile(r"ese|ish|i?ans?")


_NEAR_MISS = 82
"""Letters in common, in their order, as a share of all, in percent: one of six may be wrong, two of twelve."""


def meant(word: str, names: Iterable[str], keyed: Iterable[str] = ()) -> str:
    """The one name that a word misspells or spells otherwise: "Nasralah" -> "Nasrallah"; "" if none, or several.

    Of five letters at least, the first of them right unless it sounds the same. Spellings of one name, and what is
    derived from it, count as one.

    Args:
        keyed: names that share the word's `name_key`, where they were looked up.
    """
    given, plain = [name for name in {*names, *keyed} if len(name) > 4], fold(word)
    close = extract(plain, [fold(name) for name in given], scorer=ratio, score_cutoff=_NEAR_MISS, limit=None)
    near = {given[place]: score for other, score, place in close if other[0] == plain[0] and len(plain) > 4}
    near |= {name: ratio(plain, fold(name)) for name in given if name not in near and same_name(name, word)}
    best = min(near, key=lambda name: (-near[name], name), default="")
    one = all(same_name(best, n) or fold(best).startswith(fold(n)) or fold(n).startswith(fold(best)) for n in near)
    return best if one and best != word else ""
