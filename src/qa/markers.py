"""Citation markers in text: found in every shape people and models write, taken out, or awaited in a stream.

    find("… in 2021 [1, 2].")        the markers, with what they point to and their spans
    marked("A [1]. B.[2][3]")        the sentences, without markers, with what each cites
    Stream()                         the same, from pieces of text as they arrive
    sentences("One. Two.")           spans of sentences in plain text

`SHAPES` is the table of shapes. Those that call a source by its name are read where it is told how sources are
called (`Labels`), the others always. Time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from qa.language import fold
from qa.language.ends import QUOTE_ROOM, ends, in_quotes
from qa.schema import Span

Labels = Mapping[str, str]
"""What a source may be called, as `label` writes it, and the source's id."""
_NOT_TOLD: Labels = {}
"""Where it is not told how sources are called."""

MAX_RANGE = 20
"""A range of more numbers than this ("[1-300]") is no marker but a slip; its two ends are taken."""
AROUND = 80
"""Characters beside a bracket that tell what it is."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence without its markers, the span it was taken from, and what it cites, each once.

    Of a marker alone `text` is what stays of it in its sentence: the words of a link, else nothing. Whether what it
    points to exists is not known here.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...] = ()
    """References, counted from 1."""
    sources: tuple[str, ...] = ()
    """Ids of sources that it calls by name."""
    pages: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    """Files and footnotes that it names and that are none of the sources."""


# the table of shapes --------------------------------------------------------------------------------------

_WORD = (
    r"(?:sources?|passages?|chunks?|contexts?|snippets?|excerpts?|doc(?:ument)?s?|refs?|references?|cit(?:ation)?|id|no)"
    r"\s?[.:#№]?\s?"
)
_LABEL = rf"(?:{_WORD}|[ps]\s?)?"
_NUMBERS = rf"\^?\d{{1,3}}(?:\s{{0,2}}(?:[,;&–-]|and)\s{{0,2}}(?:{_WORD})?\^?\d{{1,3}}){{0,20}}"
_ADDRESS = r"\([^()\s]{1,300}(?:\([^()\s]{1,80}\)[^()\s]{0,80})?(?:\s[\"'][^\"'\n]{0,80}[\"'])?\)"
_ENDINGS = r"pdf|docx?|html?|xhtml|md|txt|rst|csv|xlsx|odt|epub"


def _bracket(match: re.Match[str], labels: Labels) -> Marked | None:
    """Numbers, a link, or names of sources."""
    inside, _, address = match[0][1:].partition("](")
    inside = inside.strip("[]()【】〔〕［］")
    if (annotated := _ANNOTATED.fullmatch(inside)) and (marker := _named(match, annotated[1], labels)):
        return marker
    page = _PAGE.search(inside)
    counts = inside[: page.start()] if page and page.start() else inside
    if _COUNTS.fullmatch(counts):
        pages = _pages(page) if page and counts != inside else ()
        return _numbered(match, labels, pages) if _stands_as_marker(match, counts) else None
    if annotated:  # a place in a conversation that is not here
        return _of(match)
    if address:
        return _linked(match, labels)
    return _named(match, inside, labels)


def _numbered(match: re.Match[str], labels: Labels, pages: tuple[int, ...] = ()) -> Marked:
    written = re.split(r"†|\]\(", match[0])[0]
    written = re.sub(r"<[^>]*>", " ", _PAGE.sub("", written.rstrip(")]")) if pages else written).translate(_RAISED)
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*\^?(\d+))?", written):
        a, b = int(first), int(last or first)
        numbers += range(a, b + 1) if a <= b < a + MAX_RANGE else [a, b]
    return Marked("", *match.span(), tuple(dict.fromkeys(numbers)), pages=pages)


def _stands_as_marker(match: re.Match[str], inside: str) -> bool:
    """Whether a number in brackets cites: “we lost [3] men” quotes, "(1)" may as well count or list."""
    before = match.string[max(0, match.start() - QUOTE_ROOM) : match.start()]
    after = match.string[match.end() : match.end() + AROUND]
    if match[0][0] == "[":
        return not (in_quotes(before.rpartition("\n")[2]) and re.match(r"\s[^\W\d_]", after))
    if match[0][0] != "(":
        return True
    before = before[-AROUND:]
    if not _FEW.fullmatch(inside) or not before.strip() or before.endswith("\n"):
        return False
    if re.match(r"\s*(?:[.,;:!?…]|$|\n|[(\[【])", after):
        return bool(re.search(r"[\w.!?…\"”’)\]】]\s?$", before))
    return bool(re.search(r"[.!?…‽][\"”’)]*\s?$|[\])】]$", before) and re.match(r"\s+[A-Z“\"]", after))


def _raised(match: re.Match[str], labels: Labels) -> Marked | None:
    """Not a power or a unit: km², 10³."""
    return None if _POWER.search(match.string[max(0, match.start() - 6) : match.start()]) else _numbered(match, labels)


def _linked(match: re.Match[str], labels: Labels) -> Marked:
    words, _, address = match[0][1:].rpartition("](")
    name = _name(address.rstrip(")").split(' "')[0], labels)
    # "(see [the report](report.pdf))" and "[report.pdf](report.pdf)" are no words of the sentence
    own = name.id and (
        label(words) in ("here", "link", "")
        or _FILE.match(words)
        or match.string[max(0, match.start() - 1) : match.start()] == "("
    )
    return _of(match, *([name] if name.id else []), keeps="" if own else words)


def _named(match: re.Match[str], written: str, labels: Labels) -> Marked | None:
    """Nothing but names of sources: "[gazette-2021, p. 3; Island Ledger 2020]"."""
    if re.match(r"\d{4}[a-z]?\b", written):  # "Lind and Ruiz (2021)": the names stand before it
        before = match.string[max(0, match.start() - AROUND) : match.start()].split()[-6:]
        written = next((w for i in range(6) if _name(w := f"{' '.join(before[i:])} {written}", labels).id), written)
    for parts in (written.split(";"), written.split(",")):
        names = [_name(part, labels) for part in parts]
        if names and all(name.id or name.file for name in names):
            return _of(match, *names)
    return None


def _noted(match: re.Match[str], labels: Labels) -> Marked | None:
    key = match[0][1:-1]
    return None if labels is _NOT_TOLD else _of(match, _Name(labels.get(key, ""), (), key))


def _addressed(match: re.Match[str], labels: Labels) -> Marked | None:
    name = _name(match[0].strip("<>"), labels)
    return _of(match, name) if name.id else None


class Shape(NamedTuple):
    """A way to cite: examples, a pattern, and what a match points to; None where it is no marker."""

    examples: tuple[str, ...]
    pattern: str
    read: Callable[[re.Match[str], Labels], Marked | None]


SHAPES = {
    "footnote": Shape(("[^lind]", "[^2a]"), r"\[\^(?!\d{1,3}[],;&\s–-])[^\]\s]{1,40}\]", _noted),
    "square": Shape(
        (
            *("[1, 2]", "[1-3]", "[1, p. 3]", "[Passage 1, Passage 2]", "[^1]", "[1](#ref-1)"),
            *("[report](report.pdf)", "[report.pdf, p. 3]", "[[report]]", "[1: report.pdf]", "[@lind2021, p. 3]"),
        ),
        rf"\[{{1,2}}[^\[\]\n]{{1,300}}\]{{1,2}}(?:{_ADDRESS})?",
        _bracket,
    ),
    "round": Shape(("(1)", "(1, 2)", "(Lind et al., 2021)"), r"\([^\[\]()【】\n]{1,200}\)", _bracket),
    "wide": Shape(
        ("【1†source】", "【4:2†report.pdf】", "【1†report.pdf】", "［1］"),
        r"[【〔［][^\[\]()【】〔〕［］\n]{1,200}[】〕］]",
        _bracket,
    ),
    "raised": Shape(("¹", "¹²"), r"(?<=\S)[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}(?:[⁾˒,]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}){0,4}", _raised),
    "html": Shape(
        ("<sup>1</sup>", '<sup><a href="#fn2">[2]</a></sup>'),
        rf"<sup>(?:<a\b[^>\n]{{0,200}}>)?\[?{_NUMBERS}\]?(?:</a>)?</sup>",
        _numbered,
    ),
    "address": Shape(
        ("<https://example.org/report>", "https://example.org/report"),
        r"<https?://[^>\s]{1,500}>|https?://[^\s<>()]{1,500}(?<![.,;:!?])",
        _addressed,
    ),
}
"""Every shape in which sources are cited, the first that fits counting."""

_COUNTS = re.compile(rf"\s?{_LABEL}{_NUMBERS}\s?(?:†.*)?", re.I)
_FEW = re.compile(rf"\s?{_LABEL}\d{{1,2}}(?:\s{{0,2}}[,;]\s{{0,2}}\d{{1,2}}){{0,8}}\s?", re.I)
_MARKER = re.compile("|".join(f"(?P<{name}>{shape.pattern})" for name, shape in SHAPES.items()), re.I)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁾˒", "0123456789,,")
_POWER = re.compile(r"(?:\d|\b(?:[kcm]?m|mi|ft|in|s|x|n)|\))$", re.I)
_PAGE = re.compile(r"[,;:#\s]{0,3}\b(?:pp?\.|pages?|page=|p)\s?(\d{1,4})(?:\s?[-–]\s?(\d{1,4}))?$", re.I)
_PLACE = re.compile(r"[,;:#\s]{0,3}(?:§+|\b(?:sec(?:tion)?|ch(?:apter)?|lines?|para)\b\.?)\s?[\w.–-]{1,12}$", re.I)
_BEFORE = re.compile(r"(?:(?:see also|see|cf|e\.g|source|from|according to)\b[.:,]?\s)?(?:\d{1,3}:\s)?", re.I)
_ANNOTATED = re.compile(r"\d{1,3}(?::\d{1,3})?†(.*)")
_KEY = re.compile(r"-?@(?=\S*\d{4})")
"""Of a bibliography, as pandoc writes it."""
_LINES = re.compile(rf"(\.(?:{_ENDINGS})):L?\d{{1,6}}(?:[-–:]L?\d{{1,6}})?$", re.I)
_FILE = re.compile(rf"[^\s/\\][^/\\]{{0,100}}\.(?:{_ENDINGS})$", re.I)


class _Name(NamedTuple):
    """What a citation by name points to; `file` is set where no source is called so but it looks like a file."""

    id: str
    pages: tuple[int, ...] = ()
    file: str = ""


def _name(written: str, labels: Labels) -> _Name:
    name = _LINES.sub(r"\1", _BEFORE.sub("", written.strip(), count=1).strip(" \t.\"'`*_“”"))
    pages: tuple[int, ...] = ()
    if page := _PAGE.search(name):
        name, pages = name[: page.start()], _pages(page)
    elif place := _PLACE.search(name):
        name = name[: place.start()]
    key = _KEY.match(name)
    name = name[key.end() :] if key else name
    path = re.split(r"[?#]", name)[0].replace("\\", "/")
    last_part = path.rstrip("/").rpartition("/")[2]
    # with its ending first: beside "report.md" may lie "report.pdf"
    for called in (name, path, last_part, bare(name), bare(path), bare(last_part)):
        if id_ := labels.get(label(called)):
            return _Name(id_, pages)
    told = labels is not _NOT_TOLD and "://" not in name and (key or _FILE.match(last_part))
    return _Name("", pages, last_part if told else "")


def _pages(page: re.Match[str]) -> tuple[int, ...]:
    first, last = int(page[1]), int(page[2] or page[1])
    return tuple(range(first, min(last, first + MAX_RANGE) + 1)) or (first,)


def _of(match: re.Match[str], *names: _Name, keeps: str = "") -> Marked:
    ids = tuple(dict.fromkeys(name.id for name in names if name.id))
    pages = tuple(dict.fromkeys(page for name in names for page in name.pages))
    return Marked(keeps, *match.span(), (), ids, pages, tuple(name.file for name in names if not name.id))


def label(text: str) -> str:
    """The form in which what a source is called is compared: words in lower case, no article before them.

    "And" and "et al." between authors, and the letter of "2021a" do not count.
    """
    text = re.sub(r"\b(\d{4})[a-z]\b", r"\1", fold(text))
    words = [w for w in re.findall(r"\w+", text) if w not in ("and", "et", "al")]
    return " ".join(words[1:] if words[:1] in (["the"], ["source"]) else words)


def bare(file: str) -> str:
    """The name of a file without its ending, if it is that of a document."""
    return re.sub(rf"\.(?:{_ENDINGS})$", "", file.strip(), flags=re.I)


def find(text: str, labels: Labels | None = None) -> tuple[Marked, ...]:
    """All markers in the order they stand. Adjacent ones, "[1][2]", are two."""
    found: list[Marked] = []
    at = 0
    while match := _MARKER.search(text, at):
        marker = SHAPES[match.lastgroup or ""].read(match, _NOT_TOLD if labels is None else labels)
        if marker:
            found.append(marker)
        at = match.end() if marker else match.start() + 1
    return tuple(found)


def strip(text: str) -> str:
    """The text without markers and without the space that stood before them."""
    return _without(text, find(text))


def _without(text: str, markers: tuple[Marked, ...]) -> str:
    parts, at = [], 0
    for marker in markers:
        piece = text[at : marker.start]
        alone = not marker.text and re.match(r"\s|[.,;:!?…)\]”\"’]|$", text[marker.end : marker.end + 1])
        parts += [piece.rstrip(" \t") if alone else piece, marker.text]
        at = marker.end
    parts.append(text[at:])
    clean = re.sub(r"\(\s?\)", "", "".join(parts)) if markers else text
    clean = re.sub(r"(?<!\s)\s+(?=[,;.!?…](?:\s|$))", "", clean)
    return re.sub(r"[ \t]{2,}", " ", clean).strip()


# sentences ------------------------------------------------------------------------------------------------

_BULLET = re.compile(r"\s*(?:[-*•–]\s+|#{1,6}\s+|>\s+|\d{1,2}[.)]\s+(?=\S))")


def sentences(text: str, *, within_quotes: bool = False) -> tuple[Span, ...]:
    """Spans of the sentences, without the white space around them, in order.

    Args:
        within_quotes: also end one where a sentence ends inside quotation marks.
    """
    spans = _spans(text, ends(text, whole=True, within_quotes=within_quotes, past=_past_markers))
    return tuple(span for span in spans if re.search(r"\w", text[slice(*span)]))


def marked(text: str, labels: Labels | None = None) -> tuple[Marked, ...]:
    """The sentences of a text with what each cites.

    Markers behind a full stop belong to the sentence before it. A bullet or heading mark at the start of a
    line is left out.
    """
    spans = _spans(text, ends(text, whole=True, past=lambda text, at: _past_markers(text, at, labels)))
    return tuple(unit for span in spans if (unit := _unit(text, *span, labels)))


def _unit(text: str, start: int, end: int, labels: Labels | None = None) -> Marked | None:
    bullet = _BULLET.match(text, start, end)
    start = bullet.end() if bullet else start
    markers = find(text[start:end], labels)
    clean = _without(text[start:end], markers)
    if not re.search(r"\w", clean):
        return None
    each = ([getattr(m, name) for m in markers] for name in ("numbers", "sources", "pages", "unknown"))
    return Marked(clean, start, end, *(tuple(dict.fromkeys(chain.from_iterable(found))) for found in each))


def _spans(text: str, offsets: Iterable[int]) -> Iterator[Span]:
    start = 0
    for end in offsets:
        piece = text[start:end]
        if piece.strip():
            yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
        start = end


def _past_markers(text: str, at: int, labels: Labels | None = None) -> int:
    """Behind the markers that follow a full stop."""
    while True:
        start = at
        while start < len(text) and text[start] in " \t":
            start += 1
        match = _MARKER.match(text, start)
        near = max(0, start - AROUND)
        found = find(text[near : match.end() + 4], labels) if match else ()
        marker = next((m for m in found if m.start == start - near), None)
        if not match or not marker or marker.text:
            return at
        at = near + marker.end
        while at < len(text) and text[at] in ".,;":  # "end. [1]." has two full stops
            at += 1


class Stream:
    """Sentences out of text that arrives in pieces. For any cutting, the units are those of `marked(whole)`.

    A unit is given out once no further text can change it: its markers have all arrived, and "Oct." is known
    not to end it. So a marker never flickers and is never split.
    """

    def __init__(self) -> None:
        self._text = ""
        self._done = 0

    def feed(self, piece: str) -> list[Marked]:
        """The units that this piece completes."""
        self._text += piece
        return self._take(whole=False)

    def close(self) -> list[Marked]:
        """What is left, the text having ended."""
        return self._take(whole=True)

    def _take(self, *, whole: bool) -> list[Marked]:
        found = list(ends(self._text, whole=whole, past=_past_markers))
        units = [u for span in _spans(self._text, found) if (u := _unit(self._text, *span))]
        units = [replace(u, start=u.start + self._done, end=u.end + self._done) for u in units]
        if found:
            self._text = self._text[found[-1] :]
            self._done += found[-1]
        return units
