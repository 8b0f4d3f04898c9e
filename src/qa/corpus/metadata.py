"""Who published what, when: from what a document declares, and from what its own words give away."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from qa.corpus.blocks import Block, is_prose, normalise
from qa.corpus.cleaning import always, in_company
from qa.schema import KINDS, Kind, Source

KEYS = (
    "id", "title", "publisher", "author", "published", "language", "kind", "perspective", "original",
    "rights",
)  # fmt: skip
"""What front matter may say."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
            "august aug", "september sept sep", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<y>1[5-9]\d\d|20\d\d)"
_DATE_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YEAR}[-/.](?P<m>\d\d?)(?:[-/.](?P<d>\d\d?))?(?!\d)",
        rf"(?P<d>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{_MONTH})\.?,?\s+{_YEAR}",
        rf"(?P<m>{_MONTH})\.?\s+(?P<d>\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<m>{_MONTH})\.?,?\s+{_YEAR}",
        rf"(?:spring|summer|autumn|fall|winter)?,?\s*{_YEAR}(?!\d)",
    )
)


def iso_date(value: Any) -> str:
    """ISO 8601 of the date that `value` begins with, as exact as it says: 2017, 2017-11, 2017-11-30.

    Empty when there is none. Day and month in figures alone (03/04/2017) are ambiguous: the year only.
    """
    if isinstance(value, datetime.date):  # and datetime
        return value.isoformat()[:10]
    text = str(value).strip()
    if ambiguous := re.match(r"\d\d?[/.-]\d\d?[/.-](\d{4})(?!\d)", text):
        return ambiguous[1]
    for form in _DATE_FORMS:
        if match := form.match(text):
            found = match.groupdict()
            month = found.get("m") or ""
            number = int(month) if month.isdigit() else _MONTHS.get(month.lower(), 0)
            return _valid(int(found["y"]), number, int(found.get("d") or 0))
    return ""


def _valid(year: int, month: int, day: int) -> str:
    try:
        datetime.date(year, month or 1, day or 1)
    except ValueError:
        return f"{year:04}-{month:02}" if 1 <= month <= 12 else f"{year:04}"
    return f"{year:04}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if month and day else "")


def source(
    identity: str,
    declared: Mapping[str, Any],
    guessed: Mapping[str, Any],
    blocks: Sequence[Block],
) -> tuple[Source, tuple[str, ...]]:
    """The source and what was odd about its metadata.

    Args:
        identity: id if none is declared.
        declared: what the document states about itself (front matter, meta elements).
        guessed: what its container says (a PDF's creation date): used last, marked as inferred.
        blocks: the text before it was cleaned.
    """
    notes: list[str] = []
    values: dict[str, str] = {}
    for key, value in declared.items():
        if key in KEYS and (text := _plain(value)):
            values[key] = text
    if unknown := sorted(str(key) for key in declared if key not in KEYS):
        notes.append(f"front matter keys that mean nothing here: {', '.join(unknown)}; known: {', '.join(KEYS)}")
    if said := values.get("published"):
        date = iso_date(declared["published"])
        if not date:
            notes.append(f"published is {said!r}, which is no date; write 2017, 2017-11 or 2017-11-30")
        values["published"] = date
    if (kind := values.get("kind")) and kind not in KINDS:
        lower = kind.lower()
        if lower not in KINDS:
            notes.append(f"kind is {kind!r}, taken as other; it may be {', '.join(KINDS)}")
        values["kind"] = lower if lower in KINDS else "other"

    inferred = []
    found = {**{k: v for k, v in guessed.items() if v}, **infer(blocks)}
    found.setdefault("title", _spoken(identity))
    if not values.get("language"):
        found["language"] = _language(blocks)
    for key in KEYS:
        if not values.get(key) and found.get(key):
            values[key] = str(found[key])
            inferred.append(key)
    made = Source(
        id=slug(values.get("id") or identity),
        title=values["title"],
        publisher=values.get("publisher", ""),
        author=values.get("author", ""),
        published=values.get("published", ""),
        language=values.get("language", ""),
        kind=cast(Kind, values.get("kind", "other")),
        perspective=values.get("perspective", ""),
        original=values.get("original", ""),
        rights=values.get("rights", ""),
        inferred=tuple(inferred),
    )
    return made, tuple(notes)


def slug(name: str) -> str:
    """A name fit for an id: letters, digits, dots, dashes and underscores stay as they are."""
    return re.sub(r"[^\w.-]+", "-", normalise(name)).strip("-.")[:100].strip("-.") or "document"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):  # several authors
        return ", ".join(normalise(item) for item in value[:50] if isinstance(item, str))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, str | int | float | datetime.date):
        return normalise(str(value))
    return ""


def _spoken(identity: str) -> str:
    words = re.sub(r"[-_]+", " ", identity).strip()
    return words[:1].upper() + words[1:]


# -- what the words give away --------------------------------------------------------------------------------

_HEAD, _TAIL = 40, 25
"""Blocks from the top and from the bottom in which a document speaks about itself."""

