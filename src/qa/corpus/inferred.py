"""What a text gives away about itself where it declares nothing: few shapes, each in its place, or nothing.

A wrong author, date or title is worse than none: what stands here is right in nearly every document it fits
(figures in docs/sources.md). A name is taken from a line that is a by-line, a date from a line that is a date, both
near the top; never from a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from qa.corpus import declared
from qa.corpus.blocks import Block, is_prose, normalise
from qa.corpus.cleaning import always, in_company
from qa.corpus.declared import DOI, MONTH, iso_date

_HEAD, _TAIL = 40, 25
"""Blocks from the top and from the bottom in which a document speaks about itself."""

_BOLD = 6
"""Level of a line that is a heading by its type alone; for a title it is a line as others are."""
_LINES = 2
"""More that may be the title, before the text begins, tell nothing."""

_NEAR = 8
"""Blocks from the top among which a by-line or a date line stands."""


def stated(blocks: Sequence[Block]) -> dict[str, str]:
    """What a document declares in its own first lines, before its first sentence, each a label and its value."""
    lines = []
    for block in blocks[:_HEAD]:
        if (text := normalise(block.text)) and is_prose(text) and not _LABEL.fullmatch(text):
            break
        lines += [text] if text else []
    return {field: value for field, value in _labelled(lines) if field not in ("title", "publisher", "rights")}


def infer(blocks: Sequence[Block], *, printed: bool = False) -> dict[str, str]:
    """What the text itself gives away, by field: title, author, published, updated, version, publisher, DOI.

    Args:
        printed: made for paper or a screen (PDF, Word, slides): a letterhead, a chapter, a page of a longer work looks
            as a title does, so that only what `_printed_title` finds is one; the date over an agenda, an invitation or
            "Updated" is not its own; no line under the first sentence counts.
    """
    texts = [text for b in blocks if (text := normalise(b.text))]
    head = texts[:_HEAD]
    edges = head if printed else head + texts[max(_HEAD, len(texts) - _TAIL) :]
    said = {} if printed else dict(_labelled(edges))
    title = _printed_title(blocks) if printed else headline(blocks)
    top = blocks[:_NEAR]
    if printed:
        top = list(takewhile(lambda b: not is_prose(normalise(b.text)), top))
        top = [] if any(_ANNOUNCED.search(b.text) for b in top) else top
    near = [t.strip("*_ ") for b in top if b.kind != "heading" and (t := normalise(b.text)) != title]
    found = {
        "title": said.get("title") or title,
        "publisher": said.get("publisher") or _publisher(texts, edges),
        "author": said.get("author") or _byline(near) or _authors(head, title),
        "published": said.get("published") or _date_line(near),
        "updated": said.get("updated", ""),
        "version": said.get("version", ""),
        "original": next((f"DOI {m['doi']}" for t in edges if (m := _DOI_LINE.fullmatch(t))), ""),
    }
    return {key: value for key, value in found.items() if value}


_DOI_LINE = re.compile(rf"(?:doi:?\s*)?(?:https?://(?:dx\.)?doi\.org/)?(?P<doi>{DOI.pattern})", re.IGNORECASE)

# -- lines with a label --------------------------------------------------------------------------------------

_DATE = rf"(?:\d{{1,2}}|\d{{4}}|{MONTH})\b[^:;\[\]]{{0,24}}"
_LABELS = {
    "title": r"title",
    "publisher": r"publisher|published by|issued by",
    "author": r"(?:corresponding )?authors?(?:\(s\))?|written by|words by|prepared by",
    "published": r"(?:first )?(?:published|posted|issued|released)(?: online)?(?: on| at)?|created"
    r"|(?:publication |release |issue )?date|date (?:of (?:publication|issue)|published|issued)",
    "updated": r"(?:this (?:page|document|article|policy|guide) was )?(?:last )?(?:updated|modified|edited|revised)"
    r"(?: on| at)?|(?:date )?(?:of )?last (?:update|revision|change)",
    "version": r"version|revision|edition|document version",
    "rights": r"licen[cs]e|rights",
}
_LABEL = re.compile(
    r"[\W_]*(?:" + "|".join(f"(?P<{field}>{names})" for field, names in _LABELS.items()) + r")\W{0,2}(?:[:|]\W*|\s+)"
    r"(?P<value>.+)",
    re.IGNORECASE,
)
_CITE = re.compile(r"cite this (?:article|paper)\b[^(]{0,200}\((?P<year>\d{4})\)", re.IGNORECASE)


def _labelled(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Fields from lines that are a label and its value: "Published: 3 May 2020", "Author | Ada Lind", "Version 2.1"."""
    seen: set[str] = set()
    cards = {a for a, b in pairwise(lines) if (label := _LABEL.fullmatch(b)) and label["author"]}  # "Title:", "Author:"
    for line in lines:
        if len(line) < 400 and (cite := _CITE.search(line)) and "published" not in seen:
            seen.add("published")
            yield "published", cite["year"]
        if len(line) > 150 or not (match := _LABEL.fullmatch(line)):
            continue
        field = next(name for name in _LABELS if match[name])
        value = match["value"].strip(" *_")
        marked = bool(re.match(r"[\W_]*[\w ()]+\W{0,2}[:|]", line))
        if (
            field in seen
            or (field == "title" and line not in (lines[0], *cards))
            or not (value := _worth(field, value, marked))
        ):
            continue
        seen.add(field)
        yield field, value


