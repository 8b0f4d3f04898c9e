"""Documents into passages: whole sentences, contiguous, never across a heading, every span exact.

    sentences(text)     spans of its sentences
    split(document)     its passages, in reading order

A heading is carried by the passages under it (`Passage.heading`). One that says something by itself can be quoted too.
What cannot stand alone is quoted with what it belongs to: a short reply with its question, few words of a list with the
line above them, a row of a table whole. What a sentence belongs to beyond that is its lead (`Passage.leads`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import sentencex

from qa.language.tongue import UNSPACED
from qa.schema import UNDER, Document, Passage, Span

_WORD = re.compile(rf"[{UNSPACED}]{{1,2}}|[^\s{UNSPACED}]{{1,32}}")
"""A word, for sizes: between blanks, at most 32 characters; two characters where words are not spaced."""

# A line is a unit of its own (paragraph, list item, row), unless the next one goes on in lower case.
_UNIT = re.compile(r"\S(?:[^\n]|\n(?![^\S\n]*\n)(?=[^\S\n]*[^\W\d_A-Z])(?=[^\S\n]*[a-zà-öø-ÿ]))*")
_WINDOW = 3000
"""Characters given to the splitter at once: its time grows with their square where quotations stay open."""

# sentencex takes UTF-8 only, and ends the process (a panic) where a blank of several bytes stands before a full stop
_NOT_TAKEN = re.compile("[\ud800-\udfff]|[^\\S\x00-\x7f]")

_NUMBER_AFTER = re.compile(
    r"(?:^|[\s(\[])(?:vol|no|nr|fig|figs|eq|sec|art|ch|chap|par|para|p|pp|ca|approx|tab|app|ver|op|res|est)\.$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[ivxIVX]{1,5}|[a-zA-Z])[.)\]]|[-–—•*·▪‣o]|\W{1,3}")
"""What numbers a heading or an item, or a mark that stands alone; it belongs to what follows."""
_MARKS = re.compile(r"[¹²³⁰⁴-⁹]+")
"""Of a note, after a sentence; it belongs to it."""
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
    found: list[Passage] = []
    front: list[_Unit] = []
    regions = list(_regions(document))
    for i, (heading, head, start, end) in enumerate(regions, start=1):
        units = front + _units_of(document.text, head, start, end, titled=not heading)
        if head and heading and heading in document.source.author and len(units) == len(front):  # set as a heading
            units.append(_Unit(*head, ends_paragraph=True))
        titles = not heading or not document.text[start:end].strip()
        front = units if titles and not found and i < len(regions) and _is_front(document.text, units) else []
        for group in [] if front else _groups(document.text, units, target, maximum):
            said = [unit for unit in group if unit.quotable]
            if not said:  # a question without a reply
                said = group
            found.append(
                Passage(
                    document_id=document.id,
                    start=group[0].start,
                    end=group[-1].end,
                    text=document.text[group[0].start : group[-1].end],
                    sentences=tuple((unit.start, unit.end) for unit in said),
                    heading=heading,
                    page=document.page(group[0].start),
                    leads=tuple(unit.lead for unit in said) if any(unit.lead for unit in said) else (),
                )
            )
    return tuple(found)


def _regions(document: Document) -> Iterator[tuple[str, Span | None, int, int]]:
    """(heading, its span, start, end) of the sections, and of what lies between them when it is more than a heading."""
    at = 0
    for section in sorted(document.sections, key=lambda s: s.start):
        between = document.text[at : section.start].rstrip()
        said = section.heading or document.source.title
        ours = between.casefold().endswith(said.casefold()) and bool(said)
        split_at = at + len(between) - (len(said) if ours else 0)
        if document.text[at:split_at].strip().casefold() != document.source.title.casefold():
            yield "", None, at, split_at
        heading = UNDER.join(filter(None, (section.over, section.heading)))
        yield heading, (split_at, at + len(between)) if ours else None, max(at, section.start), section.end
        at = max(at, section.end)
    yield "", None, at, len(document.text)


# -- what can be quoted --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is quoted whole: a sentence, a row, an item with what it belongs to."""

    start: int
    end: int
    lead: str = ""
    quotable: bool = True
    ends_paragraph: bool = False


_Line = tuple[int, int, int]
"""Start, end, and how far it is set in."""

