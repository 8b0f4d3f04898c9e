"""Documents, passages and names of an index: two SQLite files, read where they lie.

Each is written row behind row, so what is taken over from another index is copied in runs and ends in the same bytes.
A document's passages are the rows `first` to `last`, in the order of its text. What people wrote is JSON in UTF-8 that
keeps half surrogates, with a digest of each row, which is compared whenever the row is read.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from qa.index.manifest import DamagedIndexError, document_digest
from qa.language import fold
from qa.language.described import source_keys
from qa.schema import Document, Filters, Passage, Section, Source

DOCUMENTS: Final = "documents.sqlite"
PASSAGES: Final = "passages.sqlite"
_TABLES: Final = """
CREATE TABLE main.documents (
    row INTEGER PRIMARY KEY, first INTEGER, last INTEGER,
    id TEXT UNIQUE, folded TEXT, publisher TEXT, kind TEXT, language TEXT, published TEXT, digest TEXT,
    source BLOB, body BLOB, names BLOB, origin BLOB, sum BLOB, described TEXT
);
CREATE TABLE cut.passages (row INTEGER PRIMARY KEY, id TEXT UNIQUE, embedded BLOB, data BLOB, sum BLOB);
CREATE TABLE main.names (
    key TEXT, name TEXT, folded TEXT, documents INTEGER, PRIMARY KEY (key, name)
) WITHOUT ROWID;
CREATE TABLE main.called (key TEXT, word TEXT, row INTEGER, PRIMARY KEY (key, word, row)) WITHOUT ROWID;
CREATE INDEX main.beginnings ON names (folded);
CREATE INDEX main.ids ON documents (folded);
CREATE INDEX main.publishers ON documents (publisher);
CREATE INDEX main.languages ON documents (language);
CREATE TEMP TABLE counted (key TEXT, name TEXT, folded TEXT, documents INTEGER);
"""
_DOCUMENT: Final = (
    "id, folded, publisher, kind, language, published, digest, source, body, names, origin, sum, described"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored: its row, those of its passages, its digest, and where it came from, as JSON."""

    row: int
    first: int
    last: int
    digest: str
    origin: bytes