def _worth(field: str, value: str, marked: bool) -> str:
    """The value where it is what the label claims; without a colon only a date or a number can tell it is a label."""
    if field in ("published", "updated"):
        return (
            iso_date(value)
            if re.fullmatch(rf"{_DATE}(?:[,\s]+(?:at\s+)?\d\d?[:.]\d\d.{{0,20}})?\W*", value, re.I)
            else ""
        )
    if field == "version":
        number = re.fullmatch(r"v?(\d[\w.]{0,12})\W*(?:[,(\s]+(.{4,30}))?", value)
        return number[1].rstrip(".") if number and (not number[2] or iso_date(number[2])) else ""
    if field == "author":
        return persons(value.partition(" (")[0].partition(" | ")[0])
    if not marked:
        return ""
    value = declared.fields({field: value})[0].get(field, "") if len(value.split()) <= 20 else ""
    return value.rstrip(".") if field == "publisher" else value


# -- names ---------------------------------------------------------------------------------------------------

_PARTICLES = "de da do dos du di del della der den van von zu af av al el la le bin ibn ben ten ter y e of".split()
_NAME_WORD = rf"(?:[^\W\d_a-z][\w’'.-]*|(?:{'|'.join(_PARTICLES[:-1])}))"
_NAME = re.compile(rf"(?=[^\W\d_a-z]){_NAME_WORD}(?: {_NAME_WORD}){{1,4}}")
_BODIES = frozenset(
    "university institute institution college school department faculty laboratory laboratories lab labs center centre "
    "academy hospital society association foundation council board committee commission ministry office agency bureau "
    "group team company corporation inc ltd llc llp gmbh plc club branch press journal review news times post gazette "
    "herald courier union service services authority library museum church court bank party government parliament "
    "network".split()
)
_NOT_A_NAME = _BODIES.union(
    # roles
    "correspondent editor editors reporter reporters writer writers staff desk chief professor director minister "
    "analyst columnist contributor contributors president secretary manager "
    # what follows "by" without being anybody
    "the a an our your their its this that these and or not no air sea land road rail mail email phone post hand law "
    "order default popular demand numbers date name number section chapter part article appendix table figure step "
    "type size age category region country year month week day invitation appointment proxy design nature request "
    "north south east west new all any each mr mrs ms dear abstract introduction summary keywords contents report "
    "paper january february march april may june july august september october november december monday tuesday "
    "wednesday thursday friday saturday sunday".split()
)


def persons(text: str, *, names_alone: bool = False) -> str:
    """The text if it is one name of a person, or several in a row; else its first name in the row; else nothing.

    Shape alone: two to five words that begin with a capital, particles between them, none of them a body's, a role
    or a month.

    Args:
        names_alone: nothing else stands in such a line: what follows a comma is no place.
    """
    text = re.sub(r"[\d¹²³⁰⁴-⁹*†‡§¶∗]+", " ", text)
    parts = [normalise(part).strip(" .") for part in re.split(r",|;|&|\band\b", text)]
    parts = [part for part in parts if part]
    named = [part for part in parts if _is_person(part)]
    if not parts or parts[0] not in named:
        return ""
    if names_alone and len(named) < len(parts):  # the first alone would be wrong
        return ""
    if len(named) < len(parts) or (len(named) > 1 and not names_alone and not re.search(r"&|;|\band\b|,.*,", text)):
        return named[0] if not re.search(r"&|;|\band\b", text) else ""
    return ", ".join(named)


def _is_person(text: str) -> bool:
    whole = [word for word in text.split() if not _INITIAL.fullmatch(word)]
    return bool(_NAME.fullmatch(text)) and not any(word.casefold().strip(".") in _NOT_A_NAME for word in whole)


