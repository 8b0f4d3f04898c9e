"""Words and where they stand on pages, into paragraphs and tables, as a reader sees them.

Rows of segments make tables where they stand in columns of short cells, columns where they are prose, and lines make
paragraphs, over the page's end too. Running heads, page numbers and tables of contents are left out.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa.corpus import tables
from qa.corpus.blocks import Block, normalise
from qa.corpus.loaders.text import glue, vocabulary
from qa.schema import Span

_FOLIO = re.compile(r"\W*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE)
_LEADER = re.compile(r"(?:\s*[.·…_]){4,}\s*[\divxlc]{1,5}\s*$")
_ENTRY = re.compile(r"^(.{3,150}?)\s+(\d{1,4})$")
_BULLETS = "-*•·▪‣–◦●○■□➢►"
_MARK = re.compile(
    "(?:[" + _BULLETS + r"]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){2,4}\.?)\s+(?=\S)"
    r"|\d{1,2}\.\d{1,2}\.?\s+(?=[^\W\d_a-z])"
)
_NUMBERED = re.compile("[" + _BULLETS + r"]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlc]{1,6})[.)]|\d{1,3}(?:\.\d{1,3}){1,4}\.?")
_CAPTION = re.compile(r"(?:fig(?:ure)?|table|chart|abb(?:ildung)?|tab(?:elle|leau)?)\.?\s*\d", re.IGNORECASE)
_BULLET = re.compile("[" + _BULLETS + r"]\s+(?=\S)")
_WORD = re.compile(r"[^\W\d_]{2}")
_GOES_ON = re.compile(r"\W*[a-zà-öø-ÿ]{2}")
"""How a line begins that goes on with a sentence."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one line without a gap between them, and their box: left, right, base line, height of the type."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False


@dataclass(slots=True)
class Line:
    """A line of a column."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    page: int
    gap: float = 0.0
    """From the line above, in points."""


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, and how wide their column is."""

    lines: list[Line]
    width: tuple[float, float]


def blocks(pages: Sequence[Sequence[Segment]]) -> list[Block]:
    """The paragraphs and tables of a document's pages, in the order in which they are read."""
    weights = Counter(s.bold for page in pages for s in page for _ in s.text)
    if weights[True] > weights[False]:  # a font that calls itself bold
        pages = [[replace(s, bold=False) for s in page] for page in pages]
    return _blocks(_without_contents(_without_running_heads(pages)))


# -- what is not the text ------------------------------------------------------------------------------------


def without_line_numbers(segments: list[Segment]) -> list[Segment]:
    """Without the numbers that count the lines of a page from 1 on, left of them, as in transcripts and bills."""
    rows = _rows(segments)
    numbered: list[list[Segment]] = []
    for row in rows:
        if row[0].text == str(len(numbered) + 1):
            numbered.append(row)
    if len(numbered) < max(15, 0.8 * len(rows)) or statistics.median(map(len, numbered)) > 2:  # a table's first column
        return segments
    edge = min((s.x0 for row in numbered for s in row[1:]), default=0.0)
    return [s for s in segments if not any(s is row[0] and s.x1 <= edge for row in numbered)]


def _rows(segments: Iterable[Segment]) -> list[list[Segment]]:
    """Segments by base line, from top to bottom, each from left to right."""
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda s: -s.y):
        level = rows and abs(rows[-1][0].y - segment.y) < 0.35 * max(segment.size, rows[-1][0].size)
        if level and not any(min(s.x1, segment.x1) - max(s.x0, segment.x0) > 0.5 * segment.size for s in rows[-1]):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    return [sorted(row, key=lambda s: s.x0) for row in rows]


def _shape(row: Sequence[Segment]) -> str:
    return re.sub(r"\d+", "#", " ".join(s.text for s in row)).casefold()