class Texts:
    """The files of a generation, open for reading. Several threads may read at once."""

    def __init__(self, generation: Path) -> None:
        self._connection = sqlite3.connect(_address(generation / DOCUMENTS), uri=True, check_same_thread=False)
        self._connection.execute("ATTACH ? AS cut", (_address(generation / PASSAGES),))
        self._generation = generation
        self._lock = Lock()
        self.source = lru_cache(maxsize=4096)(self._source)
        self.passage = lru_cache(maxsize=4096)(self._passage)
        self.row = lru_cache(maxsize=4096)(self._row)

    @property
    def generation(self) -> Path:
        """The folder where they lie."""
        return self._generation

    # -- documents -------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """Of the documents, in their order."""
        return [id_ for (id_,) in self._all("SELECT id FROM documents ORDER BY row")]

    def digests(self) -> dict[str, str]:
        """Document id -> digest of text and metadata."""
        return dict(self._all("SELECT id, digest FROM documents ORDER BY row"))

    def stored(self) -> dict[str, Stored]:
        """How every document is stored, by its id."""
        rows = self._all("SELECT id, row, first, last, digest, origin FROM documents ORDER BY row")
        return {id_: Stored(*about) for id_, *about in rows}

    def rows(self, id: str) -> tuple[int, int]:
        """The rows of a document's passages: the first, and the one behind the last; none where there is none."""
        found = self._one("SELECT first, last FROM documents WHERE id = ?", id)
        return tuple(found) if found else (0, 0)

    def origins(self) -> Iterator[tuple[str, Any]]:
        """Document id and where it came from."""
        for id_, origin in self._all("SELECT id, origin FROM documents ORDER BY row"):
            yield id_, _load(origin)

    def document(self, id: str) -> Document:
        """The whole document.

        Raises:
            KeyError: there is none.
        """
        row = self._one("SELECT id, source, body, names, origin, sum FROM documents WHERE id = ?", id)
        if not row:
            raise KeyError(id)
        _compare(row)
        text, sections, pages = _load(row[2])
        source = Source.from_dict(_load(row[1]))
        return Document(source, text, tuple(Section(*s) for s in sections), tuple(pages))

    def _source(self, id: str) -> Source:
        """What is known of a document.

        Raises:
            KeyError: there is none.
        """
        row = self._one("SELECT source FROM documents WHERE id = ?", id)
        if not row:
            raise KeyError(id)
        return Source.from_dict(_load(row[0]))

    def sources(self) -> Iterator[Source]:
        """All, in their order."""
        for (source,) in self._all("SELECT source FROM documents ORDER BY row"):
            yield Source.from_dict(_load(source))

    def publishers(self) -> list[str]:
        """Of the sources; of those that differ in case, one."""
        first = "SELECT min(row) FROM documents GROUP BY publisher"
        found = self._all(f"SELECT source FROM documents WHERE row IN ({first})")
        return sorted({Source.from_dict(_load(source)).publisher for (source,) in found})

    def ranges(self, filters: Filters) -> list[tuple[int, int]]:
        """Rows of the passages of the documents that pass, as ranges; one for each document."""
        where, values = _where(filters)
        return self._all(f"SELECT first, last FROM documents WHERE {where} ORDER BY row", *values)

    def passing(self, filters: Filters) -> list[str]:
        """Ids of the documents that pass."""
        where, values = _where(filters)
        return [id_ for (id_,) in self._all(f"SELECT id FROM documents WHERE {where} ORDER BY row", *values)]

    def passing_count(self, filters: Filters) -> int:
        """How many documents pass."""
        where, values = _where(filters)
        return int(self._all(f"SELECT count(*) FROM documents WHERE {where}", *values)[0][0])

    # -- passages --------------------------------------------------------------------------------------

    def count(self) -> int:
        """Passages in it."""
        return int(self._one("SELECT coalesce(max(row) + 1, 0) FROM passages")[0])

    def _passage(self, row: int) -> Passage:
        """The passage of a row.

        Raises:
            DamagedIndexError: there is none.
        """
        found = self._one("SELECT id, data, sum FROM passages WHERE row = ?", row)
        if not found:
            raise _damaged(f"passage {row} is missing")
        return _passage(found)

    def passages(self, first: int, last: int) -> Iterator[Passage]:
        """Those of rows `first` to `last`."""
        for found in self._all(
            "SELECT id, data, sum FROM passages WHERE row >= ? AND row < ? ORDER BY row", first, last
        ):
            yield _passage(found)

    def _row(self, id: str) -> int | None:
        """The row of a passage."""
        found = self._one("SELECT row FROM passages WHERE id = ?", id)
        return int(found[0]) if found else None

    def ids_of(self, rows: Sequence[int]) -> list[str]:
        """Of the passages in these rows, in one statement: what is only compared is not read whole.

        Raises:
            DamagedIndexError: a row is not there.
        """
        statement = "SELECT row, passages.id FROM json_each(?) CROSS JOIN passages ON row = value"
        found: dict[int, str] = dict(self._all(statement, json.dumps(rows)))
        if lost := [row for row in rows if row not in found]:
            raise _damaged(f"passage {lost[0]} is missing")
        return [found[row] for row in rows]

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        """Where passages stand, without those that are not there."""
        statement = "SELECT passages.id, row FROM json_each(?) CROSS JOIN passages ON passages.id = value"
        found: dict[str, int] = dict(self._all(statement, json.dumps([_plain(id_) for id_ in ids])))
        return [found[plain] for id_ in ids if (plain := _plain(id_)) in found]

    def passage_ids(self) -> list[str]:
        """In the order of their rows."""
        return [id_ for (id_,) in self._all("SELECT id FROM passages ORDER BY row")]

    def embedded(self, rows: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Row and digest of the embedded text of these passages."""
        wanted = json.dumps(list(rows))
        yield from self._all("SELECT row, embedded FROM json_each(?) CROSS JOIN passages ON row = value", wanted)

    # -- names -----------------------------------------------------------------------------------------

    def names(self, key: str) -> tuple[str, ...]:
        """The spellings of a key."""
        return tuple(name for (name,) in self._all("SELECT name FROM names WHERE key = ? ORDER BY name", key))

    def spellings(self) -> dict[str, tuple[str, ...]]:
        """All names, by their keys."""
        found: dict[str, list[str]] = {}
        for key, name in self._all("SELECT key, name FROM names ORDER BY key, name"):
            found.setdefault(key, []).append(name)
        return {key: tuple(names) for key, names in found.items()}

    def beginning(self, prefix: str) -> tuple[str, ...]:
        """The spellings that begin so, case and accents folded."""
        start = _plain(fold(prefix))
        if not start:
            return ()
        end = start[:-1] + chr(ord(start[-1]) + 1)
        found = self._all("SELECT name FROM names WHERE folded >= ? AND folded < ? ORDER BY name", start, end)
        return tuple(name for (name,) in found)

    def verify(self) -> None:
        """Reads every row.

        Raises:
            DamagedIndexError: one is not what was written.
        """
        for row in self._all("SELECT id, source, body, names, origin, sum FROM documents"):
            _compare(row)
        for found in self._all("SELECT id, data, sum FROM passages"):
            _compare(found)

    def close(self) -> None:
        """Gives the file back; may be called twice."""
        with self._lock:
            self._connection.close()

    def _all(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except (sqlite3.Error, UnicodeDecodeError) as error:
                raise _damaged(str(error)) from error

    def _one(self, statement: str, *values: Any) -> Any:
        found = self._all(f"{statement} LIMIT 1", *map(_bound, values))
        return found[0] if found else None


class Writer:
    """New files, written in one transaction: the same rows make the same bytes, made here or taken over.

    Args:
        base: an index whose rows can be taken over.
    """

    def __init__(self, generation: Path, base: Texts | None = None) -> None:
        self._connection = sqlite3.connect(_address(generation / DOCUMENTS, "mode=rwc"), uri=True, isolation_level=None)
        self._run("ATTACH ? AS cut", _address(generation / PASSAGES, "mode=rwc"))
        for name in ("main", "cut"):
            for pragma in ("page_size=8192", "journal_mode=OFF", "synchronous=OFF"):
                self._run(f"PRAGMA {name}.{pragma}")
        self._run("PRAGMA temp_store=MEMORY")
        self._base = base
        if base:
            self._run("ATTACH ? AS base", _address(base.generation / DOCUMENTS))
            self._run("ATTACH ? AS base_cut", _address(base.generation / PASSAGES))
        self._run("BEGIN")
        for statement in _TABLES.split(";"):
            self._run(statement)
        self.documents = self.passages = 0
        self._names: Counter[tuple[str, str]] = Counter()
        self._run_on: list[Stored] = []
        """Documents to be taken over that lie one behind the other in the base."""
        self._kept: set[int] = set()
        """The rows of all that were taken over, there."""

    def add(
        self,
        document: Document,
        passages: Sequence[Passage],
        embedded: Iterable[bytes],
        names: Sequence[tuple[str, str]],
        origin: Any = None,
    ) -> None:
        """One document.

        Args:
            embedded: digest of each passage's embedded text.
            names: key and spelling of each name in it, each once.
            origin: where it came from, as JSON.
        """
        self._flush()
        first = self.passages
        for passage, digest in zip(passages, embedded, strict=True):
            id_, data = _plain(passage.id), _dump(_passage_row(passage))
            self._run("INSERT INTO passages VALUES (?,?,?,?,?)", self.passages, id_, digest, data, _sum(id_, data))
            self.passages += 1
        source = document.source
        id_ = _plain(document.id)
        sections = [(s.heading, s.start, s.end, s.over) for s in document.sections]
        blobs = (_dump(source.to_dict()), _dump([document.text, sections, document.pages]), _dump(names), _dump(origin))
        columns = (id_, *(_plain(v).casefold() for v in (id_, source.publisher, source.kind, source.language)))
        described = json.dumps(source_keys(source))
        self._document(
            first, *columns, source.published, document_digest(document), *blobs, _sum(id_, *blobs), described
        )
        self._names.update((key, name) for key, name in names)

    def keep(self, stored: Stored, origin: Any = None) -> None:
        """Takes a document of the base over, with all that was made of it; `origin`: where it came from, if told."""
        moved = None if origin is None or _dump(origin) == stored.origin else _dump(origin)
        if self._run_on and (moved or self._run_on[-1].row + 1 != stored.row):
            self._flush()
        self._run_on.append(stored)
        self._kept.add(stored.row)
        self.documents += 1
        self.passages += stored.last - stored.first
        if moved:
            self._flush(moved)

    def finish(self) -> None:
        """Writes what names and sources are looked up by, and ends the transaction."""
        self._flush()
        for names, sign in ((self._names, 1), (self._lost(), -1)):
            rows = ((_plain(key), _plain(name), _plain(fold(name)), sign * n) for (key, name), n in names.items())
            self._connection.executemany("INSERT INTO counted VALUES (?,?,?,?)", rows)
        kept = "SELECT * FROM base.names UNION ALL " if self._base else ""
        self._run(
            "INSERT INTO names SELECT key, name, max(folded), sum(documents) "
            f"FROM ({kept}SELECT * FROM counted) GROUP BY key, name HAVING sum(documents) > 0 ORDER BY key, name"
        )
        self._run(
            "INSERT INTO called SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), row "
            "FROM documents, json_each(described) ORDER BY 1, 2, 3"
        )
        self._run("COMMIT")

    def close(self) -> None:
        """Lets go of the files, finished or not."""
        self._connection.close()

    def _flush(self, origin: bytes | None = None) -> None:
        """Copies the run that waits, in one statement a table."""
        if not self._run_on:
            return
        first, last = self._run_on[0], self._run_on[-1]
        self._run_on = []
        shift = self.passages - last.last
        self._run(
            "INSERT INTO passages SELECT row + ?, id, embedded, data, sum FROM base_cut.passages "
            "WHERE row >= ? AND row < ? ORDER BY row",
            shift, first.first, last.last,
        )  # fmt: skip
        self._run(
            f"INSERT INTO documents SELECT row + ?, first + ?, last + ?, {_DOCUMENT} FROM base.documents "
            "WHERE row BETWEEN ? AND ? ORDER BY row",
            self.documents - 1 - last.row, shift, shift, first.row, last.row,
        )  # fmt: skip
        if origin is not None:
            kept = "SELECT id, source, body, names FROM base.documents WHERE row = ?"
            parts = (*self._connection.execute(kept, (last.row,)).fetchone(), origin)
            self._run(
                "UPDATE documents SET origin = ?, sum = ? WHERE row = ?", origin, _sum(*parts), self.documents - 1
            )

    def _lost(self) -> Counter[tuple[str, str]]:
        """In how many documents of the base that were not taken over a name stands."""
        lost: Counter[tuple[str, str]] = Counter()
        if self._base:
            gone = json.dumps([s.row for s in self._base.stored().values() if s.row not in self._kept])
            statement = "SELECT names FROM json_each(?) CROSS JOIN base.documents ON row = value"
            for (names,) in self._connection.execute(statement, (gone,)):
                lost.update((key, name) for key, name in _load(names))
        return lost

    def _document(self, first: int, *columns: Any) -> None:
        marks = ",".join("?" * (3 + len(columns)))
        self._run(f"INSERT INTO documents VALUES ({marks})", self.documents, first, self.passages, *columns)
        self.documents += 1

    def _run(self, statement: str, *values: Any) -> None:
        self._connection.execute(statement, values)


class Passages(Mapping[str, Passage]):
    """Passage id -> passage, in the order of the documents; read when asked for."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __getitem__(self, id: str) -> Passage:
        row = self._texts.row(id)
        if row is None:
            raise KeyError(id)
        return self._texts.passage(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.passage_ids())

    def __len__(self) -> int:
        return self._texts.count()

    def values(self) -> Any:
        """All passages."""
        return list(self._texts.passages(0, len(self)))


class Documents(Mapping[str, Document]):
    """Document id -> document, whole, in their order; read when asked for."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __getitem__(self, id: str) -> Document:
        return self._texts.document(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.ids())

    def __len__(self) -> int:
        return len(self._texts.ids())


class Sources(Sequence[Source]):
    """The sources in the order of the documents, read when asked for, and looked up by what describes them."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __getitem__(self, place: Any) -> Any:
        found = self._texts._one("SELECT id FROM documents WHERE row = ?", place)
        if not found:
            raise IndexError(place)
        return self._texts.source(found[0])

    def __len__(self) -> int:
        return int(self._texts._one("SELECT coalesce(max(row) + 1, 0) FROM documents")[0])

    def places(self, keys: Collection[str]) -> set[int]:
        """Places of the sources that have one of these keys (`language.described`)."""
        return {place for (place,) in self._called("row", keys)}

    def words(self, keys: Collection[str]) -> set[str]:
        """The words that describe sources and have one of these keys."""
        return {word for (word,) in self._called("word", keys)} - {""}

    def languages(self) -> set[str]:
        """The languages that they are in."""
        return {language for (language,) in self._texts._all("SELECT DISTINCT language FROM documents")}

    def _called(self, column: str, keys: Collection[str]) -> list[Any]:
        wanted = json.dumps(list(keys))
        return self._texts._all(
            f"SELECT DISTINCT {column} FROM json_each(?) CROSS JOIN called ON called.key = value", wanted
        )


class Vocabulary(Mapping[str, tuple[str, ...]]):
    """The names of a corpus: `language.name_key` -> the spellings that stand there; looked up when asked for."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> tuple[str, ...]:
        if not (found := self._texts.names(key)):
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.spellings())

    def __len__(self) -> int:
        return len(self._texts.spellings())

    def items(self) -> Any:
        """All of them, read at once."""
        return self._texts.spellings().items()

    def values(self) -> Any:
        """The spellings of all of them, read at once."""
        return self._texts.spellings().values()

    def beginning(self, prefix: str) -> tuple[str, ...]:
        """The spellings that begin so, case and accents folded; the cost does not grow with the vocabulary."""
        return self._texts.beginning(prefix)


def _address(path: Path, how: str = "mode=ro&immutable=1") -> str:
    # immutable: no lock, no journal, no write; a generation never changes
    return f"{path.absolute().as_uri()}?{how}"


def _where(filters: Filters) -> tuple[str, list[Any]]:
    """As `Filters.passes`, in SQL."""
    wheres: list[str] = []
    values: list[Any] = []
    for column, allowed in (
        ("folded", filters.sources),
        ("publisher", filters.publishers),
        ("kind", filters.kinds),
        ("language", filters.languages),
    ):
        if allowed:
            # one value whatever their number: SQLite bounds the placeholders of a statement
            wheres.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps([_plain(v).casefold() for v in allowed]))
    if filters.since or filters.until:
        wheres.append("published <> ''")
    if filters.since:
        wheres.append("published >= substr(?, 1, length(published))")
        values.append(filters.since)
    if filters.until:
        wheres.append("substr(published, 1, ?) <= ?")
        values += [len(filters.until), filters.until]
    return " AND ".join(wheres) or "1", values


def _damaged(what: str) -> DamagedIndexError:
    return DamagedIndexError(f"the index is damaged: {what}; run `qa doctor --deep`, then `qa index`")


def _passage_row(p: Passage) -> list[Any]:
    return [p.document_id, p.start, p.end, p.text, p.sentences, p.heading, p.page, p.leads]


def _passage(found: Sequence[Any]) -> Passage:
    _compare(found)
    document_id, start, end, text, sentences, heading, page, leads = _load(found[1])
    return Passage(document_id, start, end, text, tuple((a, b) for a, b in sentences), heading, page, tuple(leads))


def _compare(row: Sequence[Any]) -> None:
    *parts, expected = row
    if not all(isinstance(part, str | bytes) for part in parts) or _sum(*parts) != expected:
        raise _damaged(f"the row of {parts[0]!r} was altered")


def _sum(*parts: str | bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.digest()


def _dump(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _load(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, AttributeError) as error:
        raise _damaged(str(error)) from error


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bound(value: Any) -> Any:
    return _plain(value) if isinstance(value, str) else value
