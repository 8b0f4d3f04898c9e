"""Where an index lies: one folder per generation, a pointer to the current one, a lock for the writer.

    index/
        current.json      {"current": "gen-…", "previous": "gen-…"}, replaced in one step
        gen-…/            one whole index, never changed once the pointer names it
        .lock .writer     held, and signed, by whoever builds

A writer that is killed leaves a folder that nothing points to; the next writer sweeps it away. The previous
generation stays for one round, for readers that looked at the pointer just before it moved.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from qa.schema import IndexBusyError, IndexMissingError, IndexStaleError, IndexWriteError, QAError

_POINTER = "current.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which generation is current, and which was before it; empty where there is none."""

    current: str = ""
    previous: str = ""


def read_pointer(folder: Path) -> Pointer:
    """What the pointer says.

    Raises:
        IndexMissingError: there is no pointer.
        IndexStaleError: it cannot be read.
    """
    try:
        data = json.loads((folder / _POINTER).read_text("utf-8"))
        pointer = Pointer(str(data["current"]), str(data.get("previous", "")))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissingError(f"there is no index in {folder}; run `qa index --index {folder}`") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexStaleError(f"{folder / _POINTER} cannot be read ({error}); run `qa index`") from error
    if not (folder / pointer.current / "manifest.json").is_file():
        raise IndexStaleError(f"the index in {folder} has lost its folder {pointer.current}; run `qa index`")
    return pointer


def move_pointer(folder: Path, new: str) -> None:
    """Makes `new` the current generation: a reader, or a crash, finds the old one or the new one."""
    old = current(folder)
    _sync_tree(folder / new)  # before anything names it
    draft = folder / f"{_POINTER}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"current": new, "previous": old}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / _POINTER)
    _sync(folder)


def sweep(folder: Path, keep: Callable[[str], bool], forget: Callable[[str], None]) -> None:
    """Removes every generation that is not current, not the previous one, and not kept by `keep`.

    Args:
        forget: called with each name before its folder goes, to remove what lies elsewhere.
    """
    try:
        pointer = read_pointer(folder)
    except QAError:
        pointer = Pointer()
    for old in sorted(folder.glob("gen-*")):
        if old.name in {pointer.current, pointer.previous} or keep(old.name):
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
    try:
        return read_pointer(folder).current
    except QAError:
        return ""


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
