"""Fits how `qa.support` weighs its layers' signals, and chooses its thresholds.

    python training/support_weights.py --data DATA            prints the tables of `qa.support.weigh`
    python training/support_weights.py --data DATA --write    and puts them there

Nothing here is a set that results are reported on. Fitted on claims the support model never saw (made by program
from the articles kept out of its training; captions of dev/nli_val; the project's own dev claims) and on claims by
people that it saw once among 63,000 (fm2_dev, begin_dev). Each set weighs the same, each label within it as well.
Run it again whenever the weights of the support model change.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import pickle
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from claims import CONTRADICTED, NEUTRAL, SUPPORTED, UNSUPPORTED, written
from data import data_folder
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from support_bench import dev_cases

from qa.evaluate.judge import read_claims
from qa.models.entailment import Entailment
from qa.support import LAYERS, Support, weigh

ROOT = Path(__file__).parents[1]
WRITTEN = {"cad_nli": "dev/nli_val", "begin_dev": "train/nli_train"}
"""Claims that people wrote or judged, with a clear licence."""
SHOWN = {"fm2_dev": "train/nli_train", "ling_in_loop": "dev/nli_val", "healthver_dev": "train/nli_train"}
"""Claims only shown: their licence says no more, or (fm2) their evidence lacks the name of what it is about."""
KINDS = {  # what a mutation makes of a true claim; of the others nobody can say whether the source denies them
    **dict.fromkeys(("stitched", "fabricated", "swapped", "dropped"), NEUTRAL),
    **dict.fromkeys(("number", "date", "negation", "direction"), CONTRADICTED),
}
WRONGLY = 0.01
"""Share of true claims, of any set, that may be called contradicted."""
RISING = ("words.share", "words.best", "entailment.for")
"""Signals that never speak against a claim; all others never speak for one, whatever a few rows say."""
PROMISED = ("figures.absent", "names.absent", "quotes.failed")
"""Faults with which no claim passes, by the promise that figures, names and quotations stand in the source: they are
not fitted but given `BROKEN`, and claims that have them left out."""
BROKEN = -12.0
"""More than the model and all else can say for a claim."""
PENALTY = 2.0
"""Of a weight's squared distance from what it would be without the model (see `holds`)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Claims of one set: labels, signals, and which were settled without weighing."""

    labels: NDArray[np.int64]
    signals: list[dict[str, float]]
    kinds: list[str]


def cases(data: Path, most: int, seed: int) -> dict[str, list[tuple[str, list[str], int, str]]]:
    """Claim, evidence, label and kind, set by set."""
    rng = random.Random(seed)
    made = dev_cases(data)
    found = {
        "made": [
            (c.claims[0], [" ".join(c.document)], SUPPORTED if c.true else KINDS.get(c.kind, UNSUPPORTED), c.kind)
            for c in made
        ]
    }
    for source, name in (WRITTEN | SHOWN).items():
        found[source] = [(e.claim, [e.evidence], e.label, source) for e in written(data, (source,), name)]
    own = {"supported": SUPPORTED, "unsupported": NEUTRAL, "contradicted": CONTRADICTED}
    claims = [c for c in read_claims(ROOT / "eval" / "claims.jsonl") if c.split == "dev"]
    for name, rows in found.items():
        found[name] = rng.sample(rows, min(len(rows), most))
    found["own"] = [(c.claim, [_body(c.source)], own[c.label], c.kind) for c in claims]
    return found


def _body(source: str) -> str:
    text = (ROOT / "corpus" / f"{source}.md").read_text(encoding="utf-8").split("---", 2)[2]
    return re.sub(r"^#.*$", "", text, flags=re.M).strip()


def judge(support: Support, rows: Sequence[tuple[str, list[str], int, str]]) -> Judged:
    """The signals of each claim, by the product's own code."""
    signals = []
    for claim, evidence, _, _ in rows:
        signals.append(dict(support.judge(claim, evidence).signals))
    return Judged(np.array([label for _, _, label, _ in rows]), signals, [kind for *_, kind in rows])