def _without_running_heads(pages: Sequence[Sequence[Segment]]) -> list[list[Segment]]:
    """Pages without page numbers and the lines that stand at the edge of many pages, figures aside."""
    cut = [_rows(page) for page in pages]
    edges = Counter(s for rows in cut for s in {_shape(row) for row in (*rows[:2], *rows[-2:])})
    often = {s for s, n in edges.items() if (n >= 3 and n >= 0.3 * len(pages)) or (n >= 2 == len(pages) and len(s) > 3)}
    return [[s for row in _trim(_trim(rows, 0, often), -1, often) for s in row] for rows in cut]


def _trim(rows: list[list[Segment]], end: int, often: set[str]) -> list[list[Segment]]:
    """Without the running lines and the page number at one end: 0 is the top, -1 the bottom."""
    rows = list(rows)
    numbered = False
    for _ in range(3):
        if not rows:
            break
        number = bool(_FOLIO.fullmatch(" ".join(s.text for s in rows[end])))
        if not (_shape(rows[end]) in often or (number and not numbered and len(rows) > 1)):
            break
        numbered = numbered or number
        rows.pop(end)
    return rows


def _without_contents(pages: list[list[Segment]]) -> list[list[Segment]]:
    """Pages without their table of contents: lines with leaders, or whose words stand again as a line of their own."""
    cut = [_rows(page) for page in pages]
    said = Counter(normalise(" ".join(s.text for s in row)).casefold() for rows in cut for row in rows)
    kept: list[list[Segment]] = []
    for rows in cut:
        lines = [normalise(" ".join(s.text for s in row)) for row in rows]
        entry = [
            bool(_LEADER.search(line))
            or any(said[words.casefold()] and int(n) <= len(pages) + 30 for words, n in _ENTRY.findall(line))
            for line in lines
        ]
        listed = sum(entry) >= 2
        for i in (*range(1, len(entry)), *range(len(entry) - 2, -1, -1)):  # those between and beside them
            beside = entry[i - 1] if i else entry[i + 1]
            entry[i] = entry[i] or (listed and beside and bool(re.search(r"[^\W\d_].*\s\d{1,4}$", lines[i])))
        first = entry.index(True) if listed else -1
        kept.append([
            s for i, row in enumerate(rows) for s in row
            if not (listed and (entry[i] or (i == first - 1 and len(lines[i].split()) <= 3)))
        ])  # fmt: skip
    return kept


# -- segments in their order ---------------------------------------------------------------------------------


def _ordered(segments: list[Segment], page: int, depth: int = 0) -> Iterator[list[Line] | list[Block]]:
    """Runs of lines of one column, and tables, in the order in which a page is read."""
    rows = [_labelled(row) for row in _rows(segments)]
    run: list[list[Segment]] = []
    at = 0
    while at < len(rows):
        end, made = _table(rows, at, page)
        if not made:
            end, made = _figures(rows, at, page)
        if made:
            if run:
                yield from _columned(run, page, depth)
                run = []
            yield made
            at = end
            continue
        run.append(rows[at])
        at += 1
    if run:
        yield from _columned(run, page, depth)


def _labelled(row: list[Segment]) -> list[Segment]:
    """A row whose first segment numbers the second, which is prose: as one."""
    if len(row) > 1 and _NUMBERED.fullmatch(row[0].text) and len(row[1].text.split()) > 2:
        both = replace(row[1], text=f"{row[0].text} {row[1].text}", x0=row[0].x0, size=max(row[0].size, row[1].size))
        return [both, *row[2:]]
    return row


def _columned(rows: list[list[Segment]], page: int, depth: int) -> Iterator[list[Line] | list[Block]]:
    """Rows of segments as lines; where a gutter runs down between them, the left side first."""
    gutter = _gutter(rows) if depth < 4 else None
    if gutter is None:
        yield [_line(row, page) for row in rows]
        return
    region: list[list[Segment]] = []
    for row in [*rows, None]:
        if row is not None and not any(s.x0 < gutter < s.x1 for s in row):
            region.append(row)
            continue
        if region:  # an empty one would part the lines around it
            yield from _sides(region, gutter, page, depth)
        region = []
        if row is not None:
            yield [_line(row, page)]


