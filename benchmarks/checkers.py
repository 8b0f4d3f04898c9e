"""How well checkers tell what their sources bear out: `qa check`, word overlap, and rivals, on the same claims.

    python benchmarks/checkers.py --data DATA [--claims FILE] [--limit 150] [--rival NAME=PYTHON] [--keep FILE]

DATA is the folder of the data sets; the file of `--claims` holds people's claims that the support model was not trained
on (`training/claim_sets.py`); PYTHON is the interpreter of an environment in which the rival is installed, for none of
them is a dependency. Printed as Markdown: of the claims not borne out, the share caught; of those that are, the
share falsely flagged; processor milliseconds a claim. Of each set half is true, as far as it has so many. What was
measured is kept, and not measured again but for `qa check` with another model or other code.

Last, how right "another source says otherwise" is: claims that one passage bears out, beside passages that deny it,
that say the same, and that speak of something else. What is chosen is chosen on one half of them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qa import corpus
from qa.checking import check, support
from qa.evaluate import bench
from qa.models.entailment import Entailment
from qa.mutate import mutations
from qa.passages import sentences
from qa.support import Beside, Evidence, denies, weigh
from qa.support.words import carried, content, split

ROOT = Path(__file__).parents[1]
Row = tuple[str, str, bool]
"""Claim, evidence, whether it is borne out."""
Told = tuple[list[str], float]
"""What a checker said of each claim, and the seconds it took."""

Dispute = tuple[tuple[str, str], list[tuple[str, bool]]]
"""A claim and the passage that bears it out; other passages, and whether they deny it."""

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
told = ["supported" if passes(*json.loads(line)) else "no" for line in sys.stdin]
print(json.dumps([told, time.process_time() - began]))
"""

OVERLAP = 0.8
"""Share of a claim's words from which word overlap passes it."""
OURS = "qa check"
SEVERITY = ("supported", "likely", "unchecked", "partly", "unsupported", "contradicted")


def main() -> None:
    """Measures what is not kept, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--claims", type=Path, help="people's claims that were set aside, with `src`")
    parser.add_argument("--limit", type=int, default=150, help="claims of a set")
    parser.add_argument("--rival", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--keep", type=Path, default=Path("checkers.jsonl"))
    given = parser.parse_args()
    kept = _Kept(given.keep)
    checkers: dict[str, Callable[[Sequence[Row]], Told]] = {
        OURS: lambda rows: _timed(rows, _status),
        "word overlap": lambda rows: _timed(rows, lambda c, e: "supported" if carried(c, e) >= OVERLAP else "no"),
    }
    for name, python in (rival.split("=", 1) for rival in given.rival):
        checkers[name] = partial(_rival, name, python)
    print("| claims | borne out | not | checker | caught | falsely flagged | ms a claim |")
    print("| --- | --: | --: | --- | --: | --: | --: |")
    for name, rows in _sets(given.data, given.claims, given.limit):
        if not rows:
            continue
        true = [row[2] for row in rows]
        for checker, run in checkers.items():
            told, seconds = kept.get((name, checker, _version(checker), len(rows)), partial(run, rows))
            for called, passing in ((checker, ("supported", "likely")), (f"{checker}, strict", ("supported",))):
                if called == checker or checker == OURS:
                    passed = [status in passing for status in told]
                    caught = _share(not p for p, t in zip(passed, true, strict=True) if not t)
                    alarms = _share(not p for p, t in zip(passed, true, strict=True) if t)
                    line = f"{caught:.2f} | {alarms:.2f} | {1000 * seconds / len(rows):.0f}"
                    print(f"| {name} | {sum(true)} | {len(true) - sum(true)} | {called} | {line} |", flush=True)
    print("\n| claims | denied by another passage | shown | rightly | of those denied |")
    print("| --- | --: | --: | --: | --: |")
    for name, cases in _disputes(given.data):
        key = (name, "denials", _version(OURS), len(cases))
        told, _ = kept.get(key, partial(_denials, cases))
        denied = sum(any(yes for _, yes in others) for _, others in cases)
        shown, right = sum(map(bool, told)), told.count("rightly")
        print(f"| {name}: {len(cases)} | {denied} | {shown} | {right / max(1, shown):.2f} | {right / denied:.2f} |")


class _Kept:
    """What was measured, a JSON line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._found: dict[tuple[Any, ...], Told] = {tuple(key): told for key, told in map(json.loads, lines)}

    def get(self, key: tuple[Any, ...], measure: Callable[[], Told]) -> Told:
        """What is kept under a key, or else is measured now."""
        if key not in self._found:
            self._found[key] = measure()
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, self._found[key]]) + "\n")
        return self._found[key]


