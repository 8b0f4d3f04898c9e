"""Where a document was read from, so that what has not changed need not be read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final, Self

from packaging.requirements import Requirement

_READS: Final = ("corpus", "language", "schema.py")


@dataclass(frozen=True, slots=True)
class Origin:
    """How a document came to be: the same bytes, read by the same code, make the same document."""

    place: str
    """A path or an address."""
    bytes: str
    """SHA-256 of what lay there."""
    code: str
    """Digest of what read it, and the bound it was read with."""
    id: str
    """Of the document, before it was told from others of that name."""
    text: str
    """Digest of the text."""
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As an index keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Self | None:
        """What was kept; None where it is nothing that this version wrote."""
        try:
            return cls(**{**data, "notes": tuple(data["notes"])})
        except (TypeError, KeyError):
            return None


def reading_code(max_bytes: int) -> str:
    """Digest of all that turns bytes into documents."""
    return f"{code_digest(_READS)}-{max_bytes}"


@cache
def code_digest(parts: Sequence[str]) -> str:
    """Digest of modules and folders of `qa`, and of the versions of the libraries it asks for.

    A version number of `qa` would do for who installs it, but not for who works on it.
    """
    home = Path(__file__).parents[1]
    files = sorted(
        f for name in parts for f in ([home / name] if name.endswith(".py") else (home / name).rglob("*.py"))
    )
    digest = hashlib.sha256(json.dumps(_libraries()).encode())
    for file in files:
        digest.update(file.relative_to(home).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _libraries() -> dict[str, str]:
    found = {}
    try:
        wanted = [Requirement(line) for line in requires("qa") or ()]
    except PackageNotFoundError:  # run from a checkout that is not installed
        return {}
    for requirement in wanted:
        if requirement.marker is None:
            try:
                found[requirement.name] = version(requirement.name)
            except PackageNotFoundError:
                continue
    return dict(sorted(found.items()))
