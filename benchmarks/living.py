"""Readers that ask and a writer that syncs, all the time, as processes of their own: what went wrong, as Markdown.

    python benchmarks/living.py --minutes 5 [--readers 8] [--server | --copies]

A failure is an error, a note, a passage that is not the words of its document, a document of neither generation, or
neighbours that are not those of the exact product. With `--server` the vectors are on a Chroma server (`chroma run`)
that is killed and started again at random instants, of a query or of a build: then a reader may note that the matrix
answers, and a build may fail with an error that says what to do; the index must stay, and the last build must end equal
to an undisturbed one. With `--copies` the readers are another machine's, as far as one machine can show it: they ask
a folder that a process fills with each new generation, the pointer last; it is killed at random instants.
The status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qa.config import Config
from qa.index import Index, generations
from qa.index.vectors import Exact
from qa.models.embedder import Embedder
from qa.schema import Document, IndexWriteError, Source

DOCUMENTS = 60
CHANGED = 6


def document(number: int, state: int) -> Document:
    """One of them, as it is in one of its states."""
    paragraphs = [
        f"Harbour {number} keeps {state * 7 + n} boats in row {n}. Ida Berg{n} paints boat {state} “the grey one”.\r\n"
        f"Olaf Sund mends {n + 2} nets there, in rain – and on day {state}."
        for n in range(12)
    ]
    return Document(
        Source(f"log-{number}", f"Log of harbour {number}", f"Office {number % 7}"), "\n\n".join(paragraphs)
    )


def read(folder: Path, url: str, seed: int) -> dict[str, Any]:
    """Asks until the file `done` is there."""
    config, embedder, draw = Config(chroma_url=url), Embedder.load(), random.Random(seed)
    counts = {"asked": 0, "opened": 0, "noted": 0}
    longest, failed, memory = 0.0, [], []
    index, looked = Index.open(folder, config), 0.0
    while not (folder / "done").exists():
        start = time.monotonic()
        try:
            if not index.is_current or draw.random() < 0.02:
                index.close()
                index = Index.open(folder, config)
                counts["opened"] += 1
            query = f"who paints boat {draw.randrange(40)} of harbour {draw.randrange(DOCUMENTS)}?"
            vector = embedder.embed_query(query)
            near = index.dense(vector, 10)
            exact = [
                (index.texts.passage(row).id, cosine) for row, cosine in Exact(index.matrix).nearest(vector, 10, None)
            ]
            if near != exact:
                failed.append(f"neighbours: {near[:2]} for {exact[:2]}")
            for id_, _ in (*near, *index.lexical(query, 10)):
                passage = index.passages[id_]
                text = index.documents[passage.document_id].text
                if text[passage.start : passage.end] != passage.text:
                    failed.append(f"span: {id_}")
            if index.manifest.documents != DOCUMENTS:
                failed.append(f"{index.manifest.documents} documents")
            if index.notes:
                counts["noted"] += 1
                if not url:
                    failed.append(index.notes[0])
            counts["asked"] += 1
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
            index = Index.open(folder, config)
        longest = max(longest, time.monotonic() - start)
        if time.monotonic() - looked > 5:
            looked = time.monotonic()
            memory.append(_resident())
    return {**counts, "longest": longest, "failed": failed, "memory": memory}


def copy(folder: Path, to: Path) -> None:
    """Brings each new generation to another folder, whole before the pointer names it, until `done` is there."""
    to.mkdir(exist_ok=True)
    while not (folder / "done").exists():
        try:
            now = generations.read_pointer(folder)
            if generations.current(to) != now.current:
                shutil.rmtree(to / "draft", ignore_errors=True)
                shutil.copytree(folder / now.current, to / "draft")
                (to / "draft").rename(to / now.current)
                generations.move_pointer(to, now.current)
                generations.sweep(to, lambda name: False, lambda name: None)
        except OSError:  # the writer was faster, and swept away what was being copied
            continue
        time.sleep(0.05)


def _resident() -> float:
    """Memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


