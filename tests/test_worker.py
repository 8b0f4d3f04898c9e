"""A document costs itself alone: whatever it does to its reader, the rest is read, and it is one line."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bombs
from bombs import GOOD
from qa import corpus
from qa.corpus import read, worker
from qa.corpus.blocks import Unreadable
from qa.corpus.fetching import fetch
from qa.corpus.worker import Worker
from qa.passages import split


@pytest.fixture(autouse=True)
def _each_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is left to the next reading, as elsewhere in the tests."""
    monkeypatch.setattr(corpus, "Worker", Worker)


def test_a_document_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in time and cut into passages, or skipped in one line; the document after it is read either way."""
    monkeypatch.setattr(worker, "SECONDS", 3.0)
    monkeypatch.setattr(worker, "SECONDS_PER_MB", 0.0)
    bombs.write(tmp_path)
    reading = read([tmp_path])
    assert sum(document.text.startswith(GOOD) for document in reading.documents) >= len(bombs.BOMBS)
    assert len(reading.documents) + len(reading.skipped) == 2 * len(bombs.BOMBS)
    assert all(problem.remedy and "\n" not in str(problem) for problem in reading.skipped)
    for document in reading.documents:
        began = time.process_time()
        split(document)
        assert time.process_time() - began < 20, document.source.id


def test_time_is_bounded_and_said() -> None:
    """The document is refused with the seconds it had; the same worker reads the next one."""
    with Worker(seconds=2) as reader:
        with pytest.raises(Unreadable, match="not read within 2 seconds of the processor's time"):
            reader.read(b"![" * 400_000, "slow.md")
        reader._seconds = worker.SECONDS
        assert reader.read(GOOD.encode(), "good.txt")[0].text == GOOD


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not stopped and continued there")
def test_a_busy_machine_loses_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the processor longer than it may compute is read all the same."""
    monkeypatch.setattr(worker, "_GRACE", 0.1)
    with Worker() as reader:
        reader.read(GOOD.encode(), "good.txt")
        reader._seconds = 1
        assert reader._process is not None
        reader._process.send_signal(signal.SIGSTOP)
        threading.Timer(1.5, reader._process.send_signal, [signal.SIGCONT]).start()
        assert reader.read(GOOD.encode(), "good.txt")[0].text == GOOD


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not stopped there")
def test_a_document_that_waits_for_ever_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processor's time is used: the clock on the wall ends it, and the next one is read."""
    monkeypatch.setattr(worker, "_GRACE", 0.2)
    with Worker() as reader:
        reader.read(GOOD.encode(), "good.txt")
        reader._seconds = 0.05
        assert reader._process is not None
        reader._process.send_signal(signal.SIGSTOP)
        with pytest.raises(Unreadable, match="not read within"):
            reader.read(GOOD.encode(), "good.txt")
        reader._seconds = worker.SECONDS
        assert reader.read(GOOD.encode(), "good.txt")[0].text == GOOD


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not bound a process's memory")
def test_memory_is_bounded() -> None:
    """A document that needs more than its share is refused; the next one is read."""
    with Worker(seconds=60, memory=700_000_000) as reader:
        with pytest.raises(Unreadable):
            reader.read(("word " * 100_000_000).encode(), "many.txt", max_bytes=1_000_000_000)
        assert reader.read(GOOD.encode(), "good.txt")[0].text == GOOD


def test_a_process_that_is_killed_is_started_again() -> None:
    """From outside, between two documents or in the middle of one."""
    with Worker() as reader:
        assert reader.read(GOOD.encode(), "a.txt")[0].text == GOOD
        assert reader._process is not None
        reader._process.kill()
        reader._process.wait()
        with pytest.raises(Unreadable, match="ends the program"):
            reader.read(GOOD.encode(), "a.txt")
        assert reader.read(GOOD.encode(), "a.txt")[0].text == GOOD


def test_nothing_of_the_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that lies among the documents is not imported by their reader."""
    (tmp_path / "py3langid.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "a.txt").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    program = "from qa.corpus import read; print([d.text for d in read(['a.txt']).documents])"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert GOOD in done.stdout
    assert not (tmp_path / "ran").exists()


def test_no_process_is_left(tmp_path: Path) -> None:
    """When a folder is read, its process is gone."""
    (tmp_path / "a.txt").write_text(GOOD)
    seen: list[subprocess.Popen[bytes]] = []
    start = Worker._start

    def watched(self: Worker) -> None:
        start(self)
        assert self._process is not None
        seen.append(self._process)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "_start", watched)
        read([tmp_path])
    assert [process.poll() is not None for process in seen] == [True]


# -- servers that mean no good -------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """A server of one connection that does what it is given; its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(act: Callable[[socket.socket], None]) -> str:
        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                try:
                    act(connection)
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/x.txt"

    yield serve
    listening.close()


def test_a_redirect_to_nowhere_is_said(server: Callable[[Callable[[socket.socket], None]], str]) -> None:
    """What stands there is no address: an error of the document, not of the program."""
    head = b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Unreadable, match="redirects to what is no address"):
        fetch(server(lambda connection: connection.sendall(head)), max_bytes=1000, allow_private=True)


def drip(head: bytes) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(300):
            connection.sendall(b"a")
            time.sleep(0.1)

    return act


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"]
)
def test_a_server_that_drips_is_left_at_the_deadline(
    server: Callable[[Callable[[socket.socket], None]], str], head: bytes
) -> None:
    """In the status line, in the headers, in the body: each byte in time, all of them never."""
    began = time.monotonic()
    with pytest.raises(Unreadable, match="no answer within 1 s"):
        fetch(server(drip(head)), max_bytes=10_000, allow_private=True, seconds=1)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("gzip", gzip.compress(b"word " * 4_000_000, mtime=0), "over 1 MB"),
        ("gzip", b"\x1f\x8b damaged", "damaged"),
        ("br", b"\x0b\x02\x80brotli", "packed as 'br'"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "packed as 'gzip, gzip'"),
    ],
)
def test_what_comes_packed_is_bounded_or_refused(
    server: Callable[[Callable[[socket.socket], None]], str], encoding: str, body: bytes, reason: str
) -> None:
    """Unpacked piece by piece, never past the limit; what was not asked for is not unpacked."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with pytest.raises(Unreadable, match=reason):
        fetch(server(lambda c: c.sendall(head + body)), max_bytes=1_000_000, allow_private=True)


def test_what_comes_packed_is_read(server: Callable[[Callable[[socket.socket], None]], str]) -> None:
    """gzip, which some servers send to everybody."""
    body = gzip.compress(GOOD.encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    page = fetch(server(lambda c: c.sendall(head + body)), max_bytes=1_000_000, allow_private=True)
    assert page.data == GOOD.encode()