_LONGEST_LIST = 40
"""Words of a list of few words that is quoted whole."""
_FEW = 4
"""Words: fewer are no sentence, and are quoted with what they belong to."""
_END = re.compile(r"[.!?…。！？؟।][\W_]*(?:\[\w{1,4}\]\W*)*$")
_ASKS = re.compile(r"[?？؟][\W_]*$")
_ALONE = re.compile(r"://|^[\W\d_]*[A-Z]{4}[^a-z]*$")
"""An address, and what is set in capitals: a notice."""
_NUMBERING = re.compile(r"[\W\d_]*(?:[ivxlcIVXLC]{1,6}[.)])?\s*")
_LEADS_UP = re.compile(r"[:：]\W*$")
_HEADER = re.compile(r"(?:from|to|cc|bcc|date|sent|subject|reply-to): \S", re.IGNORECASE)


def _units_of(text: str, head: Span | None, start: int, end: int, *, titled: bool) -> list[_Unit]:
    """The units of a section under its heading, or of the document under its title (`titled`)."""
    units: list[_Unit] = []
    said = text[head[0] : head[1]] if head else ""
    if head and _tells(said) and not (titled and len(said.split()) <= _FEW):  # so short a title only names the text
        units.append(_Unit(*head, ends_paragraph=True))
    blocks = list(_letterheads(text, _blocks(text, start, end)))
    for i, block in enumerate(blocks):
        before = units[-1] if units else None
        lead = text[before.start : before.end] if before and _LEADS_UP.search(text[before.start : before.end]) else ""
        asked = text[before.start : before.end] if before and not before.quotable else ""
        if rows := _rows(text, block) or _letterhead(text, block):
            units += rows
            continue
        found = _items(text, block, lead) if len(block) > 1 else _sentences_of(text, block[0], lead or asked)
        if len(found) > 1 and len(block) > 1 and _quotes(text, found[0], block[1:]):
            said = text[found[0].start : found[0].end]
            found = [replace(found[0], quotable=False), *(replace(unit, lead=said) for unit in found[1:])]
        leads = i + 1 < len(blocks) and len(block) == 1 and len(found) == 1
        if leads and (_is_question(text, found[0]) or _quotes(text, found[0], blocks[i + 1])):
            found = [replace(found[0], quotable=False)]
        first = found[0]
        fragment = len(found) == 1 and _is_fragment(text, first.start, first.end, reply=bool(asked))
        if fragment and before and not _is_row(text, before):
            units[-1] = replace(before, end=first.end, quotable=True)
        elif fragment and not before and head:
            units.append(_Unit(head[0], first.end, ends_paragraph=True))
        elif lead and before and all(_words(text, *_span(u)) < _FEW for u in found) and (
            _words(text, before.start, found[-1].end) <= _LONGEST_LIST
        ):  # fmt: skip
            units[-1] = replace(before, end=found[-1].end)
        else:
            units += [*found[:-1], replace(found[-1], ends_paragraph=True)]
    return units


def _is_front(text: str, units: Sequence[_Unit]) -> bool:
    """Whether all that was read so far is a title and what is declared under it: no passage of its own, for it holds
    the document's subject in so few words that it would be found before all that is said of it."""
    if units and _words(text, units[0].start, units[-1].end) > _LONGEST_LIST:
        return False
    said = [text[unit.start : unit.end] for unit in units]
    return not any(_END.search(unit) or "\n  " in unit for unit in said)  # a record is a list's


def _span(unit: _Unit) -> Span:
    """Start and end."""
    return unit.start, unit.end


def _tells(heading: str) -> bool:
    """Whether a heading says something by itself: four words, three with a comma or colon ("Ada Lind, pilot"), or a
    figure beside its own number; and asks nothing."""
    if _ASKS.search(heading):
        return False
    bare = heading[match.end() :] if (match := _NUMBERING.match(heading)) else heading
    return (
        len(bare.split()) >= _FEW - bool(re.search(r"[,:]\s", bare))
        or any(c.isdigit() for c in bare)
        or bool(re.fullmatch(r"[\W_]*\d[\d\W_]*\d[\W_]*", heading))
    )


def _quotes(text: str, unit: _Unit, block: Sequence[_Line]) -> bool:
    """Whether a line of a mail says whose words stand under it."""
    return bool(_LEADS_UP.search(text[unit.start : unit.end])) and text[block[0][0]] == ">"


def _is_question(text: str, unit: _Unit) -> bool:
    return bool(_ASKS.search(text[unit.start : unit.end]))


def _is_fragment(text: str, start: int, end: int, *, reply: bool) -> bool:
    words = _words(text, start, end)
    return (
        words < _FEW
        # a name and its value stand alone
        and (reply or not (": " in text[start:end] or _END.search(text[max(start, end - 20) : end])))
        and text[start:end].isascii()
        and not _ALONE.search(text[start:end])
    )


