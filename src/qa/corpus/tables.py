"""Tables as data: each row becomes a line that carries the names of its columns.

    Orvik: 2019 = 12; 2020 = 12

The first cell names the row; a cell without words is left out; a merged cell says its columns, and stands in every
row it covers. The header itself stands above, once. A table without a header is written cell by cell: `a | b | c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from qa.corpus.blocks import Block, normalise

_ROW_WORDS = 90
"""Words of one line; a longer row goes on in a second one that names it again."""
_NUMBER = re.compile(r"[^\w]*[+\-−–]?[\d.,  ’']*\d[\w.,%°/:\-–]*\s?\S{0,3}")
_YEAR = re.compile(r"(?:19|20)\d\d")
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """What a place of the grid holds, and where the cell that covers it begins: (row, column)."""

    text: str
    origin: tuple[int, int]


Grid = list[list[Cell]]


def plain(rows: Iterable[Sequence[str]]) -> Grid:
    """A grid in which no cell is merged."""
    return [[Cell(text, (y, x)) for x, text in enumerate(row[:MAX_COLUMNS])] for y, row in enumerate(rows)]


def spread(rows: Iterable[Iterable[tuple[str, int, int]]]) -> Grid:
    """The grid of cells (text, columns, rows) as HTML gives them; spans as its standard lays them out."""
    grid: list[dict[int, Cell]] = []
    for y, row in enumerate(rows):
        while len(grid) <= y:
            grid.append({})
        x = 0
        for text, columns, depth in row:
            while x in grid[y]:
                x += 1
            columns = max(1, min(columns, MAX_COLUMNS - x))
            for down in range(max(1, min(depth, 500))):
                while len(grid) <= y + down:
                    grid.append({})
                for across in range(columns):
                    grid[y + down].setdefault(x + across, Cell(text, (y, x)))
            x += columns
            if x >= MAX_COLUMNS:
                break
    height = y + 1 if grid else 0
    return [
        [row.get(x, Cell("", (y, x))) for x in range(max(row, default=-1) + 1)] for y, row in enumerate(grid[:height])
    ]


def blocks(grid: Grid, header: int | None = None, page: int = 0) -> list[Block]:
    """The lines of a table.

    Args:
        header: how many rows name the columns; None: to be told from the cells.
        page: on which it stands.
    """
    rows = [[Cell(normalise(cell.text), cell.origin) for cell in row] for row in grid]
    rows = [row for row in rows if any(cell.text for cell in row)]
    if not rows:
        return []
    width = max(map(len, rows))
    rows = [row + [Cell("", (-1, x)) for x in range(len(row), width)] for row in rows]
    told = [x for x in range(width) if any(row[x].text for row in rows)]  # a column without a word sets others apart
    rows, width = [[row[x] for x in told] for row in rows], len(told)
    above = _captions(rows) if header is None else 0
    captions = [" | ".join(dict.fromkeys(c.text for c in row if c.text)) for row in rows[:above]]
    rows = rows[above:]
    header = _header(rows) if header is None else min(header, len(rows))
    apart = len(told) < max(map(len, grid))
    if width == 1 or header == len(rows) or (apart and len(rows) < 4):  # so little set so far apart is a title block
        header = 0
    names = [_name(rows[:header], x) for x in range(width)]
    lines = captions
    if header:
        lines.append(" | ".join(name for name, _ in groupby(filter(None, names))))
    for row in rows[header:]:
        lines += _lines(row, names) if any(names) else [_bare(row)]
    return [Block(line, "row", page=page, opens=not i) for i, line in enumerate(lines) if line]


def is_number(text: str) -> bool:
    """Whether a cell holds a figure, with or without its unit."""
    return bool(_NUMBER.fullmatch(text))


def _captions(rows: Sequence[Sequence[Cell]]) -> int:
    """How many rows stand above the one that names the columns, of two cells at most: "In millions", "2023"."""
    for n, row in enumerate(rows[:4]):
        if n and len(row) > 3 and _header(rows[n:]):
            return n
        if len({cell.origin for cell in row if cell.text}) > 2:
            break
    return 0


def _header(rows: Sequence[Sequence[Cell]]) -> int:
    """Whether the first row names the columns: words over figures, or as many short names as columns."""
    first, rest = rows[0], rows[1:]
    merged = {a.origin == b.origin for a, b in pairwise(first)}
    if merged == {True, False} and len(rest) > 1:  # a name over several columns: theirs are in the next row
        both = [Cell(_name(rows[:2], x), (0, x)) for x in range(len(first))]
        return 2 if not any(is_number(c.text) for c in rest[0]) and _header([both, *rest[1:]]) else 0
    names = [cell.text for cell in first]
    if not rest or not all(names[1:]) or len(set(names)) < len(names) or any(len(name.split()) > 8 for name in names):
        return 0
    if any(name.endswith((".", ":", "?", "!")) and len(name.split()) > 3 for name in names):
        return 0
    if sum(name.endswith(":") for name in names) in range(1, len(names)):  # a form: labels and what is filled in
        return 0
    figures = [
        not is_number(name) and (column := [row[x].text for row in rest if row[x].text])
        and all(is_number(text) for text in column)
        for x, name in enumerate(names)
    ]  # fmt: skip
    words = not any(is_number(name) for name in names)
    # a corner without words, or years over figures: both edges hold names
    years = len(names) > 2 and (not names[0] or all(_YEAR.fullmatch(name) for name in names[1:]))
    return int(any(figures[1:]) or years or (len(names) > 2 and len(rest) > 1 and words))


def _name(header: Sequence[Sequence[Cell]], x: int) -> str:
    return " ".join(dict.fromkeys(row[x].text for row in header if row[x].text))


def _bare(row: Sequence[Cell]) -> str:
    texts = [cell.text for i, cell in enumerate(row) if not i or cell.origin != row[i - 1].origin]
    return " | ".join(texts).strip(" |") if any(texts) else ""


def _lines(row: Sequence[Cell], names: Sequence[str]) -> list[str]:
    cells: list[tuple[str, str]] = []
    for _, same in groupby(range(len(row)), key=lambda x: (row[x].origin, row[x].text)):
        places = list(same)
        if text := row[places[0]].text:
            cells.append((", ".join(dict.fromkeys(filter(None, (names[x] for x in places)))), text))
    if row[0].text and len({cell.origin for cell in row}) == 1:  # one cell over all columns: a caption
        return [row[0].text]
    head = row[0].text
    parts = [f"{name} = {text}" if name else text for name, text in (cells[1:] if head else cells)]
    if not parts:
        return [head]
    lines: list[list[str]] = [[]]
    size = 0
    for part in parts:
        size += len(part.split())
        if lines[-1] and size > _ROW_WORDS:
            lines.append([])
            size = len(part.split())
        lines[-1].append(part)
    return [(f"{head}: " if head else "") + "; ".join(line) for line in lines]
