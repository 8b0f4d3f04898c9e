"""Fits how the reader's score, BM25 and cosine are fused in `qa.retrieve.answers`, on the project's dev questions.

    python training/fusion.py            prints READER, LEXICAL, DENSE and BIAS, and what thresholds cost

Ten-fold over questions for the figures, all dev questions for the weights. Test questions are never looked at.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from qa import Assistant, load_config
from qa.models.reader import Reader
from qa.retrieve import log_odds, windows

ROOT = Path(__file__).parents[1]
COMPARING = ("compare", "disagree")
"""Kinds that are answered source by source, at another threshold."""


def read(assistant: Assistant, question: dict) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For each sentence read: log-odds of the reader, share of BM25, cosine; whether it stands in the evidence."""
    spans = []
    for evidence in question["evidence"]:
        start = assistant.document(evidence["source"]).text.index(evidence["quote"])
        spans.append((evidence["source"], start, start + len(evidence["quote"])))
    retriever = assistant.retriever
    places = [(h, w, at) for h in retriever.search(question["question"]) for w, at in windows(h)]
    readings = retriever.reader.read(question["question"], [w for _, w, _ in places])
    signals, right = [], []
    for (hit, window, at), reading in zip(places, readings, strict=True):
        for (a, b), score in zip(window.sentences, reading.answers, strict=True):
            signals.append((log_odds(score), hit.share, hit.cosine))
            right.append(any(hit.source.id == s and a + at < end and start < b + at for s, start, end in spans))
    return np.array(signals), np.array(right)


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", type=Path, help="ONNX file; default: the reader that ships")
    weights = parser.parse_args().reader
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [q for q in map(json.loads, lines) if q["split"] == "dev" and not q.get("history")]
    questions = [q for q in questions if q["kind"] not in (*COMPARING, "false-premise")]
    with TemporaryDirectory() as folder:
        config = load_config(corpus_dir=ROOT / "corpus", index_dir=Path(folder) / "index")
        with Assistant.build(config=config) as assistant:
            if weights:
                assistant.retriever.reader = Reader.load(weights)
            rows = [read(assistant, question) for question in questions]

    def fit(chosen: list[int]) -> LogisticRegression:
        signals, right = (np.concatenate([rows[i][part] for i in chosen]) for part in (0, 1))
        return LogisticRegression(max_iter=500).fit(signals, right)

    best, first = np.zeros(len(rows)), []
    for fold in range(10):
        model = fit([i for i in range(len(rows)) if i % 10 != fold])
        for i in range(fold, len(rows), 10):
            chances = model.predict_proba(rows[i][0])[:, 1]
            best[i] = chances.max()
            if questions[i]["answerable"]:
                first.append(bool(rows[i][1][chances.argmax()]))
    answerable = np.array([q["answerable"] for q in questions])
    print(f"{answerable.sum()} answerable, {(~answerable).sum()} not; held out, ten-fold:")
    print(f"right sentence first {np.mean(first):.3f}, AUC {roc_auc_score(answerable, best):.3f}")
    for refused in (0.05, 0.1, 0.15, 0.2):
        threshold = np.quantile(best[answerable], refused)
        abstains = np.mean(best[~answerable] < threshold)
        print(f"threshold {threshold:.3f}: refuses {refused:.2f} of them, abstains on {abstains:.2f} of the others")
    model = fit(list(range(len(rows))))
    (reader, lexical, dense), bias = model.coef_[0], model.intercept_[0]
    print(f"READER, LEXICAL, DENSE, BIAS = {reader:.2f}, {lexical:.2f}, {dense:.2f}, {bias:.2f}")


if __name__ == "__main__":
    main()