def _words(text: str, start: int, end: int) -> int:
    return len(text[start : min(end, start + 5000)].split())


def _blocks(text: str, start: int, end: int) -> Iterator[list[_Line]]:
    """Lines between blank ones; a line that goes on in lower case on the next is one with it."""
    block: list[_Line] = []
    for match in re.finditer(r"[^\n]*(?:\n|\Z)", text[start:end]):
        line = match.group()
        bare = line.strip()
        if not bare:
            if block:
                yield block
            block = []
            continue
        at = start + match.start() + len(line) - len(line.lstrip())
        deep = len(line) - len(line.lstrip())
        table = block and " | " in text[block[0][0] : block[0][1]]
        if block and bare[0].islower() and deep <= block[-1][2] and not table and _is_wrapped(text, block[-1]):
            block[-1] = (block[-1][0], at + len(bare), block[-1][2])
        else:
            block.append((at, at + len(bare), deep))
    if block:
        yield block


def _is_wrapped(text: str, line: _Line) -> bool:
    last = text[max(line[0], line[1] - 200) : line[1]].rpartition("\n")[2]
    return len(last) >= 30 and last[-1] not in ".!?:;"


def _sentences_of(text: str, line: _Line, lead: str = "") -> list[_Unit]:
    return [_Unit(a, b, lead) for a, b in _sentences(text, line[0], line[1])]


def _rows(text: str, block: Sequence[_Line]) -> list[_Unit]:
    """The rows of a table: each is quoted whole; the line that names the columns is not, but leads to them."""
    if " | " not in text[block[0][0] : block[0][1]]:
        return []
    at = next((i for i, (a, b, _) in enumerate(block[:6]) if " = " in text[a:b]), 0)
    names = text[block[at - 1][0] : block[at - 1][1]].split(" | ") if at else []
    if any(f"{name} = " in text[block[at][0] : block[at][1]] for name in names):
        above = [_Unit(a, b) for a, b, _ in block[: at - 1]]  # what is said over the whole table
        rows = [_Unit(a, b, names[0]) for a, b, _ in block[at:]]
        header = _Unit(block[at - 1][0], block[at - 1][1], quotable=False)
        return [*above, header, *rows[:-1], replace(rows[-1], ends_paragraph=True)]
    if all(" | " in text[a:b] for a, b, _ in block):
        rows = [_Unit(a, b) for a, b, _ in block]
        return [*rows[:-1], replace(rows[-1], ends_paragraph=True)]
    return []


_UNDER = re.compile(r"^[^\S\n]+([^\s:=][^:=\n]{0,80}?)\s*[:=]\s+(\S[^\n]{0,300})", re.MULTILINE)
"""A line under another one that is a label and its value."""


def cells(line: str) -> tuple[str, dict[str, str]]:
    """What a row's line says: the cell that names it, and the others under the names of their columns.

    A record is one, too: a name, and under it lines that are a label and its value. No cells where it is no row.
    """
    if "\n" in line:
        name = " ".join(part.strip(" :") for part in _UNDER.sub("", line).split("\n"))
        return name.strip(), {match[1]: match[2] for match in _UNDER.finditer(line)}
    name, _, rest = line.partition(": ")
    if " = " in name or not rest:
        name, rest = "", line
    named = (part.partition(" = ") for part in rest.split("; "))
    return name, {column: text for column, equals, text in named if equals}


def _letterheads(text: str, blocks: Iterable[list[_Line]]) -> Iterator[list[_Line]]:
    """The same blocks, the lines of a letter's head as one wherever blank lines stand between them."""
    for is_head, run in groupby(blocks, key=lambda block: all(_HEADER.match(text, a) for a, _, _ in block)):
        group = list(run)
        yield from [[line for block in group for line in block]] if is_head else group


def _letterhead(text: str, block: Sequence[_Line]) -> list[_Unit]:
    """The lines at the top of a letter, quoted as one: who wrote it is told by one, on what by another."""
    if len(block) < 2 or not all(_HEADER.match(text, a) for a, _, _ in block):
        return []
    if _words(text, block[0][0], block[-1][1]) > 2 * _LONGEST_LIST:
        return []
    return [_Unit(block[0][0], block[-1][1], ends_paragraph=True)]


def _is_row(text: str, unit: _Unit) -> bool:
    said = text[unit.start : unit.end]
    return " | " in said or " = " in said


