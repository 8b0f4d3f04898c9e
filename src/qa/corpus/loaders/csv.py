"""Tables between commas, semicolons or tabs, by the standard library."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from qa.corpus import tables
from qa.corpus.blocks import Block, Parsed
from qa.corpus.loaders.text import decode


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The rows of the tables, one under the other; the first row of each names its columns unless it holds figures."""
    text, notes = decode(data, content_type)
    first = text.lstrip().partition("\n")[0]
    mark = "\t" if name.lower().endswith((".tsv", ".tab")) else max(",;\t|", key=first.count)
    csv.field_size_limit(max_bytes)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    found: list[list[list[str]]] = []
    for filled, run in groupby(rows, key=lambda row: any(map(str.strip, row))):
        part = list(run) if filled else []
        if found and part and not _begins(part):  # an empty line inside a table
            found[-1] += part
        elif part:
            found.append(part)
    return Parsed([block for part in found for block in _table(part, len(found) > 1)], notes=notes)


def _begins(rows: Sequence[Sequence[str]]) -> bool:
    """Whether what stands under an empty line is a table of its own: words over figures, under a title or not."""
    header = rows[_titles(rows)]
    under = [row for row in rows[_titles(rows) + 1 :] if len(row) == len(header)]
    figures = [any(map(tables.is_number, (row[x] for row in under))) for x in range(len(header))]
    return any(figures) and not any(map(tables.is_number, header))


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above a table: they are filled less than most are, though a corner may be empty."""
    filled = [sum(map(bool, map(str.strip, row))) for row in rows]
    usual = Counter(filled).most_common(1)[0][0]
    titles = next(i for i, row in enumerate(rows) if filled[i] >= usual - (i + 1 < len(rows) and not row[0].strip()))
    return titles if titles < min(10, len(rows) - 1) else 0


def _table(rows: list[list[str]], several: bool) -> Iterator[Block]:
    """The lines of one table; of several, one of two rows is a card with what is said of the others."""
    titles = _titles(rows)
    for row in rows[:titles]:
        yield from tables.blocks(tables.plain([row]))
    names = [cell.strip() for cell in rows[titles]]
    named = len(rows) > titles + 1 + several and all(names[1:]) and not any(map(tables.is_number, names))
    yield from tables.blocks(tables.plain(rows[titles:]), 1 if named else 0 if several else None)
