"""What people thought of an answer: JSON lines that `qa eval add` can begin from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from qa import Turn

VERDICTS: Final = ("up", "down")
REASONS: Final = ("", "wrong", "citation", "missing", "other")
LONGEST_NOTE: Final = 2000

_writing = Lock()


def write(path: Path, turn: Turn, verdict: str, reason: str, note: str) -> None:
    """Adds a line: when, the question, the verdict, the reason, a note, and the whole answer.

    Raises:
        ValueError: a verdict or reason that there is not.
        OSError: the file cannot be written.
    """
    if verdict not in VERDICTS or reason not in REASONS:
        raise ValueError(f"feedback is {verdict!r}, {reason!r}; known are {VERDICTS} and {REASONS}")
    line = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "question": turn.question,
        "searched": turn.searched,
        "verdict": verdict,
        "reason": reason,
        "note": note[:LONGEST_NOTE],
        "answer": turn.answer.to_dict(),
    }
    with _writing, path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
