"""EPUB: the chapters of a book in their order, each read as HTML is."""

from __future__ import annotations

import io
import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from qa.corpus.blocks import Block, Parsed, Unreadable, normalise
from qa.corpus.loaders import html
from qa.corpus.loaders.archive import xml
from qa.corpus.loaders.text import decode

_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "META-INF/container.xml"


def load(data: bytes, name: str, content_type: str, max_bytes: int) -> Parsed:
    """The words of a book; what is only for finding one's way (its navigation) is left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        if {"META-INF/encryption.xml", "META-INF/rights.xml"} <= names:
            raise Unreadable("it is locked (DRM)", "Add a copy without the lock")
        package = _package(archive, names)
        root = xml(archive.read(package), recover=True)
        items = {e.get("id"): e for e in root.iter("{*}item")}
        folder = posixpath.dirname(package)
        blocks: list[Block] = []
        for ref in root.iter("{*}itemref"):
            item = items.get(ref.get("idref"))
            if item is None or "nav" in (item.get("properties") or "").split():
                continue
            path = posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
            if path in names and "html" in (item.get("media-type") or "html"):
                tree = html.parse(decode(archive.read(path), markup=True)[0])
                if tree is not None:
                    blocks += html.of_tree(tree)
    return Parsed(blocks, _declared(root))


def _package(archive: zipfile.ZipFile, names: set[str]) -> str:
    if _CONTAINER in names:
        for file in xml(archive.read(_CONTAINER), recover=True).iter("{*}rootfile"):
            if file.get("full-path") in names:
                return str(file.get("full-path"))
    found = sorted(n for n in names if n.lower().endswith(".opf"))
    if not found:
        raise Unreadable("it is an EPUB without contents", "Save it again, or remove it")
    return found[0]


def _declared(root: Any) -> dict[str, Any]:
    roles = {  # EPUB 3 says them apart
        (e.get("refines") or "").lstrip("#"): normalise(e.text or "")
        for e in root.iter("{*}meta")
        if e.get("property") == "role"
    }

    def said(tag: str, *kinds: str) -> list[str]:
        """The values of an element; of a role or an event only those of these kinds, or of none."""
        found = []
        for e in root.iter("{http://purl.org/dc/elements/1.1/}" + tag):
            kind = e.get(f"{_OPF}role") or e.get(f"{_OPF}event") or roles.get(e.get("id") or "", "")
            if (text := normalise(e.text or "")) and (not kinds or not kind or kind in kinds):
                found.append(text)
        return found

    def first(*given: str) -> str:
        return next(iter(said(*given)), "")

    declared = {
        "title": first("title"), "author": ", ".join(said("creator", "aut")), "publisher": first("publisher"),
        "published": first("date", "publication", "original-publication"),
        "language": first("language").split("-")[0].lower(), "rights": first("rights"),
    }  # fmt: skip
    return {key: value for key, value in declared.items() if value}
