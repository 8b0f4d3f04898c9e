"""Files, folders and web addresses into documents: formats read, boilerplate out, metadata found.

read(places)        -> Reading(documents, skipped, notes)
register(suffix, f) a loader of one's own

worker              a process of its own, in which time and memory are bounded, for all of this:
reading             bytes -> document
loaders             bytes -> blocks and what the document declares about itself, one file a format
tables              grids of cells -> rows that carry the names of their columns
cleaning            blocks -> the article's own, and their one text
metadata            who published what, when
fetching            addresses, with a guard against those that lead inside
"""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qa.corpus.blocks import Unreadable
from qa.corpus.loaders import is_known, own, register
from qa.corpus.worker import Worker
from qa.schema import CorpusError, Document

__all__ = ["Reading", "Skipped", "read", "register"]

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
    places: Sequence[str | Path | Document],
    *,
    max_bytes: int = 20_000_000,
    progress: Callable[[int, int, str], None] | None = None,
    allow_private: bool = False,
) -> Reading:
    """Every document at `places`, in their order; a folder's files in the order of their paths.

    A document that cannot be read is skipped with its reason and never stops the rest. What a folder holds beside its
    documents (pictures, code) is no mistake: one note says how much of it there was. The same text twice is kept once;
    a second document of the same name gets an id of its own; both are said in the notes.

    Args:
        places: files, folders (searched to the bottom; hidden files, and SOURCES.md and README.md at their
            root, are left out), glob patterns, http(s) addresses, documents made in Python.
        max_bytes: larger documents are skipped.
        progress: called with (documents done, of how many, the one just done).
        allow_private: let addresses lead to this machine or its network.

    Raises:
        CorpusError: a place does not exist, or a pattern matches nothing.
    """
    if isinstance(places, str | Path | Document):
        places = [places]
    others: list[Path] = []
    found = list(dict.fromkeys(item for place in places for item in _find(place, others)))
    documents: dict[str, Document] = {}
    digests: dict[str, str] = {}
    skipped: list[Skipped] = []
    notes: list[str] = []
    with Worker() as worker:
        for done, item in enumerate(found, start=1):
            name = item.id if isinstance(item, Document) else str(item)
            try:
                document, remarks = _document(item, max_bytes, allow_private, worker)
            except Unreadable as problem:
                skipped.append(Skipped(name, problem.reason, problem.remedy))
            else:
                notes += [f"{name}: {remark}" for remark in remarks]
                if first := digests.get(document.digest):
                    notes.append(f"{name}: the same text as {first}; kept once")
                else:
                    digests[document.digest] = name
                    if document.id in documents:
                        free = next(n for n in range(2, len(found) + 2) if f"{document.id}-{n}" not in documents)
                        renamed = replace(document.source, id=f"{document.id}-{free}")
                        notes.append(f"{name}: another document is called {document.id}; this one is {renamed.id}")
                        document = replace(document, source=renamed)
                    documents[document.id] = document
            if progress:
                progress(done, len(found), name)
    if others:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in dict.fromkeys(others))
        told = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(8)) + (", ..." if len(kinds) > 8 else "")
        notes.append(f"left out, for they are no documents: {told}; name one to have it read, or register a loader")
    return Reading(tuple(documents.values()), tuple(skipped), tuple(notes))


def _find(place: str | Path | Document, others: list[Path]) -> Iterator[str | Path | Document]:
    """The documents a place names: one as it is, an address, a file, a folder's files, a pattern's.

    What lies in a folder and is no document goes to `others`.
    """
    if isinstance(place, Document):
        yield place
        return
    if isinstance(place, str) and "://" in place:
        if place.partition("://")[0].lower() not in ("http", "https"):
            raise CorpusError(f"{place!r} is not http or https; give a path or a web address")
        yield place
        return
    path = Path(place).expanduser()
    if path.is_dir():
        yield from _walk(path, others)
    elif os.path.lexists(path):
        yield path
    elif glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))
        if not matches:
            raise CorpusError(f"nothing matches {str(place)!r}; check the pattern, and quote it for the shell")
        for match in matches:
            yield from _walk(Path(match), others) if Path(match).is_dir() else [Path(match)]
    else:
        raise CorpusError(f"there is no {str(place)!r}; check the path (here is {Path.cwd()})")


def _walk(root: Path, others: list[Path]) -> Iterator[Path]:
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
    for path in sorted(files, key=lambda p: p.relative_to(root).as_posix()):
        if path.parent == root and path.name.lower() in _ABOUT:
            continue
        if is_known(path.name) and (path.suffix or not _is_binary(path)):
            yield path
        else:
            others.append(path)


def _is_binary(path: Path) -> bool:
    """Whether a file that has no suffix holds no text: a program, a picture."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return b"\0" in file.read(1024)
    except OSError:
        return False


def _document(
    item: str | Path | Document, max_bytes: int, allow_private: bool, worker: Worker
) -> tuple[Document, tuple[str, ...]]:
    if isinstance(item, Document):
        return item, ()
    if isinstance(item, Path):
        data = _load(item, max_bytes)
        if own(item.name):
            from qa.corpus import reading  # late: it needs the libraries that the worker has

            return reading.document(data, item.name, max_bytes=max_bytes)
        return worker.read(data, item.name, max_bytes=max_bytes)
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
