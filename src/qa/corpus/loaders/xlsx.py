"""Spreadsheets by openpyxl: each sheet a section, each run of rows a table, values as they are shown, comments."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, normalise


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The tables of the sheets that are shown."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    blocks: list[Block] = []
    for number, sheet in enumerate(sheets, start=1):
        if len(sheets) > 1:
            blocks.append(Block(normalise(sheet.title), "heading", 2, page=number))
        for n, table in enumerate(_tables(sheet)):
            title = {cell for cell in table[0] if cell.text}
            if len(title) == 1 and len(table) > 1:  # said over the table
                level = 3 if n or number > 1 else 1
                blocks.append(Block(normalise(title.pop().text), "heading", level, page=number))
                table = table[1:]
            blocks += tables.blocks(table, page=number)
        blocks += [Block(comment, page=number) for comment in _comments(sheet)]
    about = book.properties
    named = {"title": about.title, "author": about.creator, "language": about.language}
    return Parsed(blocks, {}, declared.properties(named, blocks))


def _comments(sheet: Any) -> Iterator[str]:
    for _, cell in sorted((place, cell) for place, cell in sheet._cells.items() if cell.comment):
        name, text = normalise(cell.comment.author or ""), normalise(cell.comment.text)
        if name.startswith("tc="):  # a thread: its key for a name, and a notice before what is said
            name, text = "", text.partition("Comment:")[2]
        author = f" ({name})" if name else ""
        text = text.removeprefix(f"{name}:").strip()  # the name that Excel sets in front
        yield f"Comment{author} on {normalise(str(cell.value or '')) or cell.coordinate}: {text}"


def _tables(sheet: Any) -> Iterator[tables.Grid]:
    """The grids of a sheet, between rows without a word."""
    merged = {
        (y, x): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for y in range(area.min_row, min(area.max_row, area.min_row + 500) + 1)
        for x in range(area.min_col, min(area.max_col, area.min_col + tables.MAX_COLUMNS) + 1)
    }
    # what holds something: a sheet may claim a million rows
    texts = {
        place: text
        for place, cell in sheet._cells.items()
        if place[1] <= tables.MAX_COLUMNS and (text := shown(cell.value, str(cell.number_format)))
    }
    texts |= {place: texts[origin] for place, origin in merged.items() if origin in texts}
    columns: dict[int, list[int]] = {}
    for y, x in texts:
        columns.setdefault(y, []).append(x)
    runs = [[y for _, y in run] for _, run in groupby(enumerate(sorted(columns)), key=lambda row: row[1] - row[0])]
    for i in range(len(runs) - 1, 0, -1):
        above, below = runs[i - 1][-1], runs[i][0]
        names = [texts[above, x] for x in columns[above]]
        figures = [x for x in columns[below] if tables.is_number(texts[below, x])]
        if (
            below == above + 2
            and len(names) > 1
            and set(figures)
            and set(figures) <= set(columns[above])
            and not any(map(tables.is_number, names))
        ):  # names of columns, an empty row, and what stands under them
            runs[i - 1] += runs.pop(i)
    for ys in runs:
        for part in _beside(ys, columns, texts):
            xs = range(part[0], part[-1] + 1)
            grid = [[tables.Cell(texts.get((y, x), ""), merged.get((y, x), (y, x))) for x in xs] for y in ys]
            yield [row for row in grid if any(cell.text for cell in row)]


def _beside(
    ys: Sequence[int], columns: Mapping[int, Sequence[int]], texts: Mapping[tuple[int, int], str]
) -> list[list[int]]:
    """The columns of each table of a run of rows: an empty one parts two, where the second has names for its rows."""
    used = sorted({x for y in ys for x in columns[y]})
    parts = [used[:1]]
    for a, b in pairwise(used):
        keys = [texts[y, b] for y in ys[1:] if (y, b) in texts]
        named = len(ys) > 2 and len(keys) > 1 and len(set(keys)) == len(keys) and not any(map(tables.is_number, keys))
        wide = b + 1 in used and len(parts[-1]) > 1
        if b > a + 1 and named and wide:
            parts.append([])
        parts[-1].append(b)
    return parts


def shown(value: Any, form: str) -> str:
    """A value as a spreadsheet shows it, near enough: per cents, dates, no noughts that a figure does not have."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat("minutes")
    if isinstance(value, float | int) and not isinstance(value, bool):
        decimals = len(found[1]) if (found := re.search(r"0\.(0+)", form)) else None
        per_cent = "%" in form
        number = value * 100 if per_cent else value
        comma = "," if "#,##" in form else ""
        text = f"{number:{comma}.{decimals}f}" if decimals is not None else (
            f"{round(number):{comma}}" if number == int(number) else f"{number:{comma}.10g}"
        )  # fmt: skip
        return f"{text}%" if per_cent else text
    return normalise(str(value))
