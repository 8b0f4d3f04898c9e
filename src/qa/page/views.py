"""Values of `qa` -> HTML. Templates escape whatever they are given; no document's text is ever markup."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote as quoted

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from qa import Answer, Citation, Document, Filters, Hit, Point, Sentence, Source, Verdict

WINDOW: Final = 12_000
"""Characters of a document shown on either side of the words that were asked for; the rest comes when it is wanted."""

VERDICTS: Final = {
    Verdict.SUPPORTED: ("✓", "supported", "The cited words bear this sentence out."),
    Verdict.PARTLY: ("◐", "partly supported", "The cited words bear out only a part of this sentence."),
    Verdict.CONTRADICTED: ("✗", "contradicted", "The cited words say otherwise."),
    Verdict.UNCHECKED: ("?", "unchecked", "No check could be run on this sentence."),
}

STAGES: Final = {
    "dense": ("Meaning", "near the question in meaning (vectors)"),
    "lexical": ("Words", "shares the question's words (BM25)"),
    "fused": ("Both together", "cosine and words, weighed, balanced by source"),
    "reader": ("Reader", "question and sentence read together"),
}

_MONTHS: Final = "January February March April May June July August September October November December".split()
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+|\b10\.\d{4,9}/[^\s<>\"]+", re.IGNORECASE)
_BIDI: Final = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(value: Any) -> Any:
    """What a template may print: no control character or half a surrogate pair reaches the browser."""
    return value if isinstance(value, Markup) else _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(value))


def label(text: str) -> str:
    """A name or title for one line: without the characters that would turn the text around it."""
    return " ".join(_BIDI.sub("", clean(text)).split())


def day(published: str) -> str:
    """2023-12-05 -> 5 December 2023; as exact as the date is. Anything else is returned as it stands."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", published)
    if not match or not 1 <= int(match[2] or 1) <= 12:
        return published
    year, month, date = match.groups()
    words = [str(int(date))] if date else []
    return " ".join([*words, *([_MONTHS[int(month) - 1]] if month else []), year])


def byline(source: Source, *, titled: bool = False) -> str:
    """Publisher, author, version, date; for want of a publisher the title, unless that stands beside it (titled)."""
    parts = [
        source.publisher or ("" if titled else source.title),
        source.author,
        f"version {source.version}" if source.version else "",
    ]
    parts.append(day(source.published) or (f"updated {day(source.updated)}" if source.updated else ""))
    return " · ".join(label(part) for part in parts if part)


def count(n: int, noun: str) -> str:
    """1 source, 2 sources."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def speaks(sentence: Sentence, source: Source) -> str:
    """The attribution to print on a source's own card, where its name need not be said again."""
    said = sentence.attribution
    if source.name in said and not any(word in said for word in (", quoted by ", ", as reported by ")):
        _, under, label = said.partition(", under ")
        return under[2:].capitalize() + label
    speaker, _, outlet = said.rpartition(", as reported by ")
    return speaker if source.name in outlet else said


def seconds(answer: Answer) -> float:
    """Time the answer took, in seconds."""
    return sum(answer.timings.values())


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document's text that is shown in one way."""

    text: str
    quoted: bool = False
    near: bool = False
    focus: bool = False
    """The first stretch of the words that the reader came for."""


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A paragraph or heading of a document, cut where its look changes."""

    heading: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document opened in the pane, at a place or at its beginning."""

    document: Document
    quote: tuple[int, int] | None = None
    near: tuple[int, int] | None = None
    """The passage that the quote was found in."""
    turn: int | None = None
    n: int | None = None
    total: int = 0
    hit: Hit | None = None
    file: str = ""
    """Name of the file it was read from, where that is still there."""
    gone: bool = False
    """Whether the document is no more as it was cited; then only what the answer holds of it is shown."""

    @property
    def page(self) -> int | None:
        """The page of the file on which the words stand."""
        return self.document.page((self.quote or self.near or (0, 0))[0])

    @property
    def window(self) -> tuple[int, int]:
        """The part of the text that is shown at first."""
        around = self.quote or self.near or (0, 0)
        return max(0, around[0] - WINDOW), min(len(self.document.text), around[1] + WINDOW)


