"""JSON Lines: each record that holds a text is a section, named by its title."""

from __future__ import annotations

import json
from typing import Any

from qa.corpus.blocks import Block, Parsed, Unreadable, normalise
from qa.corpus.loaders.text import decode

_TEXT = ("text", "content", "body", "passage", "document", "article", "transcript", "abstract", "page_content")
_TITLE = ("title", "heading", "name", "headline", "subject")


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The texts of the records, in their order."""
    text, notes = decode(data, content_type)
    blocks: list[Block] = []
    records = broken = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        records += 1
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            broken += 1
            continue
        said = _first(record, _TEXT)
        if said:
            if title := _first(record, _TITLE):
                blocks.append(Block(normalise(title), "heading", 2))
            blocks += [Block(paragraph) for paragraph in said.split("\n\n") if paragraph.strip()]
    if not blocks:
        raise Unreadable(
            f"none of its {records} records holds a text (looked for: {', '.join(_TEXT)})", "Name the field `text`"
        )
    if broken:
        notes += (f"{broken} of {records} lines are no JSON and were left out",)
    return Parsed(blocks, notes=notes)


def _first(record: Any, keys: tuple[str, ...]) -> str:
    if not isinstance(record, dict):
        return ""
    return next((record[k] for k in keys if isinstance(record.get(k), str) and record[k].strip()), "")