def _version(checker: str) -> str:
    """Of `qa check` what its verdicts hang on: the model, and all that is done with it."""
    if checker != OURS:
        return ""
    code = b"".join(path.read_bytes() for path in sorted(Path(weigh.__file__).parent.glob("*.py")))
    return f"{Entailment.sha256[:12]} {hashlib.sha256(code).hexdigest()[:12]}"


def _status(claim: str, evidence: str) -> str:
    """The worst that is said of a sentence of the claim."""
    found = [s.status for s in check(claim, {"evidence": evidence}).sentences]
    return max(found, key=SEVERITY.index, default="unchecked")


def _timed(rows: Sequence[Row], says: Callable[[str, str], str]) -> Told:
    says(*rows[0][:2])  # the model is loaded
    began = time.process_time()
    return [says(claim, evidence) for claim, evidence, _ in rows], time.process_time() - began


def _rival(name: str, python: str, rows: Sequence[Row]) -> Told:
    lines = "\n".join(json.dumps(row[:2]) for row in rows)
    ran = subprocess.run([python, "-c", RIVALS[name] + _LOOP], input=lines, capture_output=True, text=True, check=True)
    told, seconds = json.loads(ran.stdout.splitlines()[-1])
    return told, seconds


def _denials(cases: Sequence[Dispute]) -> Told:
    """Whether one of the other passages is shown as denying the claim, as beside a sentence that is borne out."""
    ask = support().probabilities
    assert ask
    claims = [
        Beside(claim, own, [Evidence(str(n), text) for n, (text, _) in enumerate(others)])
        for (claim, own), others in cases
    ]
    found = zip(denies(ask, claims), cases, strict=True)
    return [
        "" if quoted is None else "rightly" if others[int(quoted.evidence.id)][1] else "wrongly"
        for quoted, (_, others) in found
    ], 0.0


