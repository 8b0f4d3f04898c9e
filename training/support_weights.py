"""Fits the scale on which `qa.support` says how sure it is, and chooses its thresholds.

    python training/support_weights.py --claims claims_dev.jsonl.gz [--strangers FOLDER]    prints the tables
    ... --write                                                                             and puts them there

Fitted on claims that the models never saw: people's (`training/claim_sets.py` sets them aside), the project's own
dev claims, and sentences of the same texts with something changed by program. Each set weighs the same, each answer
within it as well. Evidence is chosen as `qa check` chooses it: from an index of all the texts together; where a
claim's own text is not among what is found, it counts as cited. Other versions of it are left out. Claims about
documents of strangers choose thresholds, they are never fitted. Run it again whenever the models change.
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
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from qa.checking import pool_of
from qa.checking.shelf import Shelf
from qa.config import load_config
from qa.evaluate import folder
from qa.evaluate.judge import read_claims
from qa.index import Index
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.mutate import mutations
from qa.schema import Document, Source
from qa.support import LAYERS, Case, Support, weigh
from qa.support.pool import TRIED
from qa.support.words import content, split

ROOT = Path(__file__).parents[1]
PENALTY = 0.5
ALIKE = 0.4
"""Share of words that two texts have in common from which they count as versions of one."""
PASSED, SURELY_PASSED = 0.15, 0.05
"""Shares of the false claims, in the mean of the sets, that may count as borne out, and as surely so."""
WRONGLY = 0.05
"""Share of the claims that are not contradicted, in the mean of the sets, that may be called so."""


IMPLIED = "condaqa"
"""A set whose claims are about what a negation implies; the model cannot tell there (AUC .47), so this set does not
choose from when a source says otherwise."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Claims of one set: labels, the model's probabilities (n, 3), and which have a fault with which none passes."""

    labels: NDArray[np.str_]
    readings: NDArray[np.float64]
    faulty: NDArray[np.bool_]


def cases(claims: Path, most: int, index: Path, strangers: Path | None) -> dict[str, list[tuple[Case, str]]]:
    """Claims with their labels, set by set, each with the passages that it is held against.

    Args:
        index: folder of an index of the claims' texts; built if there is none.
        strangers: folder of documents and claims as of `qa eval folder`.
    """
    rng = random.Random(1)
    with gzip.open(claims, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = list(dict.fromkeys(row["premise"] for row in rows))
    shelf = _shelf(texts, index)
    sets: dict[str, list[tuple[str, str, str]]] = {}
    for row in rows:
        sets.setdefault(row["src"].split("_")[0], []).append((row["claim"], row["premise"], row["label"]))
    found = {}
    for name, members in sets.items():
        drawn = rng.sample(members, min(len(members), most))
        found[name] = [(Case(claim, _near(shelf, claim, own)), label) for claim, own, label in drawn]
    found["made"] = [case for text in rng.sample(texts, most) for case in _made(text, rng)]
    own = [c for c in read_claims(ROOT / "eval" / "claims.jsonl") if c.split == "dev"]
    pools = {name: pool_of({name: _body(name)}) for name in sorted({c.source for c in own})}
    found["own"] = [(Case(c.claim, [e.text for e in pools[c.source].near(c.claim)]), c.label) for c in own]
    if strangers:
        found[STRANGERS] = _strangers(strangers)
    return found


STRANGERS = "strangers"


def _shelf(texts: Sequence[str], place: Path) -> Shelf:
    config, embedder = load_config(), Embedder.load()
    if not place.exists():
        Index.build([Document(Source(id=f"d{n}", title=""), t) for n, t in enumerate(texts)], place, config, embedder)
    return Shelf(Index.open(place, config), embedder, config.lexical_weight)


def _near(shelf: Shelf, claim: str, own: str) -> list[str]:
    """The passages nearest to a claim among all texts, without those of other versions of its own text."""
    words = content(own)
    found = []
    for evidence in shelf.near(claim, most=4 * TRIED):
        theirs = content(evidence.text)
        if evidence.text in own or len(words & theirs) <= ALIKE * min(len(words), len(theirs)):
            found.append(evidence.text)
    return found[:TRIED] if any(text in own for text in found[:TRIED]) else [own]


def _made(text: str, rng: random.Random) -> list[tuple[Case, str]]:
    """A sentence of a text without its full stop, and with something changed."""
    own = [text[a:b] for a, b in split(text) if 50 < b - a < 250]
    if len(own) < 2:
        return []
    sentence = rng.choice(own)
    false = [m for m in mutations(sentence, own) if m.evidence is None]
    said = [(Case(sentence.removesuffix("."), [text]), "supported")]
    return said + [(Case(rng.choice(false).text, [text]), "contradicted")] * bool(false)


def _strangers(place: Path) -> list[tuple[Case, str]]:
    from qa.assistant import Assistant

    claims = folder.load_claims(place / "claims.jsonl")
    found = []
    with TemporaryDirectory() as work:
        for name, documents in folder.corpora(place, [c.corpus for c in claims]).items():
            with Assistant.build(config=load_config(corpus_dir=documents, index_dir=Path(work) / name)) as assistant:
                for c in (c for c in claims if c.corpus == name):
                    near = assistant.shelf.near(c.text)
                    found.append((Case(c.text, [e.text for e in near], [e.source for e in near if e.source]), c.label))
    return found


def _body(source: str) -> str:
    text = (ROOT / "corpus" / f"{source}.md").read_text(encoding="utf-8")
    return re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)


