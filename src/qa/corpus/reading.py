"""The bytes of one document into the document: read, described, cleaned, assembled."""

from __future__ import annotations

from pathlib import PurePath

from qa.corpus import cleaning, formats, metadata
from qa.corpus.blocks import Unreadable
from qa.schema import Document


def document(
    data: bytes, name: str, *, content_type: str = "", original: str = "", max_bytes: int = 20_000_000
) -> tuple[Document, tuple[str, ...]]:
    """The document in `data`, and remarks about it.

    Args:
        name: of its file; its suffix tells the format where nothing better does, its stem is the id.
        content_type: what a server called it.
        original: address it came from.
        max_bytes: bound of what it may unpack to, and of its text in characters.

    Raises:
        Unreadable: with reason and remedy.
    """
    parsed = formats.parse(data, name, content_type=content_type, max_bytes=max_bytes)
    stem = PurePath(name).stem if PurePath(name).suffix.lower() in formats.SUFFIXES else name
    guessed = {**parsed.guessed, **({"original": original} if original else {})}
    source, remarks = metadata.source(metadata.slug(stem), parsed.declared, guessed, parsed.blocks)
    blocks = cleaning.clean(parsed.blocks, title=source.title, infer_headings=parsed.plain)
    text, sections, pages = cleaning.assemble(blocks, source.title)
    if not any(character.isalnum() for character in text):
        raise Unreadable("no words are left once the page's furniture is out", "Save its text as a .txt file")
    if len(text) > max_bytes:
        raise Unreadable(f"its text is over {max_bytes / 1e6:g} MB", "Split it, or raise max_document_mb")
    return Document(source, text, sections, pages), parsed.notes + remarks
