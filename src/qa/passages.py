"""Documents into passages: whole sentences, contiguous, never across a heading, every span exact.

    sentences(text)     spans of its sentences
    split(document)     its passages, in reading order

A heading is carried by the passages under it (`Passage.heading`) and is not part of their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from qa.schema import Document, Passage, Span

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\s{_UNSPACED}]{{1,32}}")
"""A word, for sizes: between blanks, at most 32 characters; two characters where words are not spaced."""

# A line is a unit of its own (paragraph, list item, row), unless the next one goes on in lower case.
_UNIT = re.compile(r"\S(?:[^\n]|\n(?![^\S\n]*\n)(?=[^\S\n]*[^\W\d_A-Z])(?=[^\S\n]*[a-zà-öø-ÿ]))*")
_WINDOW = 3000
"""Characters given to the splitter at once: its time grows with their square where quotations stay open."""

_SURROGATE = re.compile("[\ud800-\udfff]")  # sentencex takes UTF-8 only

_NUMBER_AFTER = re.compile(
    r"(?:^|[\s(\[])(?:vol|no|nr|fig|figs|eq|sec|art|ch|chap|par|para|p|pp|ca|approx|tab|app|ver|op|res|est)\.$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[ivxIVX]{1,5}|[a-zA-Z])[.)\]]|[-–—•*·▪‣o]|\W{1,3}")
"""What numbers a heading or an item, or a mark that stands alone; it belongs to what follows."""
_LEADS_ON = re.compile(r"[a-zà-öø-ÿ]")

_PARAGRAPH_PENALTY = 0.12
"""What a break inside a paragraph costs, in squared shares of the target."""


def sentences(text: str) -> tuple[Span, ...]:
    """Spans of the sentences of `text`: ordered, apart, without blanks at their ends, all words covered.

    The boundaries are sentencex's (Wikimedia; abbreviations of many languages), which keeps a quotation whole
    and so with its speaker, mended where a number follows an abbreviation or a label opens a line.
    """
    return tuple(span for start, end in _units(text) for span in _sentences(text, start, end))


def split(document: Document, *, target: int = 150, maximum: int = 180) -> tuple[Passage, ...]:
    """The passages of `document`, in reading order, of about `target` and at most `maximum` words each.

    Breaks are placed so that the sizes of a section's passages stray least from `target` (sum of squares, by
    dynamic programming), at the end of a paragraph where that costs little. A sentence longer than `maximum`
    is cut between words.

    Raises:
        ValueError: `target` is below 1 or above `maximum`.
    """
    if not 1 <= target <= maximum:
        raise ValueError(f"passages aim at {target} words and may have {maximum}; 1 <= target <= maximum")
    return tuple(
        Passage(
            document_id=document.id,
            start=group[0][0],
            end=group[-1][1],
            text=document.text[group[0][0] : group[-1][1]],
            sentences=tuple(group),
            heading=heading,
            page=document.page(group[0][0]),
        )
        for heading, start, end in _regions(document)
        for group in _groups(document.text, start, end, target, maximum)
    )


def _regions(document: Document) -> Iterator[tuple[str, int, int]]:
    """Sections, and what lies between them when it is more than a heading."""
    at = 0
    for section in sorted(document.sections, key=lambda s: s.start):
        between = document.text[at : section.start].rstrip()
        yield "", at, at + len(between.removesuffix(section.heading or document.source.title))
        yield section.heading, max(at, section.start), section.end
        at = max(at, section.end)
    yield "", at, len(document.text)


def _groups(text: str, start: int, end: int, target: int, maximum: int) -> Iterator[list[Span]]:
    spans: list[Span] = []
    sizes = [0]  # running total of words
    ends_paragraph = [True]
    for unit_start, unit_end in _units(text, start, end):
        for s in _sentences(text, unit_start, unit_end):
            for piece, words in _pieces(text, s, maximum):
                spans.append(piece)
                sizes.append(sizes[-1] + words)
                ends_paragraph.append(False)
        ends_paragraph[-1] = True

    # cost[i]: least cost of breaking the first i sentences into passages, the last starting at begin[i]
    cost = [0.0] + [float("inf")] * len(spans)
    begin = [0] * (len(spans) + 1)
    for i in range(1, len(spans) + 1):
        at_break = 0.0 if ends_paragraph[i] else _PARAGRAPH_PENALTY
        for j in range(i - 1, -1, -1):
            words = sizes[i] - sizes[j]
            if words > maximum:
                break
            this = cost[j] + (words / target - 1) ** 2 + at_break
            if this < cost[i]:
                cost[i], begin[i] = this, j
    groups = []
    i = len(spans)
    while i:
        groups.append(spans[begin[i] : i])
        i = begin[i]
    yield from reversed(groups)


def _pieces(text: str, span: Span, maximum: int) -> Iterator[tuple[Span, int]]:
    """A sentence and its size; one that is too long in even parts."""
    words = [m.span() for m in _WORD.finditer(text, *span)]
    if len(words) <= maximum:
        yield span, len(words)
        return
    parts = -(-len(words) // maximum)
    size = -(-len(words) // parts)
    for i in range(0, len(words), size):
        part = words[i : i + size]
        yield (part[0][0], part[-1][1]), len(part)


def _units(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Lines without the blanks around them; a line that goes on in lower case on the next is one with it."""
    for match in _UNIT.finditer(text, start, len(text) if end is None else end):
        unit = match.group().rstrip()
        yield match.start(), match.start() + len(unit)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        stop = min(end, start + _WINDOW)
        found = sentencex.get_sentence_boundaries("en", _SURROGATE.sub("?", text[start:stop]))
        edges = [start + boundary["end_index"] for boundary in found] or [stop]
        if stop < end and len(edges) > 1:
            edges.pop()  # cut off by the window: seen whole in the next one
        for i, edge in enumerate(edges):
            piece = text[start:edge]
            following = text[edge : edges[i + 1]] if i + 1 < len(edges) else ""
            if _goes_on(piece.strip(), following.lstrip()):
                continue
            if piece.strip():
                yield edge - len(piece.lstrip()), start + len(piece.rstrip())
            start = edge


def _goes_on(before: str, after: str) -> bool:
    """Whether a proposed boundary between two pieces is none."""
    if not before or not after:
        return False
    if _LABEL.fullmatch(before):
        return True
    return (after[0].isdigit() and bool(_NUMBER_AFTER.search(before))) or (
        bool(_LEADS_ON.match(after)) and before[-1] in '…”"’)]?!'
    )