def _sides(region: list[list[Segment]], gutter: float, page: int, depth: int) -> Iterator[list[Line] | list[Block]]:
    """Rows beside a gutter: as columns where both sides hold several lines, else as they are."""
    sides = ([s for row in region for s in row if s.x0 < gutter], [s for row in region for s in row if s.x0 >= gutter])
    if min(map(len, sides)) < 2:
        yield [_line(row, page) for row in region]
        return
    for side in sides:
        yield from _ordered(side, page, depth + 1)


def _gutter(rows: Sequence[Sequence[Segment]]) -> float | None:
    """Where most rows that have several segments are apart: between columns of prose. None: there is one column."""
    places: Counter[int] = Counter()
    for row in rows:
        for a, b in pairwise(row):
            if b.x0 - a.x1 > 0.8 * a.size:
                for x in range(int(a.x1) + 1, int(b.x0) + 1):
                    places[x] += 1
    if not places:
        return None
    best = max(places.values())
    if best < 3:
        return None
    runs: list[list[int]] = []
    for x in sorted(x for x, n in places.items() if n >= 0.9 * best):
        if runs and x == runs[-1][-1] + 1:
            runs[-1].append(x)
        else:
            runs.append([x])
    widest = max(runs, key=len)
    middle = statistics.median(widest)  # of three columns: one gap, not the middle of both
    left = [s for row in rows for s in row if s.x1 <= middle]
    right = [s for row in rows for s in row if s.x0 >= middle]
    crossing = sum(any(s.x0 < middle < s.x1 for s in row) for row in rows)
    if min(len(left), len(right)) < 3 or crossing > 0.6 * len(rows):
        return None
    return middle


def _line(row: Sequence[Segment], page: int) -> Line:
    text = normalise(" ".join(s.text for s in row))
    size = max(row, key=lambda s: len(s.text)).size
    return Line(text, row[0].x0, row[-1].x1, row[0].y, size, all(s.bold for s in row), page)


# -- tables --------------------------------------------------------------------------------------------------


def _table(rows: Sequence[Sequence[Segment]], at: int, page: int) -> tuple[int, list[Block]]:
    """The table that begins at a row, as (where it ends, its lines); no lines where there is none."""
    if len(rows[at]) < 2:
        return at, []
    end = at
    last = rows[at][0].y
    edges: list[tuple[float, float]] = []
    over: list[int] = []  # rows printed over another one: a caption
    while end < len(rows):
        row = rows[end]
        gap = last - row[0].y
        size = row[0].size
        alone = end > at and len(row) < 2 and not _continues(row, edges, rows[end - 1])
        if alone and end + 1 < len(rows) and 0 <= row[0].y - rows[end + 1][0].y < 0.3 * size:
            over.append(end)
            end += 1
            continue
        if gap > 3.2 * size or (alone and gap > 0):
            break
        spread = _columns([*edges, *((s.x0, s.x1) for s in row)], size)
        if len(spread) < 2:
            break
        edges += [(s.x0, s.x1) for s in row]
        last = row[0].y
        end += 1
    while end > at and len(rows[end - 1]) < 2 and not _continues(rows[end - 1], edges, rows[end - 2]):
        end -= 1
    body = [row for i, row in enumerate(rows[at:end], start=at) if i not in over]
    columns = _columns(edges, rows[at][0].size)
    full = sum(len(row) > 1 for row in body)
    if full < 2 or len(columns) < 2:
        return at, []
    cells = [
        [" ".join(s.text for s in row if c0 - 1 <= (s.x0 + s.x1) / 2 <= c1 + 1) for c0, c1 in columns] for row in body
    ]
    words = [statistics.median([len(row[x].split()) for row in cells if row[x]] or [0]) for x in range(len(columns))]
    if (
        min(words) >= 3
        or (len(columns) == 2 and max(words) >= 5 and min(words) >= 2.5)
        or (full < 3 and max(words) > 4)
    ):  # columns of prose
        return at, []
    if len(columns) == 2 and max(words) > 7 and full < 0.5 * len(body):
        return at, []
    if any(n >= 5 and _runs_on(body, *edges) for edges, n in zip(columns, words, strict=True)):
        return at, []  # a column of prose beside a figure
    grid = _whole(cells, [row[0].y for row in body])
    captions = [Block(_line(rows[i], page).text, page=page) for i in over]
    if len(columns) == 2 and all(len(mark) == 1 and mark in _BULLETS for mark, _ in grid):
        return end, captions + [Block(text, "item", page=page) for _, text in grid]  # a list, its bullets set apart
    return end, captions + tables.blocks(tables.plain(grid), page=page)


