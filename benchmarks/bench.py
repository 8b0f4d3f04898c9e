"""Time and memory of the main commands, as Markdown. Run by `make bench`; medians of several runs.

Times differ from machine to machine and hour to hour; compare two versions in one sitting.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUESTION = "How many rockets did Hezbollah fire, and when did it join the fighting?"


def run(arguments: list[str], index: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one `qa` process."""
    environment = {**os.environ, "QA_INDEX_DIR": str(index), "QA_CORPUS_DIR": str(ROOT / "corpus")}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"qa {' '.join(arguments)} failed with status {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024


def warm(index: Path, runs: int) -> tuple[list[float], dict[str, float]]:
    """Seconds of each `ask` in one process, and the median of each stage."""
    from qa import Assistant, load_config

    with Assistant.open(config=load_config(index_dir=index)) as assistant:
        assistant.ask(QUESTION)
        times, laps = [], []
        for _ in range(runs):
            start = time.perf_counter()
            laps.append(assistant.ask(QUESTION).timings)
            times.append(time.perf_counter() - start)
    return times, {stage: statistics.median(lap[stage] for lap in laps) for stage in laps[0]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        rows = []
        for what, arguments in (
            ("`qa --help`", ["--help"]),
            ("`qa index` over `corpus/`", ["index"]),
            ("`qa search`, cold", ["search", QUESTION]),
            ("`qa ask`, cold", ["ask", QUESTION]),
        ):
            if arguments == ["index"]:
                shutil.rmtree(index, ignore_errors=True)
            measured = [run(arguments, index) for _ in range(runs)]
            seconds, memory = (statistics.median(values) for values in zip(*measured, strict=True))
            rows.append((what, f"{seconds:.2f} s", f"{memory:.0f} MB"))
        times, laps = warm(index, 4 * runs)
        stages = ", ".join(f"{stage} {1000 * seconds:.0f}" for stage, seconds in laps.items())
        rows.append(("`ask`, warm, in one process", f"{1000 * statistics.median(times):.0f} ms", f"({stages} ms)"))
        size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
        rows.append(("index of `corpus/` on disk", f"{size / 1e6:.1f} MB", ""))
    print("| what | median | peak memory |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
