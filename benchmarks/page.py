"""The page under use, as Markdown: first paint, first sentence, many at once, memory. Needs a Chromium.

Times differ from machine to machine and hour to hour; compare two versions in one sitting. A long run can be had in
parts: `--server ADDRESS PID` asks one that is there; with `--times FILE` each part goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
VISIT = 25
"""Questions that one visitor asks before the next one comes."""
MINUTE = 60_000


@contextmanager
def served(scratch: Path) -> Iterator[tuple[str, int]]:
    """The page over `corpus/` in a process of its own: its address and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"QA_INDEX_DIR": str(scratch / "index"), "QA_CORPUS_DIR": str(ROOT / "corpus")}
    command = [sys.executable, "-m", "qa", "serve", "--port", str(port), "--feedback", str(scratch / "feedback.jsonl")]
    command += ["--data", str(scratch / "conversations")]
    process = subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def memory(pid: int | str) -> float:
    """Resident megabytes of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]  # every process has it


def visit(browser: Browser, address: str) -> tuple[Any, float, float]:
    """A new visitor's window; seconds to its first paint, and until a question can be asked."""
    page = browser.new_context().new_page()
    page.set_default_timeout(10 * MINUTE)
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#hello .welcome")
    ready = time.perf_counter() - start
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
    return page, paint, ready


def ask(page: Any, question: str) -> tuple[float | None, float]:
    """Seconds to the first sentence, if there is one, and to the whole answer, as the window shows them."""
    return tuple(
        page.evaluate(
            """question => new Promise((done, fail) => {
            const field = document.querySelector('#question textarea'), start = performance.now(), at = {};
            const now = () => (performance.now() - start) / 1000;
            // asked before the window is ready for it, a question would not be taken, and be waited for without end
            const watch = new MutationObserver(() => {
              const turn = document.querySelector('#turns .turn:last-child');
              if (turn?.querySelector('h2').textContent !== question) return;
              if (turn.querySelector('.said, .points')) at.first ??= now();
              if (!turn.querySelector('.acts, .error') || document.body.classList.contains('asking')) return;
              watch.disconnect();
              done([at.first ?? null, now()]);
            });
            watch.observe(document.body, { attributes: true, childList: true, subtree: true });
            setTimeout(() => fail(`not answered in ten minutes: ${question}: ${document.body.innerText}`), 600_000);
            field.value = question;
            field.form.requestSubmit();
            })""",
            question,
        )
    )


def at_once(address: str, people: int, questions: list[str]) -> list[float]:
    """Seconds that each of so many people waits who ask at the same moment."""
    clients = [Client(address, verbose=False) for _ in range(people)]

    def one(i: int) -> float:
        start = time.perf_counter()
        answer = clients[i].predict(questions[i % len(questions)], api_name="/ask")["answer"]
        assert answer["question"] == questions[i % len(questions)]
        return time.perf_counter() - start

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))


def spread(times: list[float]) -> str:
    """Median and 95th percentile."""
    return f"p50 {statistics.median(times):.2f} s, p95 {statistics.quantiles(times, n=20)[-1]:.2f} s"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--server", nargs=2, metavar=("ADDRESS", "PID"), help="one that is there already")
    parser.add_argument("--times", type=Path, help="a file that keeps what each question took")
    given = parser.parse_args()
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [q for q in (json.loads(line)["question"] for line in lines) if isinstance(q, str)]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as scratch,
        nullcontext(given.server) if given.server else served(Path(scratch)) as (address, pid),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        loads = []
        for _ in range(5):
            page, *times = visit(browser, address)
            loads.append(times)
            page.context.close()
        paint, ready = (statistics.median(times) for times in zip(*loads, strict=True))
        waits = at_once(address, given.people, asked) if given.people else []
        kept = given.times or Path(scratch) / "times.jsonl"
        done = len(kept.read_text(encoding="utf-8").splitlines()) if kept.exists() else 0
        page = None
        with kept.open("a", encoding="utf-8") as out:
            for n, question in enumerate(itertools.islice(itertools.cycle(asked), done, given.questions), done):
                if page is None or n % VISIT == 0:
                    if page:
                        page.context.close()
                    page, *_ = visit(browser, address)
                out.write(json.dumps([*ask(page, question), memory(pid)]) + "\n")
                out.flush()
        taken = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
        browser.close()
    every = max(1, len(taken) // 5)
    used = [f"{used:.0f}" for *_, used in [taken[0], *taken[every - 1 :: every]]]
    first, whole = [one for one, *_ in taken if one is not None], [one for _, one, _ in taken]
    rows = [
        ("first paint, nothing cached", f"{paint:.2f} s"),
        ("a question can be asked", f"{ready:.2f} s"),
        (f"first sentence, in the window, {len(first)} answers", spread(first)),
        (f"whole answer, in the window, {len(whole)} questions", spread(whole)),
        (f"memory of the server, after 1, {every}, … {len(taken)} questions", f"{', '.join(used)} MB"),
    ]
    if waits:
        rows.insert(
            4,
            (f"{given.people} people ask at once", f"median {statistics.median(waits):.1f} s, last {max(waits):.1f} s"),
        )
    print("| page | |\n| --- | --- |")
    for what, value in rows:
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
