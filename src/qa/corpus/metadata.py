"""Who published what, when: from what a document declares, else from what its own words give away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any
from urllib.parse import unquote

from qa.corpus import declared as declaring
from qa.corpus.blocks import Block, is_prose, normalise
from qa.corpus.declared import iso_date
from qa.corpus.inferred import infer, stated
from qa.schema import Source

__all__ = ["iso_date", "shown", "slug", "source", "spoken"]

_NAMES = tuple(field.name for field in fields_of(Source) if field.name not in ("id", "inferred"))


def source(
    identity: str,
    declared: Mapping[str, Any],
    properties: Mapping[str, Any],
    blocks: Sequence[Block],
    *,
    printed: bool = False,
) -> tuple[Source, tuple[str, ...]]:
    """The source, and what was odd about its metadata.

    First what is declared, then what the container knows, then what the text gives away, which is marked as inferred.

    Args:
        identity: id if none is declared; its title if nothing better is found.
        declared: what the document states about itself (front matter, meta elements), under anybody's keys.
        properties: what its container says: see `declared.properties`; the address it came from.
        blocks: the text before it was cleaned.
        printed: see `inferred.infer`.
    """
    values, notes = declaring.fields(declared)
    values = {**stated(blocks), **values}
    known, _ = declaring.fields(properties)
    found = {**infer(blocks, printed=printed), "language": _language(blocks)}
    if printed and (named := found.get("title", "")).isupper() and not _shared(named, spoken(identity)):
        found["title"] = ""  # a body's name, on its paper
    made: dict[str, Any] = {name: values.get(name) or known.get(name) or found.get(name, "") for name in _NAMES}
    inferred = tuple(name for name in _NAMES if made[name] and not (values.get(name) or known.get(name)))
    if not made["title"]:
        made["title"], inferred = spoken(identity), (*inferred, "title")
    made["kind"] = made["kind"] or "other"
    return Source(id=slug(values.get("id") or identity), inferred=inferred, **made), notes


def _shared(one: str, other: str) -> bool:
    """Whether two titles share a word of three letters."""
    return not set(re.findall(r"[^\W\d_]{3,}", one.casefold())).isdisjoint(
        re.findall(r"[^\W\d_]{3,}", other.casefold())
    )


def shown(source: Source, declared: Mapping[str, Any], blocks: Sequence[Block]) -> list[Block]:
    """The blocks with what the document declares about itself under its title, where its text does not say so.

    So that it can be found and cited as any other line: "Publisher: Orvik Harbour Board".
    """
    head = [text for block in blocks[:12] if (text := normalise(block.text).casefold())]
    if not head:
        return list(blocks)
    top = "\n".join(text for text in head if not is_prose(text))
    values, _ = declaring.fields(declared)
    lines = [
        Block(line, "item")
        for field, line in source.lines.items()
        if values.get(field) and not _says(top, field, getattr(source, field))
    ]
    place = next(
        (i + 1 for i, b in enumerate(blocks[:3]) if normalise(b.text).casefold() == source.title.casefold()), 0
    )
    title = (
        [Block(source.title, "heading", 1)]
        if values.get("title") and source.title.casefold() not in "\n".join(head)
        else []
    )
    whole = normalise(" ".join(b.text for b in blocks[:40])).casefold()
    said = [normalise(text) for key, text in declared.items() if str(key).casefold() in _SAID and isinstance(text, str)]
    about = [Block(text) for text in dict.fromkeys(said) if text and text.casefold().rstrip(".… ") not in whole]
    return [*blocks[:place], *title, *lines, *about, *blocks[place:]]


_SAID = frozenset("abstract summary description excerpt subtitle lead".split())
"""Keys of front matter whose value is said to the reader."""


_MAY_BE_DATE = re.compile(rf"\b(?:\d{{1,4}}|{declaring.MONTH})\b", re.IGNORECASE)


def _says(top: str, field: str, value: str) -> bool:
    if field not in ("published", "updated"):
        return value.casefold() in top
    return any(iso_date(top[m.start() : m.start() + 30].split("\n")[0]) == value for m in _MAY_BE_DATE.finditer(top))


def slug(name: str) -> str:
    """A name fit for an id: letters, digits, dots, dashes and underscores stay as they are."""
    return re.sub(r"[^\w.-]+", "-", normalise(name)).strip("-.")[:100].strip("-.") or "document"


def spoken(identity: str) -> str:
    """A file's name made readable: "annual-report_2022" is Annual report 2022; a date in it stays whole."""
    words = re.sub(r"(?<!\d)[-_]+|[-_]+(?!\d)", " ", unquote(identity))
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", words)
    words = normalise(re.sub(r"(?<=\d)_+(?=\d)", " ", words))
    return words[:1].upper() + words[1:] or "Document"


def _language(blocks: Sequence[Block]) -> str:
    """ISO 639-1 code, by py3langid (character n-grams, Lui and Baldwin 2012); empty for a few words."""
    sample = normalise(" ".join(block.text for block in blocks[:200]))[:5000]
    if sum(character.isalpha() for character in sample) < 60:
        return ""
    import py3langid  # late: it loads its model, which takes a second

    code = str(py3langid.classify(sample)[0])
    return code if len(code) == 2 else ""
