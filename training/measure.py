"""What a reader scores on public sets, run as `qa` runs it (onnxruntime, the product's own code)."""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import ir_measures
from data import DEV_ARTICLES, Paragraph, Row, detokenise, find_all, joined, rows
from ir_measures import nDCG
from sklearn.metrics import roc_auc_score

from qa.models.reader import Reader, Window


def windows_of(
    text: str, spans: Sequence[tuple[int, int]], around: int, heading: str = ""
) -> list[tuple[Window, list[int]]]:
    """The text whole (`around` 0), or for each sentence a window with that many neighbours on each side.

    With each window, the numbers of the sentences whose score is taken from it.
    """
    if not around:
        return [(Window(text, tuple(spans), heading), list(range(len(spans))))]
    out = []
    for i in range(len(spans)):
        chosen = spans[max(0, i - around) : i + around + 1]
        offset = chosen[0][0]
        piece = text[offset : chosen[-1][1]]
        at = i - max(0, i - around)
        out.append((Window(piece, tuple((s - offset, e - offset) for s, e in chosen), heading), [at]))
    return out


def scores(
    reader: Reader, question: str, text: str, spans: Sequence[tuple[int, int]], around: int, heading: str = ""
) -> tuple[list[float], float]:
    """A score for each sentence, and the best `answerable` of all windows."""
    cut = windows_of(text, spans, around, heading)
    readings = reader.read(question, [w for w, _ in cut])
    answers = [r.answers[i] for r, (_, taken) in zip(readings, cut, strict=True) for i in taken]
    return answers, max(r.answerable for r in readings)


def squad(reader: Reader, asked: Sequence[Row], around: int, title: bool) -> dict[str, float]:
    """Sentence selection and answerability on SQuAD 2.0 rows."""
    first, best, window, truth = [], [], [], []
    for row in asked:
        p = Paragraph.of(row["context"], row["title"])
        s, answerable = scores(reader, row["question"], p.text, p.sentences, around, p.title if title else "")
        best.append(max(s))
        window.append(answerable)
        truth.append(int(bool(row["answers"])))
        if row["answers"]:
            top = p.text[slice(*p.sentences[s.index(max(s))])]
            first.append(any(find_all(top, x) for x in row["answers"]))
    both = [math.sqrt(b * w) for b, w in zip(best, window, strict=True)]
    return {
        "sentence with the answer first": sum(first) / len(first),
        "AUC by best sentence": roc_auc_score(truth, best),
        "AUC by window": roc_auc_score(truth, window),
        "AUC by both": roc_auc_score(truth, both),
    }


def wikiqa(reader: Reader, asked: Sequence[Row], around: int) -> dict[str, float]:
    """MAP and MRR over the questions that have an answer; candidates in the document's order."""
    by: dict[str, list[Row]] = {}
    for row in asked:
        by.setdefault(row["qid"], []).append(row)
    ap, rr = [], []
    for candidates in by.values():
        labels = [int(r["label"]) for r in candidates]
        if not any(labels):
            continue
        text, spans = joined([detokenise(r["passage"]) for r in candidates])
        if around < 0:  # each alone
            readings = reader.read(candidates[0]["query"], [Window(text[a:b], ((0, b - a),)) for a, b in spans])
            s = [r.answers[0] for r in readings]
        else:
            s, _ = scores(reader, candidates[0]["query"], text, spans, around)
        ranked = [labels[i] for i in sorted(range(len(s)), key=lambda i: -s[i])]
        places = [n for n, label in enumerate(ranked, 1) if label]
        ap.append(sum(k / n for k, n in enumerate(places, 1)) / len(places))
        rr.append(1 / places[0])
    return {"MAP": sum(ap) / len(ap), "MRR": sum(rr) / len(rr)}


def dl19(reader: Reader, data: Path) -> dict[str, float]:
    """nDCG@10 of BM25's first hundred in the reader's order."""
    with gzip.open(data / "bench/trec_dl19.json.gz", "rt") as file:
        trec = json.load(file)
    qrels = {q: {p: int(g) for p, g in judged.items()} for q, judged in trec["qrels"].items()}
    runs: dict[str, dict[str, dict[str, float]]] = {
        "BM25": {},
        "by best sentence": {},
        "by window": {},
        "by both": {},
    }
    for q, question in trec["queries"].items():
        ranked = trec["runs"]["BM25"][q]
        pids = list(ranked)[:100]
        paragraphs = [Paragraph.of(trec["passages"][p]) for p in pids]
        readings = reader.read(question, [Window(p.text, p.sentences) for p in paragraphs])
        runs["BM25"][q] = {p: -float(i) for i, p in enumerate(pids)}
        runs["by best sentence"][q] = {p: max(r.answers) for p, r in zip(pids, readings, strict=True)}
        runs["by window"][q] = {p: r.answerable for p, r in zip(pids, readings, strict=True)}
        runs["by both"][q] = {p: max(r.answers) * r.answerable for p, r in zip(pids, readings, strict=True)}
    return {f"nDCG@10 {k}": ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10] for k, run in runs.items()}


def speed(reader: Reader) -> dict[str, float]:
    """Milliseconds for 24 windows of about a hundred tokens, warm, median of nine."""
    sentence = "The committee met in the old town hall in March and agreed on a plan for the new bridge. "
    text, spans = joined([sentence.strip()] * 4)
    windows = [Window(text, spans, "A heading")] * 24
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        reader.read("When did the committee agree on the plan?", windows)
        taken.append(1000 * (time.perf_counter() - began))
    return {"ms for 24 windows": sorted(taken[1:])[4]}


def report(reader: Reader, data: Path, on: Sequence[str], around: Sequence[int], title: bool) -> None:
    """Prints the scores on the sets to choose by ("dev") or to report ("bench").

    `around` gives the neighbours read with each sentence, 0 the whole text at once.
    """

    def show(name: str, found: dict[str, float]) -> None:
        print(f"{name:34}" + "  ".join(f"{k} {v:.3f}" for k, v in found.items()), flush=True)

    show("speed", speed(reader))
    for part, questions, held_out in (
        ("dev", "train/squad2_train", DEV_ARTICLES),
        ("bench", "bench/squad2_heldout", None),
    ):
        if part not in on:
            continue
        asked = [r for r in rows(data, questions) if held_out is None or r["title"] in held_out]
        ranked = rows(data, "dev/wikiqa_dev" if part == "dev" else "bench/wikiqa_test")
        for n in around:
            show(f"SQuAD 2.0 {part}, around {n}", squad(reader, asked, n, title))
        show(f"WikiQA {part}, each alone", wikiqa(reader, ranked, -1))
        for n in around:
            show(f"WikiQA {part}, around {n}", wikiqa(reader, ranked, n))
    if "bench" in on:
        show("TREC DL19, BM25's first 100", dl19(reader, data))