def blocks(reading: OpenDocument, first: int, last: int) -> list[ShownBlock]:
    """The paragraphs of a part of the text."""
    text = reading.document.text
    headings = {section.heading.strip() for section in reading.document.sections if section.heading.strip()}
    found = []
    focused = False
    for start, end in _paragraphs(text, first, last):
        bare = text[start:end].lstrip("# ").strip()
        pieces = []
        for piece in _pieces(text, start, end, reading):
            if piece.quoted and not focused:
                focused = True
                piece = Piece(piece.text, piece.quoted, piece.near, focus=True)
            pieces.append(piece)
        if bare in headings and len(bare) < 300:
            pieces = [Piece(bare)] if not any(p.quoted for p in pieces) else pieces
            found.append(ShownBlock(True, tuple(pieces)))
        else:
            found.append(ShownBlock(False, tuple(pieces)))
    return found


def _paragraphs(text: str, first: int, last: int) -> Iterable[tuple[int, int]]:
    """Spans between blank lines, without the space around them."""
    start = first
    lines = text[first:last].splitlines(keepends=True)
    for line in [*lines, ""]:
        if not line.strip():
            part = text[start:first]
            if part.strip():
                yield start + len(part) - len(part.lstrip()), start + len(part.rstrip())
            start = first + len(line)
        first += len(line)


def _pieces(text: str, start: int, end: int, reading: OpenDocument) -> Iterable[Piece]:
    spans = [span for span in (reading.quote, reading.near) if span]
    cuts = sorted({start, end, *(max(start, min(end, edge)) for span in spans for edge in span)})
    for a, b in pairwise(cuts):
        quoted, near = (bool(s and s[0] <= a and b <= s[1]) for s in (reading.quote, reading.near))
        yield Piece(text[a:b], quoted, near)


def citation(answer: Answer, n: int) -> Citation | None:
    """Reference number `n` (from 1) of an answer."""
    references = answer.references
    return references[n - 1] if 1 <= n <= len(references) else None


def hit_of(answer: Answer, cited: Citation) -> Hit | None:
    """The hit that a citation was cut from, which knows its ranks."""
    return next((hit for hit in answer.hits if hit.passage.id == cited.passage_id), None)


