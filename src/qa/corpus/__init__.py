"""Files, folders and web addresses into documents: formats read, boilerplate out, metadata found.

read(places)        -> Intake(documents, skipped, notes)
register(suffix, f) a loader of one's own
origins             where a document came from: what has not changed is not read again

worker              a process of its own, in which time and memory are bounded, for all of this:
reading             bytes -> document
loaders             bytes -> blocks and what the document declares about itself, one file a format
tables              grids of cells -> rows that carry the names of their columns
cleaning            blocks -> the article's own, and their one text
metadata            who published what, when
fetching            addresses, with a guard against those that lead inside
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qa.corpus.blocks import Unreadable
from qa.corpus.loaders import is_known, own, register
from qa.corpus.origins import Origin, reading_code
from qa.corpus.worker import Worker
from qa.schema import CorpusError, Document

__all__ = ["Intake", "Origin", "Skipped", "read", "register", "stamps"]

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
class Intake:
    """What was read, what was not, and what a person should know about the rest."""

    documents: tuple[Document, ...]
    """Those that were read, in their order."""
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    """Ids of all documents, those that were known and not read again among them."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """By id, where each came from."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Ids of the documents that have not changed."""
        read = {document.id for document in self.documents}
        return tuple(id_ for id_ in self.order if id_ not in read)


def read(
    places: Sequence[str | Path | Document],
    *,
    max_bytes: int = 20_000_000,
    progress: Callable[[int, int, str], None] | None = None,
    allow_private: bool = False,
    known: Mapping[str, Origin] | None = None,
) -> Intake:
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
        known: by id, where documents came from that are there already. The same bytes at the same place are not
            read again: such a document is in `Intake.order` alone.

    Raises:
        CorpusError: a place does not exist, or a pattern matches nothing.
    """
    if isinstance(places, str | Path | Document):
        places = [places]
    others: list[Path] = []
    found = list(dict.fromkeys(item for place in places for item in _find(place, others)))
    documents: dict[str, Document | None] = {}
    origins: dict[str, Origin] = {}
    code = reading_code(max_bytes)
    here = {origin.place: (id_, origin) for id_, origin in (known or {}).items() if origin.code == code}
    digests: dict[str, str] = {}
    skipped: list[Skipped] = []
    notes: list[str] = []
    with Worker() as worker:
        for done, item in enumerate(found, start=1):
            name = item.id if isinstance(item, Document) else str(item)
            try:
                document = None
                if isinstance(item, Document):  # never taken for known: there are no bytes to compare
                    document, origin = item, Origin(name, "", "", item.id, item.digest, ())
                else:
                    loaded = _load(item, max_bytes, allow_private)
                    place, digest = _place(item), hashlib.sha256(loaded.data).hexdigest()
                    kept, known_origin = here.get(place, ("", None))
                    if known_origin and known_origin.bytes == digest and _free(known_origin.id, documents) == kept:
                        origin = known_origin
                    else:
                        document, remarks = _read(loaded, max_bytes, worker)
                        by = "" if own(loaded.name) else code
                        origin = Origin(place, digest, by, document.id, document.digest, remarks)
            except Unreadable as problem:
                skipped.append(Skipped(name, problem.reason, problem.remedy))
            else:
                notes += [f"{name}: {remark}" for remark in origin.notes]
                if first := digests.get(origin.text):
                    notes.append(f"{name}: the same text as {first}; kept once")
                else:
                    digests[origin.text] = name
                    id_ = _free(origin.id, documents)
                    if id_ != origin.id:
                        notes.append(f"{name}: another document is called {origin.id}; this one is {id_}")
                        document = document and replace(document, source=replace(document.source, id=id_))
                    documents[id_], origins[id_] = document, origin
            if progress:
                progress(done, len(found), name)
    if others:
        notes.append(_left_out(others))
    read_now = tuple(document for document in documents.values() if document)
    return Intake(read_now, tuple(skipped), tuple(notes), tuple(documents), origins)


def _left_out(others: Sequence[Path]) -> str:
    kinds = Counter(path.suffix.lower() or "no suffix" for path in dict.fromkeys(others))
    told = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(8)) + (", ..." if len(kinds) > 8 else "")
    return f"left out, for they are no documents: {told}; name one to have it read, or register a loader"


def stamps(places: Sequence[str | Path | Document]) -> tuple[tuple[str, int, int], ...]:
    """Path, size and time of every file at `places`: another value, and something there has changed.

    Raises:
        CorpusError: as `read`.
    """
    files = dict.fromkeys(item for place in places for item in _find(place, []) if isinstance(item, Path))
    found = []
    for path in files:
        with contextlib.suppress(OSError):  # gone between two looks
            about = path.stat()
            found.append((str(path), about.st_size, about.st_mtime_ns))
    return tuple(found)


def _free(id: str, taken: Collection[str]) -> str:
    """An id that no other document has."""
    return id if id not in taken else next(free for n in count(2) if (free := f"{id}-{n}") not in taken)


def _place(item: str | Path) -> str:
    return str(item.absolute()) if isinstance(item, Path) else item


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
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in _INSTALLED)
        files += [Path(folder, name) for name in names if not name.startswith(".")]
    for path in sorted(files, key=lambda p: p.relative_to(root).as_posix()):
        if path.parent == root and path.name.lower() in _ABOUT:
            continue
        if is_known(path.name) and (path.suffix or not _is_binary(path)):
            yield path
        else:
            others.append(path)


_INSTALLED = frozenset(("node_modules", "bower_components", "site-packages", "__pycache__"))
"""Folders into which programs put those of others."""


def _is_binary(path: Path) -> bool:
    """Whether a file that has no suffix holds no text: a program, a picture."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return b"\0" in file.read(1024)
    except OSError:
        return False


def _read(loaded: _Loaded, max_bytes: int, worker: Worker) -> tuple[Document, tuple[str, ...]]:
    """In the other process, unless the caller registered a loader for it."""
    read_ = worker.read
    if own(loaded.name):
        from qa.corpus import reading  # late: it needs the libraries that the worker has

        read_ = reading.document
    return read_(
        loaded.data, loaded.name, content_type=loaded.content_type, original=loaded.original, max_bytes=max_bytes
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What lies at a place, before it is read."""

    data: bytes
    name: str
    content_type: str = ""
    original: str = ""


def _load(item: str | Path, max_bytes: int, allow_private: bool) -> _Loaded:
    if isinstance(item, Path):
        return _Loaded(_load_file(item, max_bytes), item.name)
    from qa.corpus.fetching import fetch  # late: files need none of it, and it takes a second

    page = fetch(item, max_bytes=max_bytes, allow_private=allow_private)
    parts = urlsplit(page.address)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or str(parts.hostname)
    return _Loaded(page.data, name, page.content_type, page.address)


def _load_file(path: Path, max_bytes: int) -> bytes:
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
