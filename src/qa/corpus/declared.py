"""What a document declares about itself, under whatever names people use, cleaned.

fields(mapping)         front matter, header lines, page metadata -> our fields, and what was odd
properties(...)         what a PDF's or Word file's properties say, where they look like what they claim
iso_date(value)         the date a value begins with

A value that cannot be what its key claims costs itself alone: nothing here raises.
"""

from __future__ import annotations

import datetime
import email.utils
import html
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qa.corpus.blocks import Block, normalise
from qa.schema import KINDS

LONGEST = 300
"""Characters of a value; what is longer is no name, title or licence and is cut between words."""

ALIASES = {
    "id": "id",
    "title": "title headline documenttitle dctitle dctermstitle ogtitle name",
    "publisher": "publisher publishedby issuedby issuer dcpublisher outlet newspaper journal journaltitle site "
    "sitename ogsitename website publication organization organisation institution agency",
    "author": "author authors by byline writtenby writer writers creator creators dccreator",
    "published": "published datepublished publishedat publishedon publisheddate publicationdate publishdate pubdate "
    "dateofpublication date dcdate dateissued issued posted postedon released releasedate createdat created "
    "datecreated",
    "updated": "updated lastupdated updatedat updatedon dateupdated modified datemodified lastmodified lastmod "
    "modifiedat revised lastrevised lastedited",
    "version": "version documentversion revision rev edition",
    "language": "language lang locale inlanguage",
    "kind": "kind type",
    "perspective": "perspective",
    "original": "original url canonical canonicalurl link source doi",
    "rights": "rights license licence copyright",
}  # fmt: skip
"""For each field the keys people give it, without blanks, dashes and case; the first that can be used counts."""

_FIELDS = {alias: field for field, names in ALIASES.items() for alias in names.split()}

NOBODY = frozenset(
    "admin administrator adm root user users author authors owner unknown anonymous anon guest nobody none null nil na "
    "nan tbd tba todo default test example yourname username theuser editor staff me pc home windows "
    "microsoftofficeuser microsoftaccount officeuser unbekannt benutzer utilisateur usuario".split()
)
"""Accounts and blanks of forms, which programs put where an author or a publisher should stand."""

_PROGRAM = re.compile(
    r"\b(?:microsoft|adobe|acrobat|distiller|ghostscript|latex|tex|pdftex|libreoffice|openoffice|python-?docx|pandoc"
    r"|wkhtmltopdf|quartz|scanner|scan|canon|xerox|ricoh|hewlett|powerpoint|indesign|quark|wordpress|google docs|hp"
    r"|epson|user|admin|word)\b",
    re.IGNORECASE,
)
_FILE = r".*\.(?:docx?|dotx?|odt|rtf|pdf|dvi|tex|ps|indd|qxd|qxp|pub|pptx?|key|pages|xlsx?|html?|md|txt|wpd|fm)\W*"
_NO_TITLE = re.compile(
    rf"untitled\b.*|no title|{_FILE}|(?:word |new |neues |nouveau )?(?:document|dokument|presentation|präsentation|page"
    r"|titel|titre)\W*\d*|(?:powerpoint|word) (?:presentation|document)|(?:document |page )?title|\W*",
    re.IGNORECASE,
)
_NO_PROPERTY = re.compile(
    r"template|normal|layout\W*\d*|print|slide\W*\d*|sheet\W*\d*|book\W*\d*|(?:full page )?(?:photo|fax|scan\w*|image)"
    r"\W*\d*|type the (?:document )?title.*|\[.*title.*\]|[\W\d_]*|\S*[\d_]\S*|none|null|\S*-\S*-\S*",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"(?:microsoft|adobe) (?:office )?(?:word|powerpoint|excel|indesign|pagemaker)\s*[-–:]\s*", re.I)

# -- cleaning ------------------------------------------------------------------------------------------------

_TAG = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)"
    r"|</?(?:a|abbr|b|big|br|cite|code|div|em|font|h[1-6]|i|iframe|img|li|mark|p|s|small|span|strong|sub|sup|svg|tt|u"
    r"|ul)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # marks that turn text around in its surroundings
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_LINK = re.compile(r"\[([^\]\[]+)\]\([^()\s]*\)")


def clean(value: Any) -> str:
    """A plain value as one line: no markup, no invisible marks, at most `LONGEST` characters; else empty."""
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    text = html.unescape(_TAG.sub(" ", str(value)[: 20 * LONGEST]))
    text = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", _DIRECTION.sub("", text)))
    text = normalise(text).strip("¶ ")
    if re.search(r"\{[{%].*[}%]\}|<%.*%>|\$\{\w+\}", text):  # of a template that nobody filled in
        return ""
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    return text


