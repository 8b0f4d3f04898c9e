"""Dates and times of day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.language.fact import Fact
from qa.language.numbers import ORDINALS, UNIT

MONTHS = "january february march april may june july august september october november december".split()
_MONTH_NUMBER = {m: i for i, m in enumerate(MONTHS, 1)} | {m[:3]: i for i, m in enumerate(MONTHS, 1)} | {"sept": 9}
_PLAIN_MONTH = "|".join(m for m in MONTHS if m not in {"march", "may"})  # in lower case those two are verbs
_SHORT_MONTH = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
_VERB_MONTH = r"(?:march|may)(?=\s(?:\d{1,2},?\s)?\d{4}\b)"
_MONTH = rf"(?:{'|'.join(MONTHS).title()}|{_PLAIN_MONTH}|{_VERB_MONTH}|{_SHORT_MONTH})"
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
    | (?P<century>\d{{1,2}}(?:st|nd|rd|th)|(?:twenty[\s-])?(?:{"|".join(ORDINALS)}))[\s-](?i:century)
    | (?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap]\.?m\b\.?)
    | (?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d)(?!\d)
    | (?P<weekday>(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day))s?\b
    | (?P<year4>{_YEAR})(?![\w,]*\d|\.\d|\s?(?:%|per\s?cent|{UNIT}|people|[mb]illion|thousand)\b)
    | (?P<month5>{_LONE_MONTH}|(?:(?<=[Ii]n\s)|(?<=since\s)|(?<=until\s)|(?<=[Ll]ast\s))(?:March|May))\b
    )""",
    re.X,
)


_BEFORE_YEAR = re.compile(
    r"(?:\b(?:in|since|of|by|until|till|from|during|after|before|to|and|year|around|about|circa|c\.|early|late|mid)"
    r"|[(\-–—/,])\s*$",
    re.I,
)


def calendar(value: str) -> str:
    """A date's parts at fixed places, "-" for what is not said: "--10" -> "-----10---"; "" for no date."""
    return re.sub(r"^--", "-----", value).ljust(10, "-") if _CALENDAR.fullmatch(value) else ""


_CALENDAR = re.compile(r"(?:\d{4}|-)(?:-\d\d){0,2}")


def years(text: str) -> frozenset[int]:
    """The years that a text names."""
    return frozenset(int(fact.value[:4]) for fact in dates_in(text) if fact.value[:4].isdigit())


def months(text: str) -> frozenset[str]:
    """The months that a text names with their year: "2021-03"."""
    return frozenset(fact.value[:7] for fact in dates_in(text) if re.match(r"\d{4}-\d\d", fact.value))


def written(iso: str) -> str:
    """A date in words, as precise as it is: "2017", "October 2023", "5 December 2023"; else unchanged."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", iso)
    if not match or not 0 < int(match[2] or 1) <= 12:
        return iso
    year, month, day = match.groups()
    parts = [str(int(day))] if day else []
    return " ".join([*parts, *([MONTHS[int(month) - 1].title()] if month else []), year])


def dates_in(text: str) -> Iterator[Fact]:
    """The dates of a text, in the order they stand."""
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
            *tens, word = re.split(r"[\s-]", group["century"].lower())
            number = ORDINALS.index(word) + 1 if word in ORDINALS else int(re.sub("[a-z]", "", word))
            value = f"c{20 * len(tens) + number}"
        elif group["half"]:
            hour = int(group["hour"]) % 12 + (12 if group["half"].lower().startswith("p") else 0)
            value = f"T{hour:02d}:{group['minute'] or '00'}"
        elif group["clock"]:
            value = f"T{group['clock'].zfill(5)}"
        else:
            value = group["weekday"].lower()
        yield Fact("date", value, match.start(), match.end())
