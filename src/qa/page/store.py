"""Conversations, kept in one SQLite file: what was asked, what was answered, under which filters."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from qa import Answer, Filters, QAError, Turn

LISTED: Final = 200
"""Conversations that are listed at once; a search finds the others."""
TITLE: Final = 120
"""Characters of a title."""

_ANSWERS: Final = TypeAdapter(Answer)
_FILTERS: Final = TypeAdapter(Filters)

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, named INTEGER NOT NULL DEFAULT 0,
    library TEXT NOT NULL DEFAULT '', report TEXT NOT NULL DEFAULT '', used REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS of_owner ON conversation (owner, used);
CREATE TABLE IF NOT EXISTS turn (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
    question TEXT NOT NULL, filters TEXT NOT NULL, answer TEXT, words TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '', stopped INTEGER NOT NULL DEFAULT 0, rated TEXT NOT NULL DEFAULT '',
    link TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS next (turn INTEGER PRIMARY KEY REFERENCES turn ON DELETE CASCADE, questions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS report_link (
    conversation TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE, link TEXT UNIQUE NOT NULL
);
CREATE INDEX IF NOT EXISTS of_conversation ON turn (conversation, id);
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What stands under one address. `library` names the folder of its own documents; empty where it has none."""

    id: str
    title: str
    library: str
    report: str
    """JSON of a checked text, where it is one instead of questions."""
    used: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A question and what came of it: an answer, an error, or, where the server went away, nothing."""

    id: int
    question: str
    filters: Filters
    answer: Answer | None = None
    error: str = ""
    stopped: bool = False
    rated: str = ""


class Store:
    """Everything of an owner is found with their name alone; another's is as if it were not there.

    Args:
        path: the file; made for its owner alone.

    Raises:
        QAError: it cannot be made, opened or read.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._base = sqlite3.connect(path, check_same_thread=False)
            self._base.row_factory = sqlite3.Row
            # what is deleted is overwritten; a stop at any instant leaves the last whole state
            self._base.executescript(f"PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; {_TABLES}")
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", "") or str(error)
            raise QAError(
                f"conversations cannot be kept in {path}: {why.lower()}; give another folder with --data"
            ) from error

    def close(self) -> None:
        """Gives the file back."""
        with self._lock:
            self._base.close()

    # -- conversations ---------------------------------------------------------------------------------

    def new(self, owner: str, title: str, *, library: str = "", report: str = "") -> Conversation:
        """An empty one, under an address that cannot be guessed."""
        made = Conversation(secrets.token_urlsafe(16), _title(title), library, report, time.time())
        with self._writing() as base:
            base.execute(
                "INSERT INTO conversation (id, owner, title, library, report, used) VALUES (?, ?, ?, ?, ?, ?)",
                (made.id, owner, made.title, library, report, made.used),
            )
        return made

    def get(self, id_: str, owner: str) -> Conversation | None:
        """The owner's conversation of that address."""
        rows = self._rows("SELECT * FROM conversation WHERE id = ? AND owner = ?", id_, owner)
        return _conversation(rows[0]) if rows else None

    def listed(self, owner: str, find: str = "") -> list[Conversation]:
        """The owner's, last used first; those alone in which all the words occur."""
        sql, values = "SELECT * FROM conversation c WHERE owner = ?", [owner]
        for word in find.split()[:10]:
            sql += (
                " AND (instr(lower(title), lower(?)) OR instr(lower(report), lower(?)) OR EXISTS (SELECT 1 FROM turn"
                " WHERE conversation = c.id AND instr(lower(question || ' ' || words), lower(?))))"
            )
            values += [word] * 3
        return [_conversation(row) for row in self._rows(f"{sql} ORDER BY used DESC LIMIT {LISTED}", *values)]

    def rename(self, id_: str, title: str) -> None:
        """Gives a title that no later question replaces."""
        self._write("UPDATE conversation SET title = ?, named = 1 WHERE id = ?", _title(title), id_)

    def keep_in(self, id_: str, library: str) -> None:
        """Names the folder of its own documents."""
        self._write("UPDATE conversation SET library = ? WHERE id = ?", library, id_)

    def report(self, id_: str, report: str) -> None:
        """Keeps what came of a text that was checked."""
        self._write("UPDATE conversation SET report = ? WHERE id = ?", report, id_)

    def delete(self, id_: str) -> None:
        """Takes it away, with its turns and the links to them."""
        self._write("DELETE FROM conversation WHERE id = ?", id_)

    def delete_unused(self, since: float) -> int:
        """Takes those away that nobody opened since then; how many."""
        with self._writing() as base:
            return base.execute("DELETE FROM conversation WHERE used < ?", (since,)).rowcount

    def libraries(self) -> set[str]:
        """Folders of documents that a conversation still has."""
        return {row["library"] for row in self._rows("SELECT DISTINCT library FROM conversation WHERE library != ''")}

    def touch(self, id_: str) -> None:
        """It was used now."""
        self._write("UPDATE conversation SET used = ? WHERE id = ?", time.time(), id_)

    def branch(self, one: Conversation, owner: str, before: int) -> Conversation:
        """Another one with the turns before that place, and the same documents; this one stays as it is."""
        new = self.new(owner, one.title, library=one.library)
        for asked in self.turns(one.id)[:before]:
            self.end(self.begin(new.id, asked.question, asked.filters), asked.answer, asked.error, asked.stopped)
        return new

    # -- what was asked in them ------------------------------------------------------------------------

    def turns(self, id_: str) -> list[AskedTurn]:
        """The turns of a conversation, in their order."""
        return [_asked(row) for row in self._rows("SELECT * FROM turn WHERE conversation = ? ORDER BY id", id_)]

    def history(self, turns: Sequence[AskedTurn]) -> tuple[Turn, ...]:
        """What a follow-up is understood from."""
        return tuple(Turn(asked.question, asked.answer) for asked in turns if asked.answer)

    def begin(self, id_: str, question: str, filters: Filters) -> int:
        """Notes a question before it is answered; its number. The first names the conversation."""
        with self._writing() as base:
            first = base.execute("SELECT 1 FROM turn WHERE conversation = ?", (id_,)).fetchone() is None
            if first:
                base.execute("UPDATE conversation SET title = ? WHERE id = ? AND NOT named", (_title(question), id_))
            base.execute("UPDATE conversation SET used = ? WHERE id = ?", (time.time(), id_))
            made = base.execute(
                "INSERT INTO turn (conversation, question, filters) VALUES (?, ?, ?)",
                (id_, question, _FILTERS.dump_json(filters).decode()),
            )
            assert made.lastrowid is not None
            return made.lastrowid

    def end(self, turn: int, answer: Answer | None, error: str = "", stopped: bool = False) -> None:
        """Notes what came of a question; one that was deleted meanwhile stays so."""
        kept = _ANSWERS.dump_json(answer).decode() if answer else None
        self._write(
            "UPDATE turn SET answer = ?, words = ?, error = ?, stopped = ? WHERE id = ?",
            kept,
            str(answer or ""),
            error,
            stopped,
            turn,
        )

    def rate(self, turn: int, verdict: str) -> None:
        """What was thought of an answer."""
        self._write("UPDATE turn SET rated = ? WHERE id = ?", verdict, turn)

    def suggest(self, turn: int, questions: Sequence[str]) -> None:
        """Notes what can be asked next."""
        self._write(
            "INSERT OR REPLACE INTO next SELECT id, ? FROM turn WHERE id = ?", json.dumps(list(questions)), turn
        )

    def suggested(self, turn: int) -> list[str] | None:
        """What can be asked next; None where nobody has looked."""
        rows = self._rows("SELECT questions FROM next WHERE turn = ?", turn)
        return list(json.loads(rows[0]["questions"])) if rows else None

    # -- links ---------------------------------------------------------------------------------------

    def link(self, turn: int) -> str:
        """What opens this answer, as it stands, for whoever may come in; the same each time."""
        self._write("UPDATE turn SET link = coalesce(link, ?) WHERE id = ?", secrets.token_urlsafe(16), turn)
        return str(self._rows("SELECT link FROM turn WHERE id = ?", turn)[0]["link"])

    def link_report(self, id_: str) -> str:
        """As `link`, of a text that was checked."""
        self._write("INSERT OR IGNORE INTO report_link VALUES (?, ?)", id_, secrets.token_urlsafe(16))
        return str(self._rows("SELECT link FROM report_link WHERE conversation = ?", id_)[0]["link"])

    def linked_report(self, link: str) -> Conversation | None:
        """The checked text behind a link."""
        rows = self._rows(
            "SELECT conversation.* FROM report_link JOIN conversation ON id = conversation WHERE link = ?", link
        )
        return _conversation(rows[0]) if rows else None

    def linked(self, link: str) -> AskedTurn | None:
        """The answer behind a link."""
        rows = self._rows("SELECT * FROM turn WHERE link = ?", link)
        return _asked(rows[0]) if rows else None

    # ------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._base:
            yield self._base

    def _write(self, sql: str, *values: Any) -> None:
        with self._writing() as base:
            base.execute(sql, values)

    def _rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(row["id"], row["title"], row["library"], row["report"], row["used"])


def _asked(row: sqlite3.Row) -> AskedTurn:
    error = row["error"]
    try:
        answer = _ANSWERS.validate_json(row["answer"]) if row["answer"] else None
    except ValidationError:
        answer, error = None, "This answer was stored by another version and cannot be shown; ask again."
    filters = _FILTERS.validate_json(row["filters"])
    return AskedTurn(row["id"], row["question"], filters, answer, error, bool(row["stopped"]), row["rated"])
