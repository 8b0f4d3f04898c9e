"""Kills an index at random instants, and damages every file of it: what was tried, what failed, as Markdown.

    python benchmarks/damage.py --seconds 3600

A failure is a crash, a hang, an answer that neither the old nor the new index gives, or, after a kill, a next build
that does not end equal to an undisturbed one, byte for byte. An error that says what is wrong is none. The status is
1 if anything failed. A short form of it runs in the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from qa.config import Config
from qa.index import Index
from qa.models.embedder import Embedder
from qa.schema import Document, QAError, Source

QUERIES: Final = ("boats that carry rye", "who mends the nets?", "harbour 12")
PATIENCE: Final = 240
"""Seconds after which a reader hangs."""
WHOLE, BEFORE, SAID, WRONG = 10, 20, 30, 40
STORES: Final = ("exact", "signs", "chroma")
WAYS: Final = ("flip", "cut", "zero", "lose")


def documents(first: int, last: int, changed: Sequence[int] = ()) -> list[Document]:
    """Small documents that are alike but not the same."""
    return [
        Document(
            Source(id=f"log-{i}", title=f"Log of harbour {i}", publisher=f"Office {i % 7}", published=f"20{i % 30:02}"),
            f"Harbour {i} has {i * 3} boats. Boat {i} of Ida Berg{i % 5} carries {'rye' if i % 2 else 'oats'}.\n\n"
            f"Olaf {'Sund' if i in changed else 'Roth'} mends {i + 2} nets on day {i}.",
        )
        for i in range(first, last)
    ]


OLD: Final = documents(0, 30)
NEW: Final = {
    "sync": documents(3, 33, changed=(5, 9, 20)),
    "removal": documents(0, 20),
    "addition": documents(0, 36),
    "rebuild": documents(100, 130),
}


class Bench:
    """A folder with indexes to spoil, and what they answer while they are whole."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.scratch = scratch
        self.random = random.Random(seed)
        self.embedder = Embedder.load()
        self.tried: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.notes: list[str] = []
        self.expected: dict[tuple[str, str], tuple[str, str]] = {}
        """(store, what was built) -> fingerprint, manifest."""
        self.seconds: dict[tuple[str, str], float] = {}

    def _made(self, store: str, name: str) -> None:
        """Makes what is to be spoiled, undisturbed, when it is first drawn."""
        if (store, "old") not in self.expected:
            self._child(lambda: self._build(OLD, self._old(store), store))
            self.expected[store, "old"] = self._expect(self._old(store))
        if (store, name) not in self.expected:
            folder = self.scratch / f"{store}-{name}"
            shutil.copytree(self._old(store), folder)
            start = time.perf_counter()
            self._child(lambda: self._build(NEW[name], folder, store))
            self.seconds[store, name] = time.perf_counter() - start
            self.expected[store, name] = self._expect(folder)

    def kill(self) -> None:
        """Kills one writer at a random instant, asks, and finishes what it was doing."""
        store, name = self.random.choice(STORES), self.random.choice(list(NEW))
        self._made(store, name)
        what = f"kill during {name}, {store}"
        folder = self.scratch / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._old(store), folder)
        instant = self.random.uniform(0, 1.05 * self.seconds[store, name])
        self._child(lambda: self._build(NEW[name], folder, store), kill_after=instant)
        whole = {self.expected[store, "old"][0]: WHOLE, self.expected[store, name][0]: WHOLE}
        seen = self._child(lambda: self._seen(folder, whole, "a reader after a kill must answer"))
        ended = self._child(lambda: self._finished(NEW[name], folder, store, self.expected[store, name][1]))
        self._count(what, seen == WHOLE and ended == 0, f"after {instant:.2f} s: reader {seen}, next build {ended}")

    def damage(self) -> None:
        """Spoils one file at a random place, and asks."""
        store, way = self.random.choice(STORES), self.random.choice(WAYS)
        self._made(store, "sync")
        folder = self.scratch / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.scratch / f"{store}-sync", folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
        path = self.random.choice(files)
        data = bytearray(path.read_bytes())
        place = self.random.randrange(len(data))
        if way == "lose":
            path.unlink()
        else:
            if way == "flip":
                data[place] ^= 1 << self.random.randrange(8)
            path.write_bytes(bytes(data) if way == "flip" else bytes(len(data)) if way == "zero" else data[:place])
        known = {self.expected[store, "sync"][0]: WHOLE, self.expected[store, "old"][0]: BEFORE}
        seen = self._child(lambda: self._seen(folder, known, ""))
        where = path.relative_to(folder).as_posix().split("/", 1)[-1]
        self.said[f"{way}, {store}"] += seen in (BEFORE, SAID)
        self._count(f"{way}, {store}", seen in (WHOLE, BEFORE, SAID), f"{where} at {place} of {len(data)}: {seen}")

    def table(self) -> str:
        """What was tried, how often, what failed."""
        rows = ["| what | tried | failed | said, or served by the index before |", "| --- | --- | --- | --- |"]
        for what in sorted(self.tried):
            rows.append(f"| {what} | {self.tried[what]} | {self.failed[what]} | {self.said[what] or ''} |")
        rows.append(f"| all | {self.tried.total()} | {self.failed.total()} | {self.said.total()} |")
        return "\n".join([*rows, *self.notes])

    def _old(self, store: str) -> Path:
        return self.scratch / f"{store}-old"

    def _count(self, what: str, well: bool, note: str) -> None:
        self.tried[what] += 1
        if not well:
            self.failed[what] += 1
            self.notes.append(f"- failed: {what}: {note}")

    def _build(self, wanted: Sequence[Document], folder: Path, store: str) -> int:
        Index.build(wanted, folder, Config(vector_store=store), self.embedder).close()
        return 0

    def _finished(self, wanted: Sequence[Document], folder: Path, store: str, manifest: str) -> int:
        self._build(wanted, folder, store)
        return 0 if self._expect(folder)[1] == manifest else WRONG

    def _seen(self, folder: Path, known: dict[str, int], must: str) -> int:
        try:
            with Index.open(folder, Config()) as index:
                return known.get(self._fingerprint(index), WRONG)
        except QAError as error:
            return WRONG if must or "qa" not in str(error) else SAID

    def _expect(self, folder: Path) -> tuple[str, str]:
        # in a process of its own: nothing of Chroma may run in this one, which forks
        receive, send = os.pipe()

        def tell() -> int:
            with Index.open(folder, Config()) as index:
                # Chroma names its folders by chance
                files = {n: d for n, d in index.manifest.files.items() if not n.startswith("chroma/")}
                manifest = hashlib.sha256(repr((index.manifest.corpus, sorted(files.items()))).encode()).hexdigest()
                os.write(send, f"{self._fingerprint(index)} {manifest}".encode())
            return 0

        ended = self._child(tell)
        os.close(send)
        with os.fdopen(receive) as pipe:
            parts = pipe.read().split()
        if ended or len(parts) != 2:
            raise SystemExit(f"the index in {folder} cannot be read where nothing was spoiled: {ended}")
        return parts[0], parts[1]

    def _fingerprint(self, index: Index) -> str:
        found = [
            [(index.passages[id_].text, score) for id_, score in hits]
            for query in QUERIES
            for hits in (index.dense(self.embedder.embed_query(query), 5), index.lexical(query, 5))
        ]
        held = (list(index.passages.values()), list(index.documents.values()), list(index.vocabulary.items()))
        return hashlib.sha256(repr((found, held)).encode("utf-8", "surrogatepass")).hexdigest()

    def _child(self, work: Callable[[], int], kill_after: float | None = None) -> int:
        """What a child process returns; the negative number of the signal that ended it."""
        if (child := os.fork()) == 0:
            code = WRONG
            try:
                code = work()
            except BaseException as error:
                if kill_after is None:
                    print(f"{type(error).__name__}: {error}", file=sys.stderr)
            finally:
                os._exit(code)
        deadline = time.perf_counter() + (PATIENCE if kill_after is None else kill_after)
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if time.perf_counter() >= deadline:
                os.kill(child, signal.SIGKILL)
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            time.sleep(0.002)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try until the time is over; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--least", type=int, default=0, help="tries of each sort, however long they take")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), given.seed)
        end = time.perf_counter() + given.seconds
        done = 0
        while done < given.least or time.perf_counter() < end:
            bench.kill()
            for _ in range(3):
                bench.damage()
            done += 1
        print(bench.table())
        return int(bench.failed.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
