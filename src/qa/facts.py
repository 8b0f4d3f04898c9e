"""The facts in a text that can be checked without a model: numbers, dates, names, negations, quotations.

    facts(text)                the facts, normalised, each with its exact span
    missing(claim, evidence)   those of the claim that the evidence does not hold
    same_name(a, b)            whether two words spell one name: al-Aruri, al-Arouri
    meant(word, names)         the one name that a word misspells: Nasralah, Nasrallah

Written once, used by the rule layer of support, by the mutations that test it, and by the dialogue. English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

import Stemmer

FactKind = Literal["number", "percent", "money", "quantity", "date", "name", "negation", "quote"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable fact: `text[start:end]` states it, `value` is its normal form ("1,200" -> "1200").

    Values: number "40", ordinal "3rd"; percent "12.5"; money "USD 3000000"; quantity "30 km"; date ISO 8601,
    with what is not said left out ("2023-10-07", "--10-07", "2023-10", "--10", "1990s", "c19", "tuesday",
    "T21:45"); name in lower case without accents; negation "not WORD", the stem of the word denied; quote the
    words, folded.
    """

    kind: FactKind
    value: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a fact needs characters, not {self.start}..{self.end}")


# words ------------------------------------------------------------------------------------------------

FUNCTION_WORDS = frozenset(
    "a an the this that these those it its he him his she her hers they them their theirs we us our ours you your "
    "i me my who whom whose which what where when why how there here and or but nor so yet for if then than as at "
    "by in into on onto of off to from with without within over under above below between among through during "
    "before after since until while about against along across behind beyond despite except besides near per "
    "toward towards upon via is are was were be been being am do does did done have has had having will would "
    "shall should can could may might must not no all any both each every few many more most much other others "
    "some such only own same too very just also even still again once however although though because unless "
    "whether one two three four five six seven eight nine ten according meanwhile moreover furthermore "
    "additionally instead nevertheless nonetheless therefore thus hence finally later earlier now today yesterday "
    "tomorrow another either neither none several yes like".split()
)
"""Words that say nothing of their own. A capital at the start of a sentence does not make them names."""

_stemmer = Stemmer.Stemmer("english")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball stem of a word, folded; of a number word its digits ("forty" -> "40")."""
    folded = fold(word)
    return _CARDINALS.get(folded) or str(_stemmer.stemWord(folded))


def fold(text: str) -> str:
    """Lower case without accents, typographic quotes and dashes made plain."""
    # words come again and again; whole texts do not, and would pile up
    return _fold(text) if len(text) < 64 else _fold.__wrapped__(text)


@lru_cache(maxsize=65536)
def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return text.translate(_PLAIN).casefold()


_PLAIN = str.maketrans(
    {**dict.fromkeys("‘’ʼʻ‛`´ʿʾ′", "'"), **dict.fromkeys("“”„‟«»″", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
)

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")

# numbers ----------------------------------------------------------------------------------------------

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {w: i for i, w in enumerate(_UNITS.split())} | {w: 20 + 10 * i for i, w in enumerate(_TENS.split())}
_CARDINALS = {w: str(n) for w, n in _SMALL.items() if w != "one"}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"k": 1000, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER_WORD = rf"(?:{'|'.join(sorted([*_SMALL, *_LARGE], key=len, reverse=True))})"
_SPELLED = (
    rf"(?:an?\s+(?=hundred|thousand|million|billion|trillion|dozen))?(?:{_NUMBER_WORD}|dozen)"
    rf"(?:(?:[\s-]+|\s+and\s+){_NUMBER_WORD})*"
)
_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "€": "EUR", "eur": "EUR",
    "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "¥": "JPY",
    "yen": "JPY", "shekel": "ILS", "shekels": "ILS", "₪": "ILS", "rial": "IRR", "rials": "IRR",
}  # fmt: skip
_MEASURES = {
    "km": "kilometre kilometer kilometres kilometers km kms", "m": "metre meter metres meters",
    "cm": "centimetre centimeter centimetres centimeters cm", "mm": "millimetre millimeter millimetres mm",
    "mile": "mile miles mi", "foot": "foot feet ft", "inch": "inch inches",
    "kg": "kilogram kilograms kg kilo kilos",
    "g": "gram grams", "tonne": "tonne tonnes ton tons", "litre": "litre litres liter liters",
    "acre": "acre acres", "ha": "hectare hectares", "second": "second seconds", "minute": "minute minutes",
    "hour": "hour hours hr hrs", "day": "day days", "week": "week weeks", "month": "month months",
    "year": "year years", "decade": "decade decades", "mph": "mph", "mw": "megawatt megawatts mw",
    "degree": "degree degrees",
}  # fmt: skip
_MEASURE = {word: unit for unit, words in _MEASURES.items() for word in words.split()}

_UNIT = "|".join(sorted([*_MEASURE, *(c for c in _CURRENCIES if c.isalpha())], key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?<![\w.,])
    (?P<currency>(?:US)?\$|[€£¥₪])?\s?
    (?:(?P<digits>(?:{_DIGITS}))(?P<ordinal>st|nd|rd|th)?(?![\d])
       (?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|tn|[km](?![\w]))\b)?
     | (?P<spelled>\b{_SPELLED})\b)
    (?:(?P<percent>\s?%|[\s-]per\s?cent\b|[\s-]percentage\spoints?\b)
     | [\s-](?P<unit>{_UNIT})\b
     | (?P<glued>km|kg|cm|mm|mph|ft)\b)?
    """,
    re.I | re.X,
)
_ORDINAL = re.compile(rf"\b(?:(?:twenty|thirty|forty|fifty)-)?({'|'.join(_ORDINALS)})\b", re.I)


