"""Embedding on a Ray cluster: the same bytes as on one machine, though a worker is killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qa.cli import app
from qa.config import Config
from qa.index import Index

QA = [sys.executable, "-W", "ignore", "-m", "qa"]


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    """Where Ray is missing, `qa index --ray` says how to get it."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "qa.models.cluster", raising=False)
    run = CliRunner().invoke(app, ["index", "--ray", "auto"])
    assert (run.exit_code, run.output.count("\n")) == (2, 2)  # a long line is broken once
    assert "pip install 'qa[ray]'" in " ".join(run.output.split())


@pytest.fixture(scope="module")
def cluster():
    """The address of two nodes of one worker each, real processes; and their folder."""
    pytest.importorskip("llama_index.ingestion.ray", reason="Ray is not installed: pip install 'qa[ray]'")
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # a socket's path must be short
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("ray"), "start", "--num-cpus=1", "--object-store-memory=100000000"]
    head = [f"--port={port}", "--head", "--include-dashboard=false", f"--temp-dir={folder}"]
    settings = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    try:
        told = subprocess.run([*command, *head], env=settings, capture_output=True, text=True, check=True).stdout
        address = f"{told.partition('Local node IP: ')[2].split()[0]}:{port}"
        subprocess.run([*command, f"--address={address}"], env=settings, capture_output=True, check=True)
        yield address, folder
    finally:
        nodes = processes(str(folder).encode()) + processes(f":{port}".encode())
        for pid in (*nodes, *processes(b"ray::", nodes)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def processes(part, parents=None):
    """Those whose command line holds these bytes, among the children of `parents`."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if part in (place / "cmdline").read_bytes() and (parents is None or parent in parents):
                found.append(int(place.name))
    return found


@pytest.mark.slow
def test_a_killed_worker_changes_no_byte(cluster, tmp_path):
    """Two workers embed, one is killed at it: the index is that of one machine, file by file."""
    address, folder = cluster
    for n in range(60):
        lines = (f"Harbour {n} keeps {n * k} boats in row {k}, and Ida Berg{k} paints the grey one." for k in range(60))
        (tmp_path / f"log{n}.md").write_text("\n\n".join(lines), "utf-8")
    build = [*QA, "index", str(tmp_path), "--index"]
    subprocess.run([*build, tmp_path / "here"], check=True, capture_output=True)
    run = subprocess.Popen([*build, tmp_path / "there", "--ray", address], stderr=subprocess.PIPE, text=True)
    killed = []
    while run.poll() is None and not killed:
        killed = processes(b"TransformActor)).submit", processes(str(folder).encode()))  # while it embeds
        for pid in killed[:1]:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    said = run.communicate(timeout=240)[1]
    assert run.returncode == 0, said
    assert killed
    with Index.open(tmp_path / "here", Config()) as here, Index.open(tmp_path / "there", Config()) as there:
        assert here.manifest.passages > 300
        assert here.manifest.files == there.manifest.files


def test_an_address_that_does_not_answer_is_one_line():
    """Nothing listens there: that is said at once, and what to do."""
    pytest.importorskip("llama_index.ingestion.ray", reason="Ray is not installed: pip install 'qa[ray]'")
    run = subprocess.run([*QA, "index", "--ray", "127.0.0.1:1"], capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("qa: no Ray cluster answers at '127.0.0.1:1'")
    assert "Traceback" not in run.stderr