def fields(declared: Mapping[Any, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Our fields from a mapping with anybody's keys, and one line for each value that cannot be what it claims."""
    known: dict[str, dict[str, Any]] = {}
    for key, value in list(declared.items())[:1000]:
        if isinstance(key, str) and (field := _FIELDS.get(_bare(key))):
            known.setdefault(field, {}).setdefault(_bare(key), value)
    found: dict[str, str] = {}
    notes: list[str] = []
    for field, given in known.items():
        for alias in ALIASES[field].split():
            if alias not in given or given[alias] in (None, "", [], {}):
                continue
            if value := _read(field, alias, given[alias]):
                found[field] = value
                break
            if alias in ("published", "kind", "title", "publisher"):
                notes.append(f"{alias} is {_shown(given[alias])}, which is no {_WANTED[field]}; left out")
    return found, tuple(notes)


_WANTED = {
    "published": "date (write 2017, 2017-11 or 2017-11-30)",
    "kind": f"kind we know ({', '.join(KINDS)})",
    "title": "title",
    "publisher": "publisher",
}


def _bare(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.casefold()[:60])


def _shown(value: Any) -> str:
    return repr(clean(value)[:60]) if clean(value) else f"a {type(value).__name__}"


def _read(field: str, alias: str, value: Any) -> str:
    """The value as its field wants it; empty if it cannot be one."""
    if field == "author":
        return ", ".join(dict.fromkeys(name for name in _people(value) if name))[:LONGEST]
    if isinstance(value, Mapping):  # publisher: {name: ...}
        value = value.get("name") or value.get("title")
    if field in ("published", "updated"):
        return iso_date(value)
    text = clean(value)
    match field:
        case "title":
            return "" if placeholder(text) else text
        case "publisher":
            return "" if _bare(text) in NOBODY or text.islower() or re.match(r"\w+://", text) else text
        case "language":
            return text[:2].lower() if re.fullmatch(r"[A-Za-z]{2}(?:[-_]\w+)*", text) else ""
        case "kind":
            return text.lower() if text.lower() in KINDS else ""
        case "original":
            if alias == "doi":
                return f"DOI {doi[0]}" if (doi := DOI.search(text)) else ""
            return text if alias == "original" or re.match(r"https?://", text) else ""
        case "version":
            return text if len(text) <= 40 else ""
    return text


DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+[^\s\"<>.,;)]")


def _people(value: Any) -> Iterator[str]:
    """Names in a string, a list, a list of mappings with a name each."""
    if isinstance(value, Mapping):
        given = " ".join(str(value.get(k) or "") for k in ("given", "family", "first_name", "last_name"))
        value = value.get("name") or value.get("full_name") or given
    if isinstance(value, list | tuple):
        for item in value[:50]:
            if not isinstance(item, list | tuple):
                yield from _people(item)
        return
    if not isinstance(value, str):
        return
    value = re.sub(r"\s*[<(]\s*[^\s<>()@]+@[^\s<>()]+\s*[>)]|\s*\bmailto:\S+", "", value) or re.sub(
        r"[<>()]", "", value
    )
    text = re.sub(r"^(?:by|von|par)\s+", "", clean(value), flags=re.IGNORECASE).strip(" ,;\"'")
    if text and _bare(text) not in NOBODY and not re.match(r"\w+://", text):
        yield re.sub(r"\s*;\s*", ", ", text)


def placeholder(title: str) -> bool:
    """Whether a title is a file's name or what a program writes where none was given: "paper.dvi", "untitled"."""
    return bool(_NO_TITLE.fullmatch(title))


def properties(about: Mapping[str, Any], blocks: Sequence[Block]) -> dict[str, Any]:
    """What a file's properties declare, as far as they look like what they claim.

    A title whose words do not stand at the top of the text is that of the template, where the text has headings of
    its own; an author is a name of two words at least, not an account's. A date is the file's: left out.

    Args:
        about: `title`, `author`, and whatever else the container knows.
        blocks: the text.
    """
    title = _PREFIX.sub("", clean(about.get("title")))
    top = " ".join(block.text for block in blocks[:25]).casefold()
    words = re.findall(r"\w{3,}", title.casefold())
    strange = any(block.kind == "heading" for block in blocks[:25]) and sum(w in top for w in words) * 2 < len(words)
    people = [name for name in _people(about.get("author")) if _may_sign(name)]
    kept = {
        "title": "" if placeholder(title) or _NO_PROPERTY.fullmatch(title) or strange else title,
        "author": ", ".join(people),
        "language": about.get("language"),
        "publisher": about.get("publisher"),
    }
    return {key: value for key, value in kept.items() if value}


def _may_sign(name: str) -> bool:
    words = name.split()
    return (
        1 < len(words) <= 12
        and words[0][0].isupper()
        and not re.search(r"[\d\\/_@]", name)
        and not _PROGRAM.search(name)
    )


# -- dates ---------------------------------------------------------------------------------------------------

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
MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<y>1[4-9]\d\d|20\d\d)(?!\d)"
_DATE_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<y>19\d\d|20\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?!\d)",
        rf"{_YEAR}[-/.](?P<m>\d\d?)(?:[-/.](?P<d>\d\d?))?(?!\d)",
        rf"(?P<d>\d\d?)(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?P<m>{MONTH})\.?,?[\s-]+{_YEAR}",
        rf"(?P<m>{MONTH})\.?\s+(?P<d>\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<m>{MONTH})\.?,?\s+{_YEAR}",
        rf"(?:spring|summer|autumn|fall|winter)?,?\s*{_YEAR}",
    )
)
_NUMBERS = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})(?!\d)")


