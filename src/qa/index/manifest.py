"""What an index was built from, and JSON that knows when it was altered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from qa.schema import Document, IndexStaleError

FORMAT: Final = 5
"""Version of what lies in a generation's folder; it grows when an older index can no longer be read."""


class ForeignFormatError(ValueError):
    """A manifest of another version of `qa`."""


class DamagedIndexError(IndexStaleError):
    """Something in an index is not what was written."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built from, and by what. Its JSON lies beside the index."""

    format: int
    version: str
    """Of `qa`."""
    code: str
    """Digest of what turns documents into passages and words: `qa`'s own modules, and the libraries they use."""
    corpus: str
    """Digest over all documents."""
    model: str
    model_digest: str
    settings: Mapping[str, Any]
    vectors: str
    """Which store answers: exact, signs, or chroma."""
    chroma_url: str
    """Where Chroma is; empty: beside this file, if at all."""
    versions: Mapping[str, str]
    """Of the libraries that wrote it."""
    documents: int
    passages: int
    dimension: int
    files: Mapping[str, str]
    """Name -> SHA-256."""

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        return sealed(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Reads `to_json`'s text.

        Raises:
            ForeignFormatError: it is of another format; the message says which.
            ValueError: it was altered.
        """
        data = json.loads(text)
        found = data.get("format") if isinstance(data, dict) else None
        if found != FORMAT and not (isinstance(data, dict) and data.get("seal")):
            raise ForeignFormatError(f"its format is {found}, this version of qa reads {FORMAT}")
        data = unsealed(text)
        if found != FORMAT:
            raise ForeignFormatError(f"its format is {found}, this version of qa reads {FORMAT}")
        names = {field.name for field in fields(cls)}
        if names != set(data):
            raise ValueError(f"these entries are missing or unknown: {', '.join(sorted(names ^ set(data)))}")
        return cls(**data)


def sealed(data: Mapping[str, Any]) -> str:
    """JSON of `data` with a digest of it, so that no byte of it changes unseen."""
    return json.dumps({**data, "seal": _seal(data)}, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def unsealed(text: str | bytes) -> dict[str, Any]:
    """What was sealed.

    Raises:
        ValueError: it was altered, or is not JSON that was sealed.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.pop("seal", None) != _seal(data):
        raise ValueError("it was altered")
    return data


def _seal(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(data), sort_keys=True).encode()).hexdigest()[:16]


def document_digest(document: Document) -> str:
    """SHA-256 of everything an index takes from a document: text, metadata, sections, pages."""
    parts = [
        document.digest,
        document.source.to_dict(),
        [(s.heading, s.start, s.end, s.over) for s in document.sections],
        list(document.pages),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def corpus_digest(digests: Mapping[str, str]) -> str:
    """Short digest over documents, whatever their order."""
    return hashlib.sha256(json.dumps(dict(digests), sort_keys=True).encode()).hexdigest()[:16]


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each document that was added, removed or changed since `old`, sorted."""
    return tuple(
        f"{id_} was {'added' if id_ not in old else 'removed' if id_ not in new else 'changed'}"
        for id_ in sorted(old.keys() | new.keys())
        if old.get(id_) != new.get(id_)
    )