_INITIAL = re.compile(r"[^\W\d_a-z]\.")
_BYLINE = re.compile(
    r"(?:(?:posted|written|published|words|text|story|a report|report|reported|compiled|prepared) )?by:?\s+"
    r"(?P<names>[^|•·—–]{3,90}?)(?:\s*[|•·—–].*|,?\s+(?:on|at)\s+.*|\s+\(.*\)|,?\s+\d.*)?",
    re.IGNORECASE,
)
_POSTED = re.compile(
    rf"(?:posted|published|written) (?:on )?(?P<date>{_DATE}) by (?P<names>[^|•·—–]{{3,90}}?)\W*", re.IGNORECASE
)
_DATE_AFTER = re.compile(rf"\s*\d{{0,2}}\s*\b(?:{MONTH})\b\.?(?=\s*\d|$)", re.IGNORECASE)
_DATED_BYLINE = re.compile(rf"{_DATE}[\s,|•·—–-]+by\s+(?P<names>[^|•·—–]{{3,90}})", re.IGNORECASE)


def _byline(near: Sequence[str]) -> str:
    """A line near the top that is "By Ada Lind" and at most a date, a role or a place."""
    for text in near:
        match = _BYLINE.fullmatch(text) or _DATED_BYLINE.fullmatch(text) or _POSTED.fullmatch(text)
        if match and len(text) < 120 and (found := persons(_DATE_AFTER.split(match["names"])[0].rstrip(" ,"))):
            return found
    return ""


def _authors(head: Sequence[str], title: str) -> str:
    """The line under a paper's title, where an abstract follows: names alone."""
    for place, text in enumerate(head[:15]):
        if re.match(r"abstract\b|summary\b|zusammenfassung\b|résumé\b", text, re.IGNORECASE):
            above = [t for t in head[:place] if t not in title]
            named = [persons(t, names_alone=True) for t in above]
            row = list(takewhile(bool, named))
            whole = not any(named[len(row) :])  # names with affiliations between them: the first alone would be wrong
            return ", ".join(row) if whole and len(above) < 8 else ""
    return ""


# -- dates ---------------------------------------------------------------------------------------------------

_DATE_LINE = re.compile(
    rf"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?P<date>\d{{4}}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{{4}}"
    rf"|(?:\d\d?(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?:{MONTH})\.?\s+(?:\d\d?(?:st|nd|rd|th)?,?\s+)?\d{{4}})"
    r"(?:\W{1,3}\d\d?[:.]\d\d.{0,12})?\.?",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"^(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:agenda|meeting|party|lunch\w*|dinner|invit\w+|event|conference"
    r"|workshop|symposium)\b|\b\d ?[ap]\.?m\b|^\W*(?:last )?(?:updated|revised|amended|due|effective|expires)\W*$",
    re.IGNORECASE,
)
"""That a date near it is the day of something else."""
_PLACE_AND = re.compile(
    r"(?:[^\W\d_][\w’'.&-]*\s+){0,4}[^\W\d_][\w’'.&-]*\s*(?:,|\s[|–—-])\s+(?=\S*\d|\w+\s\d|\w+day\b)"
)


def _date_line(near: Sequence[str]) -> str:
    """The one line near the top that is a date, or a place or an outlet and a date; none where there are several."""
    found = [date for text in near if (date := _dated(text))]
    return found[0] if len(found) == 1 else ""


def _dated(text: str) -> str:
    if len(text) < 120 and (posted := _POSTED.fullmatch(text)):
        return iso_date(posted["date"])
    if len(text) > 80:
        return ""
    match = _DATE_LINE.fullmatch(text) or _DATE_LINE.fullmatch(_PLACE_AND.sub("", text, count=1))
    return iso_date(match["date"]) if match else ""


# -- outlets -------------------------------------------------------------------------------------------------

_OUTLET = r"(?P<name>[A-Z][\w&.’'-]*(?:\s+(?:of|for|and|the|&|[A-Z][\w&.’'-]*)){0,6})"
_PUBLISHERS = tuple(
    re.compile(form)
    for form in (
        rf"^(?i:subscribe to )(?:the |our )?{_OUTLET}\s+(?:N|n)ewsletters?\W*$",
        rf"(?i:^(?:download|get|install) (?:now )?(?:the|our) ){_OUTLET}(?i:\s+(?:mobile )?app\W*)$",
        rf"(?i:^©|^copyright)\W*(?:\d{{4}}\W+)?{_OUTLET}(?:\.|,|\s)\s*(?i:all rights reserved\W*)$",
    )
)
_SKIP_LINK = re.compile(r"skip to (?:main |the )?content", re.IGNORECASE)


