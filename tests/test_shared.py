"""One index for several machines: real processes, folders of their own, a real PostgreSQL server that is killed."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from qa import Assistant, check
from qa.config import Config
from qa.index import Index, shared
from qa.index.generations import current
from qa.models.embedder import Embedder
from qa.schema import Document, IndexBusyError, IndexStaleError, IndexWriteError, Source

DOCUMENTS = [
    Document(Source(id=f"d{n}", title=f"Notice {n}"), f"Ferry {n} leaves at {n + 5}.30. It carries {n * 7} cars.")
    for n in range(1, 9)
]
QUESTION = "How many cars does ferry 5 carry?"
READER = """
import json, sys
from pathlib import Path
import numpy as np
from qa import Assistant, check
from qa.config import Config
from qa.index import Index, shared
shared._AGAIN = 0
folder, config = Path(sys.argv[1]), Config(shared_url=sys.argv[2])
index = Index.open(folder, config)
for line in sys.stdin:
    question, vector = json.loads(line)
    if not index.is_current:
        index = Index.open(folder, config)
    dense = index.dense(np.array(vector, np.float32), 5)
    print(json.dumps([index.lexical(question, 5), dense, index.passages[dense[0][0]].text]), flush=True)
"""


class Server:
    """PostgreSQL on a port of its own."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://qa@127.0.0.1:{self.port}/postgres"
        self.run("initdb", "-D", folder, "-U", "qa", "-A", "trust", "--no-sync")

    def run(self, program, *given):
        subprocess.run([self.programs / program, *given], check=True, capture_output=True, cwd="/", **self.user)

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = self.folder / "log"
        self.run("pg_ctl", "-D", self.folder, "-l", log, "-o", options, "-w", "start")

    def kill(self):
        """As by a power cut: no server process says good-bye."""
        self.run("pg_ctl", "-D", self.folder, "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("psycopg", reason="psycopg is not installed (qa[postgres])")
    found = shutil.which("initdb") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[::-1]), None)
    if not found:
        pytest.skip("the programs of a PostgreSQL server are not installed")
    folder = Path(tempfile.mkdtemp(prefix="qa-postgres-"))  # not below pytest's: that is root's alone
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, Path(found).resolve().parent)
    made.start()
    yield made
    made.kill()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load()


def asked(readers, vector):
    """What each answers."""
    for reader in readers:
        print(json.dumps([QUESTION, vector.tolist()]), file=reader.stdin, flush=True)
    return [json.loads(reader.stdout.readline()) for reader in readers]


def found(folder, vector):
    """What the folder itself answers, as JSON gives it back."""
    with Index.open(folder, Config()) as index:
        dense = index.dense(vector, 5)
        return json.loads(json.dumps([index.lexical(QUESTION, 5), dense, index.passages[dense[0][0]].text]))


