"""Slides by python-pptx: titles, text from top to bottom, tables, charts as their figures, notes, comments.

A slide is a page. Charts and comments are read from the file's own parts: of charts the library knows some kinds only.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from qa.corpus import declared, tables
from qa.corpus.blocks import Block, Parsed, normalise
from qa.corpus.loaders.archive import xml


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The words of the slides that are shown."""
    import pptx

    made = pptx.Presentation(io.BytesIO(data))
    people = {person.get("id"): person.get("name") for person in _parts(made.part, "uthors")}
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
        blocks += _comments(slide.part, people, number)
    about = made.core_properties
    named = {"title": about.title, "author": about.author, "language": about.language}
    return Parsed(blocks, {}, declared.properties(named, blocks), printed=True)


def _shape(shape: Any, page: int, depth: int = 0) -> Iterator[Block]:
    if hasattr(shape, "shapes") and depth < 20:  # a group
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
    for plot in chart._chartSpace.iter(f"{_CHART}plotArea"):
        for kind in plot:  # bars, lines, slices, in three dimensions or two
            series = kind.findall(f"{_CHART}ser")
            names = [_points(one, "tx").get(0, "") for one in series]
            labels = {i: label for one in series for i, label in (_points(one, "cat") or _points(one, "xVal")).items()}
            values = [_points(one, "val") or _points(one, "yVal") for one in series]
            places = sorted(set(labels).union(*values))
            rows = [[labels.get(i, ""), *(v.get(i, "") for v in values)] for i in places]
            if rows:
                yield from tables.blocks(tables.plain([["", *names], *rows]), 1, page)


_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def _points(series: Any, part: str) -> dict[int, str]:
    """The texts or figures of a part of a series (its name, labels, values), by place; of nested labels the inner."""
    holder = series.find(f"{_CHART}{part}")
    if holder is None:
        return {}
    levels = list(holder.iter(f"{_CHART}lvl"))
    points = (levels[0] if levels else holder).iter(f"{_CHART}pt")
    return {int(point.get("idx", 0)): _told(point) for point in points}


def _told(point: Any) -> str:
    """A label as it stands, a stored number as a person writes it: 1234567 of 1234567.0."""
    text = normalise(point.findtext(f"{_CHART}v") or "")
    number = "num" in point.getparent().tag and re.fullmatch(r"-?\d+(?:\.\d+)?(?:E[-+]?\d+)?", text)
    return f"{float(text):.12g}" if number else text


def _comments(part: Any, people: dict[str | None, str | None], page: int) -> Iterator[Block]:
    for element in _parts(part, "/comments"):
        said = [element.findtext("{*}text") or "", *(text.text or "" for text in element.iterfind("{*}txBody//{*}t"))]
        if text := normalise(" ".join(said)):
            name = people.get(element.get("authorId"))
            yield Block(f"Comment{f' ({name})' if name else ''}: {text}", page=page)


def _parts(part: Any, kind: str) -> Iterator[Any]:
    """The elements of the parts of a kind that belong to one, in their order, replies after what they reply to."""
    for link in part.rels.values():
        if not link.is_external and link.reltype.endswith(kind):
            yield from xml(link.target_part.blob).iter("{*}cm", "{*}reply", "{*}cmAuthor", "{*}author")