class Server:
    """A Chroma server that can be killed, and started again over the same folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        chroma = Path(sys.executable).with_name("chroma")
        command = [chroma, "run", "--path", self._folder, "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise SystemExit("the Chroma server did not start")

    def kill(self) -> None:
        """No time to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Copying:
    """The process that copies; it can be killed and started again like a server."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self.start()

    def start(self) -> None:
        """Starts it."""
        self._process = subprocess.Popen(self._command)

    def kill(self) -> None:
        """No time to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def write(folder: Path, url: str, minutes: float, server: Server | Copying | None) -> dict[str, Any]:
    """Syncs, and kills the server, or who copies, at random instants."""
    config, embedder, draw = Config(chroma_url=url), Embedder.load(), random.Random(0)
    states = [0] * DOCUMENTS
    counts = {"builds": 0, "refused": 0, "killed": 0}
    failed, memory = [], []
    end, start_again = time.monotonic() + 60 * minutes, 0.0
    kill_at = time.monotonic() + draw.uniform(2, 8)
    while time.monotonic() < end:
        for number in draw.sample(range(DOCUMENTS), CHANGED):
            states[number] += 1

        def step(*_: Any) -> None:
            nonlocal kill_at, start_again
            now = time.monotonic()
            if server and kill_at and now > kill_at:
                server.kill()
                counts["killed"] += 1
                kill_at, start_again = 0.0, now + draw.uniform(0, 3)
            elif server and start_again and now > start_again:
                server.start()
                kill_at, start_again = now + draw.uniform(2, 8), 0.0

        step()
        try:
            Index.build([document(i, s) for i, s in enumerate(states)], folder, config, embedder, step).close()
            counts["builds"] += 1
        except IndexWriteError as error:
            counts["refused"] += 1
            if not url or "untouched" not in str(error):
                failed.append(str(error))
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
        memory.append(_resident())
        time.sleep(draw.uniform(0, 0.3))
    if server and start_again:
        server.start()
    wanted = [document(i, s) for i, s in enumerate(states)]
    with Index.build(wanted, folder, config, embedder) as last:
        with tempfile.TemporaryDirectory() as scratch, Index.build(wanted, Path(scratch), Config(), embedder) as anew:
            if last.manifest.files != anew.manifest.files:
                failed.append("the last build is not what an undisturbed one makes")
        if last.notes:
            failed.append(last.notes[0])
    (folder / "done").touch()
    return {**counts, "failed": failed, "memory": memory}


def main() -> int:
    """Print what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--copies", action="store_true")
    parser.add_argument("--copy-to", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read is not None:
        print(json.dumps(read(given.folder, given.url, given.read)))
        return 0
    if given.copy_to:
        copy(given.folder, given.copy_to)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder, asked = Path(scratch) / "index", Path(scratch) / ("copy" if given.copies else "index")
        server: Server | Copying | None = Server(Path(scratch) / "server") if given.server else None
        url = f"http://127.0.0.1:{server.port}" if isinstance(server, Server) else ""
        Index.build([document(i, 0) for i in range(DOCUMENTS)], folder, Config(chroma_url=url)).close()
        program = [sys.executable, "-W", "ignore", __file__]
        if given.copies:
            server = Copying([*program, "--folder", str(folder), "--copy-to", str(asked)])
            while not generations.current(asked):
                time.sleep(0.05)
        command = [*program, "--folder", str(asked), "--url", url]
        readers = [
            subprocess.Popen([*command, "--read", str(n)], stdout=subprocess.PIPE, text=True)
            for n in range(given.readers)
        ]
        try:
            wrote = write(folder, url, given.minutes, server)
        finally:
            (folder / "done").touch()
            (asked / "done").touch()
            told = [reader.communicate(timeout=120)[0] for reader in readers]
            if server:
                server.kill()
    seen = [json.loads(lines) for lines in told]
    failed = [*wrote["failed"], *(line for one in seen for line in one["failed"])]
    asked, opened, noted = (sum(one[key] for one in seen) for key in ("asked", "opened", "noted"))
    early, late = (np.mean([np.mean(half(one["memory"])) for one in seen]) for half in (_first, _last))
    print("| | |\n| --- | --- |")
    print(f"| questions of {given.readers} readers | {asked:,} ({noted:,} with a note that the matrix answers) |")
    print(f"| opened anew | {opened:,} |")
    print(f"| longest question | {max(one['longest'] for one in seen):.1f} s |")
    print(f"| builds | {wrote['builds']}, refused {wrote['refused']}; others killed {wrote['killed']} times |")
    print(f"| memory of a reader, second tenth and last | {early:.0f} MB, {late:.0f} MB |")
    early, late = np.mean(_first(wrote["memory"])), np.mean(_last(wrote["memory"]))
    print(f"| memory of the writer, second tenth and last | {early:.0f} MB, {late:.0f} MB |")
    print(f"| failures | {len(failed)} |")
    for line in dict.fromkeys(failed):
        print(f"- {line[:300]}")
    return 1 if failed else 0


def _first(values: list[float]) -> list[float]:
    tenth = max(1, len(values) // 10)
    return values[tenth : 2 * tenth] or values[:1]


def _last(values: list[float]) -> list[float]:
    return values[-max(1, len(values) // 10) :]


if __name__ == "__main__":
    sys.exit(main())