def _spelled(text: str) -> Decimal:
    """The value of number words: "two hundred and fifty" -> 250."""
    total, current = 0, 0
    for word in re.findall(r"[a-z]+", text.lower()):
        if word == "dozen":
            current = (current or 1) * 12
        elif word in _SMALL:
            current += _SMALL[word]
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in _LARGE:
            total += (current or 1) * _LARGE[word]
            current = 0
    return Decimal(total + current)


def _plain_number(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _numbers(text: str) -> Iterator[Fact]:
    for match in _NUMBER.finditer(text):
        if match["spelled"]:
            if match["spelled"].lower() in {
                "one",
                "zero",
                "hundred",
                "thousand",
                "million",
                "billion",
                "dozen",
            }:
                continue  # "one of them", "a million reasons" of unknown count: not a figure
            value = _spelled(match["spelled"])
        else:
            value = Decimal(match["digits"].replace(",", ""))
            scale = (match["scale"] or "").lower()
            if scale in _SHORT and not match["currency"] and scale not in {"bn", "mn", "tn"}:
                scale = ""  # "5 m" is metres
            value *= _LARGE.get(scale) or _SHORT.get(scale) or 1
        unit = (match["unit"] or match["glued"] or "").lower()
        currency = _CURRENCIES.get((match["currency"] or unit).lower())
        start = match.start() + (len(match[0]) - len(match[0].lstrip()))
        number = _plain_number(value)
        if match["percent"]:
            yield Fact("percent", number, start, match.end())
        elif currency:
            yield Fact("money", f"{currency} {number}", start, match.end())
        elif match["ordinal"]:
            yield Fact("number", f"{number}{_suffix(int(value))}", start, match.end())
        elif unit:
            measure = _MEASURE[unit]
            if measure == "decade":
                number, measure = _plain_number(value * 10), "year"
            yield Fact("quantity", f"{number} {measure}", start, match.end())
        else:
            yield Fact("number", number, start, match.end())
    for match in _ORDINAL.finditer(text):
        tens = match[0].lower().split("-")[0] if "-" in match[0] else ""
        n = _SMALL.get(tens, 0) + _ORDINALS.index(match[1].lower()) + 1
        yield Fact("number", f"{n}{_suffix(n)}", match.start(), match.end())


def _suffix(n: int) -> str:
    return "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


# dates ------------------------------------------------------------------------------------------------

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH_NUMBER = {m: i for i, m in enumerate(_MONTHS, 1)} | {m[:3]: i for i, m in enumerate(_MONTHS, 1)} | {"sept": 9}
_PLAIN_MONTH = "|".join(m for m in _MONTHS if m not in {"march", "may"})  # in lower case those two are verbs
_SHORT_MONTH = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
_VERB_MONTH = r"(?:march|may)(?=\s(?:\d{1,2},?\s)?\d{4}\b)"
_MONTH = rf"(?:{'|'.join(_MONTHS).title()}|{_PLAIN_MONTH}|{_VERB_MONTH}|{_SHORT_MONTH})"
_LONE_MONTH = f"{_PLAIN_MONTH.title()}|{_PLAIN_MONTH}"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1\d{3}|20\d{2})"
_DATE = re.compile(
    rf"""(?<![\w$€£¥])(?:
      (?P<iso>{_YEAR}-\d{{2}}-\d{{2}})
    | (?P<month1>{_MONTH})\s+(?P<day1>{_DAY})(?!\d|,\d{{3}})(?:,?\s+(?P<year1>{_YEAR})(?!\d))?
    | (?P<day2>{_DAY})\s+(?:of\s+)?(?P<month2>{_MONTH})(?:,?\s+(?P<year2>{_YEAR})(?!\d))?
    | (?P<month3>{_MONTH}),?\s+(?:of\s+)?(?P<year3>{_YEAR})(?!\d)
    | (?P<decade>(?:1[0-9]|20)\d0)(?:'|’)?s\b
    | (?P<century>\d{{1,2}}(?:st|nd|rd|th)|{"|".join(_ORDINALS)})[\s-](?i:century)
    | (?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap]\.?m\b\.?)
    | (?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d)(?!\d)
    | (?P<weekday>(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day))s?\b
    | (?P<year4>{_YEAR})(?![\w,]*\d|\.\d|\s?(?:%|per\s?cent|{_UNIT}|people|[mb]illion|thousand)\b)
    | (?P<month5>{_LONE_MONTH}|(?:(?<=[Ii]n\s)|(?<=since\s)|(?<=until\s)|(?<=[Ll]ast\s))(?:March|May))\b
    )""",
    re.X,
)