def _runs_on(rows: Sequence[Sequence[Segment]], left: float, right: float) -> bool:
    """Whether most lines of a column are full and go on in the next one, as sentences do and cells do not."""
    inside = [[s for s in row if left - 1 <= (s.x0 + s.x1) / 2 <= right + 1] for row in rows if len(row) > 1]
    lines = [row for row in inside if row]
    full = sum(row[-1].x1 > right - 2 * row[-1].size for row in lines)
    on = sum(b[0].text[0].islower() and a[-1].text[-1] not in ".!?:;" for a, b in pairwise(lines))
    return on > 0 and 2 * on >= len(lines) - 1 and full > 0.7 * len(lines)


def _figures(rows: Sequence[Sequence[Segment]], at: int, page: int) -> tuple[int, list[Block]]:
    """The same for lines of words and figures that stand so close that each line is one segment."""
    words = rows[at][0].text.split()
    if len(rows[at]) > 1 or not 2 <= len(words) <= 8:
        return at, []
    lines = [words]
    for row in rows[at + 1 :]:
        cells = row[0].text.split()
        if len(row) > 1 or len(cells) != len(words) or not all(map(tables.is_number, cells[1:])):
            break
        if abs(row[0].x0 - rows[at][0].x0) > row[0].size:
            break
        lines.append(cells)
    if len(lines) < 4 and not (len(lines) == 3 and all(map(tables.is_number, words[1:]))):
        return at, []
    return at + len(lines), tables.blocks(tables.plain(lines), page=page)


def _continues(row: Sequence[Segment], edges: Sequence[tuple[float, float]], above: Sequence[Segment]) -> bool:
    """Whether a row of one segment is a cell's next line: it begins where a cell of a later column does."""
    first = min(x0 for x0, _ in edges)
    starts = [x0 for x0, _ in edges]
    near = any(abs(row[0].x0 - x0) < 3 for x0 in starts)
    return len(row) == 1 and near and row[0].x0 > first + 3


def _columns(edges: Sequence[tuple[float, float]], size: float) -> list[tuple[float, float]]:
    """The ranges that segments fill across the page, those that touch as one."""
    found: list[list[float]] = []
    for x0, x1 in sorted(edges):
        if found and x0 - found[-1][1] < 0.5 * size:
            found[-1][1] = max(found[-1][1], x1)
        else:
            found.append([x0, x1])
    return [(a, b) for a, b in found]


def _whole(cells: list[list[str]], ys: Sequence[float]) -> list[list[str]]:
    """Lines of cells into rows: a line whose first cell is empty belongs to the nearest that has one."""
    anchors = [i for i, row in enumerate(cells) if row[0] and sum(map(bool, row)) >= 2]
    if not anchors:
        return cells
    over = [row for row in cells[: anchors[0]] if sum(map(bool, row)) > 1]
    named = any(map(tables.is_number, cells[anchors[0]][1:])) and not any(tables.is_number(c) for r in over for c in r)
    if over and named:  # names of columns beside a corner without words
        names = [" ".join(filter(None, column)) for column in zip(*over, strict=True)]
        return [names, *_whole(cells[anchors[0] :], ys[anchors[0] :])]
    rows: dict[int, list[list[str]]] = {i: [] for i in anchors}
    for i, row in enumerate(cells):
        nearest = i if i in rows else min(anchors, key=lambda a: (abs(ys[a] - ys[i]), a))
        rows[nearest].append(row)
    return [[" ".join(filter(None, column)) for column in zip(*rows[i], strict=True)] for i in anchors]


