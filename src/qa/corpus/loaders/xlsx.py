"""Spreadsheets by openpyxl: each sheet a section, each run of rows a table, values as they are shown, comments."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from itertools import groupby
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
        for table in _tables(sheet):
            blocks += tables.blocks(table, page=number)
        blocks += [Block(comment, page=number) for comment in _comments(sheet)]
    about = book.properties
    named = {"title": about.title, "author": about.creator, "language": about.language}
    return Parsed(blocks, {}, declared.properties(named, blocks))


def _comments(sheet: Any) -> Iterator[str]:
    for cell in (cell for row in sheet.iter_rows() for cell in row if cell.comment):
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
    texts: dict[tuple[int, int], str] = {}

    def rows() -> Iterator[list[tables.Cell]]:
        for y, row in enumerate(sheet.iter_rows(max_col=min(sheet.max_column or 1, tables.MAX_COLUMNS)), start=1):
            cells = []
            for x, cell in enumerate(row, start=1):
                origin = merged.get((y, x), (y, x))
                text = shown(cell.value, str(cell.number_format)) if origin == (y, x) else texts.get(origin, "")
                if (y, x) in merged:
                    texts[y, x] = text
                cells.append(tables.Cell(text, origin))
            yield cells

    for filled, run in groupby(rows(), key=lambda row: any(cell.text for cell in row)):
        if filled:
            found = list(run)
            used = [x for x in range(len(found[0])) if any(row[x].text for row in found)]
            yield [[row[x] for x in range(used[0], used[-1] + 1)] for row in found]


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
