"""Fits how `qa.support` weighs its layers' signals, and chooses its thresholds.

    python training/support_weights.py --data DATA --claims claims_dev.jsonl.gz    prints the tables
    ... --write                                                                     and puts them there

Fitted on claims that the models never saw: people's (`training/claim_sets.py` sets them aside), the project's own
dev claims, and claims made by program of articles kept out of training. Each set weighs the same, each answer
within it as well. Nothing here is a set that results are reported on. Run it again whenever the models change.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import gzip
import json
import pickle
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from data import data_folder
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from support_bench import dev_cases

from qa.evaluate.judge import read_claims
from qa.models.entailment import Entailment
from qa.support import LAYERS, Case, Support, weigh

ROOT = Path(__file__).parents[1]
RISING = ("words.share", "words.best", "entailment.for")
"""Signals that never speak against a claim; all others never speak for one, whatever a few rows say."""
PROMISED = ("figures.absent", "names.absent", "quotes.failed")
"""Faults with which no claim passes, by the promise that figures, names and quotations stand in the source: they are
not fitted but given `BROKEN`, and claims that have them left out."""
BROKEN = -12.0
"""More than the model and all else can say for a claim."""
PENALTY = 0.5
PASSED, SURELY_PASSED = 0.15, 0.05
"""Shares of the false claims, in the mean of the sets, that may count as borne out, and as surely so."""
WRONGLY = 0.05
"""Share of the claims that are not contradicted, in the mean of the sets, that may be called so."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Claims of one set: labels and signals."""

    labels: list[str]
    signals: list[dict[str, float]]


def cases(data: Path, claims: Path, most: int) -> dict[str, list[tuple[Case, str]]]:
    """Claims with their labels, set by set."""
    rng = random.Random(1)
    found: dict[str, list[tuple[Case, str]]] = {}
    with gzip.open(claims, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            name = row["src"].split("_")[0]
            found.setdefault(name, []).append((Case(row["claim"], [row["premise"]]), row["label"]))
    for c in dev_cases(data):
        label = "supported" if c.true else "neutral" if c.kind in _UNSAID else "contradicted"
        found.setdefault("made", []).append((Case(c.claims[0], [" ".join(c.document)]), label))
    found = {name: rng.sample(rows, min(len(rows), most)) for name, rows in found.items()}
    own = [c for c in read_claims(ROOT / "eval" / "claims.jsonl") if c.split == "dev"]
    found["own"] = [(Case(c.claim, [_body(c.source)]), c.label) for c in own]
    return found


_UNSAID = ("stitched", "fabricated", "swapped", "dropped")


def _body(source: str) -> str:
    text = (ROOT / "corpus" / f"{source}.md").read_text(encoding="utf-8")
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)


