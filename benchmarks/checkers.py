"""How well checkers tell what their sources bear out: `qa check`, word overlap, and rivals, on the same claims.

    python benchmarks/checkers.py --data DATA [--limit 200] [--rival anchorcite=PYTHON] [--rival grounded-check=PYTHON]

DATA is the folder of the data sets (`train/c_wice_dev_nst.jsonl.gz` there); PYTHON is the interpreter of an environment
in which the rival is installed, for none of them is a dependency. Printed as Markdown: of the claims that are not borne
out, the share caught; of those that are, the share falsely flagged; processor seconds a claim.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from qa import corpus
from qa.checking import check
from qa.mutate import mutations
from qa.passages import sentences
from qa.support.words import carried

ROOT = Path(__file__).parents[1]
Row = tuple[str, str, bool]
"""Claim, evidence, whether it is borne out."""

RIVALS = {
    "anchorcite": """
from anchorcite import anchor_claim
passes = lambda claim, evidence: anchor_claim(claim, evidence) is not None
""",
    "grounded-check": """
from grounded.claims import extract
from grounded.sources import Source
from grounded.verify import verify
passes = lambda claim, evidence: not verify(extract(claim), [Source("evidence", evidence)]).failures
""",
}
_LOOP = """
import json, sys, time
began = time.process_time()
told = [bool(passes(*json.loads(line))) for line in sys.stdin]
print(json.dumps([told, time.process_time() - began]))
"""

OVERLAP = 0.8
"""Share of a claim's words from which word overlap passes it."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, help="claims that the support model was not trained on, with `src`")
    parser.add_argument("--limit", type=int, default=200, help="claims of a set")
    parser.add_argument("--rival", action="append", default=[], metavar="NAME=PYTHON")
    given = parser.parse_args()
    rivals = dict(rival.split("=", 1) for rival in given.rival)
    print("| claims | borne out | not | checker | caught | falsely flagged | CPU s a claim |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, rows in _sets(given.data, given.held_out, given.limit):
        checkers: dict[str, Callable[[Sequence[Row]], tuple[list[bool], float]]] = {
            "qa check": lambda rows: _timed(rows, lambda c, e: _statuses(c, e) <= {"supported", "likely"}),
            "qa check, supported alone": lambda rows: _timed(rows, lambda c, e: _statuses(c, e) <= {"supported"}),
            "word overlap": lambda rows: _timed(rows, lambda c, e: carried(c, e) >= OVERLAP),
        }
        checkers |= {rival: lambda rows, rival=rival: _rival(rival, rivals[rival], rows) for rival in rivals}
        true = sum(row[2] for row in rows)
        for checker, run in checkers.items():
            passed, seconds = run(rows)
            caught = sum(not p for p, row in zip(passed, rows, strict=True) if not row[2]) / max(1, len(rows) - true)
            alarms = sum(not p for p, row in zip(passed, rows, strict=True) if row[2]) / max(1, true)
            line = f"{caught:.2f} | {alarms:.2f} | {seconds / len(rows):.3f}"
            print(f"| {name} | {true} | {len(rows) - true} | {checker} | {line} |", flush=True)


def _statuses(claim: str, evidence: str) -> set[str]:
    return {s.status for s in check(claim, {"evidence": evidence}).sentences} or {"unchecked"}


def _timed(rows: Sequence[Row], passes: Callable[[str, str], bool]) -> tuple[list[bool], float]:
    passes(*rows[0][:2])  # the model is loaded
    began = time.process_time()
    return [passes(claim, evidence) for claim, evidence, _ in rows], time.process_time() - began


def _rival(name: str, python: str, rows: Sequence[Row]) -> tuple[list[bool], float]:
    lines = "\n".join(json.dumps(row[:2]) for row in rows)
    ran = subprocess.run([python, "-c", RIVALS[name] + _LOOP], input=lines, capture_output=True, text=True, check=True)
    told, seconds = json.loads(ran.stdout.splitlines()[-1])
    return told, seconds


def _sets(data: Path, held_out: Path | None, limit: int) -> Iterable[tuple[str, list[Row]]]:
    def some(rows: Iterable[Row]) -> list[Row]:
        found = list(rows)
        random.Random(0).shuffle(found)
        return found[:limit]

    wice = data / "train" / "c_wice_dev_nst.jsonl.gz"
    yield "WiCE dev, sub-claims", some((r["claim"], r["premise"], r["label"] == "supported") for r in _rows(wice))
    documents = {d.id: d.text for d in corpus.read([ROOT / "corpus"]).documents}
    claims = [r for r in _rows(ROOT / "eval" / "claims.jsonl") if r["source"] in documents]
    yield "the project's", some((r["claim"], documents[r["source"]], r["label"] == "supported") for r in claims)
    strangers = data.parent / "strangers"
    theirs = [r for r in _rows(strangers / "claims.jsonl") if r.get("doc")][:limit]
    yield "strangers'", [(r["claim"], _document(strangers, r), r["label"] == "supported") for r in theirs]
    if held_out:
        facts = [r for r in _rows(held_out) if r["src"] == "factcheckgpt"]
        yield "Factcheck-GPT, held out", some((r["claim"], r["premise"], r["label"] == "supported") for r in facts)
    yield "made mutations", some(_made(documents))


def _document(folder: Path, row: dict[str, object]) -> str:
    names = row["doc"] if isinstance(row["doc"], list) else [row["doc"]]
    paths = [folder / str(row["corpus"]) / str(name) for name in names]
    return "\n\n".join(d.text for d in corpus.read([p for p in paths if p.exists()]).documents)


def _made(documents: dict[str, str]) -> Iterable[Row]:
    for text in documents.values():
        own = [text[a:b] for a, b in sentences(text)]
        for sentence in own[::5]:
            yield sentence, text, True
            yield from ((m.text, text, False) for m in mutations(sentence, own)[:2])


def _rows(path: Path) -> list[dict[str, object]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


if __name__ == "__main__":
    main()