@dataclass(frozen=True, slots=True)
class PointCell:
    """Words of one source on one point. `n` is their reference number; None where the answer itself has them not."""

    cited: Citation
    place: int
    n: int | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point, and under each source what it says on it."""

    label: str
    relation: str
    cells: tuple[tuple[PointCell, ...], ...]


def rows(answer: Answer) -> list[PointRow]:
    """The points of a comparison; of an answer that is not whole yet, one that holds all of it."""
    numbers = {cited: n for n, cited in enumerate(answer.references, start=1)}
    speakers = {c: speaks(s, c.source) for s in answer.sentences for c in s.citations if verbatim(s)}
    relations = {pair.heading: pair.relation for pair in answer.pairs}
    shown, found = answer.columns, []
    for point in answer.points or (_all_said(answer),):
        cells = [PointCell(c, j, numbers.get(c), speakers.get(c, "")) for j, c in enumerate(point.said)]
        under = (tuple(cell for cell in cells if cell.cited.source.id == c.source.id) for c in shown)
        found.append(PointRow(point.label, relations.get(point.label, ""), tuple(under)))
    return found


def _all_said(answer: Answer) -> Point:
    return Point("", answer.references)


def in_force(filters: Filters, sources: Sequence[Source]) -> list[str]:
    """Every filter that is set, in words: "The Gazette", "from March 2021"."""
    named = Counter(source.name for source in sources)
    names = {s.id: s.name if named[s.name] == 1 else apart(s, sources) for s in sources}
    found = [names.get(id_, id_) for id_ in filters.sources]
    found += [*filters.publishers, *filters.kinds, *filters.languages]
    found += [f"from {day(filters.since)}"] if filters.since else []
    return found + ([f"until {day(filters.until)}"] if filters.until else [])


def guessed(source: Source) -> list[str]:
    """What is shown of it and was read off its text."""
    return [name for name in ("title", "publisher", "author", "published", "updated") if name in source.inferred]


def apart(source: Source, sources: Iterable[Source]) -> str:
    """Its title, with the name of its file where another source is called the same."""
    same = sum(other.title == source.title for other in sources)
    return f"{source.title} ({source.id})" if same > 1 else source.title


def choices(sources: Sequence[Source]) -> dict[str, list[tuple[str, str]]]:
    """For each filter what may be chosen: (value, words). Of one value there is nothing to choose."""

    def each(values: Iterable[str]) -> list[tuple[str, str]]:
        found = sorted({value for value in values if value})
        return [(value, value) for value in found] if len(found) > 1 else []

    return {
        "sources": sorted(((s.id, apart(s, sources)) for s in sources), key=lambda choice: choice[1].casefold()),
        "publishers": each(source.publisher for source in sources),
        "kinds": each(source.kind for source in sources),
        "languages": each(source.language for source in sources),
    }


def verbatim(sentence: Sentence) -> bool:
    """Whether it is what one source says, word for word: then there is nothing to check."""
    words = " ".join(sentence.text.split())
    return any(" ".join(cited.quote.split()) == words for cited in sentence.citations)


def place_of(evidence: Any, quote: str) -> dict[str, Any] | None:
    """Where the evidence of a checked sentence stands, to be opened: the decisive words, else the whole passage."""
    match = re.fullmatch(r"(.+):(\d+)-(\d+)", evidence.id)
    if not match or evidence.source is None:
        return None
    start, end = int(match[2]), int(match[3])
    if quote and (at := evidence.text.find(quote)) >= 0:
        start, end = start + at, start + at + len(quote)
    return {"document": evidence.source.id, "start": start, "end": end}


def linked(text: str) -> Markup:
    """Text whose web addresses and DOIs are links that tell nobody where they were pressed."""
    done, last = Markup(""), 0
    for match in _ADDRESS.finditer(text):
        shown = match[0].rstrip(".,;:)]>\"'")
        address = shown if shown.lower().startswith("http") else f"https://doi.org/{shown}"
        link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
            clean(address), clean(shown)
        )
        done += Markup.escape(clean(text[last : match.start()])) + link
        last = match.start() + len(shown)
    return done + Markup.escape(clean(text[last:]))


def by_date(sources: Iterable[Source]) -> list[Source]:
    """Oldest first; undated last."""
    return sorted(sources, key=lambda s: (not s.when, s.when, s.name))


def direction(text: str) -> str:
    """`rtl` where most letters are of scripts written from right to left, else `ltr`."""
    kinds = Counter(unicodedata.bidirectional(char) for char in text[:2000])
    return "rtl" if kinds["R"] + kinds["AL"] > kinds["L"] else "ltr"


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=clean,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"label": label, "day": day, "byline": byline, "by_date": by_date, "linked": linked}
_templates.tests["verbatim"] = verbatim
_templates.globals |= {
    "VERDICTS": VERDICTS,
    "STAGES": STAGES,
    "apart": apart,
    "choices": choices,
    "count": count,
    "direction": direction,
    "guessed": guessed,
    "in_force": in_force,
    "place_of": place_of,
    "rows": rows,
    "seconds": seconds,
    "speaks": speaks,
    "verbatim": verbatim,
}


def render(template: str, **values: Any) -> str:
    """The HTML of a template in `templates/`."""
    return _templates.get_template(f"{template}.html").render(**values)


def turn(
    place: int,
    question: str,
    answer: Answer | None = None,
    sources: Sequence[Source] = (),
    suggestions: Sequence[str] = (),
    *,
    filters: Filters | None = None,
    rated: str = "",
    busy: str = "",
    error: str = "",
    stopped: bool = False,
    own: bool = True,
) -> str:
    """A question and what is known of its answer: nothing yet, some sentences, all of it, or an error.

    Args:
        own: whether it may be changed, rated and asked again; what came by a link may only be read.
    """
    return render(
        "turn",
        place=place,
        question=question,
        answer=answer,
        sources=sources,
        suggestions=suggestions,
        filters=in_force(filters or Filters(), sources),
        rated=rated,
        busy=busy,
        error=error,
        stopped=stopped,
        own=own,
        whole=answer is not None and not (busy or error or stopped),
    )


def pane(reading: OpenDocument, query: str = "") -> str:
    """The reading pane; `query` is that by which its file and picture are had."""
    first, last = reading.window
    file, picture = f"/page/file/{quoted(reading.document.id)}?{query}", f"/page/picture?{query}"
    return render(
        "pane",
        reading=reading,
        file=file,
        picture=picture,
        text=Markup(_part(reading, first, last, leads=True, goes_on=True)),
    )


def more(reading: OpenDocument, before: int, after: int) -> str:
    """What stands before this place in the text, or else after that one."""
    if before:
        return _part(reading, max(0, before - WINDOW), min(before, len(reading.document.text)), leads=True)
    return _part(reading, max(0, after), min(after + WINDOW, len(reading.document.text)), goes_on=True)


def _part(reading: OpenDocument, first: int, last: int, *, leads: bool = False, goes_on: bool = False) -> str:
    """A part of the text, with a button to what stands before it and to what stands after it."""
    after = len(reading.document.text) - last if goes_on else 0
    return render("text", body=blocks(reading, first, last), before=first if leads else 0, last=last, after=after)
