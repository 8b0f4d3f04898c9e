"""Measure support on the public sets and on mutations: rules alone, model alone, both.

    python training/support_bench.py --data DATA [--run RUN] [--sets summedits_news,...]

Without --run the shipped weights are measured. Thresholds are chosen on claims made from SQuAD articles that
were kept out of training (DEV_ARTICLES), never on a bench set.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))
from support import DEV_ARTICLES, RUNS, Example, Support, Words, from_sentences, questions, rows, sentences, statement, tokenizer

from qa.facts import denied, missing
from qa.models.entailment import encode, pad, relevant
from qa.mutate import MUTATION_KINDS, mutations

Judge = Callable[[list[tuple[str, str]]], np.ndarray]


def torch_judge(run: str) -> Judge:
    """The probabilities of a training run's weights."""
    import torch

    torch.set_num_threads(1)
    model = Support()
    model.load_state_dict(torch.load(RUNS / run / "model.pt"))
    model.eval()
    tok = tokenizer()

    def judge(pairs: list[tuple[str, str]]) -> np.ndarray:
        encoded = encode(tok, pairs)
        order = sorted(range(len(pairs)), key=lambda i: len(encoded[i][0]))
        out = np.zeros((len(pairs), 3), np.float32)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for i in range(0, len(order), 32):
                part = order[i : i + 32]
                logits, _ = model(*(torch.from_numpy(x) for x in pad([encoded[j] for j in part], 16)))
                out[part] = torch.softmax(logits.float(), 1).numpy()
        return out

    return judge


def shipped_judge() -> Judge:
    from qa.models.entailment import Entailment

    return Entailment.load().judge


WINDOWS = (45, 110)
"""Words of evidence that a claim is held against; the best counts."""


def scores(judge: Judge, cases: list[tuple[list[str], list[str]]]) -> dict[str, np.ndarray]:
    """For each (sentences of the document, sentences of the claim): score of rules, model and both, high is supported.

    A claim is as good as its worst sentence.
    """
    pairs, owner, rules = [], [], []
    for i, (document, claims) in enumerate(cases):
        for claim in claims:
            near, wide = (" ".join(document[j] for j in relevant(document, claim, n)) for n in WINDOWS)
            lacks = missing(claim, wide)
            cost = sum(1.0 if f.kind != "negation" else 0.5 for f in lacks) + 0.5 * len(denied(claim, near))
            pairs += [(near, claim), (wide, claim)]
            owner.append(i)
            rules.append(cost)
    p = judge(pairs).reshape(-1, len(WINDOWS), 3)
    supported = np.log(np.clip(p[:, :, 0], 1e-4, 1 - 1e-4) / (1 - np.clip(p[:, :, 0], 1e-4, 1 - 1e-4)))
    cost = np.array(rules)
    each = {"rules": -cost, "model": supported.max(1), "mean": supported.mean(1), "both": supported.max(1) - 2.0 * cost}
    owner_array = np.array(owner)
    return {
        name: np.array([values[owner_array == i].min() for i in range(len(cases))]) for name, values in each.items()
    }


def balanced(label: np.ndarray, score: np.ndarray, threshold: float) -> float:
    said = score >= threshold
    return float((said[label].mean() + (~said[~label]).mean()) / 2)


def best_threshold(label: np.ndarray, score: np.ndarray) -> float:
    return max(np.unique(np.round(score, 3)), key=lambda t: balanced(label, score, t))


# cases ------------------------------------------------------------------------------------------------


def articles(path: list[dict], titles: set[str] | None) -> list[list[str]]:
    """Passages of each article in order."""
    by_title: dict[str, list[str]] = defaultdict(list)
    for r in path:
        if r.get("title") and (titles is None or r["title"] in titles) and r["context"] not in by_title[r["title"]]:
            by_title[r["title"]].append(r["context"])
    return list(by_title.values())


