"""Tables between commas, semicolons or tabs, by the standard library."""

from __future__ import annotations

import csv
import io
from collections import Counter

from qa.corpus import tables
from qa.corpus.blocks import Parsed
from qa.corpus.loaders.text import decode


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The rows of a table; its first row names the columns unless it holds figures."""
    text, notes = decode(data, content_type)
    first = text.lstrip().partition("\n")[0]
    mark = "\t" if name.lower().endswith((".tsv", ".tab")) else max(",;\t|", key=first.count)
    csv.field_size_limit(max_bytes)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if any(map(str.strip, row))]
    if not rows:
        return Parsed([], notes=notes)
    filled = [sum(map(bool, map(str.strip, row))) for row in rows]
    usual = Counter(filled).most_common(1)[0][0]  # a corner may be empty; what is filled less stands above the table
    titles = next(i for i, row in enumerate(rows) if filled[i] >= usual - (i + 1 < len(rows) and not row[0].strip()))
    titles = titles if titles < min(10, len(rows) - 1) else 0
    above = [b for row in rows[:titles] for b in tables.blocks(tables.plain([row]))]
    table = rows[titles:]
    names = [cell.strip() for cell in table[0]]
    named = len(table) > 1 and all(names[1:]) and not any(tables.is_number(name) for name in names)
    return Parsed(above + tables.blocks(tables.plain(table), 1 if named else None), notes=notes)