def _some(rows: Iterable[Row], limit: int) -> list[Row]:
    """So many, half of them true, drawn by a fixed seed."""
    found = list(rows)
    random.Random(0).shuffle(found)
    true, false = [r for r in found if r[2]], [r for r in found if not r[2]]
    half = min(limit // 2, len(true))
    return true[:half] + false[: limit - half]


def _sets(data: Path, claims: Path | None, limit: int) -> Iterator[tuple[str, list[Row]]]:
    held = _rows(claims) if claims else []
    for source, name in (("wice", "WiCE"), ("factcheckgpt", "Factcheck-GPT"), ("feverous", "FEVEROUS")):
        theirs = [r for r in held if r["src"].startswith(source)]
        yield f"{name}, held out", _some(((r["claim"], r["premise"], r["label"] == "supported") for r in theirs), limit)
    documents = {d.id: d.text for d in corpus.read([ROOT / "corpus"]).documents}
    own = [r for r in _rows(ROOT / "eval" / "claims.jsonl") if r["source"] in documents]
    yield "this project's", [(r["claim"], documents[r["source"]], r["label"] == "supported") for r in own][:limit]
    yield "made mutations", _some(_made(documents), limit)
    strangers = data.parent / "strangers"
    theirs = [r for r in _rows(strangers / "claims.jsonl") if r.get("doc")]
    yield "on strangers' documents", [(r["claim"], _document(strangers, r), r["label"] == "supported") for r in theirs]


def _disputes(data: Path) -> Iterator[tuple[str, list[Dispute]]]:
    """RAMDocs (arXiv:2504.13079), HealthVer (Sarrouti et al. 2021), WikiContradict (arXiv:2406.13805), by halves."""
    for name, read in (("RAMDocs", _ramdocs), ("HealthVer", _healthver), ("WikiContradict", _wikicontradict)):
        halves: tuple[list[Dispute], list[Dispute]] = ([], [])
        for key, case in read(data):
            halves[hashlib.sha256(key.encode()).digest()[3] % 2].append(case)
        yield f"{name}, chosen on", halves[0]
        yield f"{name}, held out", halves[1]


def _ramdocs(data: Path) -> Iterator[tuple[str, Dispute]]:
    """The sentence of a document that answers a question, beside the others' documents, of namesakes too."""
    for row in _rows(data / "dev" / "ramdocs_half.jsonl.gz"):
        said, labels = bench.answering(row["question"], row["documents"])
        texts = {s.source_ids[0]: "".join((c.before, c.quote, c.after)) for s in said for c in s.citations}
        for sentence in said:
            (own,) = sentence.source_ids
            others = [(texts[id_], bool(labels[frozenset((own, id_))].conflict)) for id_ in texts if id_ != own]
            yield row["question"], ((sentence.text, texts[own]), others)


def _healthver(data: Path) -> Iterator[tuple[str, Dispute]]:
    """Claims on a disease, beside what studies say of them."""
    by_claim: dict[str, list[dict[str, str]]] = {}
    for row in _rows(data / "bench" / "healthver_test.jsonl.gz"):
        by_claim.setdefault(row["claim"], []).append(row)
    for claim, rows in by_claim.items():
        for own in [r for r in rows if r["label"] == "Supports"][:2]:
            others = [(r["evidence"], r["label"] == "Refutes") for r in rows if r is not own]
            yield claim, ((claim, own["evidence"]), others)


def _wikicontradict(data: Path) -> Iterator[tuple[str, Dispute]]:
    """Sentences of Wikipedia, beside the passage that contradicts theirs and two like it that do not hold them."""
    rows = _rows(data / "bench" / "wikicontradict.jsonl.gz")
    texts = list(dict.fromkeys(r[f"context{i}_info"] for r in rows for i in (1, 2)))
    words = [content(text) for text in texts]
    claims = {r["context1"][a:b]: r for r in rows for a, b in split(r["context1"])}
    for claim, row in claims.items():
        said = content(claim)
        like = sorted(range(len(texts)), key=lambda k: -len(said & words[k]) / (1 + len(words[k])) ** 0.5)
        apart = [texts[k] for k in like[:20] if claim not in texts[k] and texts[k] != row["context2_info"]]
        others = [(row["context2_info"], True), *((text, False) for text in apart[:2])]
        yield row["question"], ((claim, row["context1_info"]), others)


def _document(folder: Path, row: dict[str, Any]) -> str:
    names = row["doc"] if isinstance(row["doc"], list) else [row["doc"]]
    paths = [folder / str(row["corpus"]) / str(name) for name in names]
    return "\n\n".join(d.text for d in corpus.read([p for p in paths if p.exists()]).documents)


def _made(documents: dict[str, str]) -> Iterator[Row]:
    """Sentences said with a word less, and broken by program."""
    for text in documents.values():
        own = [text[a:b] for a, b in sentences(text)]
        for sentence in own[::5]:
            yield sentence.removesuffix(".").removesuffix("!"), text, True
            yield from ((m.text, text, False) for m in mutations(sentence, own)[:2])


def _rows(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else float("nan")


if __name__ == "__main__":
    main()
