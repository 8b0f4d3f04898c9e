"""The latest eval, as the page shows it, and a small one run from here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qa import QAError
from qa.page.settings import Settings
from qa.page.views import render

Steps = Callable[[str, int, int], None]

HEADLINE: Final = (
    ("citation recall", "sentences borne out by what they cite"),
    ("citation precision", "citations that are needed"),
    ("nugget recall", "expected facts that answers hold"),
    ("answered", "answerable questions that were answered"),
    ("abstention recall", "unanswerable questions left unanswered"),
    ("risk", "answers given that were wrong"),
)
BY_GROUP: Final = ("nugget recall", "citation recall", "answered", "risk")
WORST: Final = 12
WIDTH, HEIGHT, EDGE, RIGHT = 560, 260, 44, 26
_DONE: Final = re.compile(r"(asking|measuring|judging the judge)\D*?(\d+)/(\d+)")


def can_run(settings: Settings) -> bool:
    """Whether there are questions to run."""
    return settings.questions.is_file()


def shown(settings: Settings) -> str:
    """The newest `run.json` below the folder of results, as HTML."""
    found = sorted(settings.results.rglob("run.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        return render("quality", run=None, where=str(settings.results))
    try:
        run = json.loads(found[-1].read_text(encoding="utf-8"))
        return render("quality", **_values(run))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return render("notice", kind="error", lines=[f"{found[-1].name} cannot be read: {error}"])


def run(settings: Settings, index: Path, steps: Steps) -> str:
    """Runs the smoke questions over an index in a process of their own, at low priority, and shows the result.

    Raises:
        QAError: the eval could not run; the message holds its last lines.
    """
    target = settings.results / "smoke"
    # `qa eval` draws its bars only for a terminal; rich takes these variables for one
    environment = os.environ | {
        "TTY_COMPATIBLE": "1",
        "TTY_INTERACTIVE": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    command = [*polite, sys.executable, "-m", "qa", "eval", "--subset", "smoke", "--report", str(target)]
    command += ["--questions", str(settings.questions), "--index", str(index)]
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        said = ""
        try:
            assert process.stderr is not None
            while piece := process.stderr.read(64):
                said = (said + piece)[-4000:]
                if done := _DONE.findall(said):
                    name, n, of = done[-1]
                    steps(name, int(n), int(of))
        except BaseException:  # the visitor left, or pressed stop
            process.kill()
            raise
        finally:
            status = process.wait()
    if status not in (0, 1):
        lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said).splitlines() if line.strip()]
        raise QAError(f"the eval could not run (status {status}): {' '.join(lines[-3:])}")
    return shown(settings)


def _values(run: Mapping[str, Any]) -> dict[str, Any]:
    records = run["records"]
    intervals = run.get("intervals", {})
    return {
        "run": run,
        "headline": [
            (name, what, run["scores"][name], intervals.get(name)) for name, what in HEADLINE if name in run["scores"]
        ],
        "groups": {
            by: [
                (group, {name: scores[name]["value"] for name in BY_GROUP if name in scores})
                for group, scores in groups.items()
            ]
            for by, groups in run.get("groups", {}).items()
        },
        "measures": BY_GROUP,
        "curve": _curve([r["pairs"]["AURC"] for r in records if "AURC" in r["pairs"]]),
        "worst": sorted(records, key=_goodness)[:WORST],
        "goodness": _goodness,
        "size": (WIDTH, HEIGHT, EDGE, RIGHT),
    }


def _goodness(record: Mapping[str, Any]) -> float:
    """Share of what could be got right that was, 0 to 1: facts, sources, and no wrong answer."""
    wanted = ("nugget recall", "source coverage", "citation recall", "abstention recall", "answered")
    pairs = record["pairs"]
    shares = [pairs[name][0] / pairs[name][1] for name in wanted if name in pairs and pairs[name][1]]
    if "risk" in pairs and pairs["risk"][1]:
        shares.append(1 - pairs["risk"][0] / pairs["risk"][1])
    return sum(shares) / len(shares) if shares else 1.0


def _curve(pairs: Sequence[Sequence[float]]) -> str:
    """Points of the risk-coverage curve: the k most confident answered, for k = 1 to n; one point makes no curve."""
    wrong = [pair[0] for pair in sorted(pairs, key=lambda pair: -pair[1])]
    points, errors = [], 0.0
    for k, missed in enumerate(wrong, start=1):
        errors += missed
        x = EDGE + (WIDTH - EDGE - RIGHT) * k / len(wrong)
        y = HEIGHT - EDGE - (HEIGHT - EDGE - 12) * errors / k
        points.append(f"{x:.1f},{y:.1f}")
    return " ".join(points) if len(points) > 1 else ""