def fit(
    table: NDArray[np.float64], yes: NDArray[np.bool_], weight: NDArray[np.float64], rising: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    """Weights and, last, the bias of a logistic sum; given `rising`, of a sign each."""
    wide = np.c_[table, np.ones(len(table))]
    sign = np.where(yes, 1.0, -1.0)
    penalty = np.r_[np.full(table.shape[1], PENALTY), 0.0]

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = sign * (wide @ v)
        slope = -(weight * sign * expit(-z)) @ wide + 2 * penalty * v
        return float((weight * np.logaddexp(0, -z)).sum() + penalty @ v**2), slope

    free = [(-np.inf, np.inf)]
    bounds = free * wide.shape[1] if rising is None else [(0, np.inf) if up else (-np.inf, 0) for up in rising] + free
    return np.asarray(minimize(loss, np.zeros(wide.shape[1]), jac=True, bounds=bounds).x)


def balanced(groups: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Weights by which each set, and each answer within it, counts the same; mean 1."""
    found = [np.where(own, 0.5 / max(1, own.sum()), 0.5 / max(1, (~own).sum())) for own in groups]
    weight = np.concatenate(found)
    return np.asarray(weight / weight.mean())


def weighed(parts: Sequence[Judged], label: str, rising: bool) -> tuple[dict[str, float], float]:
    """The logistic sum that tells claims of a label from the others."""
    names = sorted({k for part in parts for row in part.signals for k in row} - set(PROMISED))
    if rising:  # that a source does not contradict it is nothing for a claim
        names.remove("entailment.against")
    yes = [np.array([x == label for x in part.labels]) for part in parts]
    whole = [np.array([not any(row.get(p) for p in PROMISED) for row in part.signals]) for part in parts]
    kept = [w if rising else np.ones_like(w) for w in whole]
    table = np.array(
        [
            [row.get(k, 0.0) for k in names]
            for part, k_ in zip(parts, kept, strict=True)
            for row, ok in zip(part.signals, k_, strict=True)
            if ok
        ]
    )
    groups = [y[k] for y, k in zip(yes, kept, strict=True)]
    v = fit(table, np.concatenate(groups), balanced(groups), np.array([n in RISING for n in names]) if rising else None)
    weights = dict(zip(names, map(float, v[:-1]), strict=True))
    return (weights | dict.fromkeys(PROMISED, BROKEN) if rising else weights), float(v[-1])


def chances(weights: dict[str, float], bias: float, part: Judged) -> NDArray[np.float64]:
    """Probabilities."""
    return np.asarray(expit([bias + sum(weights.get(k, 0.0) * v for k, v in row.items()) for row in part.signals]))


def threshold(shares: Sequence[NDArray[np.float64]], most: float) -> float:
    """The lowest probability from which no more than this share, in the mean of the sets, counts."""
    grid = np.arange(0.02, 0.995, 0.005)
    means = [np.mean([(p >= t).mean() for p in shares if len(p)]) for t in grid]
    return float(next((t for t, m in zip(grid, means, strict=True) if m <= most), grid[-1]))


def main() -> None:
    """Fit, report set by set, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--claims", type=Path, required=True, help="people's claims that were set aside")
    parser.add_argument("--most", type=int, default=250, help="claims of a set, drawn by a seed")
    parser.add_argument("--keep", type=Path, help="a file to keep the signals in, or to take them from")
    parser.add_argument("--write", action="store_true", help="put the tables into qa/support/weigh.py")
    args = parser.parse_args()
    if args.keep and args.keep.is_file():
        judged: dict[str, Judged] = pickle.loads(args.keep.read_bytes())
    else:
        support = Support(Entailment.load(), set(LAYERS) - {"verbatim"})
        judged = {}
        for name, rows in cases(data_folder(args.data), args.claims, args.most).items():
            found = support.judge_all([case for case, _ in rows])
            judged[name] = Judged([label for _, label in rows], [dict(j.signals) for j in found])
            print(f"judged {len(rows)} of {name}", flush=True)
        if args.keep:
            args.keep.write_bytes(pickle.dumps(judged))
    parts = list(judged.values())
    holds, against = weighed(parts, "supported", True), weighed(parts, "contradicted", False)
    false = [chances(*holds, part)[np.array([x != "supported" for x in part.labels])] for part in parts]
    supported, sure = threshold(false, PASSED), threshold(false, SURELY_PASSED)
    other = [chances(*against, part)[np.array([x != "contradicted" for x in part.labels])] for part in parts]
    contradicted = threshold(other, WRONGLY)
    print(
        "fitted on the other sets | on all: AUC; true accepted, false passed; contradicted called so, others called so"
    )
    for name, part in judged.items():
        rest = [p for n, p in judged.items() if n != name]
        true, denied = (np.array([x == label for x in part.labels]) for label in ("supported", "contradicted"))
        line = f"{name:15} n {len(true):4}"
        for h, a in ((weighed(rest, "supported", True), weighed(rest, "contradicted", False)), (holds, against)):
            p, c = chances(*h, part), chances(*a, part)
            called = (c >= contradicted) & (p < supported)
            line += f" | {roc_auc_score(true, p):.3f}"
            line += f"; {(p[true] >= supported).mean():.2f} {(p[~true] >= supported).mean():.2f}"
            line += f" sure {(p[true] >= sure).mean():.2f} {(p[~true] >= sure).mean():.2f}"
            line += f"; {called[denied].mean() if denied.any() else float('nan'):.2f} {called[~denied].mean():.2f}"
        print(line)
    text = "\n\n".join(
        (
            _shown("HOLDS", *holds)
            + f'\nSUPPORTED = {supported:.3f}\n"""Probability from which a claim counts as borne out."""'
            f'\nSURE = {sure:.3f}\n"""Probability from which it is surely so."""',
            _shown("CONFLICTS", *against)
            + f'\nCONTRADICTED = {contradicted:.3f}\n"""Probability from which a source contradicts a claim."""',
        )
    )
    print(text)
    if args.write:
        path = Path(weigh.__file__)
        page = path.read_text(encoding="utf-8")
        fitted = re.sub(r"(?s)(# fitted\n).*?(\n# end of what is fitted)", lambda m: f"{m[1]}{text}{m[2]}", page)
        path.write_text(fitted, encoding="utf-8")


def _shown(name: str, weights: dict[str, float], bias: float) -> str:
    rows = "\n".join(f'    "{key}": {weight:.3f},' for key, weight in weights.items() if abs(weight) >= 0.0005)
    return f"{name}: Mapping[str, float] = {{\n{rows}\n}}\n{name}_BIAS = {bias:.3f}"


if __name__ == "__main__":
    main()