_BEFORE_YEAR = re.compile(
    r"(?:\b(?:in|since|of|by|until|till|from|during|after|before|to|and|year|around|about|circa|c\.|early|late|mid)"
    r"|[(\-–—/,])\s*$",
    re.I,
)


def _dates(text: str) -> Iterator[Fact]:
    for match in _DATE.finditer(text):
        group = match.groupdict()
        month = group["month1"] or group["month2"] or group["month3"] or group["month5"]
        day = group["day1"] or group["day2"]
        year = group["year1"] or group["year2"] or group["year3"] or group["year4"]
        if group["year4"] and year < "1800" and not _BEFORE_YEAR.search(text[: match.start()]):
            continue  # "1200 of them": a count
        if group["iso"]:
            value = group["iso"]
        elif month:
            number = _MONTH_NUMBER[month.rstrip(".").lower()]
            value = f"{year or '-'}-{number:02d}" + (f"-{int(re.sub(r'[a-z]', '', day)):02d}" if day else "")
        elif year:
            value = year
        elif group["decade"]:
            value = f"{group['decade']}s"
        elif group["century"]:
            word = group["century"].lower()
            value = f"c{_ORDINALS.index(word) + 1 if word in _ORDINALS else int(re.sub('[a-z]', '', word))}"
        elif group["half"]:
            hour = int(group["hour"]) % 12 + (12 if group["half"].lower().startswith("p") else 0)
            value = f"T{hour:02d}:{group['minute'] or '00'}"
        elif group["clock"]:
            value = f"T{group['clock'].zfill(5)}"
        else:
            value = group["weekday"].lower()
        yield Fact("date", value, match.start(), match.end())


