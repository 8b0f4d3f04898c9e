"""One index for several machines: whole generations in a PostgreSQL database, texts, words and vectors.

Who builds puts every file of the new generation there, in one transaction that ends with its name; who opens brings
what is named there into a folder of its own, and reads that. So a question asks no server, scores and order are those
of the machine that built, and a server that is away costs no answer. The database is the truth: a folder that differs
follows it.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qa.index import generations
from qa.index.manifest import Manifest
from qa.schema import IndexBusyError, IndexStaleError, IndexWriteError

if TYPE_CHECKING:
    from psycopg import Connection

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS qa_files (generation text, name text, part int, data bytea,
    PRIMARY KEY (generation, name, part));
CREATE TABLE IF NOT EXISTS qa_current (generation text)
"""
_PART: Final = 1 << 20
"""Bytes of a file that make one row."""
_AGAIN: Final = 5.0
"""Seconds after which an open index looks again what is current there."""


class Shared:
    """The database of the setting `shared_url`. Several threads may ask at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._looked = time.monotonic()

    def current(self) -> str:
        """Name of the generation there; empty where none is.

        Raises:
            IndexStaleError: the server does not answer.
        """
        with self._connected() as connection:
            return _current(connection)

    def names(self, generation: str) -> bool:
        """Whether this one is current there, as far as was seen in the last seconds; also where nothing answers."""
        if time.monotonic() - self._looked < _AGAIN:
            return True
        try:
            return self.current() in ("", generation)
        except IndexStaleError:
            return True
        finally:
            self._looked = time.monotonic()

    def push(self, generation: Path, before: str) -> None:
        """Puts a generation there in the place of the one before, whole or not at all.

        Raises:
            IndexBusyError: another machine has put a newer one there meanwhile.
            IndexWriteError: the server is away, or refuses.
        """
        try:
            with self._connected() as connection:
                connection.execute(_TABLES)
                connection.execute("LOCK TABLE qa_current IN EXCLUSIVE MODE")
                if (there := _current(connection)) == generation.name:
                    return
                if there not in ("", before):
                    raise IndexBusyError(
                        f"another machine has put {there} into the database of shared_url meanwhile; run the command "
                        "again, and it starts from that one"
                    )
                with connection.cursor().copy("COPY qa_files FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(["text", "text", "int4", "bytea"])
                    for row in _parts(generation):
                        copy.write_row((generation.name, *row))
                connection.execute("DELETE FROM qa_files WHERE generation <> %s", (generation.name,))
                connection.execute("DELETE FROM qa_current")
                connection.execute("INSERT INTO qa_current VALUES (%s)", (generation.name,))
        except IndexStaleError as error:
            raise IndexWriteError(f"{error}. The index that was there before is untouched") from error

    def pull(self, folder: Path, keep: Callable[[str], bool]) -> None:
        """Makes what is current there current in a folder; nothing is done where it is already, or there is none.

        Args:
            keep: names of generations in the folder that stay, see `generations.sweep`.

        Raises:
            IndexBusyError: another process is writing in the folder.
            IndexStaleError: the server does not answer, or what it holds is not whole.
            IndexWriteError: the folder cannot be written, or the disk is full.
        """
        if (name := self.current()) in ("", generations.current(folder)):
            return
        with generations.writing(folder) as new, generations.explained(folder), self._connected() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # one state, whatever a writer does
            name = _current(connection)
            if not (whole := folder / name).exists() or _wrong(whole):
                shutil.rmtree(whole, ignore_errors=True)
                _fetch(connection, name, new)
                if wrong := _wrong(new):
                    raise IndexStaleError(f"{name} in the database of shared_url is damaged: {wrong}; run `qa index`")
                os.rename(new, whole)
            generations.move_pointer(folder, name)
            generations.sweep(folder, keep, lambda _: None)

    @contextmanager
    def _connected(self) -> Iterator[Connection[Any]]:
        """A transaction."""
        try:
            import psycopg
        except ImportError as error:
            raise IndexStaleError("shared_url needs psycopg: pip install 'qa[postgres]'") from error
        try:
            with psycopg.connect(self._url, connect_timeout=5) as connection:
                yield connection
        except psycopg.Error as error:
            why = " ".join(str(error).split())
            raise IndexStaleError(
                f"the database of shared_url cannot be used ({why}); start it, or unset the setting"
            ) from error


def _current(connection: Connection[Any]) -> str:
    if connection.execute("SELECT to_regclass('qa_current')").fetchone() == (None,):
        return ""
    found = connection.execute("SELECT generation FROM qa_current").fetchone()
    name = str(found[0]) if found else ""
    if name and not re.fullmatch(r"gen-[\w-]+", name):
        raise IndexStaleError(f"the database of shared_url names {name!r}, which is no generation; run `qa index`")
    return name


def _parts(generation: Path) -> Iterator[tuple[str, int, bytes]]:
    """Name, number and bytes of every part of its files."""
    for name in (*_manifest(generation).files, "manifest.json"):
        with (generation / name).open("rb") as file:
            number = 0
            while (data := file.read(_PART)) or not number:
                yield name, number, data
                number += 1


def _fetch(connection: Connection[Any], name: str, new: Path) -> None:
    """Writes the files of a generation into a folder."""
    listed = "SELECT name, count(*) FROM qa_files WHERE generation = %s GROUP BY name"
    one = "SELECT data FROM qa_files WHERE generation = %s AND name = %s AND part = %s"
    with connection.cursor(binary=True) as cursor:
        for file_name, parts in cursor.execute(listed, (name,)).fetchall():
            path = new / file_name
            if not path.resolve().is_relative_to(new.resolve()):
                raise IndexStaleError(f"the database of shared_url names {file_name!r}, which is no file of an index")
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                for part in range(parts):
                    found = cursor.execute(one, (name, file_name, part)).fetchone()
                    file.write(found[0] if found else b"")  # what is missing is seen by its digest


def _manifest(generation: Path) -> Manifest:
    return Manifest.from_json((generation / "manifest.json").read_bytes())


def _wrong(generation: Path) -> str:
    """What is damaged in it; empty where it is whole."""
    with suppress(OSError, ValueError):
        return "; ".join(generations.compare(generation, _manifest(generation).files, deep=True))
    return "manifest.json cannot be read"