# -- lines into paragraphs -----------------------------------------------------------------------------------


def _blocks(pages: Sequence[Sequence[Segment]]) -> list[Block]:
    """The paragraphs of the whole document; one that a page's end, a figure or a footnote breaks is made whole."""
    known = vocabulary([s.text for page in pages for s in page])
    sizes = Counter(round(s.size * 2) / 2 for page in pages for s in page for _ in range(len(s.text)))
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    levels = sorted((s for s in sizes if s > 1.12 * body), reverse=True)
    made: list[tuple[Block, Paragraph | None]] = []
    waiting: int | None = None  # a paragraph that breaks off: the next one of its kind goes on with it
    for number, segments in enumerate(pages, start=1):
        edge = max((s.x1 for s in segments), default=0.0)
        for run in _runs(_ordered(list(segments), number)):
            if run and isinstance(run[0], Block):
                made += [(replace(b, text=_mended(b.text, known)), None) for b in run if isinstance(b, Block)]
                continue
            lines = [line for line in run if isinstance(line, Line)]
            for paragraph in _paragraphs(lines, edge):
                block = _made(paragraph, known, body, levels)
                if waiting is not None and _resumes(made[waiting], block, paragraph, body):
                    made[waiting] = (_together(made[waiting][0], block, known), paragraph)
                    if not _breaks_off(*made[waiting], body):
                        waiting = None
                    continue
                made.append((block, paragraph))
                if block.kind == "text" and _breaks_off(block, paragraph, body):
                    waiting = len(made) - 1
                elif block.kind == "text" and paragraph.lines[0].size > 0.93 * body and len(block.text.split()) > 8:
                    waiting = None
    return [block for block, _ in made]


def _mended(row: str, known: Counter[str]) -> str:
    """A row's words, those whole that the end of a cell's line broke."""
    return _BROKEN.sub(lambda m: " ".join(glue(m[1], m[2], known)), row)


_BROKEN = re.compile(r"([^\W\d_]{2,}-) (?!(?:and|or|to|und|oder)\b)([^\W\d_A-Z]{2,})")


def _runs(parts: Iterable[list[Line] | list[Block]]) -> Iterator[list[Line] | list[Block]]:
    """Neighbouring lines as one run, where one goes on below the other."""
    run: list[Line] = []
    for part in parts:
        lines = [line for line in part if isinstance(line, Line)]
        if lines and run and run[-1].y > lines[0].y and lines[0].x0 < run[-1].x1 and run[-1].x0 < lines[0].x1:
            run += lines
            continue
        if run:
            yield run
        run = lines
        if part and not lines:
            yield part
    if run:
        yield run


def _paragraphs(lines: Sequence[Line], edge: float) -> Iterator[Paragraph]:
    """Lines of a column, cut where a paragraph ends. `edge`: how far right the page's words go."""
    if not lines:
        return
    width = (min(line.x0 for line in lines), max(max(line.x1 for line in lines), edge if len(lines) < 3 else 0.0))
    steps: dict[int, list[float]] = {}  # by size of the type
    for a, b in pairwise(lines):
        if 0 < a.y - b.y < 3 * a.size and round(a.size) == round(b.size):
            steps.setdefault(round(a.size), []).append(a.y - b.y)
    usual = {size: statistics.median_low(found) for size, found in steps.items()}
    group = [lines[0]]
    for a, b in pairwise(lines):
        if _ends(a, b, width, usual.get(round(b.size), 0.0), group):
            yield Paragraph(group, width)
            group = []
        group.append(b)
    yield Paragraph(group, width)


