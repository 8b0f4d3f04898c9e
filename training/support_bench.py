"""Measure support on public sets and on mutations: rules alone, model alone, both.

    python training/support_bench.py --data DATA [--run RUN] [--sets made,summedits,...] [--share 0.3]

Without --run the shipped weights are measured. Thresholds are chosen on claims made from articles that were
kept out of training (`held_claims`), never on a bench set. High scores mean supported.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import gzip
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from claims import sentences
from data import data_folder, rows
from held_claims import NEAR, WIDE, Case, dev_cases, made, relevant
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from support import RUNS, Support, logits_of

from qa.language import denied, missing
from qa.models.entailment import Entailment
from qa.mutate import MUTATION_KINDS

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]
Scores = dict[str, NDArray[np.float64]]

COST = 2.0  # what a fact that the evidence lacks takes off the log-odds of support


def trained(run: str) -> Judge:
    """The probabilities of a run's weights, before calibration and int8."""
    torch.set_num_threads(1)
    model = Support()
    model.load_state_dict(torch.load(RUNS / run / "model.pt"))
    return lambda pairs: torch.softmax(logits_of(model, list(pairs)), 1).numpy()


def scores(judge: Judge, cases: Sequence[Case]) -> Scores:
    """Scores of each case by rules, model and both. A text is as good as its worst sentence."""
    pairs, owner, costs = [], [], []
    for i, case in enumerate(cases):
        for claim in case.claims:
            near, wide = (
                " ".join(case.document[j] for j in sorted(relevant(case.document, claim, n))) for n in (NEAR, WIDE)
            )
            lacks = sum(0.5 if f.kind == "negation" else 1.0 for f in missing(claim, wide))
            costs.append(lacks + 0.5 * len(denied(claim, near)))
            pairs += [(near, claim), (wide, claim)]
            owner.append(i)
    p = np.clip(judge(pairs).reshape(-1, 2, 3)[:, :, 0].astype(float), 1e-4, 1 - 1e-4).max(1)
    model, cost = np.log(p / (1 - p)), np.array(costs)
    worst: Scores = {}
    for name, each in (("rules", -cost), ("model", model), ("both", model - COST * cost)):
        worst[name] = np.full(len(cases), np.inf)
        np.minimum.at(worst[name], owner, each)
    return worst


def balanced(true: NDArray[np.bool_], score: NDArray[np.float64], threshold: float) -> float:
    """Balanced accuracy of calling `score >= threshold` supported."""
    said = score >= threshold
    return float((said[true].mean() + (~said[~true]).mean()) / 2)


