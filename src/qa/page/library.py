"""What a visitor works on: the assistant everybody shares, or a copy that only they see change."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from qa import Assistant, QAError, Source

Steps = Callable[[str, int, int], None]

LOOK: Final = 1.0
"""Seconds between two looks at whether the index was built anew."""
STEPS: Final = 20
"""Changes that can be taken back; each keeps the index before it open."""


class Library:
    """An assistant that can be changed and changed back. Changes wait for each other; asking never waits.

    Args:
        assistant: what it starts from.
        private: changes go to a folder of its own, which `close` removes.
    """

    def __init__(self, assistant: Assistant, *, private: bool = False) -> None:
        self._assistant = assistant
        self._looked = time.monotonic()
        self.private = private
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._before: list[Assistant] = []
        self._borrowed = assistant if private else None
        self._changing = Lock()

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
                    self._assistant = renewed
                    self._before.clear()
            except QAError:
                pass  # the newer one cannot be opened: this one still answers
            finally:
                self._changing.release()
        return self._assistant

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    def change(
        self,
        *,
        add: Sequence[str] = (),
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
            self._assistant = changed
            if len(self._before) > STEPS:
                self._release(self._before.pop(0))
        return changed

    def undo(self) -> bool:
        """Takes the last change that still stands back. False where there is none."""
        with self._changing:
            if not self._before:
                return False
            wanted = self._before[-1]
            # built anew, not opened again: what others are asking is answered from a whole index
            undone, self._assistant = self._assistant, wanted.changed(index=self._own())
            self._before.pop()
            for one in (wanted, undone):
                self._release(one)
            return True

    def close(self) -> None:
        """Gives files back and removes a private folder."""
        if self.private:
            for one in (*self._before, self._assistant):
                self._release(one)
            self._before.clear()
            if self._folder is not None:
                self._folder.cleanup()

    def _own(self) -> Path | None:
        if not self.private:
            return None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="qa-")
        return Path(self._folder.name) / "index"

    def _release(self, assistant: Assistant) -> None:
        if assistant is not self._borrowed:
            assistant.close()