def iso_date(value: Any) -> str:
    """ISO 8601 of the date that `value` begins with, as exact as it says: 2017, 2017-11, 2017-11-30.

    Empty when there is none. In 03/04/2017 day and month cannot be told apart: the year only.
    """
    if isinstance(value, datetime.date):  # and datetime
        return value.isoformat()[:10]
    text = re.sub(r"^(?:\w+day|mon|tue|wed|thu|fri|sat|sun)\b[.,]?\s+", "", clean(value)[:80], flags=re.IGNORECASE)
    if figures := _NUMBERS.match(text):
        one, two, year = map(int, figures.groups())
        if one > 12 or two > 12 or one == two:
            return _valid(year, min(one, two), max(one, two)) if one != two else _valid(year, one, one)
        return str(year)
    for form in _DATE_FORMS:
        if match := form.match(text):
            found = match.groupdict()
            month = found.get("m") or ""
            number = int(month) if month.isdigit() else _MONTHS.get(month.lower(), 0)
            return _valid(int(found["y"]), number, int(found.get("d") or 0))
    if re.fullmatch(r"[\w.,’' -]*\b(?:1[89]|20)\d\d\b[\w.,’' -]*", text) and re.search(r"[^\W\d_]{3}", text):
        return _in_words(text)
    return ""


def _in_words(text: str) -> str:
    """A date in another language: "14. März 2023", "marzo 2021"; only a whole line that is one."""
    import dateparser  # type: ignore[import-untyped]  # late: it takes a third of a second

    for parts in (["year", "month", "day"], ["year", "month"]):
        settings: Any = {"REQUIRE_PARTS": parts, "STRICT_PARSING": len(parts) == 3}
        try:
            found = dateparser.parse(text, settings=settings)
        except Exception:  # it has failed on odd input before
            return ""
        if found and str(found.year) in text:
            return str(found.date())[: 10 if len(parts) == 3 else 7]
    return ""


def _valid(year: int, month: int, day: int) -> str:
    try:
        datetime.date(year, month or 1, day or 1)
    except ValueError:
        return f"{year:04}-{month:02}" if 1 <= month <= 12 else f"{year:04}"
    return f"{year:04}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if month and day else "")


# -- lines at the top ----------------------------------------------------------------------------------------

_HEADER = re.compile(r"(?P<key>[A-Za-z][\w -]{0,28}):(?:[ \t]+(?P<value>.*))?$")


def mail(headers: Mapping[str, str]) -> dict[str, str]:
    """What a letter's headers declare: its subject, who sent it, when."""
    given = {_bare(key): value for key, value in headers.items()}
    sent = given.get("date") or given.get("sent") or ""
    parsed = email.utils.parsedate(sent)
    name, address = email.utils.parseaddr(given.get("from", ""))
    found = {
        "title": re.sub(
            r"^(?:(?:re|fwd?|aw|wg)\s*:\s*)+", "", given.get("subject") or given.get("re") or "", flags=re.I
        ),
        "author": name or address if "@" in given.get("from", "") else given.get("from", ""),
        "published": f"{parsed[0]:04}-{parsed[1]:02}-{parsed[2]:02}" if parsed else sent,
    }
    return {key: value for key, value in found.items() if value}


def header(text: str) -> tuple[dict[str, str], int]:
    """The lines "Key: value" with which a plain text begins (a letter, a memo, a proposal): what they declare and
    how many there are; nothing where fewer than two of their keys mean anything here.

    Continued lines begin with a blank. The text keeps these lines: a reader sees them.
    """
    found: dict[str, str] = {}
    key = ""
    count = 0
    for line in text.splitlines()[:60]:
        if not line.strip():
            break
        if key and line[0] in " \t":
            found[key] += f" {line.strip()}"
        elif match := _HEADER.fullmatch(line.rstrip()):
            key = match["key"]
            found.setdefault(key, match["value"] or "")
        else:
            return {}, 0
        count += 1
    bare = {_bare(key) for key in found}
    if "from" in bare and bare & {"to", "date", "sent", "subject"}:
        return mail(found), count
    kept = {key: value for key, value in found.items() if _bare(key) != "name"}
    if "name" in bare:  # a person's: "Title: Captain"
        kept = {key: value for key, value in kept.items() if _bare(key) != "title"}
    return (kept, count) if sum(_bare(key) in _FIELDS for key in kept) > 1 else ({}, 0)
