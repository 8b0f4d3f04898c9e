"""Shared by all tests: no network, a home of their own, small corpora, the real models."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import settings
from numpy.typing import NDArray

from qa import corpus, load_config
from qa.corpus import worker
from qa.models import files
from qa.schema import Document, Hit, Passage, Source

if TYPE_CHECKING:
    from qa import Assistant

# machines are noisy, and speed is the benchmarks' matter; `benchmarks/hostile.py` looks longer, and elsewhere each time
settings.register_profile("qa", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("qa")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Originals and data sets that a developer may have beside the checkout; most have not."""


class OnceEach:
    """A session of the real model that computes each input once: the tests ask a few questions again and again."""

    known: ClassVar[dict[Any, Any]] = {}
    remembers: ClassVar[bool] = True

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, wanted: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """As the session's own; the arrays are copies."""
        if not self.remembers:
            return list(self._session.run(wanted, feed))
        key = (id(self._session), *wanted, *((name, a.shape, a.tobytes()) for name, a in feed.items()))
        if key not in self.known:
            self.known[key] = self._session.run(wanted, feed)
        return [array.copy() for array in self.known[key]]


_session = files._session
files._session = lru_cache(maxsize=8)(lambda *args: OnceEach(_session(*args)))  # type: ignore[assignment]


class LeftOn(worker.Worker):
    """The process that documents are read in, which each reading starts for itself: here it is left to the next."""

    left: ClassVar[list[tuple[Any, Any]]] = []

    def _start(self) -> None:
        try:
            self._process, self._replies = self.left.pop()
        except IndexError:
            super()._start()

    def __exit__(self, error: object, *_: object) -> None:
        if error or self._process is None or self._process.poll() is not None:
            self.close()
        else:
            self.left.append((self._process, self._replies))


corpus.Worker = LeftOn  # type: ignore[misc]


@pytest.fixture(autouse=True)
def _models_run_anew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the models themselves are tested nothing is remembered."""
    tested = request.path.stem in ("test_reader", "test_entailment", "test_embedder")
    monkeypatch.setattr(OnceEach, "remembers", not tested)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to another machine is a failure, not a wait."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the machine do not reach the tests."""
    import os

    for name in list(os.environ):
        if name.startswith("QA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="session")
def briefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The assistant over the project's own corpus, on the real stack."""
    from qa import Assistant

    config = load_config(corpus_dir=ROOT / "corpus", index_dir=tmp_path_factory.mktemp("briefs") / "index")
    with Assistant.build(config=config) as assistant:
        yield assistant


TOWN = {
    "gazette": """---
title: Council votes on the harbour bridge
publisher: The Harbour Gazette
author: Ana Ruiz
published: 2021-03-04
language: en
kind: news
---
## The vote

The council approved the harbour bridge on 3 March 2021 by 12 votes to 7. Mayor Inés Duarte said the bridge
would open in 2024. She added that no house would be pulled down. The bridge will cost 48 million euros.

## Who objects

The fishing cooperative objected to the bridge. Its chairman, Tomás Vidal, called the plan "a gift to the
ferry company". The cooperative has 310 members and met the mayor twice.
""",
    "ledger": """---
title: What the bridge really costs
publisher: Island Ledger
published: 2022-11
language: en
kind: analysis
---
## The bill

The harbour bridge will cost 71 million euros, the auditors found in November 2022. Steel prices rose by
40 percent after the vote. The mayor's office did not answer our questions.

## The ferry

The ferry company carried 900,000 passengers in 2021. Its director, Olga Stern, denied that the company had
paid for the campaign.
""",
    "letters": "Garden notes\n\nTomatoes want sun and water. Basil grows well beside tomatoes.\n",
}
"""Three small documents that tell of the same matter from two sides, and of another."""


@pytest.fixture(scope="session")
def town_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three documents."""
    folder = tmp_path_factory.mktemp("town")
    for name, text in TOWN.items():
        suffix = ".md" if text.startswith("---") else ".txt"
        (folder / f"{name}{suffix}").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def town(town_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The assistant over the three documents, on the real stack."""
    from qa import Assistant

    config = load_config(corpus_dir=town_corpus, index_dir=tmp_path_factory.mktemp("town-index") / "index")
    with Assistant.build(config=config) as assistant:
        yield assistant


def make_hit(text: str, *, score: float = 1.0, start: int = 0, **source: Any) -> Hit:
    """A hit over one hand-written passage; its sentences are split as the product does."""
    from qa.passages import sentences

    source = {"id": "a", "title": "A title", "publisher": "The Paper", "published": "2020-05-01"} | source
    spans = tuple((a + start, b + start) for a, b in sentences(text))
    passage = Passage(source["id"], start, start + len(text), text, spans)
    return Hit(passage, Source(**source), score)


def document(text: str, **source: Any) -> Document:
    """A document with a made-up source."""
    return Document(Source(**({"id": "a", "title": "A title"} | source)), text)


def qa_command(folder: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in that folder, without a new process: `test_cli.py` starts some, to see that it is the same."""
    from typer.testing import CliRunner

    from qa import terminal
    from qa.cli import app

    environment = {"NO_COLOR": "1", "COLUMNS": "100", **environment}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for console in (terminal.out, terminal.err):  # they measure their window when they are made
            patch.setattr(console, "_width", int(environment["COLUMNS"]))
        ran = CliRunner().invoke(
            app,
            arguments,
            input=stdin.encode("utf-8", "surrogateescape"),
            env=environment,
            prog_name="qa",
        )
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return subprocess.CompletedProcess(arguments, ran.exit_code, ran.stdout, ran.stderr)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def running(application: Any) -> Iterator[str]:
    """Serves an application in a thread; the address."""
    import uvicorn

    port = free_port()
    config = uvicorn.Config(application, port=port, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def growth(function: Callable[[str], object], piece: str, size: int) -> float:
    """How many times longer it takes on twice the text, by processor time; 2 is linear, 4 is quadratic.

    The least of up to three, over 20 ms: what is shorter than that says nothing.
    """

    def seconds(text: str) -> float:
        began = time.process_time()
        function(text)
        return max(time.process_time() - began, 0.02)

    half, whole = (piece * (n // len(piece)) for n in (size // 2, size))
    grown = seconds(whole) / seconds(half)
    for _ in range(2):
        grown = grown if grown < 2.5 else min(grown, seconds(whole) / seconds(half))
    return grown
