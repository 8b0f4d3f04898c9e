"""What an index was built from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from qa.schema import Document

FORMAT: Final = 1
"""Version of what lies in a generation's folder; it grows when an older index can no longer be read."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built from, and by what. Its JSON lies beside the index."""

    format: int
    version: str
    """Of `qa`."""
    corpus: str
    """Digest over all documents."""
    documents: Mapping[str, str]
    """Document id -> digest of its text and metadata."""
    model: str
    model_digest: str
    settings: Mapping[str, Any]
    chroma_url: str
    """Where the vectors are; empty: beside this file."""
    versions: Mapping[str, str]
    """Of the libraries that wrote it."""
    passages: int
    files: Mapping[str, str]
    """Name -> SHA-256."""

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads `to_json`'s text.

        Raises:
            ValueError: it is no manifest of this format; the message says which it is.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            found = data.get("format") if isinstance(data, dict) else None
            raise ValueError(f"its format is {found}, this version of qa reads {FORMAT}")
        names = {field.name for field in fields(cls)}
        if names != set(data):
            raise ValueError(f"these entries are missing or unknown: {', '.join(sorted(names ^ set(data)))}")
        return cls(**data)


def document_digest(document: Document) -> str:
    """SHA-256 of everything an index takes from a document: text, metadata, sections, pages."""
    parts = [
        document.digest,
        document.source.to_dict(),
        [(s.heading, s.start, s.end) for s in document.sections],
        list(document.pages),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def corpus_digest(digests: Mapping[str, str]) -> str:
    """Short digest over documents, whatever their order."""
    return hashlib.sha256(json.dumps(dict(digests), sort_keys=True).encode()).hexdigest()[:16]


def differences(old: Mapping[str, str], documents: Iterable[Document]) -> tuple[str, ...]:
    """One line for each document that was added, removed or changed since `old`, sorted."""
    new = {document.id: document_digest(document) for document in documents}
    return tuple(
        f"{id_} was {'added' if id_ not in old else 'removed' if id_ not in new else 'changed'}"
        for id_ in sorted(old.keys() | new.keys())
        if old.get(id_) != new.get(id_)
    )