def _publisher(texts: Sequence[str], edges: Sequence[str]) -> str:
    """The outlet's own notices: its newsletter, its app, its rights, its name beside the link over its menu."""
    for form in _PUBLISHERS:
        for text in texts if "subscribe" in form.pattern else edges:
            if len(text) < 120 and (m := form.search(text)):
                return m["name"].rstrip(".")
    for skip, name in pairwise(texts[:4]):
        if _SKIP_LINK.fullmatch(skip) and 1 < len(name.split()) <= 8 and texts.count(name) == 1:
            return name
    return ""


# -- titles --------------------------------------------------------------------------------------------------

_GENERIC = re.compile(
    r"(?:(?:table of )?contents|abstract|introduction|preface|foreword|summary|executive summary|overview|background"
    r"|history|motivation|purpose|scope|installation|usage|licen[cs]e|references|acknowledge?ments|copyright|notes?"
    r"|about|appendix\b.*|chapter\b.{0,6}|part\b.{0,6}|page\b.{0,6}|section\b.{0,6}|confidential|draft|internal|index"
    r"|home|faq|(?:for immediate|press|news|media) release|embargo\w*\b.{0,40}"
    r"|front matter|(?:sheet|tabelle|feuille?|hoja|foglio|blad)\W*\d*)\W*",
    re.IGNORECASE,
)
_CAPTION = re.compile(r"(?:fig(?:ure)?|table|chart|exhibit|map)\b\W*(?:[a-z]\W?)?\d|comment \(", re.IGNORECASE)
"""What names a part of a page, or is written beside the text."""
_NUMBERED = re.compile(r"(?:\d+(?:\.\d+)*\.?|[IVX]+\.|§\s*\d+|(?i:chapter) \w{1,4})\s+\S")
_OPEN = re.compile(
    r"(?:[,:–—-]|\b(?:a|an|the|of|for|and|or|in|on|at|to|by|with|from|as|into|under|over|between|its|their|is|are|was))$",
    re.IGNORECASE,
)
"""What a line ends with that goes on in the next one."""
_DATED_END = re.compile(r"\s*\((?:[^()]{0,30}\s)?\d{4}\)$", re.IGNORECASE)
_FIELD = re.compile(
    r"(?:name|address|phone|tel|to|from|cc|attn|re|subject|received|present|apologies|chair)\W{0,2}:", re.IGNORECASE
)
_RULE = re.compile(r"[-–—_*=~#.·•\s]+")
_DATA = re.compile(r"[^\W\d_]*\W*[\d.,:\s|%+/-]+|.*(?:\t|\S,\S+,\S|\S;\S+;\S| {3,}\S).*|.*-->.*|\W*|\[?\d\d?:\d\d\b.*")
"""A row, a figure, a time: no title, and what stands under it is none either."""
_SPEAKS = re.compile(r"[A-Z][\w.’' -]{0,30}:\s+\S.*")


def headline(blocks: Sequence[Block]) -> str:
    """What a reader would call the text: the heading at its top, else the first line that can be a title, with the line
    that goes on with it. Empty where the text starts at once, or with figures.
    """
    top = [b for b in blocks if normalise(b.text)][:_HEAD]
    before = next((i for i, b in enumerate(top) if is_prose(normalise(b.text)) and not always(b)), len(top))
    headings = [b for b in top if b.kind == "heading" and b.level < _BOLD and _names(b)]
    if headings and not _GENERIC.fullmatch(_line(headings[0])):
        best = min((b for b in headings if not _GENERIC.fullmatch(_line(b))), key=lambda b: b.level)
        place = next(i for i, b in enumerate(top) if b is best)
        alone = sum(b.kind == "heading" and b.level == best.level for b in blocks) == 1
        if place >= before:
            return ""
        if not alone and any(_may_be_title(_line(b)) for b in top[:place]):  # a chapter's, under the title
            return ""
        words, _ = _joined(top, place)
        chapters = sum(bool(_NUMBERED.match(_line(b))) for b in headings)
        if _NUMBERED.match(words) and (best.level > 1 or chapters > 1):
            return ""
        return declared.clean(_DATED_END.sub("", words))
    if any(b.kind == "heading" and b.level < _BOLD for b in top[:1]):
        return ""
    return _first_line(top, before, len(blocks) > len(top))


def _names(block: Block) -> bool:
    """Whether a heading is more than a figure that is set large."""
    return sum(c.isalpha() for c in block.text) > 3 or not block.text.isascii()