def test_machines_answer_from_one_database(server, embedder, tmp_path, monkeypatch):
    """Readers with empty folders find what the builder finds, outlive the server, and follow the next build."""
    home, config, vector = tmp_path / "home", Config(shared_url=server.url), embedder.embed_query(QUESTION)
    Index.build(DOCUMENTS[:4], home, config, embedder).close()
    one, two = (
        subprocess.Popen(
            [sys.executable, "-c", READER, tmp_path / name, server.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    )  # fmt: skip
    try:
        before = found(home, vector)
        assert asked((one, two), vector) == [before] * 2
        server.kill()
        assert asked((one, two), vector) == [before] * 2
        with pytest.raises(IndexStaleError, match=r"shared_url cannot be used.*start it"):
            Index.build(DOCUMENTS, home, config, embedder)
        with pytest.raises(IndexStaleError, match="cannot be used"):
            Index.open(tmp_path / "three", config)
        with Index.open(home, config) as index:
            assert "what was brought here last answers: the database of shared_url cannot be used" in index.notes[0]
        server.start()

        def cut_off(generation, parts=shared._parts):
            for number, part in enumerate(parts(generation)):
                if number == 3:
                    server.kill()
                yield part

        with monkeypatch.context() as patched:
            patched.setattr(shared, "_parts", cut_off)
            with pytest.raises(IndexWriteError, match=r"cannot be used.*The index that was there before is untouched"):
                Index.build(DOCUMENTS, home, config, embedder)
        server.start()
        assert asked((one, two), vector) == [before] * 2 == [found(home, vector)] * 2
        Index.build(DOCUMENTS, home, config, embedder).close()
        after = found(home, vector)
        assert asked((one, two), vector) == [after] * 2 != [before] * 2
        Index.build(DOCUMENTS, home, config, embedder).close()  # nothing changed
        assert len({current(tmp_path / name) for name in ("home", "one", "two")}) == 1
    finally:
        for reader in (one, two):
            reader.kill()
            reader.communicate()


def test_a_machine_that_was_overtaken_says_so(server, embedder, tmp_path):
    """Two that build at once: who ends second has not seen what the first did, and starts from it the next time."""
    config = Config(shared_url=server.url)

    def overtaken(step, done, total):
        if (step, done) == ("writing", 0):
            Index.build(DOCUMENTS[:2], tmp_path / "other", config, embedder).close()

    with pytest.raises(IndexBusyError, match=r"another machine has put gen-.*run the command again"):
        Index.build(DOCUMENTS[:3], tmp_path / "here", config, embedder, overtaken)
    with Index.build(DOCUMENTS[:3], tmp_path / "here", config, embedder) as index:
        assert len(index.sources) == 3
    with Index.open(tmp_path / "other", config) as index:
        assert len(index.sources) == 3


def test_a_change_made_to_an_older_one_loses_nothing(server, embedder, tmp_path):
    """Documents that another machine has added meanwhile stay; made anew, the change is on top of them."""
    config = Config(shared_url=server.url, index_dir=tmp_path / "here", support="none")
    Index.build(DOCUMENTS[:2], tmp_path / "here", config, embedder).close()
    (tmp_path / "news.txt").write_text("The lighthouse was sold in 2020.\n")
    with Assistant.open(config=config) as here:
        Index.build(DOCUMENTS[:4], tmp_path / "other", config, embedder).close()
        with pytest.raises(IndexBusyError, match=r"another machine has put a newer index.*repeat the change"):
            here.changed(add=tmp_path / "news.txt")
        with here.renewed() as newer, newer.changed(add=tmp_path / "news.txt") as changed:
            assert [source.id for source in changed.sources] == ["d1", "d2", "d3", "d4", "news"]


def test_a_text_is_held_against_a_shared_index_that_is_not_here_yet(server, embedder, tmp_path, monkeypatch):
    """The folder of the settings need not be there."""
    Index.build(DOCUMENTS[:2], tmp_path / "home", Config(shared_url=server.url), embedder).close()
    monkeypatch.setenv("QA_SHARED_URL", server.url)
    monkeypatch.setenv("QA_INDEX_DIR", str(tmp_path / "empty"))
    assert [s.status for s in check("Ferry 2 leaves at 7.30.", tmp_path / "empty").sentences] == ["supported"]


def test_what_is_not_whole_there_is_not_taken(server, embedder, tmp_path):
    """A file that was altered in the database is seen by its digest, and what was here before answers."""
    import psycopg

    config = Config(shared_url=server.url)
    Index.build(DOCUMENTS[:2], tmp_path / "home", config, embedder).close()
    Index.open(tmp_path / "away", config).close()
    Index.build(DOCUMENTS[:3], tmp_path / "home", config, embedder).close()
    with psycopg.connect(server.url) as connection:
        connection.execute("UPDATE qa_files SET data = data || 'x' WHERE name LIKE '%vectors%'")
    with Index.open(tmp_path / "away", config) as index:
        assert len(index.sources) == 2
        assert re.search(r"vectors.f32 was altered", index.notes[0])
