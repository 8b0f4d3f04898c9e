"""The bytes of one document into the document: read, described, cleaned, assembled."""

from __future__ import annotations

from qa.corpus import cleaning, loaders, metadata
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
    loader = loaders.own(name)
    parsed = (
        loaders.run_own(loader, data, name)
        if loader
        else loaders.load(data, name, content_type=content_type, max_bytes=max_bytes)
    )
    guessed = {**parsed.guessed, **({"original": original} if original else {})}
    identity = metadata.slug(loaders.stem(name))
    source, remarks = metadata.source(identity, parsed.declared, guessed, parsed.blocks, printed=parsed.printed)
    page = parsed.page or (parsed.plain and cleaning.is_pasted(parsed.blocks))
    blocks = metadata.shown(source, parsed.declared, parsed.blocks)
    blocks = cleaning.clean(blocks, title=source.title, infer_headings=parsed.plain, page=page)
    text, sections, pages = cleaning.assemble(blocks, source.title)
    if not any(character.isalnum() for character in text):
        raise Unreadable("it holds no words", "If it shows any, save them as a .txt file")
    if len(text) > max_bytes:
        raise Unreadable(f"its text is over {max_bytes / 1e6:g} MB", "Split it, or raise max_document_mb")
    return Document(source, text, sections, pages), parsed.notes + remarks