# names ------------------------------------------------------------------------------------------------

_TITLES = frozenset(
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
_CALENDAR = frozenset(_MONTHS) | {f"{d}day" for d in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}


def _names(text: str, taken: list[Fact]) -> Iterator[Fact]:
    lower = {w for w in _WORD.findall(text) if w.islower()}
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
        if len(word.rstrip(".")) < 2 or fold(word) in _CALENDAR or fold(word).rstrip(".") in _TITLES:
            continue
        if any(start < f.end and end > f.start for f in taken):
            continue
        if opens and len(words) == 1 and not _looks_like_name(word):
            continue
        yield Fact("name", fold(word), start, end)


def _looks_like_name(word: str) -> bool:
    """Whether a single capitalised word that opens a sentence is more likely a name than a common word."""
    if sum(c.isupper() for c in word) > 1 or not word.isascii():
        return True
    return not re.search(
        r"(?:ing|ed|ly|ers?|ors?|ists?|ions?|ments?|ness|ties|ity|ials?|ous|ive|able|ents?|ants?|s)$", word
    )


_FOLDS = (
    (r"[^a-z]", ""), (r"ph", "f"), (r"[kgz]h", lambda m: m[0][0]), (r"dh", "d"), (r"th", "t"), (r"ck", "k"),
    (r"q", "k"), (r"c(?![hei])", "k"), (r"x", "ks"), (r"(.)\1+", r"\1"), (r"v", "w"), (r"j|dj", "j"),
)  # fmt: skip


@lru_cache(maxsize=65536)
def name_key(word: str) -> str:
    """The consonants of a name, however it is transliterated: "Hizbullah", "Hezbollah" -> "hzbl".

    A key to look names up by. Two names may share it (Khomeini, Khamenei); `same_name` decides.
    """
    return "".join(c for c in _sounds(word) if c not in "aou")


@lru_cache(maxsize=65536)
def _sounds(word: str) -> str:
    """Consonants, with front vowels as "a", back vowels as "o"; a leading vowel keeps its class."""
    word = re.sub(r"^(?:al|el|ul|an|ar|as|ash|ad|at)[-' ]", "", fold(word).strip())
    for pattern, new in _FOLDS:
        word = re.sub(pattern, new, word)
    word = re.sub(r"(?<=[aeiou])h$", "", word)
    word = re.sub(r"(?<=[aeiou])h(?=[^aeiou])", "", word)
    word = re.sub(r"[ou]+w?|(?<=[a-z])w(?=[^aeiou]|$)", "o", word)
    return re.sub(r"(?:[aei]|(?<=[a-z])y)+", "a", word)


@lru_cache(maxsize=65536)
def same_name(a: str, b: str) -> bool:
    """Whether two words may spell one name: same consonants, no front vowel where the other has a back one.

    "al-Aruri" = "al-Arouri", "Hizbullah" = "Hezbollah", "Nakhalah" = "Nakhleh"; not "Khomeini" = "Khamenei".
    """
    if fold(a) == fold(b):
        return True
    key = name_key(a)
    if len(key) < 2 or key != name_key(b) or a.isupper() != b.isupper():
        return False
    left, right = _slots(_sounds(a)), _slots(_sounds(b))
    if len(left) != len(right) or left[0] != right[0] or bool(left[-1]) != bool(right[-1]):
        return False  # Omar, Amr; Niger, Nigeria
    return all(not x or not y or x[0] == y[0] for x, y in zip(left, right, strict=True))


def _slots(sounds: str) -> list[str]:
    """What stands before, between and behind the consonants."""
    slots = [""]
    for c in sounds:
        if c in "ao":
            slots[-1] += c
        else:
            slots.append("")
    return slots


_DEMONYM = re.compile(r"(?:ians?|eans?|ans?|ese|is?|ish|ns?)$")


def _same_word(a: str, b: str) -> bool:
    """Names, or a name and its adjective: Iran, Iranian; Lebanon, Lebanese."""
    if same_name(a, b):
        return True
    short, long = sorted((fold(a), fold(b)), key=len)
    stemmed = max(4, len(long) - 3)
    return len(short) >= 4 and bool(_DEMONYM.search(long)) and short[:stemmed] == long[:stemmed]


_NEAR_MISS = 0.82
"""Letters in common, in their order, as a share of all: one of six may be wrong, two of twelve."""


def meant(word: str, names: Iterable[str]) -> str:
    """The one name that a word misspells or spells otherwise: "Nasralah" -> "Nasrallah"; "" if none, or several.

    Of five letters at least, the first of them right unless it sounds the same. Spellings of one name, and what is
    derived from it, count as one.
    """
    plain = fold(word)
    matcher = SequenceMatcher(None, "", plain, autojunk=False)
    near: dict[str, float] = {}
    for name in set(names):
        other = fold(name)
        if min(len(plain), len(other)) < 5 or abs(len(plain) - len(other)) > 2:
            continue
        matcher.set_seq1(other)
        share = matcher.ratio() if other[0] == plain[0] else 0.0
        if share >= _NEAR_MISS or same_name(name, word):
            near[name] = share
    best = min(near, key=lambda name: (-near[name], name), default="")
    one = all(same_name(best, n) or fold(best).startswith(fold(n)) or fold(n).startswith(fold(best)) for n in near)
    return best if one and best != word else ""


# negation and quotes ------------------------------------------------------------------------------------

_NEGATION = re.compile(
    r"\b(?:cannot|not|no(?! (?:one|longer)\b)|no one|no longer|never|none|nobody|nothing|neither|nor|without|"
    r"(?:fail|refus|declin)(?:e|ed|es|ing|s)?(?= to\b))\b|n['’]t\b",
    re.I,
)
_QUOTES = re.compile(
    r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|``(.+?)''|\"([^\"]+)\"|(?<![\w])‘((?:[^‘’]|’(?=\w))+)’(?!\w)"
    r"|(?<![\w'])'((?:[^'\n]|'(?=\w))+)'(?!\w)",
    re.S,
)


def _negations(text: str) -> Iterator[Fact]:
    for match in _NEGATION.finditer(text):
        if re.match(r"\s+only\b", text[match.end() :]):
            continue  # "not only ... but also" affirms
        yield Fact("negation", f"not {_denied(text, match)}".strip(), match.start(), match.end())


def _denied(text: str, match: re.Match[str]) -> str:
    """The stem of the first word with content after a negation, within its clause."""
    clause = re.split(r"[.,;:!?]", text[match.end() :], maxsplit=1)[0]
    return next((stem(w) for w in _WORD.findall(clause) if fold(w) not in FUNCTION_WORDS), "")


def _quotations(text: str) -> Iterator[Fact]:
    for match in _QUOTES.finditer(text):
        words = next(g for g in match.groups() if g)
        value = fold_quote(words)
        if value:
            yield Fact("quote", value, match.start(), match.end())


def fold_quote(words: str) -> str:
    """Quoted words as they are compared: plain marks, one space, no case, no mark at either end."""
    return re.sub(r"\s+", " ", fold(words)).strip(" \t\n.,;:!?'\"-…()")


# all ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def facts(text: str) -> tuple[Fact, ...]:
    """All facts of a text in the order they stand. Only quotations may overlap others."""
    found: list[Fact] = list(_dates(text))
    for fact in _numbers(text):
        if not any(fact.start < f.end and fact.end > f.start for f in found):
            found.append(fact)
    found += _names(text, list(found))
    taken = list(found)
    found += [f for f in _negations(text) if not any(f.start < g.end and f.end > g.start for g in taken)]
    found += _quotations(text)
    return tuple(sorted(found, key=lambda f: (f.start, f.end, f.kind)))


@lru_cache(maxsize=1024)
def missing(claim: str, evidence: str) -> tuple[Fact, ...]:
    """The facts of the claim that do not stand in the evidence.

    A date may be less exact than the evidence's, a name shorter, spelled otherwise, or given by its initials.
    A negation is missing where the evidence does not deny the same word. The other way round, a negation that
    the claim leaves out, is seen by `denied`.
    """
    held = facts(evidence)
    values = {(f.kind, f.value) for f in held}
    figures = {f.value.split()[-1 if f.kind == "money" else 0] for f in held if f.kind in _FIGURES}
    figures |= {f.value for f in held if f.kind == "date"}
    words = {form for w in _WORD.findall(evidence) for form in (fold(w), stem(w))}
    figures |= {_TIMES[w] for w in words & _TIMES.keys()}
    spoken = _WORD.findall(evidence)
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
        if fact.kind == "quantity":  # "a 40-day truce" and "40 days" agree; "40" of something else may not
            number, unit = fact.value.split()
            counts = [f for f in held if f.kind == "number" and f.value == number]
            return any(_said(unit, map(fold, _WORD.findall(evidence[f.end : f.end + _NEAR_UNIT]))) for f in counts)
        if fact.kind == "date":
            return _dated(fact.value, dates) or fact.value in figures
        if fact.kind == "name":
            return _named(claim[fact.start : fact.end], words, capitals)
        if fact.kind == "quote":
            return fact.value in folded
        if fact.kind == "negation":
            return any(f.kind == "negation" and f.value == fact.value for f in held)
        return False

    return tuple(f for f in facts(claim) if not stands(f))


_FIGURES = {"number", "quantity", "percent", "money"}
_NEAR_UNIT = 25
"""Characters behind a number within which its unit may stand: "40 long and cold days"."""
_TIMES = {"twice": "2", "both": "2", "thrice": "3"}
"""Words that hold a number, though a claim that says them need not."""


def _said(unit: str, words: Iterable[str]) -> bool:
    return any(_MEASURE.get(w) == unit for w in words)


def _dated(value: str, held: list[str]) -> bool:
    """Whether the parts of a date are all said, in one date that contradicts none of them or over several."""
    if "-" not in value and not re.fullmatch(r"\d{4}", value):
        return False
    year, month, day = _parts(value)
    for other in held:
        y, m, d = _parts(other)
        if (day, month) == (d, m) or (not day and month == m):
            return not year or year == y or (not y and any(_parts(h)[0] == year for h in held))
        if not month and year == y:
            return True
    return False


def _parts(value: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(\d{4}|-)(?:-(\d\d))?(?:-(\d\d))?", value)
    if not match:
        return "", "", ""
    return (match[1].strip("-"), match[2] or "", match[3] or "")


def _named(name: str, words: set[str], capitals: list[str]) -> bool:
    """Whether each word of a name stands in the evidence, or its initials do."""
    parts = [w for w in _WORD.findall(re.sub(r"['’]s\b", "", name)) if fold(w) not in FUNCTION_WORDS]
    parts = [w for w in parts if fold(w) not in _TITLES and fold(w) not in {"al", "el", "bin", "ibn"}] or parts
    if all({fold(p), stem(p)} & words or any(_same_word(p, c) for c in capitals) for p in parts):
        return True
    letters = re.sub(r"\W", "", name)
    if letters.isupper() and 2 <= len(letters) <= 6:
        return letters.lower() in "".join(c[0] for c in capitals).lower()
    return len(parts) > 1 and "".join(p[0] for p in parts).upper() in {re.sub(r"\W", "", c) for c in capitals}


def denied(claim: str, evidence: str) -> tuple[Fact, ...]:
    """Negations of the evidence that the claim leaves out, though it says the word denied ("attended")."""
    own = {f.value for f in facts(claim) if f.kind == "negation"}
    said = {stem(w) for w in _WORD.findall(claim)}
    return tuple(
        f
        for f in facts(evidence)
        if f.kind == "negation" and f.value not in own and f.value[4:] and f.value[4:] in said
    )
