"""JSON Lines: each record that holds a text is a section, named by its title."""

from __future__ import annotations

import json
from typing import Any

from qa.corpus.blocks import Block, Parsed, Unreadable, normalise
from qa.corpus.loaders.text import decode

_TEXT = ("text", "content", "body", "passage", "document", "article", "transcript", "abstract", "page_content")
_ASKED = (("question", "answer"), ("prompt", "completion"), ("prompt", "response"), ("instruction", "output"))
_TALK = ("messages", "conversations", "conversation", "turns", "dialogue", "dialog")
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
        if said := _first(record, _TEXT) or _talk(record):
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


def _talk(record: Any) -> str:
    """A question with its answer, or turns with their speakers, as paragraphs."""
    for pair in _ASKED:
        if all(texts := [_first(record, (key,)) for key in pair]):
            return "\n\n".join(texts)
    turns = next((record[k] for k in _TALK if isinstance(record.get(k), list)), ()) if isinstance(record, dict) else ()
    said = [(_first(t, ("role", "speaker", "from", "name")), _first(t, (*_TEXT, "value", "utterance"))) for t in turns]
    return "\n\n".join(f"{who.capitalize()}: {text}" if who else text for who, text in said if text)


def _first(record: Any, keys: tuple[str, ...]) -> str:
    if not isinstance(record, dict):
        return ""
    return next((record[k] for k in keys if isinstance(record.get(k), str) and record[k].strip()), "")
