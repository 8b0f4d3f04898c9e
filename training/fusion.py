"""Fits a reader's `Fusion`: the weights of which sentence answers, and of whether the sources do at all.

    python training/fusion.py --data DATA      prints both sets of weights, and what thresholds cost

The first are fitted on the project's dev questions; the second on these and, in equal parts, on the questions about
the articles of SQuAD 2.0 that the reader has not learned from, each set of articles indexed as a corpus is. Figures
are of ten folds over questions. Test questions are never looked at.
"""

from __future__ import annotations

import argparse
import json
import os
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from data import DEV_ARTICLES, data_folder, rows
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from qa import Assistant, load_config
from qa.models.reader import Reader, log_odds
from qa.read import absent, length, look, stands

ROOT = Path(__file__).parents[1]
COMPARING = ("compare", "disagree")
"""Kinds that are answered source by source, at another threshold."""

LENGTHS = (9, 12)
"""Words from which a question is of middling length, and long."""

Row = Mapping[str, Any]
Evidence = Sequence[tuple[str, int, int]]
"""Where the answers stand: source, start, end."""


@dataclass(frozen=True, slots=True)
class Read:
    """A question as it was read."""

    answerable: bool
    sentences: NDArray[np.float64]
    """A row a sentence: log-odds of the reader, share of BM25, cosine."""
    right: NDArray[np.bool_]
    """Whether it stands in the evidence."""
    words: int
    absent: NDArray[np.int64]
    """For each sentence, names of the question that its passage does not have."""


def read(assistant: Assistant, question: str, answerable: bool, evidence: Evidence) -> Read:
    """The signals that `Retriever.read` has for a question."""
    retriever = assistant.retriever
    signals, right, unnamed = [], [], []
    for s in look(retriever.reader, question, retriever.search(question)):
        signals.append((log_odds(s.score), s.hit.share, s.hit.cosine))
        unnamed.append(absent(question, stands(s.hit, retriever.publishers)))
        right.append(any(s.hit.source.id == at and s.start < end and start < s.end for at, start, end in evidence))
    return Read(answerable, np.array(signals), np.array(right), length(question), np.array(unnamed))


def of_project(reader: Reader) -> list[Read]:
    """The dev questions of the project that ask one thing of the briefs, as they are read."""
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [q for q in map(json.loads, lines) if q["split"] == "dev" and not q.get("history")]
    questions = [q for q in questions if q["kind"] not in (*COMPARING, "false-premise")]
    with TemporaryDirectory() as folder, indexed(ROOT / "corpus", folder, reader) as assistant:
        return [read(assistant, q["question"], q["answerable"], list(evidence(assistant, q))) for q in questions]


def evidence(assistant: Assistant, question: Row) -> Iterable[tuple[str, int, int]]:
    """Where the quotations that answer a project's question stand."""
    for item in question["evidence"]:
        start = assistant.document(item["source"]).text.index(item["quote"])
        yield item["source"], start, start + len(item["quote"])


def of_squad(reader: Reader, data: Path, every: int = 1) -> list[Read]:
    """The questions on the articles that were held out, each read in a corpus of these articles."""
    asked = [row for row in rows(data, "train/squad2_train") if row["title"] in DEV_ARTICLES]
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for title in DEV_ARTICLES:
            paragraphs = dict.fromkeys(row["context"] for row in asked if row["title"] == title)
            (corpus / f"{title}.md").write_text(f"# {title}\n\n" + "\n\n".join(paragraphs), encoding="utf-8")
        with indexed(corpus, folder, reader) as assistant:  # the sentences' own evidence is not asked for
            return [read(assistant, row["question"], bool(row["answerable"]), ()) for row in asked[::every]]


def indexed(corpus: Path, folder: str, reader: Reader) -> Assistant:
    """An assistant over a corpus, with this reader."""
    assistant = Assistant.build(config=load_config(corpus_dir=corpus, index_dir=Path(folder, "index")))
    assistant.retriever.reader = reader
    return assistant


def first_right(project: Sequence[Read]) -> float:
    """Share of the answerable questions whose best sentence is right, each with weights fitted on other folds."""
    found = []
    for fold in range(10):
        model = sentence_weights([q for i, q in enumerate(project) if i % 10 != fold])
        for q in project[fold::10]:
            if q.answerable:
                found.append(q.right[model.predict_proba(q.sentences)[:, 1].argmax()])
    return float(np.mean(found))


def sentence_weights(project: Sequence[Read]) -> LogisticRegression:
    """For `answers`."""
    signals, right = np.concatenate([q.sentences for q in project]), np.concatenate([q.right for q in project])
    return LogisticRegression(max_iter=500).fit(signals, right)


