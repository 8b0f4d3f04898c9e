"""How the page is served. What it answers from is `qa`'s own settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Editing(StrEnum):
    """Who sees what is added to the corpus on the page."""

    PRIVATE = "private"
    """Whoever added it."""
    ALL = "all"
    """Everybody."""
    OFF = "off"
    """Nobody may change it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the page; `qa serve --help` says how to give them."""

    host: str = "127.0.0.1"
    port: int = 7860
    users: Path | None = None
    proxy_header: str = ""
    hosts: tuple[str, ...] = ()
    """Names beside `host` that the page answers to."""
    open: bool = False
    """Everybody who reaches the address may use it."""
    editing: Editing = Editing.PRIVATE
    mcp: bool = False
    data: Path = Path("conversations")
    """Folder of the conversations and of the documents that were added to them."""
    keep_days: int = 30
    """Days after which a conversation that nobody opened is deleted, with its documents."""
    feedback: Path = Path("feedback.jsonl")
    results: Path = Path("eval/results")
    questions: Path = Path("eval/questions.jsonl")
    largest_file_mb: int = 20