def _items(text: str, block: Sequence[_Line], lead: str) -> list[_Unit]:
    """The items of a list: few words stand with what they lie under, or with their like; others know it as lead."""
    units: list[_Unit] = []
    above: list[_Line] = []  # the lines that the present one lies under
    i = 0
    while i < len(block):
        group = block[i : _together(text, block, i)]
        while above and above[-1][2] >= block[i][2]:
            above.pop()
        over = text[above[-1][0] : above[-1][1]] if above else lead
        last = units[-1] if units and above else None
        if (
            last
            and len(group) == 1
            and _is_few(text, group[0])
            and _words(text, last.start, group[0][1]) <= _LONGEST_LIST
        ):
            units[-1] = replace(last, end=group[0][1])  # "return None" at the end of a function
            i += 1
            continue
        spans = list(_sentences(text, group[-1][0], group[-1][1]))
        first = (group[0][0], spans[0][1]) if len(group) > 1 else spans[0]
        i += len(group)
        replied = i < len(block) and block[i][2] > group[-1][2]  # a question has its reply under it
        asks = replied and bool(_ASKS.search(text[group[-1][0] : group[-1][1]]))
        units += [_Unit(a, b, over, quotable=not asks) for a, b in (first, *spans[1:])]
        above += group
    return units


def _together(text: str, block: Sequence[_Line], i: int) -> int:
    """Up to which line of a list what begins at line `i` is quoted as one: a record, a name with what it names first,
    or few words with their like."""
    at = i
    while at + 1 < len(block) and block[at + 1][2] > block[at][2]:  # something lies under it
        if end := _record(text, block, at):
            return end
        if _words(text, block[at][0], block[at][1]) >= _FEW or _words(text, block[i][0], block[at][1]) > _LONGEST_LIST:
            return at + 1
        at += 1
    if at > i or not _is_few(text, block[i]):
        return at + 1
    while at + 1 < len(block) and block[at + 1][2] == block[i][2] and _is_few(text, block[at + 1]):
        holds = at + 2 < len(block) and block[at + 2][2] > block[i][2]
        named = ": " in text[block[at + 1][0] : block[at + 1][1]]  # a name and its value stand alone
        if holds or named or _words(text, block[i][0], block[at + 1][1]) > _LONGEST_LIST:
            break
        at += 1
    return at + 1


def _record(text: str, block: Sequence[_Line], i: int) -> int:
    """The end of a line with all that lies right under it, some in few words, and nothing deeper; 0: it is none."""
    end, few = i + 1, False
    while end < len(block) and block[end][2] > block[i][2]:
        if block[end][2] > block[i + 1][2] or _words(text, block[i][0], block[end][1]) > _LONGEST_LIST:
            return 0
        few = few or _is_few(text, block[end])
        end += 1
    return end if few else 0


def _is_few(text: str, line: _Line) -> bool:
    return _words(text, line[0], line[1]) < _FEW and not _END.search(text[line[0] : line[1]])


# -- units into passages -------------------------------------------------------------------------------------


def _groups(text: str, units: Sequence[_Unit], target: int, maximum: int) -> Iterator[list[_Unit]]:
    parts: list[_Unit] = []
    sizes = [0]  # running total of words
    ends_paragraph = [True]
    for unit in units:
        pieces = list(_pieces(text, (unit.start, unit.end), maximum))
        for (start, end), words in pieces:
            parts.append(replace(unit, start=start, end=end))
            sizes.append(sizes[-1] + words)
            ends_paragraph.append(False)
        ends_paragraph[-1] = unit.ends_paragraph

    # cost[i]: least cost of breaking the first i units into passages, the last starting at begin[i]
    cost = [0.0] + [float("inf")] * len(parts)
    begin = [0] * (len(parts) + 1)
    for i in range(1, len(parts) + 1):
        at_break = 0.0 if ends_paragraph[i] else _PARAGRAPH_PENALTY
        if i < len(parts) and not parts[i - 1].quotable:  # a question stays with its reply
            at_break += 1.0
        for j in range(i - 1, -1, -1):
            words = sizes[i] - sizes[j]
            if words > maximum:
                break
            this = cost[j] + (words / target - 1) ** 2 + at_break
            if this < cost[i]:
                cost[i], begin[i] = this, j
    groups = []
    i = len(parts)
    while i:
        groups.append(parts[begin[i] : i])
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
        found = sentencex.get_sentence_boundaries("en", _NOT_TAKEN.sub(" ", text[start:stop]))
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
    if _LABEL.fullmatch(before) or _MARKS.fullmatch(after):
        return True
    return (after[0].isdigit() and bool(_NUMBER_AFTER.search(before))) or (
        bool(_LEADS_ON.match(after)) and before[-1] in '…”"’)]?!'
    )