def signals(questions: Sequence[Read], sentence: LogisticRegression) -> NDArray[np.float64]:
    """For each question: log of the sum of its sentences' odds, its words, names absent from where the best stands."""
    found = []
    for q in questions:
        odds = sentence.decision_function(q.sentences)
        found.append((np.logaddexp.reduce(odds), q.words, q.absent[odds.argmax()]))
    return np.array(found)


def question_weights(parts: Sequence[Sequence[Read]], sentence: LogisticRegression) -> LogisticRegression:
    """For `answerable`; each part weighs the same, and in it the answered as much as the unanswered.

    Half-way so among questions of like length, too: that the short ones are the unanswerable ones is how these sets
    were written, not what people ask; but there are few of a length.
    """
    weights: list[float] = []
    for part in parts:
        of_all = np.mean([q.answerable for q in part])
        for q in part:
            of_length = np.mean([other.answerable for other in part if _alike(q, other)])
            share = (of_all + of_length) / 2
            weights.append(1 / len(part) / (share if q.answerable else 1 - share))
    every = [q for part in parts for q in part]
    model = LogisticRegression(max_iter=500, C=10)
    scale = len(every) / sum(weights)
    return model.fit(signals(every, sentence), [q.answerable for q in every], sample_weight=np.array(weights) * scale)


def _alike(one: Read, other: Read) -> bool:
    return bisect(LENGTHS, one.words) == bisect(LENGTHS, other.words)


def told_apart(project: Sequence[Read], squad: Sequence[Read]) -> NDArray[np.float64]:
    """For each of the project's questions the probability that the sources answer, by weights of other folds."""
    chances = np.zeros(len(project))
    for fold in range(10):
        others = [q for i, q in enumerate(project) if i % 10 != fold]
        sentence = sentence_weights(others)
        model = question_weights((others, squad), sentence)
        chances[fold::10] = model.predict_proba(signals(project[fold::10], sentence))[:, 1]
    return chances


def apart_in_folds(questions: Sequence[Read], sentence: LogisticRegression) -> NDArray[np.float64]:
    """As `told_apart`, of one set, with weights of its own; folds are runs of neighbours, which share paragraphs."""
    runs = np.array_split(np.arange(len(questions)), 10)
    chances = np.zeros(len(questions))
    for held in runs:
        model = question_weights(([q for i, q in enumerate(questions) if i not in set(held)],), sentence)
        chances[held] = model.predict_proba(signals([questions[i] for i in held], sentence))[:, 1]
    return chances


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("QA_TRAINING_DATA"), help="folder of the training sets")
    parser.add_argument("--reader", type=Path, help="ONNX file; default: the reader that ships")
    parser.add_argument("--every", type=int, default=1, help="of SQuAD's questions read one of so many: a quick look")
    args = parser.parse_args()
    reader = Reader.load(args.reader) if args.reader else Reader.load()
    project, squad = of_project(reader), of_squad(reader, data_folder(args.data), args.every)
    answered = np.array([q.answerable for q in project])
    print(f"project: {answered.sum()} answerable, {(~answered).sum()} not; SQuAD 2.0: {len(squad)} questions")
    chances = told_apart(project, squad)
    print(f"right sentence first {first_right(project):.3f}, AUC {roc_auc_score(answered, chances):.3f}")
    squad_apart = roc_auc_score([q.answerable for q in squad], apart_in_folds(squad, sentence_weights(project)))
    print(f"SQuAD 2.0 in folds of its own, AUC {squad_apart:.3f}")
    sentence = sentence_weights(project)
    for name, learned, held in (("SQuAD 2.0", squad, project), ("the project", project, squad)):
        chance = question_weights((learned,), sentence).predict_proba(signals(held, sentence))[:, 1]
        print(f"weights from {name} alone, AUC on the other: {roc_auc_score([q.answerable for q in held], chance):.3f}")
    for refused in (0.05, 0.1, 0.15, 0.2):
        threshold = np.quantile(chances[answered], refused)
        abstains = np.mean(chances[~answered] < threshold)
        print(f"threshold {threshold:.3f}: refuses {refused:.2f} of them, abstains on {abstains:.2f} of the others")
    for names, model in (
        ("reader, lexical, dense, bias", sentence),
        ("sum, length, absent, offset", question_weights((project, squad), sentence)),
    ):
        print(names, "=", ", ".join(f"{w:.3g}" for w in (*model.coef_[0], model.intercept_[0])))


if __name__ == "__main__":
    main()
