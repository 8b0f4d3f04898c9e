"""What a visitor is told when something is not as it should be."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from pathlib import Path

from qa import Assistant, QAError

log = logging.getLogger(__name__)


def fitting(what: str, text: str, most: int) -> str:
    """The text without the space around it.

    Raises:
        QAError: it is longer than anybody means it to be.
    """
    text = text.strip()
    if len(text) > most:
        done = "ask" if what == "question" else "check it"
        raise QAError(f"The {what} has {len(text):,} characters; {done} in at most {most:,}.")
    return text


def unread(assistant: Assistant) -> list[str]:
    """A line for each document that could not be read."""
    return [f"Not read: {s.place}: {s.reason}; {s.remedy}." for s in assistant.skipped]


def named(line: str, files: Sequence[Path]) -> str:
    """Uploads by their names; where they lie on this machine is nobody's business."""
    for path in files:
        line = line.replace(str(path), path.name)
    return line


def told(error: Exception | None) -> str:
    """An error of ours in its own words; of one that nobody foresaw the log has the rest under a reference."""
    if isinstance(error, QAError):
        return str(error)
    reference = secrets.token_hex(3)
    log.error("error %s", reference, exc_info=error)
    return f"Something went wrong here. The page's log has it under {reference}; please try again."