def best_threshold(true: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """The threshold of the best balanced accuracy."""
    return float(max(np.unique(np.round(score, 2)), key=lambda t: balanced(true, score, t)))


# public sets ------------------------------------------------------------------------------------------


def public(data: Path, name: str) -> Iterator[tuple[str, list[Case]]]:
    """The cases of a public set, part by part."""
    if name == "summedits":
        for part in ("news", "ectsum", "sales_email", "samsum", "scitldr"):
            found = rows(data, f"bench/summedits_{part}")
            cut = {r["doc"]: sentences(r["doc"]) for r in found}
            yield (
                f"summedits_{part}",
                [Case(cut[r["doc"]], sentences(r["summary"]), r["label"] == 1) for r in found],
            )
    elif name == "qags":
        for part in ("cnndm", "xsum"):
            texts, single = [], []
            for r in rows(data, f"bench/qags_{part}"):
                article = sentences(r["article"])
                judged = [
                    (x["sentence"], sum(v["response"] == "yes" for v in x["responses"]) >= 2)
                    for x in r["summary_sentences"]
                ]
                texts.append(Case(article, [s for s, _ in judged], all(ok for _, ok in judged)))
                single += [Case(article, [s], ok) for s, ok in judged]
            yield f"qags_{part}", texts
            if len(single) > len(texts):
                yield f"qags_{part}, sentences", single
    elif name == "fm2":
        yield (
            "fm2_test",
            [
                Case([e["text"] for e in r["gold_evidence"]], [r["text"]], r["label"] == "SUPPORTS")
                for r in rows(data, "bench/fm2_test")
            ],
        )
    elif name == "healthver":
        yield (
            "healthver_test",
            [
                Case(sentences(r["evidence"]), [r["claim"]], r["label"] == "Supports")
                for r in rows(data, "bench/healthver_test")
            ],
        )
    elif name == "begin":
        yield (
            "begin_test_wow",
            [
                Case(sentences(r["knowledge"]), [r["response"]], r["begin_label"] == "Fully attributable")
                for r in rows(data, "bench/begin_test_wow")
            ],
        )
    elif name == "lfqa":
        documents = {}
        for part in ("docs-human", "docs-webgpt"):
            with gzip.open(data / f"bench/lfqa_{part}.json.gz", "rt") as file:
                found = json.load(file)
            documents[part] = {r["question_id"]: [s for d in r["docs"] for s in sentences(d["text"])] for r in found}
        systems = defaultdict(list)
        for r in rows(data, "bench/lfqa_annotations"):
            part = "docs-human" if r["system"].endswith("whudoc") else "docs-webgpt"
            document = documents[part].get(r["question_id"])
            for note in r["annotations"] if document else ():
                true = note["labels"].count("supported") >= 2
                systems[r["system"]].append(Case(document, [note["answer"].removesuffix("</s>")], true))
        yield from ((f"lfqa {system}", cases) for system, cases in sorted(systems.items()))
    elif name == "nli":
        for src in ("cad_nli", "ling_in_loop"):
            yield (
                f"nli_val {src}",
                [
                    Case([r["premise"]], [r["hypothesis"]], r["label"] == "entailment")
                    for r in rows(data, "dev/nli_val")
                    if r["src"] == src
                ],
            )
    else:
        raise SystemExit(f"no set is called {name!r}; there are made, {', '.join(PUBLIC)}")


PUBLIC = ("summedits", "qags", "fm2", "healthver", "begin", "lfqa", "nli")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--run", help="a training run; without it the shipped weights")
    parser.add_argument("--sets", default=",".join(("made", *PUBLIC)))
    parser.add_argument("--share", type=float, default=1.0, help="part of each large set to measure")
    args = parser.parse_args()
    data = data_folder(args.data)
    judge: Judge = trained(args.run) if args.run else Entailment.load().judge
    rng = random.Random(5)
    began = time.time()

    def thin(cases: list[Case]) -> list[Case]:
        return cases if len(cases) < 300 else rng.sample(cases, int(len(cases) * args.share))

    def report(name: str, cases: list[Case], s: Scores) -> None:
        true = np.array([c.true for c in cases])
        line = f"{name:22} n {len(true):4} true {true.mean():.2f}"
        for layer, v in s.items():
            line += f" | {layer} AUC {roc_auc_score(true, v):.3f} BAcc {balanced(true, v, cut[layer]):.3f}"
        print(f"{line} ({time.time() - began:.0f} s)", flush=True)

    def caught(name: str, cases: list[Case], s: Scores) -> None:
        true, kinds = np.array([c.true for c in cases]), np.array([c.kind for c in cases])
        for layer, v in s.items():
            low = v < alarm[layer]
            each = " ".join(
                f"{k} {low[kinds == k].mean():.2f}"
                for k in ("same", "paraphrase", "answer", *MUTATION_KINDS)
                if (kinds == k).any()
            )
            rates = f"caught {low[~true].mean():.3f}, false alarms {low[true].mean():.3f}"
            print(f"{name} {layer:5} {rates}: {each}")

    dev = dev_cases(data)
    s = scores(judge, dev)
    true = np.array([c.true for c in dev])
    cut = {layer: best_threshold(true, v) for layer, v in s.items()}
    alarm = {layer: float(np.quantile(v[true], 0.05)) for layer, v in s.items()}
    print("thresholds:", *(f"{k} {cut[k]:.2f} (5 % alarms {alarm[k]:.2f})" for k in s))
    report("made, dev articles", dev, s)
    caught("dev", dev, s)
    for name in args.sets.split(","):
        if name == "made":
            unseen = thin(made(rows(data, "bench/squad2_heldout"), None, 9, 0.12))
            s = scores(judge, unseen)
            report("made, unseen articles", unseen, s)
            caught("unseen", unseen, s)
            continue
        for part, cases in public(data, name):
            few = thin(cases)
            if len({c.true for c in few}) == 2:
                report(part, few, scores(judge, few))


if __name__ == "__main__":
    main()
