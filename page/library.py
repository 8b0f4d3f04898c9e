"""What a visitor works on: the assistant everybody shares, or a copy that only they see change."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock

from qa import Assistant, Source

Steps = Callable[[str, int, int], None]


class Library:
    """An assistant that can be changed and changed back. Changes wait for each other; asking never waits.

    Args:
        assistant: what it starts from.
        private: changes go to a folder of its own, which `close` removes.
    """

    def __init__(self, assistant: Assistant, *, private: bool = False) -> None:
        self.assistant = assistant
        self.private = private
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._previous: Assistant | None = None
        self._borrowed = assistant if private else None
        self._changing = Lock()

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._previous is not None

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
            changed = self.assistant.changed(
                add=add, remove=remove, describe=describe, index=self._own(), progress=progress
            )
            self._take(changed)
        return changed

    def undo(self) -> bool:
        """Takes the last change back. False where there is none."""
        with self._changing:
            if self._previous is None:
                return False
            self._take(self._previous.changed(index=self._own()))
            self._forget()
            return True

    def close(self) -> None:
        """Gives files back and removes a private folder."""
        if self.private:
            self._forget()
            if self.assistant is not self._borrowed:
                self.assistant.close()
            if self._folder is not None:
                self._folder.cleanup()

    def _own(self) -> Path | None:
        if not self.private:
            return None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="qa-")
        return Path(self._folder.name) / "index"

    def _take(self, changed: Assistant) -> None:
        # the one before stays open: questions may still be read from it, and `undo` builds from it
        self._forget()
        self._previous, self.assistant = self.assistant, changed

    def _forget(self) -> None:
        if self._previous is not None and self._previous is not self._borrowed:
            self._previous.close()
        self._previous = None
