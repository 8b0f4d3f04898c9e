"""Slides by python-pptx: titles, text from top to bottom, tables, charts as their figures, notes; a slide is a page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, normalise


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The words of the slides that are shown."""
    import pptx

    made = pptx.Presentation(io.BytesIO(data))
    blocks: list[Block] = []
    for number, slide in enumerate(made.slides, start=1):
        if slide._element.get("show") == "0":
            continue
        title = slide.shapes.title
        if title is not None and (text := normalise(title.text_frame.text)):
            blocks.append(Block(text, "heading", 1 if number == 1 else 2, page=number))
        for shape in sorted(slide.shapes, key=lambda s: (s.top or 0, s.left or 0)):
            if title is None or shape.shape_id != title.shape_id:
                blocks += _shape(shape, number)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines = [normalise(p.text) for p in slide.notes_slide.notes_text_frame.paragraphs]
            blocks += [Block(f"Notes: {line}", page=number) for line in lines if line]
    about = made.core_properties
    named = {"title": about.title, "author": about.author, "language": about.language}
    return Parsed(blocks, {}, declared.properties(named, blocks))


def _shape(shape: Any, page: int, depth: int = 0) -> Iterator[Block]:
    if shape.shape_type == 6 and depth < 20:  # a group
        for inner in sorted(shape.shapes, key=lambda s: (s.top or 0, s.left or 0)):
            yield from _shape(inner, page, depth + 1)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield from tables.blocks(_grid(shape.table), 1 if shape.table.first_row else None, page)
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        yield from _chart(shape.chart, page)
    elif shape.has_text_frame:
        if shape.is_placeholder and shape.placeholder_format.type in (13, 15, 16):  # slide number, footer, date
            return
        lines = [(normalise(p.text.replace("\v", " ")), p.level) for p in shape.text_frame.paragraphs]
        lines = [(text, level) for text, level in lines if text]
        for i, (text, level) in enumerate(lines):
            yield Block(text, "item", level, page, opens=not i) if len(lines) > 1 else Block(text, page=page)


def _grid(table: Any) -> tables.Grid:
    origins: dict[tuple[int, int], tuple[int, int]] = {}
    grid: tables.Grid = []
    for y, row in enumerate(table.rows):
        cells = []
        for x, cell in enumerate(row.cells):
            if cell.is_merge_origin:
                for down in range(cell.span_height):
                    for across in range(cell.span_width):
                        origins[y + down, x + across] = (y, x)
            origin = origins.get((y, x), (y, x))
            cells.append(tables.Cell(table.cell(*origin).text if origin != (y, x) else cell.text, origin))
        grid.append(cells)
    return grid


def _chart(chart: Any, page: int) -> Iterator[Block]:
    if chart.has_title and (title := normalise(chart.chart_title.text_frame.text)):
        yield Block(title, page=page)
    for plot in chart.plots:
        series = [(normalise(str(s.name)), list(s.values)) for s in plot.series]
        rows = [["", *(name for name, _ in series)]]
        for i, category in enumerate(plot.categories):
            values = ["" if i >= len(v) or v[i] is None else f"{v[i]:g}" for _, v in series]
            rows.append([normalise(str(category)), *values])
        yield from tables.blocks(tables.plain(rows), 1, page)
