"""What a conversation works on: the assistant everybody shares, or a copy that only it sees change."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from qa import Assistant, IndexStaleError, Overview, QAError, Source
from qa.page.starters import starters

Steps = Callable[[str, int, int], None]

LOOK: Final = 1.0
"""Seconds between two looks at whether the index was built anew."""
STEPS: Final = 20
"""Changes that can be taken back; each keeps the index before it open."""
GLANCE: Final = 3
"""Key sentences of a source."""
OPEN: Final = 12
"""Copies that are kept open; those that were used longest ago are closed and opened again when they are wanted."""


class Library:
    """An assistant that can be changed and changed back. Changes wait for each other; asking never waits.

    Args:
        assistant: what it starts from.
        folder: where the files that were added lie, and, of a private one, its own index.
        private: changes go to that index, and `assistant` stays as it is.
    """

    def __init__(self, assistant: Assistant, folder: Path, *, private: bool = False) -> None:
        self._assistant = assistant
        self._looked = time.monotonic()
        self.folder = folder
        self.private = private
        self.starters: Sequence[str] = ()
        """Questions to begin with, once they were found."""
        self._begun: Assistant | None = None
        self._beginning = Lock()
        self._glances: tuple[Assistant, dict[str, Overview]] = (assistant, {})
        self._before: list[Assistant] = []
        self._borrowed = assistant if private else None
        self._changing = Lock()
        if private and self._index.is_dir():
            try:
                self._assistant = Assistant.open(self._index, assistant.config, build=False)
            except (
                IndexStaleError
            ):  # of another version of qa: made anew of what is shared and the files that were added
                shutil.rmtree(self._index)
                self.change(add=[path for path in self.files.glob("*") if path.is_file()])
                self._before.clear()

    @property
    def assistant(self) -> Assistant:
        """The assistant as it is now; once another process has built the index anew, the one over that."""
        now = time.monotonic()
        if now - self._looked > LOOK and self._changing.acquire(blocking=False):
            try:
                self._looked = now
                renewed = self._assistant.renewed()
                if renewed is not self._assistant:
                    # the old one is not closed: others may be asking it, and it goes with the last of them
                    if self._assistant is self._borrowed:
                        self._borrowed = renewed
                    self._assistant = renewed
                    self._before.clear()
            except QAError:
                pass  # the newer one cannot be opened: this one still answers
            finally:
                self._changing.release()
        return self._assistant

    def suggest(self) -> None:
        """Finds questions to begin with, once for each assistant."""
        with self._beginning:
            if self.begun:
                return
            assistant = self.assistant
            try:
                found = starters(assistant, self.glance)
            except Exception:  # closed meanwhile, or nothing to ask: a page without suggestions is a page
                return
            if self.assistant is assistant:
                self.starters, self._begun = found, assistant

    @property
    def begun(self) -> bool:
        """Whether questions to begin with were looked for."""
        return self._begun is self.assistant

    @property
    def files(self) -> Path:
        """The folder of the files that were added."""
        return self.folder / "files"

    @property
    def changed(self) -> bool:
        """Whether it is other than what everybody shares."""
        return self.private and self._assistant is not self._borrowed

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    def glance(self, id_: str) -> Overview:
        """What a source is about; made once.

        Raises:
            QAError: there is no such source.
        """
        assistant = self.assistant
        if self._glances[0] is not assistant:
            self._glances = (assistant, {})
        known = self._glances[1]
        if id_ not in known:
            known[id_] = assistant.overview(id_, most=GLANCE)
        return known[id_]

    def original(self, id_: str) -> Path | None:
        """The file that a source was read from; None where it is gone, or another now."""
        origin = self.assistant.index.origins().get(id_) or {}
        place = Path(origin.get("place") or "/")
        # an upload was moved to where it stays; an address of the web is no file
        for path in (self.files / place.name, place):
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == origin.get("bytes"):
                return path
        return None

    def change(
        self,
        *,
        add: Sequence[str | Path] = (),
        remove: Collection[str] = (),
        describe: Mapping[str, Source] | None = None,
        progress: Steps | None = None,
    ) -> Assistant:
        """Adds, removes or describes documents; the assistant that has them so, and what could not be read.

        Raises:
            QAError: nothing was changed; the message says why.
        """
        with self._changing:
            changed = self._assistant.changed(
                add=add, remove=remove, describe=describe, index=self._own(), progress=progress
            )
            self._before.append(self._assistant)
            self._take(changed)
            if len(self._before) > STEPS:
                self._release(self._before.pop(0))
        return changed

    def undo(self) -> bool:
        """Takes the last change that still stands back. False where there is none."""
        with self._changing:
            if not self._before:
                return False
            wanted = self._before[-1]
            undone = self._assistant
            # built anew, not opened again: what others are asking is answered from a whole index
            self._take(wanted.changed(index=self._own()))
            self._before.pop()
            for one in (wanted, undone):
                self._release(one)
            return True

    def close(self) -> None:
        """Gives a private copy's files back; they stay where they are."""
        if self.private:
            for one in (*self._before, self._assistant):
                self._release(one)
            self._before.clear()

    @property
    def _index(self) -> Path:
        return self.folder / "index"

    def _own(self) -> Path | None:
        return self._index if self.private else None

    def _take(self, assistant: Assistant) -> None:
        self._assistant, self.starters = assistant, ()

    def _release(self, assistant: Assistant) -> None:
        if assistant is not self._borrowed:
            assistant.close()


class Libraries:
    """The library everybody shares, and those of conversations, by the names of their folders."""

    def __init__(self, shared: Assistant, folder: Path) -> None:
        self.folder = folder
        self.shared = Library(shared, folder / "everybody")
        self._own: dict[str, Library] = {}
        self._lock = Lock()

    def of(self, name: str) -> Library:
        """The library of that name; the shared one where it is empty.

        Raises:
            QAError: its index cannot be opened.
        """
        if not name:
            return self.shared
        with self._lock:
            library = self._own.pop(name, None) or Library(self.shared.assistant, self.folder / name, private=True)
            self._own[name] = library  # the last is the one used last
            while len(self._own) > OPEN:
                self._own.pop(next(iter(self._own))).close()
            return library

    @staticmethod
    def name() -> str:
        """A name that is not taken."""
        return secrets.token_hex(16)

    def keep_only(self, names: Collection[str]) -> None:
        """Removes the folders of all others."""
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            if folder.is_dir() and folder != self.shared.folder and folder.name not in names:
                with self._lock:
                    library = self._own.pop(folder.name, None)
                if library:
                    library.close()
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Gives all files back but those of the shared one."""
        with self._lock:
            for library in self._own.values():
                library.close()
            self._own.clear()