def fit(parts: Sequence[Judged]) -> tuple[float, float]:
    """Scale and bias of the model's log-odds, each set and each answer counting the same; what is faulty left out."""
    rows, yes, weight = [], [], []
    for part in parts:
        true, odds = part.labels == "supported", logit(np.clip(part.readings[:, 0], 1e-4, 1 - 1e-4))
        for answer in (True, False):
            own = odds[(true == answer) & ~part.faulty]
            rows += [*own]
            yes += [1.0 if answer else -1.0] * len(own)
            weight += [0.5 / len(own)] * len(own)
    table, sign, each = np.array(rows), np.array(yes), np.array(weight) / np.mean(weight)

    def loss(v: NDArray[np.float64]) -> float:
        return float((each * np.logaddexp(0, -sign * (v[0] * table + v[1]))).sum() + PENALTY * v[0] ** 2)

    scale, bias = minimize(loss, np.zeros(2), bounds=[(0.0, np.inf), (-np.inf, np.inf)]).x
    return float(scale), float(bias)


def chances(scale: float, bias: float, part: Judged) -> NDArray[np.float64]:
    """Probabilities that the claims hold."""
    odds = logit(np.clip(part.readings[:, 0], 1e-4, 1 - 1e-4))
    return np.where(part.faulty, 0.0, expit(bias + scale * odds))


def threshold(shares: Sequence[NDArray[np.float64]], most: float) -> float:
    """The lowest probability from which no more than this share, in the mean of the sets, counts."""
    grid = np.arange(0.02, 0.995, 0.005)
    means = [np.mean([(p >= t).mean() for p in shares if len(p)]) for t in grid]
    return float(next((t for t, m in zip(grid, means, strict=True) if m <= most), grid[-1]))


def main() -> None:
    """Fit, report set by set, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=Path, required=True, help="people's claims that were set aside")
    parser.add_argument("--strangers", type=Path, help="folder of documents and claims that choose thresholds")
    parser.add_argument("--index", type=Path, default=Path("index-of-claims"), help="built if there is none")
    parser.add_argument("--most", type=int, default=150, help="claims of a set, drawn by a seed")
    parser.add_argument("--keep", type=Path, help="a file to keep what was judged in, or to take them from")
    parser.add_argument("--write", action="store_true", help="put the tables into qa/support/weigh.py")
    args = parser.parse_args()
    if args.keep and args.keep.is_file():
        judged: dict[str, Judged] = pickle.loads(args.keep.read_bytes())
    else:
        support = Support(Entailment.load(), set(LAYERS) - {"verbatim"})
        judged = {}
        for name, rows in cases(args.claims, args.most, args.index, args.strangers).items():
            found = support.judge_all([case for case, _ in rows])
            judged[name] = Judged(
                np.array([label for _, label in rows]),
                np.array([j.reading for j in found]),
                np.array([any(f.decides and f.ok is False for f in j.findings) for j in found]),
            )
            print(f"judged {len(rows)} of {name}", flush=True)
        if args.keep:
            args.keep.write_bytes(pickle.dumps(judged))
    fitted = {name: part for name, part in judged.items() if name != STRANGERS}
    whole = fit(list(fitted.values()))
    held = {name: chances(*whole, part) for name, part in judged.items()}
    labels = {name: part.labels for name, part in judged.items()}
    false = [held[name][labels[name] != "supported"] for name in fitted]
    supported, sure = threshold(false, PASSED), threshold(false, SURELY_PASSED)
    failed = {name: part.readings[:, 2] - part.readings[:, 0] for name, part in judged.items()}
    others = [failed[name][labels[name] != "contradicted"] for name in fitted if name != IMPLIED]
    contradicted = threshold(others, WRONGLY)
    print("fitted on the other sets | on all: AUC; true accepted, false passed, surely; contradicted rightly, wrongly")
    for name, part in judged.items():
        rest = [p for n, p in fitted.items() if n != name]
        true, denied = labels[name] == "supported", labels[name] == "contradicted"
        line = f"{name:15} n {len(true):4}"
        for h in (fit(rest), whole):
            p = chances(*h, part)
            called = failed[name] >= contradicted
            line += f" | {roc_auc_score(true, p):.3f}"
            line += f"; {(p[true] >= supported).mean():.2f} {(p[~true] >= supported).mean():.2f}"
            line += f" sure {(p[true] >= sure).mean():.2f} {(p[~true] >= sure).mean():.2f}"
            line += f"; {called[denied].mean() if denied.any() else float('nan'):.2f} {called[~denied].mean():.2f}"
        print(line)
    print("threshold: true accepted, false passed in the mean of the sets | on strangers' claims")
    for t in np.arange(0.3, 0.75, 0.03):
        line = f"{t:.2f}"
        for chosen in (list(fitted), [STRANGERS] * (STRANGERS in judged)):
            for wanted in (True, False):
                rates = [(held[n][(labels[n] == "supported") == wanted] >= t).mean() for n in chosen]
                line += f" {np.mean(rates):.2f}" if rates else ""
        print(line)
    text = (
        f"SCALE, BIAS = {whole[0]:.3f}, {whole[1]:.3f}\n"
        '"""Of the model\'s log-odds that a claim is borne out."""'
        f'\nSUPPORTED = {supported:.3f}\n"""Probability from which a claim counts as borne out."""'
        f'\nSURE = {sure:.3f}\n"""Probability from which it is surely so."""'
        f"\nCONTRADICTED = {contradicted:.3f}\n"
        '"""By how much a contradiction must be likelier than support for the source to say otherwise."""'
    )
    print(text)
    if args.write:
        path = Path(weigh.__file__)
        page = path.read_text(encoding="utf-8")
        new = re.sub(r"(?s)(# fitted\n).*?(\n# end of what is fitted)", lambda m: f"{m[1]}{text}{m[2]}", page)
        path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
