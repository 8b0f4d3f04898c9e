"""Files, folders and web addresses into documents: formats read, boilerplate out, metadata found.

read(places)        -> Reading(documents, skipped, notes)

worker              a process of its own, in which time and memory are bounded, for all of this:
reading             bytes -> document
formats             bytes -> blocks and what the document declares about itself
cleaning            blocks -> the article's own, and their one text
metadata            who published what, when
fetching            addresses, with a guard against those that lead inside
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qa.corpus.blocks import Unreadable
from qa.corpus.worker import Worker
from qa.schema import CorpusError, Document

__all__ = ["Reading", "Skipped", "read"]

_ABOUT = {"sources.md", "readme.md"}
"""Files at a folder's root that are about the corpus, not of it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A place that could not be read: why, and what to do; one line each."""

    place: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}. {self.remedy}."


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, what was not, and what a person should know about the rest."""

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def read(
    places: Sequence[str | Path],
    *,
    max_bytes: int = 20_000_000,
    progress: Callable[[int, int, str], None] | None = None,
    allow_private: bool = False,
) -> Reading:
    """Every document at `places`, in their order; a folder's files in the order of their paths.

    A document that cannot be read is skipped with its reason and never stops the rest. The same text twice is
    kept once; a second document of the same name gets an id of its own; both are said in the notes.

    Args:
        places: files, folders (searched to the bottom; hidden files, and SOURCES.md and README.md at their
            root, are left out), glob patterns, http(s) addresses.
        max_bytes: larger documents are skipped.
        progress: called with (documents done, of how many, the one just done).
        allow_private: let addresses lead to this machine or its network.

    Raises:
        CorpusError: a place does not exist, or a pattern matches nothing.
    """
    if isinstance(places, str | Path):
        places = [places]
    found = list(dict.fromkeys(item for place in places for item in _find(place)))
    documents: dict[str, Document] = {}
    digests: dict[str, str] = {}
    skipped: list[Skipped] = []
    notes: list[str] = []
    with Worker() as worker:
        for done, item in enumerate(found, start=1):
            try:
                document, remarks = _document(item, max_bytes, allow_private, worker)
            except Unreadable as problem:
                skipped.append(Skipped(str(item), problem.reason, problem.remedy))
            else:
                notes += [f"{item}: {remark}" for remark in remarks]
                if first := digests.get(document.digest):
                    notes.append(f"{item}: the same text as {first}; kept once")
                else:
                    digests[document.digest] = str(item)
                    if document.id in documents:
                        free = next(n for n in range(2, len(found) + 2) if f"{document.id}-{n}" not in documents)
                        renamed = replace(document.source, id=f"{document.id}-{free}")
                        notes.append(f"{item}: another document is called {document.id}; this one is {renamed.id}")
                        document = replace(document, source=renamed)
                    documents[document.id] = document
            if progress:
                progress(done, len(found), str(item))
    return Reading(tuple(documents.values()), tuple(skipped), tuple(notes))


def _find(place: str | Path) -> Iterator[str | Path]:
    """The documents a place names: an address as it is, a file, a folder's files, a pattern's."""
    if isinstance(place, str) and "://" in place:
        if place.partition("://")[0].lower() not in ("http", "https"):
            raise CorpusError(f"{place!r} is not http or https; give a path or a web address")
        yield place
        return
    path = Path(place).expanduser()
    if path.is_dir():
        yield from _walk(path)
    elif os.path.lexists(path):
        yield path
    elif glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))
        if not matches:
            raise CorpusError(f"nothing matches {str(place)!r}; check the pattern, and quote it for the shell")
        for match in matches:
            yield from _walk(Path(match)) if Path(match).is_dir() else [Path(match)]
    else:
        raise CorpusError(f"there is no {str(place)!r}; check the path (here is {Path.cwd()})")


def _walk(root: Path) -> Iterator[Path]:
    files = []
    seen: set[tuple[int, int]] = set()  # a link may lead back up
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        files += [Path(folder, name) for name in names if not name.startswith(".")]
    yield from (
        path
        for path in sorted(files, key=lambda p: p.relative_to(root).as_posix())
        if not (path.parent == root and path.name.lower() in _ABOUT)
    )


def _document(
    item: str | Path, max_bytes: int, allow_private: bool, worker: Worker
) -> tuple[Document, tuple[str, ...]]:
    if isinstance(item, Path):
        return worker.read(_load(item, max_bytes), item.name, max_bytes=max_bytes)
    from qa.corpus.fetching import fetch  # late: files need none of it, and it takes a second

    page = fetch(item, max_bytes=max_bytes, allow_private=allow_private)
    parts = urlsplit(page.address)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or str(parts.hostname)
    return worker.read(page.data, name, content_type=page.content_type, original=page.address, max_bytes=max_bytes)


def _load(path: Path, max_bytes: int) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable("it is no regular file", "Give a file")
        if about.st_size > max_bytes:
            raise Unreadable(
                f"it has {about.st_size / 1e6:.1f} MB, the limit is {max_bytes / 1e6:g} MB",
                "Raise max_document_mb, or split it",
            )
        return path.read_bytes()
    except PermissionError as error:
        raise Unreadable("it may not be read", f"Give yourself the right to read it (chmod u+r {path.name})") from error
    except OSError as error:  # a loop of links, a link to nothing, a disk that fails
        raise Unreadable(f"it cannot be opened: {error.strerror}", "Mend or remove it") from error