def fit(
    table: NDArray[np.float64],
    yes: NDArray[np.bool_],
    weight: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    prior: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Weights and, last, the bias of a logistic sum, within bounds, drawn towards a prior."""
    wide = np.c_[table, np.ones(len(table))]
    sign = np.where(yes, 1.0, -1.0)
    penalty = np.r_[np.full(table.shape[1], PENALTY), 0.0]
    centre = np.r_[prior, 0.0]

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = sign * (wide @ v)
        slope = -(weight * sign * expit(-z)) @ wide + 2 * penalty * (v - centre)
        return float((weight * np.logaddexp(0, -z)).sum() + penalty @ (v - centre) ** 2), slope

    bounds = [*zip(low, high, strict=True), (-np.inf, np.inf)]
    return np.asarray(minimize(loss, np.r_[np.clip(prior, low, high), 0.0], jac=True, bounds=bounds).x)


def _without_broken(part: Judged) -> Judged:
    kept = [not any(row.get(name) for name in PROMISED) for row in part.signals]
    return Judged(part.labels[np.array(kept)], [r for r, k in zip(part.signals, kept, strict=True) if k], [])


def balanced(parts: Sequence[Judged], yes: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Weights by which each set, and each answer within it, counts the same; mean 1."""
    found = []
    for part, own in zip(parts, yes, strict=True):
        share = np.where(own, 0.5 / max(1, own.sum()), 0.5 / max(1, (~own).sum()))
        found.append(share * (0.5 if len(part.labels) < 100 else 1.0))
    weight = np.concatenate(found)
    return weight / weight.mean()


def scores(weights: dict[str, float], bias: float, signals: Sequence[dict[str, float]]) -> NDArray[np.float64]:
    """Probabilities."""
    return np.asarray(expit([bias + sum(weights.get(k, 0.0) * v for k, v in row.items()) for row in signals]))


def main() -> None:
    """Fit, report set by set (held out: fitted on the other sets), print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--model", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--most", type=int, default=900, help="claims of a set, drawn by a seed")
    parser.add_argument("--keep", type=Path, help="a file to keep the signals in, or to take them from")
    parser.add_argument("--write", action="store_true", help="put the tables into qa/support/weigh.py")
    args = parser.parse_args()
    if args.keep and args.keep.is_file():
        judged: dict[str, Judged] = pickle.loads(args.keep.read_bytes())
    else:
        support = Support(Entailment.load(args.model), set(LAYERS) - {"verbatim"})
        judged = {}
        for name, rows in cases(data_folder(args.data), args.most, 1).items():
            judged[name] = judge(support, rows)
            print(f"judged {len(rows)} of {name}", flush=True)
        if args.keep:
            args.keep.write_bytes(pickle.dumps(judged))
    names = sorted({k for part in judged.values() for row in part.signals for k in row})

    def table(parts: Sequence[Judged]) -> NDArray[np.float64]:
        return np.array([[row.get(k, 0.0) for k in names] for part in parts for row in part.signals])

    rising = np.array([name in RISING for name in names])
    low, high = np.where(rising, 0.0, -np.inf), np.where(rising, np.inf, 0.0)

    def holds(parts: Sequence[Judged]) -> tuple[dict[str, float], float]:
        """The rules are first weighed without the model, then all with it, near to that.

        On claims like those it learned from the model knows all that the rules know, and would leave them no
        weight; on others it does not (weight undertraining: Sutton, Sindelar and McCallum 2006).
        """
        parts = [_without_broken(part) for part in parts]
        yes = [part.labels == SUPPORTED for part in parts]
        weight, answer, signals = balanced(parts, yes), np.concatenate(yes), table(parts)
        model = np.array([name.startswith("entailment.") for name in names])
        alone = fit(np.where(model, 0.0, signals), answer, weight, low, high, np.zeros(len(names)))
        found = fit(signals, answer, weight, low, high, np.where(model, 0.0, alone[:-1]))
        weights = dict(zip(names, map(float, found), strict=False))
        return weights | dict.fromkeys(PROMISED, BROKEN), float(found[-1])

    def conflicts(parts: Sequence[Judged]) -> tuple[dict[str, float], float]:
        known = [
            Judged(
                part.labels[ok := part.labels != UNSUPPORTED],
                [r for r, k in zip(part.signals, ok, strict=True) if k],
                [],
            )
            for part in parts
        ]
        known = [part for part in known if (part.labels == CONTRADICTED).any()]
        yes = [part.labels == CONTRADICTED for part in known]
        free = np.full(len(names), np.inf)
        found = fit(table(known), np.concatenate(yes), balanced(known, yes), -free, free, np.zeros(len(names)))
        return dict(zip(names, map(float, found), strict=False)), float(found[-1])

    print("AUC, balanced accuracy at .5; fitted on the other sets | on all")
    everything = [part for name, part in judged.items() if name not in SHOWN]
    whole, against = holds(everything), conflicts(everything)
    for name, part in judged.items():
        true = part.labels == SUPPORTED
        line = f"{name:10} n {len(true):4}"
        for weights in (holds([p for n, p in judged.items() if n not in (name, *SHOWN)]), whole):
            p = scores(*weights, part.signals)
            line += f" | AUC {roc_auc_score(true, p):.3f} BAcc {balanced_accuracy_score(true, p >= 0.5):.3f}"
        print(line)
    chances = [(scores(*whole, part.signals), part.labels == SUPPORTED) for part in everything]
    grid = np.arange(0.05, 0.951, 0.01)
    means = [np.mean([balanced_accuracy_score(true, p >= t) for p, true in chances]) for t in grid]
    supported = float(grid[int(np.argmax(means))])
    shown = (f"{t:.2f} {m:.3f}" for t, m in list(zip(grid, means, strict=True))[::5])
    print("mean balanced accuracy of the sets, by threshold:", ", ".join(shown))
    wrong = np.concatenate([scores(*against, part.signals)[part.labels == SUPPORTED] for part in everything])
    contradicted = float(np.quantile(wrong, 1 - WRONGLY))
    for name, part in judged.items():
        c, h = scores(*against, part.signals), scores(*whole, part.signals)
        called = (c >= contradicted) & (h < supported)
        true, denied = part.labels == SUPPORTED, part.labels == CONTRADICTED
        rate = f"{called[denied].mean():.2f}" if denied.any() else "-"
        print(
            f"{name:10} kept {(h[true] >= supported).mean():.2f}, caught {(h[~true] < supported).mean():.2f}; "
            f"called contradicted: true {called[true].mean():.3f}, denied {rate}"
        )
    text = "\n\n".join(
        (
            _shown("HOLDS", *whole, "SUPPORTED", supported, "a claim counts as borne out"),
            _shown("CONFLICTS", *against, "CONTRADICTED", contradicted, "a source is said to contradict a claim"),
        )
    )
    print(text)
    if args.write:
        path = Path(weigh.__file__)
        page = path.read_text(encoding="utf-8")
        fitted = re.sub(r"(?s)(# fitted\n).*?(\n# end of what is fitted)", lambda m: f"{m[1]}{text}{m[2]}", page)
        path.write_text(fitted, encoding="utf-8")


def _shown(name: str, weights: dict[str, float], bias: float, bar: str, threshold: float, means: str) -> str:
    rows = "\n".join(f'    "{key}": {weight:.3f},' for key, weight in weights.items() if abs(weight) >= 0.0005)
    return (
        f"{name}: Mapping[str, float] = {{\n{rows}\n}}\n{name}_BIAS = {bias:.3f}\n"
        f'{bar} = {threshold:.3f}\n"""Probability from which {means}."""'
    )


if __name__ == "__main__":
    main()