def _ends(a: Line, b: Line, width: tuple[float, float], usual: float, group: Sequence[Line]) -> bool:
    step = a.y - b.y
    size = max(a.size, b.size)
    if abs(a.size - b.size) > 0.12 * size or (a.bold != b.bold and (a.bold or b.bold) and not _mid_sentence(a, b)):
        return True
    if step > max(1.35 * usual, 0.9 * size) + 0.1 or step < -0.5 * size:
        return not (_mid_sentence(a, b) and step < 2 * size)
    if _MARK.match(b.text):
        return not (_mid_sentence(a, b) and not _MARK.match(group[0].text))
    ended = a.text[-1] in ".!?:;…”\"')"
    room = width[1] - a.x1
    first_word = len(b.text.split(maxsplit=1)[0]) * size * 0.42
    short = room > first_word + 0.25 * size
    if short and ended and not b.text[0].islower():
        return True
    if short and room > 0.3 * (width[1] - width[0]) and not _mid_sentence(a, b):
        return ended or sum(len(line.text.split()) for line in group) < 9
    indented = b.x0 > a.x0 + 0.8 * size and (len(group) > 1 or a.x0 <= width[0] + 1)
    return bool(indented and ended and not b.text[0].islower() and not _MARK.match(group[0].text))


def _mid_sentence(a: Line, b: Line) -> bool:
    return b.text[0].islower() or a.text[-1] in ",-–—(" or a.text.rsplit(maxsplit=1)[-1] in _LINKS


_LINKS = frozenset(
    "of the a an and or in on to for by with at from as that which is are was were und der die das de la le".split()
)


def _made(paragraph: Paragraph, known: Counter[str], body: float, levels: Sequence[float]) -> Block:
    text = [paragraph.lines[0].text]
    for line in paragraph.lines[1:]:
        text[-1:] = glue(text[-1], line.text, known)
    words = normalise(" ".join(text))
    first = paragraph.lines[0]
    heading = (
        not _BULLET.match(words)
        and len(words.split()) <= 20
        and _WORD.search(words)
        and not (len(words.split()) > 4 and _GOES_ON.match(words))
        and words[-1] not in ".,;"
    )
    size = round(first.size * 2) / 2
    if heading and first.size > 1.12 * body:
        return Block(words, "heading", min(1 + levels.index(size) if size in levels else 2, 6), first.page)
    if heading and len(words.split()) <= 12 and all(line.bold for line in paragraph.lines) and words[-1] not in ":?!":
        return Block(words, "heading", 6, first.page)
    if _MARK.match(words):
        bullet = _BULLET.match(words)
        return Block(words[bullet.end() :] if bullet else words, "item", page=first.page)
    return Block(words, page=first.page)


def _breaks_off(block: Block, paragraph: Paragraph | None, body: float) -> bool:
    """Whether a paragraph ends in the middle of a sentence."""
    if paragraph is None or block.kind == "heading" or paragraph.lines[0].size < 0.93 * body:
        return False
    if _CAPTION.match(block.text) or block.text.isupper():
        return False
    last = paragraph.lines[-1]
    full = last.x1 > paragraph.width[1] - 0.2 * (paragraph.width[1] - paragraph.width[0])
    return (
        block.text[-1] not in ".!?:;…”\"')"
        and (full or block.text[-1] in ",-–" or block.text.rsplit(maxsplit=1)[-1] in _LINKS)
        and len(block.text.split()) > 3
    )


def _resumes(before: tuple[Block, Paragraph | None], block: Block, paragraph: Paragraph, body: float) -> bool:
    """Whether a paragraph goes on with one that broke off: in the body's type, and not as a caption or heading does."""
    first = paragraph.lines[0]
    if block.kind != "text" or first.size < 0.93 * body or before[1] is None:
        return False
    if (
        first.page == before[0].page
        and first.y < before[1].lines[-1].y
        and first.x0 < before[1].lines[-1].x1 < first.x1 + 1
    ):
        close = before[1].lines[-1].y - first.y
        if close < 3 * first.size and not block.text[0].islower():
            return False
    if _CAPTION.match(block.text):
        return False
    return len(block.text.split()) > 3 or block.text[0].islower()


def _together(before: Block, after: Block, known: Counter[str]) -> Block:
    joined = " ".join(glue(before.text, after.text, known))
    turns: tuple[Span, ...] = before.turns
    page = turns[-1][1] if turns else before.page
    if after.page > page:
        turns = (*turns, (max(0, len(joined) - len(after.text)), after.page))
    return replace(before, text=joined, turns=turns)
