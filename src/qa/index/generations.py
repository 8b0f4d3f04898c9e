"""Where an index lies: one folder per generation, a pointer to the current one, a lock for the writer.

    index/
        current.json      {"current": "gen-…", "previous": "gen-…"}, replaced in one step
        gen-…/            one whole index, never changed once the pointer names it
            manifest.json     what it is, and the digest of every file
            stamps.json       size and time of each file when its digest was last compared
        .lock .writer     held, and signed, by whoever builds

A writer that is killed leaves a folder that nothing points to; the next writer sweeps it away. The previous
generation stays for one round: for readers that looked at the pointer just before it moved, and to serve where the
current one is damaged.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from qa.index.manifest import DamagedIndexError, sealed, unsealed
from qa.index.vectors import content
from qa.schema import IndexBusyError, IndexMissingError, IndexWriteError, QAError

_POINTER = "current.json"
_STAMPS = "stamps.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which generation is current, and which was before it; empty where there is none."""

    current: str = ""
    previous: str = ""


def read_pointer(folder: Path) -> Pointer:
    """What the pointer says.

    Raises:
        IndexMissingError: there is no pointer.
        DamagedIndexError: it was altered.
    """
    try:
        data = unsealed((folder / _POINTER).read_bytes())
        return Pointer(str(data["current"]), str(data["previous"]))
    except (FileNotFoundError, NotADirectoryError) as error:
        if any(folder.glob("gen-*/manifest.json")) and folder.is_dir():
            raise DamagedIndexError(f"{folder / _POINTER} is lost; run `qa index`") from error
        raise IndexMissingError(f"there is no index in {folder}; run `qa index --index {folder}`") from error
    except (OSError, ValueError, KeyError) as error:
        raise DamagedIndexError(f"{folder / _POINTER} cannot be read ({error}); run `qa index`") from error


def readable(folder: Path) -> tuple[tuple[str, ...], str]:
    """Generations that may be opened, the best first, and what is wrong with the pointer, if anything.

    Raises:
        IndexMissingError: there is none.
    """
    try:
        pointer = read_pointer(folder)
    except DamagedIndexError as error:
        # a folder is whole before the pointer names it, or its manifest is missing: the newest is as good
        whole = sorted((path.parent.name for path in folder.glob("gen-*/manifest.json")), reverse=True)
        if not whole:
            raise
        return tuple(whole), str(error)
    return tuple(filter(None, (pointer.current, pointer.previous))), ""


def compare(generation: Path, digests: Mapping[str, str], *, deep: bool = False) -> tuple[str, ...]:
    """What is wrong with the files of a generation, one line each.

    A file of the size and time that it had when its digest was last compared is taken for what it was.

    Args:
        digests: name -> digest, as the manifest has them.
        deep: read every file.
    """
    stamps = {} if deep else _stamps(generation)
    wrong: list[str] = []
    now: dict[str, list[int]] = {}
    for name, expected in digests.items():
        path = generation / name
        try:
            now[name] = _stamp(path)
            if stamps.get(name) != now[name] and digest(path) != expected:
                raise ValueError
        except (OSError, ValueError) as error:
            why = f" ({error})" if str(error) else ""
            wrong.append(f"{name} is lost" if isinstance(error, FileNotFoundError) else f"{name} was altered{why}")
            now[name] = []  # as it is, it is looked at again: who opens it next is told, and `qa index` mends it
    if (deep or not wrong) and any(stamps.get(name) != there for name, there in now.items()):
        _write_stamps(generation, {**_stamps(generation), **now})
    return tuple(wrong)


def digests(generation: Path, files: Iterable[Path]) -> dict[str, str]:
    """Name -> digest of files that were just written; size and time of each are noted."""
    named = {path.relative_to(generation).as_posix(): path for path in files}
    found = {name: digest(path) for name, path in named.items()}
    _write_stamps(generation, {name: _stamp(path) for name, path in named.items()})
    return found