def _printed_title(blocks: Sequence[Block]) -> str:
    """The first line, where it is alone in the largest type of all (in Word a long line serves, too), of three words at
    least, and no body's name: what remains is a title in nearly every file; the rest is called by its file's name.
    """
    top = [b for b in blocks if normalise(b.text)]
    prose = [b.kind == "text" and is_prose(normalise(b.text)) for b in top]
    place = next((i for i, b in enumerate(top) if b.page or b.kind != "row"), 0)  # a letterhead may be a table
    if not any(prose) or any(_SALUTATION.match(b.text) for b in top[:_HEAD]):
        return ""
    first, (words, end) = top[place], _joined(top, place)
    levels = [b.level for b in top if b.kind == "heading"]
    if first.kind == "heading":
        certain = not place and first.level < _BOLD and first.level == min(levels) and levels.count(first.level) == 1
    else:
        certain = first.kind == "text" and not first.page and len(words.split()) > 3 and any(prose[end : end + 1])
    spelt = re.findall(r"[^\W\d_]{3,}", words)
    named = not _BODIES.isdisjoint(words.casefold().split()) and all(word[0].isupper() for word in spelt)
    certain = certain and len(spelt) > 2 and not named and _may_be_title(words) and not _DAY.search(words)
    return declared.clean(words) if certain else ""


_SALUTATION = re.compile(r"dear\b|to whom\b|yours (?:sincerely|faithfully|truly)\b|(?:kind )?regards\b", re.IGNORECASE)
_DAY = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{MONTH})\b|\b(?:{MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?\b", re.IGNORECASE
)


def _line(block: Block) -> str:
    return normalise(block.text).strip("*_#= ¶")


def _joined(top: Sequence[Block], place: int) -> tuple[str, int]:
    """A line with those that go on with it, and where it ends."""
    words = _line(top[place])
    for end in range(place + 1, min(place + 4, len(top))):
        following = _line(top[end])
        if top[end].kind != top[place].kind or top[end].level != top[place].level:
            return words, end
        lines = bool(top[place].page) or top[place].kind == "text"  # headings that are marked as such are whole
        goes_on = (lines and following[:1].islower()) or _OPEN.search(words)
        if not goes_on or _BYLINE.fullmatch(following) or _dated(following):
            return words, end
        words = f"{words} {following}"
    return "", min(place + 4, len(top))  # no title goes on so long: a text begins


def _first_line(top: Sequence[Block], before: int, more: bool) -> str:
    """The first line of a plain text that can be its title; the one said twice, on a page with its menu."""
    speech = [bool(_SPEAKS.fullmatch(_line(b))) for b in top[:4] if b.kind == "text"]
    if speech[:1] == [True] and sum(speech) > 1 and not any(_DATE_LINE.fullmatch(_line(b)) for b in top[:4]):
        lines = [_line(b).partition(":")[0] for b in top if _SPEAKS.fullmatch(_line(b))]
        titled = lines.count(lines[0]) == 1 and len(set(lines)) < len(lines)  # others speak more than once
        if not titled and not any(_LABEL.fullmatch(f"{label}: x") for label in set(lines[:6])):
            return ""  # people speak from the first line on
    titles: list[str] = []
    place = 0
    while place < min(before, len(top)):
        block = top[place]
        words, place = _joined(top, place)
        signs = _dated(words) or _BYLINE.fullmatch(words) or _DATED_BYLINE.fullmatch(words)
        if signs and len(titles) > 1 and titles[0].isupper() and not titles[-1].isupper():
            titles = titles[-1:]  # a headline under the name of its paper
        furniture = always(block) or in_company(block) or signs
        if furniture or _RULE.fullmatch(words) or block.kind in ("item", "row"):  # a letterhead may be a table
            continue
        if not words or is_prose(words):
            break
        if _DATA.fullmatch(block.text.strip()):
            break
        if _may_be_title(words):
            titles.append(words)
    if before == len(top) and not more and not any(b.kind == "row" for b in top):  # nothing but short lines
        return ""
    repeated = [t for t in titles if titles.count(t) > 1]
    if len(titles) > _LINES and not repeated:  # a cover, a letterhead, a list: which of them names the text?
        return ""
    several = [t for t in titles if len(t.split()) > 1]
    return declared.clean(_DATED_END.sub("", (repeated or several or titles or [""])[0]))


def _may_be_title(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return (
        len(text.split()) <= 25
        and letters * 2 > len(text)
        and not text[0].islower()
        and text[-1] not in ",;:"
        and not is_prose(text)
        and not _GENERIC.fullmatch(text)
        and not _CAPTION.match(text)
        and not _NUMBERED.match(text)
        and not _LABEL.fullmatch(text)
        and not _FIELD.match(text)
        and not _dated(text)
        and not re.search(r"@|https?:|www\.|\w:\s+[\d./-]{4,}$", text)
    )