def made(passages: list[list[str]], found: list[dict], seed: int, share: float) -> list[tuple[list[str], str, bool, str]]:
    """Claims from passages that no model was trained on: (document's sentences, claim, true?, kind)."""
    from paraphrase import paraphrase

    rng = random.Random(seed)
    by_context = defaultdict(list)
    for r in found:
        by_context[r["context"]].append(r)
    out = []
    for article in passages:
        for n, context in enumerate(article):
            parts = sentences(context)
            document = [s for c in article[n : n + 3] for s in sentences(c)]
            claims = [(s, s, "same") for s in parts] + [(s, paraphrase(parts, i, rng), "paraphrase") for i, s in enumerate(parts)]
            for r in by_context[context]:
                claim = statement(r["question"], rng.choice(r["answers"])) if r["answers"] else None
                if claim:
                    claims.append((next((s for s in parts if r["answers"][0] in s), ""), claim, "question"))
            for original, claim, kind in claims:
                if rng.random() > share or not 6 <= len(claim.split()) <= 45 or (kind == "paraphrase" and claim == original):
                    continue
                out.append((document, claim, True, kind))
                for m in mutations(claim, document if kind != "question" else [original, *document], rng.randrange(1 << 30)):
                    if rng.random() < 0.4:
                        evidence = sentences(m.evidence) if m.evidence is not None else document
                        out.append((evidence, m.text, False, m.kind))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run")
    parser.add_argument("--sets", default="made,summedits,qags,fm2,healthver,lfqa,begin")
    parser.add_argument("--share", type=float, default=1.0, help="part of each large set to measure")
    args = parser.parse_args()
    judge = torch_judge(args.run) if args.run else shipped_judge()
    wanted = args.sets.split(",")
    rng = random.Random(5)
    began = time.time()

    def thin(items: list) -> list:
        return items if args.share >= 1 else rng.sample(items, int(len(items) * args.share))

    found = questions(args.data)
    dev = thin(made(articles(found, DEV_ARTICLES), found, 3, 0.22))
    s = scores(judge, [(d, [c]) for d, c, _, _ in dev])
    truth = np.array([t for _, _, t, _ in dev])
    at = {name: best_threshold(truth, v) for name, v in s.items()}
    false_alarms = {name: np.quantile(v[truth], 0.05) for name, v in s.items()}
    print(f"dev {len(dev)} claims: " + " ".join(f"{n} auc {roc_auc_score(truth, v):.3f} bacc {balanced(truth, v, at[n]):.3f} at {at[n]:.2f};" for n, v in s.items()))

    def report(name: str, label: list[bool], s: dict[str, np.ndarray]) -> None:
        y = np.array(label)
        print(f"{name:24} n {len(y):5} true {y.mean():.2f} " + " ".join(
            f"| {n} auc {roc_auc_score(y, v):.3f} bacc {balanced(y, v, at[n]):.3f}" for n, v in s.items()), f"({time.time() - began:.0f} s)", flush=True)

    def caught(name: str, cases: list, s: dict[str, np.ndarray], cut: dict[str, float]) -> None:
        kinds = np.array([k for _, _, _, k in cases])
        y = np.array([t for _, _, t, _ in cases])
        for n, v in s.items():
            low = v < cut[n]
            print(f"{name} {n:6} caught {low[~y].mean():.3f} false alarms {low[y].mean():.3f} | " + " ".join(
                f"{k} {low[kinds == k].mean():.2f}" for k in ("same", "paraphrase", "question", *MUTATION_KINDS) if (kinds == k).any()), flush=True)

    if "made" in wanted:
        caught("dev    ", dev, s, false_alarms)
        unseen = rows(args.data / "bench/squad2_heldout.jsonl.gz")
        test = thin(made(articles(unseen, None), [r for r in unseen if r["answerable"]], 9, 0.12))
        s = scores(judge, [(d, [c]) for d, c, _, _ in test])
        report("made, unseen articles", [t for _, _, t, _ in test], s)
        caught("unseen ", test, s, false_alarms)
    if "summedits" in wanted:
        for part in ("news", "ectsum", "sales_email", "samsum", "scitldr"):
            data = rows(args.data / f"bench/summedits_{part}.jsonl.gz")
            cut = {r["doc"]: sentences(r["doc"]) for r in data}
            report(f"summedits_{part}", [r["label"] == 1 for r in data], scores(judge, [(cut[r["doc"]], sentences(r["summary"])) for r in data]))
    if "qags" in wanted:
        for part in ("cnndm", "xsum"):
            data = rows(args.data / f"bench/qags_{part}.jsonl.gz")
            cases, label = [], []
            for r in data:
                cut_article = sentences(r["article"])
                cases.append((cut_article, [x["sentence"] for x in r["summary_sentences"]]))
                label.append(all(sum(v["response"] == "yes" for v in x["responses"]) >= 2 for x in r["summary_sentences"]))
            report(f"qags_{part}", label, scores(judge, cases))
            flat = [((a, [c]), sum(v["response"] == "yes" for v in x["responses"]) >= 2) for (a, cs), r in zip(cases, data, strict=True) for c, x in zip(cs, r["summary_sentences"], strict=True)]
            report(f"qags_{part} sentences", [t for _, t in flat], scores(judge, [c for c, _ in flat]))
    if "fm2" in wanted:
        data = thin(rows(args.data / "bench/fm2_test.jsonl.gz"))
        report("fm2_test", [r["label"] == "SUPPORTS" for r in data], scores(judge, [([e["text"] for e in r["gold_evidence"]], [r["text"]]) for r in data]))
    if "healthver" in wanted:
        data = thin(rows(args.data / "bench/healthver_test.jsonl.gz"))
        report("healthver_test", [r["label"] == "Supports" for r in data], scores(judge, [(sentences(r["evidence"]), [r["claim"]]) for r in data]))
    if "begin" in wanted:
        data = thin(rows(args.data / "bench/begin_test_wow.jsonl.gz"))
        report("begin_test_wow", [r["begin_label"] == "Fully attributable" for r in data], scores(judge, [(sentences(r["knowledge"]), [r["response"]]) for r in data]))
    if "lfqa" in wanted:
        lfqa(args.data, judge, report)


def lfqa(data: Path, judge: Judge, report: Callable) -> None:
    import gzip

    documents = {}
    for name in ("docs-human", "docs-webgpt"):
        with gzip.open(data / f"bench/lfqa_{name}.json.gz", "rt") as f:
            documents[name] = {r["question_id"]: [s for d in r["docs"] for s in sentences(d["text"])] for r in json.load(f)}
    by_system = defaultdict(list)
    for r in rows(data / "bench/lfqa_annotations.jsonl.gz"):
        name = "docs-human" if r["system"].endswith("whudoc") else "docs-webgpt"
        document = documents[name].get(r["question_id"])
        if document:
            for note in r["annotations"]:
                by_system[r["system"]].append((document, note["answer"].removesuffix("</s>"), note))
    for system, items in sorted(by_system.items()):
        label = [n["labels"].count("supported") >= 2 for _, _, n in items]
        if len(set(label)) == 2:
            report(f"lfqa {system}", label, scores(judge, [(d, [a]) for d, a, _ in items]))


if __name__ == "__main__":
    main()