def restamp(generation: Path, name: str) -> None:
    """Notes that one file was changed by its reader, on purpose."""
    with suppress(OSError):
        _write_stamps(generation, {**_stamps(generation), name: _stamp(generation / name)})


def _write_stamps(generation: Path, stamps: Mapping[str, list[int]]) -> None:
    # where they cannot be written, the files are compared again next time
    draft = generation / f"{_STAMPS}.{os.getpid()}"
    with suppress(OSError):
        draft.write_text(sealed({"files": dict(stamps)}), "utf-8")
        os.replace(draft, generation / _STAMPS)
        return
    with suppress(OSError):
        draft.unlink()


def digest(path: Path) -> str:
    """SHA-256 of a file; of what it says, where it is Chroma's database.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a database that is not whole.
    """
    if path.name == "chroma.sqlite3":
        return content(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamps(generation: Path) -> dict[str, list[int]]:
    try:
        found: dict[str, list[int]] = unsealed((generation / _STAMPS).read_bytes())["files"]
        return found
    except (OSError, ValueError, KeyError):
        return {}


def _stamp(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def move_pointer(folder: Path, new: str, old: str = "") -> None:
    """Makes `new` the current generation: a reader, or a crash, finds the old one or the new one.

    Args:
        old: the generation that is kept to fall back on; default: the one before.
    """
    old = old or next((name for name in _serving(folder) if name != new), "")
    _sync_tree(folder / new)  # before anything names it
    draft = folder / f"{_POINTER}.new"
    with draft.open("w", encoding="utf-8") as file:
        file.write(sealed({"current": new, "previous": old}))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / _POINTER)
    _sync(folder)


def sweep(folder: Path, keep: Callable[[str], bool], forget: Callable[[str], None]) -> None:
    """Removes every generation that is not current, not the previous one, and not kept by `keep`.

    Args:
        forget: called with each name before its folder goes, to remove what lies elsewhere.
    """
    serving = _serving(folder)
    for old in sorted(folder.glob("gen-*")):
        if old.name in serving or keep(old.name):
            continue
        forget(old.name)
        shutil.rmtree(old, ignore_errors=True)  # what stays is tried again next time


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """A new generation folder that this process alone may fill; removed again if anything goes wrong.

    Raises:
        IndexBusyError: another writer holds the lock.
        IndexWriteError: the folder cannot be written, or the disk is full.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise IndexBusyError(
                f"the index in {folder} is being written by {_writer(folder)}; "
                "wait until it is done, or stop it and run the command again"
            ) from error
    new = folder / f"gen-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    try:
        with explained(folder):
            (folder / ".writer").write_text(f"process {os.getpid()} on {socket.gethostname()}", "utf-8")
            new.mkdir()
        yield new
    except BaseException:  # Ctrl-C too
        if current(folder) != new.name:
            shutil.rmtree(new, ignore_errors=True)
        raise
    finally:
        with suppress(OSError):  # where nothing was to be written it is empty
            new.rmdir()
        (folder / ".writer").unlink(missing_ok=True)
        lock.release()


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns the operating system's errors into ours."""
    try:
        yield
    except OSError as error:
        raise IndexWriteError(
            f"the index in {folder} cannot be written: {error.strerror or error}; {_remedy(error)}. "
            "The index that was there before is untouched"
        ) from error


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "free some disk space, or choose another folder with --index or QA_INDEX_DIR"
    return "choose a folder you may write with --index or QA_INDEX_DIR, or change its permissions"


def _writer(folder: Path) -> str:
    try:
        return (folder / ".writer").read_text("utf-8") or "another process"
    except OSError:
        return "another process"


def current(folder: Path) -> str:
    """Name of the current generation; empty where there is none that can be read."""
    return next(iter(_serving(folder)), "")


def _serving(folder: Path) -> tuple[str, ...]:
    try:
        return readable(folder)[0]
    except QAError:
        return ()


def _sync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder cannot be opened on Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
