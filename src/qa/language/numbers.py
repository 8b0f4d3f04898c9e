"""Numbers: figures, shares, sums of money, quantities with their unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from qa.language.fact import Fact

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {w: i for i, w in enumerate(_UNITS.split())} | {w: 20 + 10 * i for i, w in enumerate(_TENS.split())}
CARDINALS = {w: str(n) for w, n in _SMALL.items() if w != "one"}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"k": 1000, "m": 10**6, "mn": 10**6, "mln": 10**6, "bn": 10**9, "tn": 10**12}
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_DIGITS = r"\d{1,3}(?:[,’\u00a0\u2009\u202f]\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}|\d+,\d{1,2}(?![\d,])|\d+(?:\.\d+)?"
_NUMBER_WORD = rf"(?:{'|'.join(sorted([*_SMALL, *_LARGE], key=len, reverse=True))})"
_SPELLED = (
    rf"(?:(?:half\s+|quarter\s+of\s+)?an?\s+(?=hundred|thousand|million|billion|trillion|dozen))?"
    rf"(?:{_NUMBER_WORD}|dozen)(?:(?:[\s-]+|\s+and\s+){_NUMBER_WORD})*"
    rf"(?:[\s-]and[\s-]a[\s-](?:half|quarter)\b(?:[\s-](?:{'|'.join(_LARGE)})\b)?)?"
)
_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "€": "EUR", "eur": "EUR",
    "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "¥": "JPY",
    "yen": "JPY", "jpy": "JPY", "ils": "ILS", "shekel": "ILS", "shekels": "ILS", "₪": "ILS",
    "rial": "IRR", "rials": "IRR",
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
MEASURE = {word: unit for unit, words in _MEASURES.items() for word in words.split()}

UNIT = "|".join(sorted([*MEASURE, *(c for c in _CURRENCIES if c.isalpha())], key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?<![\w.,])
    (?P<minus>(?<![\w\)][-−])(?<![\w\)])(?:[-−]|minus\s)(?=\d))?
    (?P<currency>(?:US)?\$|[€£¥₪]|\b(?:USD|EUR|GBP|JPY|ILS)(?=\s?\d))?\s?
    (?:(?P<digits>(?:{_DIGITS}))(?P<part>[¼½¾])?(?P<ordinal>st|nd|rd|th)?(?![\d])
       (?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|mln|tn|[km](?![\w]))\b)?
     | (?P<spelled>\b{_SPELLED})\b(?!-(?:{"|".join(ORDINALS)})))
    (?:(?P<percent>\s?%|[\s-]per\s?cent\b|[\s-]percentage\spoints?\b)
     | [\s-](?P<unit>{UNIT})\b
     | (?P<glued>km|kg|cm|mm|mph|ft)\b
     | \s?(?P<behind>[€£¥₪]))?
    """,
    re.I | re.X,
)
_ROUND = frozenset("one zero hundred thousand million billion dozen".split())
_ORDINAL = re.compile(rf"\b(?:({_TENS.replace(' ', '|')})-)?({'|'.join(ORDINALS)})\b", re.I)
_FRACTION = re.compile(
    rf"\b(an?|{'|'.join(_UNITS.split()[1:10])})([\s-])({'|'.join(ORDINALS[2:])}|quarter)(s?)\b", re.I
)


def _fractions(text: str) -> Iterator[Fact]:
    """Parts of a whole: "one-fourth", "two thirds", "a third of"; not "a third visit"."""
    for match in _FRACTION.finditer(text):
        many, joint, part, plural = match[1].lower(), match[2], match[3].lower(), match[4]
        if plural or joint == "-" or re.match(r"\s+of\b", text[match.end() :]):
            parts = 4 if part == "quarter" else ORDINALS.index(part) + 1
            yield Fact("number", f"{_SMALL.get(many, 1)}/{parts}", match.start(), match.end())