_NAME = r"[^\W\d_][\w.’'-]*(?:\s+(?:[^\W\d_][\w.’'-]*)){1,5}"
_BYLINE = re.compile(
    rf"(?:By|Author|Written by|Corresponding author)\s*:?\s+(?P<name>{_NAME})\s*(?:\(.*|[|,].*)?$", re.I
)
_DATE_LABELS = (
    re.compile(
        r"(?:first )?(?:published|posted|date(?: of publication)?)(?: online)?(?: on| at)?\s*:?\s+(?=\w)",
        re.I,
    ),
    re.compile(r"cite this (?:article|paper)\b[^(]{0,200}\((?=\d{4}\))", re.I),
    re.compile(r"accepted(?: on)?\s*:?\s+", re.I),
    re.compile(r"(?:last )?updated?(?: on| at)?\s*:?\s+", re.I),
    re.compile(r"received(?: on)?\s*:?\s+", re.I),
)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+[^\s\"<>.,;)]")
_OUTLET = r"(?P<name>[A-Z][\w&.’'-]*(?:\s+(?:of|for|and|the|&|[A-Z][\w&.’'-]*)){0,6})"
_PUBLISHERS = tuple(
    re.compile(form)
    for form in (
        rf"^Publisher:\s*{_OUTLET}\s*\.?$",
        rf"^(?i:subscribe to )(?:the |our )?{_OUTLET}\s+(?:N|n)ewsletters?\W*$",
        rf"(?i:^(?:download|get|install) (?:now )?(?:the|our) ){_OUTLET}(?i:\s+(?:mobile )?app\W*)$",
        rf"(?i:^©|^copyright)\W*(?:\d{{4}}\W+)?{_OUTLET}(?:\.|,|\s)\s*(?i:all rights reserved\W*)$",
    )
)
_TOLD = re.compile(r"\btold (?P<name>The (?:[A-Z]\w+)(?: [A-Z]\w+)*)\b(?=[.,]|$)")
_SKIP_LINK = re.compile(r"skip to (?:main |the )?content", re.I)


def infer(blocks: Sequence[Block]) -> dict[str, str]:
    """What the text itself gives away: headline, date lines, DOI, by-line, the outlet's notices."""
    texts = [text for b in blocks if (text := normalise(b.text))]
    edges = texts[:_HEAD] + texts[max(_HEAD, len(texts) - _TAIL) :]
    found = {
        "title": headline(blocks),
        "publisher": _publisher(texts, edges),
        "author": next((m["name"] for t in edges if len(t) < 150 and (m := _BYLINE.match(t))), ""),
        "published": _published(texts[:_HEAD]),
        "rights": next((t for t in edges if len(t) < 150 and re.match(r"©|copyright\b", t, re.I)), ""),
    }
    doi = next((m[0] for t in edges if (m := _DOI.search(t)) and len(t) < 400 and "doi" in t.lower()), "")
    if doi:
        found["original"] = f"DOI {doi}"
    if doi or any(re.match(r"article type:\s*(?:original )?research", t, re.I) for t in edges):
        found["kind"] = "research"
    return {key: value for key, value in found.items() if value}


def _language(blocks: Sequence[Block]) -> str:
    """ISO 639-1 code, by py3langid (character n-grams, Lui and Baldwin 2012); empty for a few words."""
    sample = normalise(" ".join(block.text for block in blocks[:200]))[:5000]
    if sum(character.isalpha() for character in sample) < 60:
        return ""
    import py3langid  # late: it loads its model, which takes a second

    code = str(py3langid.classify(sample)[0])
    return code if len(code) == 2 else ""


def headline(blocks: Sequence[Block]) -> str:
    """The first heading of level 1; else, of the short lines before the first paragraph, the one said twice,
    else the first that is no furniture. Empty when the text starts at once."""
    top = [Block(text, b.kind, b.level) for b in blocks[:_HEAD] if (text := normalise(b.text))]
    if headings := [b for b in top if b.kind == "heading"]:
        best = min(headings, key=lambda b: b.level)
        if best.level == 1 or best is top[0]:
            return best.text
        return ""
    lines = []
    for block in top:
        if is_prose(block.text) and not always(block):
            break
        lines.append(block)
    if len(lines) == len(top) and len(blocks) <= len(top):  # nothing but short lines: a list, not a headline
        lines = lines[:1] if len(lines) > 1 else []
    titles = [b.text for b in lines if not always(b) and not in_company(b) and len(b.text.split()) > 1]
    repeated = [t for t in titles if titles.count(t) > 1]
    return (repeated or titles or [""])[0]


def _published(head: Sequence[str]) -> str:
    """By label (published), then a line that is a date and perhaps a time, then the weaker labels."""
    short = [text for text in head if len(text) < 400]
    dates = (
        *(_after(label, short) for label in _DATE_LABELS[:2]),
        *(iso_date(text) for text in short if _DATE_LINE.fullmatch(text)),
        *(_after(label, short) for label in _DATE_LABELS[2:]),
    )
    return next((date for date in dates if date), "")


_DATE_LINE = re.compile(
    rf"(?:\w+day,?\s+)?(?:\d{{4}}[-/.]\d\d?[-/.]\d\d?|(?=.*\d{{4}})(?:\d|{_MONTH}).{{5,20}}?)(?:\W+\d\d?[:.]\d\d.{{0,12}})?",
    re.I,
)


def _after(label: re.Pattern[str], texts: Sequence[str]) -> str:
    return next((date for t in texts if (m := label.search(t)) and (date := iso_date(t[m.end() :]))), "")


def _publisher(texts: Sequence[str], edges: Sequence[str]) -> str:
    for form in _PUBLISHERS:
        for text in texts if "subscribe" in form.pattern else edges:
            if len(text) < 120 and (m := form.search(text)):
                return m["name"].rstrip(".")
    for skip, name in pairwise(texts[:4]):
        if _SKIP_LINK.fullmatch(skip) and 1 < len(name.split()) <= 8 and texts.count(name) == 1:
            return name
    told = [m["name"] for t in texts for m in _TOLD.finditer(t)]
    return max(set(told), key=lambda n: (told.count(n), n)) if len(told) > 1 else ""
