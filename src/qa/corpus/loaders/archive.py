"""Parts of a ZIP archive as XML, which may hold no entities and open nothing."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any


def xml(data: bytes, *, recover: bool = False) -> Any:
    """The tree of XML.

    Raises:
        lxml.etree.XMLSyntaxError: it is none.
    """
    import lxml.etree

    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=recover, huge_tree=False
    )
    return lxml.etree.fromstring(data, parser)


def part(archive: zipfile.ZipFile, name: str) -> Any:
    """The tree of a part; None where there is none."""
    try:
        data = archive.read(name.lstrip("/"))
    except KeyError:
        return None
    return xml(data)


def relations(archive: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """Of a part of an Office file: id -> (last word of the relation's type, name of the other part)."""
    folder, file = posixpath.split(name)
    tree = part(archive, posixpath.join(folder, "_rels", f"{file}.rels"))
    found = {}
    for e in () if tree is None else tree.iter("{*}Relationship"):
        if e.get("TargetMode") != "External":
            target = e.get("Target") or ""
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[e.get("Id")] = ((e.get("Type") or "").rpartition("/")[2], path)
    return found


def properties(archive: zipfile.ZipFile) -> dict[str, str]:
    """What an Office file says of itself: title, creator, language."""
    tree = part(archive, "docProps/core.xml")
    if tree is None:
        return {}
    return {local(e): (e.text or "").strip() for e in tree if isinstance(e.tag, str)}


def local(element: Any) -> str:
    """An element's name without its namespace, of which Office has two sets."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def value(element: Any, name: str = "val") -> str | None:
    """An attribute, whatever its namespace."""
    for key, found in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(found)
    return None