def _spelled(text: str) -> Decimal:
    """The value of number words: "two hundred and fifty" -> 250, "half a million" -> 500000."""
    total, current = Decimal(0), Decimal(0)
    for word in re.findall(r"[a-z]+", text.lower()):
        if word == "dozen":
            current = (current or Decimal(1)) * 12
        elif word in _PARTS:
            current += _PARTS[word]
        elif word in _SMALL:
            hundreds = current if 10 < current <= 20 and _SMALL[word] > 9 else 0  # "nineteen eighty-four"
            current += 99 * hundreds + _SMALL[word]
        elif word == "hundred":
            current = (current or Decimal(1)) * 100
        elif word in _LARGE:
            total += (current or 1) * _LARGE[word]
            current = Decimal(0)
    return total + current


_PARTS = {"quarter": Decimal("0.25"), "half": Decimal("0.5")}


def _plain_number(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _counted(text: str, match: re.Match[str]) -> bool:
    """Whether an "m" behind digits is of millions: glued to them, with what they count behind it: "1.2m users"."""
    large = "." in match["digits"] and match["scale"] == "M"  # "sold 1.2M"
    after = large or _COUNTED.match(text, match.end("scale"))
    return text[match.start("scale") - 1].isdigit() and bool(after)


_GLUED = re.compile(r"(?<=\d)[^\W\d_]{4,20}")
_COUNTED = re.compile(r"\s(?:[a-z]{2,20}\s)?(?:people|men|women|children|[a-z]{2,20}s)\b")


def numbers_in(text: str) -> Iterator[Fact]:
    """The numbers of a text: parts of a whole, then digits, then ordinals in words."""
    parts = list(_fractions(text))
    yield from parts
    for match in _NUMBER.finditer(text):
        if any(part.start <= match.start() + len(match[0]) - len(match[0].lstrip()) < part.end for part in parts):
            continue
        if match["spelled"]:
            if match["spelled"].lower() in _ROUND:
                continue  # "one of them", "millions of reasons": not a figure
            value = _spelled(match["spelled"])
        else:
            digits = match["digits"]
            glued = _GLUED.match(text, match.end())
            if glued and glued[0].lower() not in MEASURE:
                continue  # "23andMe": a name
            if decimal := re.fullmatch(r"(\d+),(\d{1,2})", digits):  # "3,5 percent"
                digits = f"{decimal[1]}.{decimal[2]}"
            value = Decimal(re.sub(r"[^\d.]" if digits.count(".") < 2 else r"\D", "", digits))
            value += {"¼": Decimal("0.25"), "½": Decimal("0.5"), "¾": Decimal("0.75")}.get(match["part"] or "", 0)
            scale = (match["scale"] or "").lower()
            money = match["currency"] or match["behind"] or (match["unit"] or "").lower() in _CURRENCIES
            kelvin = match["scale"] == "K" and not text[match.start("scale") - 1].isdigit()
            if not money and (kelvin or (scale == "m" and not _counted(text, match))):
                scale = ""  # "5 m" is metres, "300 K" a temperature
            value *= _LARGE.get(scale) or _SHORT.get(scale) or 1
            value = -value if match["minus"] else value
        unit = (match["unit"] or match["glued"] or "").lower()
        currency = _CURRENCIES.get((match["currency"] or match["behind"] or unit).lower())
        start = match.start() + (len(match[0]) - len(match[0].lstrip()))
        number = _plain_number(value)
        if match["percent"]:
            yield Fact("percent", number, start, match.end())
        elif currency:
            yield Fact("money", f"{currency} {number}", start, match.end())
        elif match["ordinal"]:
            yield Fact("number", f"{number}{_suffix(int(value))}", start, match.end())
        elif unit:
            measure = MEASURE[unit]
            if measure == "decade":
                number, measure = _plain_number(value * 10), "year"
            yield Fact("quantity", f"{number} {measure}", start, match.end())
        else:
            yield Fact("number", number, start, match.end())
    for match in _ORDINAL.finditer(text):
        n = _SMALL.get((match[1] or "").lower(), 0) + ORDINALS.index(match[2].lower()) + 1
        if not any(part.start <= match.start() < part.end for part in parts):
            yield Fact("number", f"{n}{_suffix(n)}", match.start(), match.end())


def _suffix(n: int) -> str:
    return "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
