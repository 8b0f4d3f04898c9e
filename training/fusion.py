"""Fits a reader's `Fusion`: the weights of which sentence answers, and of whether the sources do at all.

    python training/fusion.py --data DATA --strangers FOLDER      prints the weights, and what thresholds cost

The first are fitted on the project's dev questions and on those about documents of strangers (a folder as `qa eval
folder` takes it); the second on these, on the same with the passages that hold the answer taken away, and on questions
about the articles of SQuAD 2.0 that the reader has not learned from, each set weighing the same. Figures on strangers
are of weights that never saw the corpus asked. Test questions are never looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from qa.corpus.metadata import slug
from qa.evaluate.folder import PlainQuestion, load_plain
from qa.models.reader import Cascade, Fusion, Reader, log_odds
from qa.read import FEW, Look, absent, length, look, stands
from qa.schema import Hit

ROOT = Path(__file__).parents[1]
COMPARING = ("compare", "disagree", "conflict", "falsepremise", "false-premise", "followup")
"""Kinds that are answered source by source, at another threshold, or lean on something else."""

READ = load_config().top_k
"""Passages read."""

Row = Mapping[str, Any]
Holds = Callable[[Hit, tuple[int, int]], bool]
"""Whether a stretch of a hit's document answers."""


@dataclass(frozen=True, slots=True)
class Read:
    """A question as it was read."""

    part: str
    """The corpus, or set of questions."""
    answerable: bool
    removed: bool
    """Whether the passages that hold the answer were taken away."""
    sentences: NDArray[np.float64]
    """A row a sentence: log-odds of the reader, share of BM25, cosine; with a last reader log-odds of these three as
    they are weighed where there is none, and of the last reader."""
    right: NDArray[np.bool_]
    """Whether it answers."""
    words: int
    absent: NDArray[np.int64]
    """For each sentence, names of the question that its document does not have."""


def read(assistant: Assistant, part: str, question: str, answerable: bool, holds: Holds) -> Iterator[Read]:
    """The signals that `Retriever.read` has for a question; and those without the passages that hold the answer."""
    hits = assistant.retriever.search(question, top_k=3 * READ)
    first = assistant.retriever.search(question, top_k=READ)
    yield _read(assistant, part, question, answerable, False, first, holds)
    if answerable:
        without = [h for h in hits if not holds(h, (h.passage.start, h.passage.end))]
        if len(without) >= READ // 2:
            yield _read(assistant, part, question, False, True, without[:READ], lambda hit, span: False)


def _read(
    assistant: Assistant, part: str, question: str, answerable: bool, removed: bool, hits: Sequence[Hit], holds: Holds
) -> Read:
    retriever = assistant.retriever
    seen = [s for s in look(retriever.reader, question, hits, few=FEW) if s.read]
    unnamed = [absent(question, stands(s.hit, retriever.publishers), retriever.document(s.hit)) for s in seen]
    right = [holds(s.hit, (s.start, s.end)) for s in seen]
    return Read(
        part,
        answerable,
        removed,
        np.array([_signals(retriever.reader.fusion, s) for s in seen]),
        np.array(right),
        length(question),
        np.array(unnamed),
    )


def _signals(fusion: Fusion, s: Look) -> tuple[float, ...]:
    if s.last is None:
        return log_odds(s.score), s.hit.share, s.hit.cosine
    return log_odds(fusion.answers(s.score, s.hit.share, s.hit.cosine)), log_odds(s.last)


def of_project(reader: Reader) -> Iterator[Read]:
    """The dev questions of the project that ask one thing of the briefs, as they are read."""
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [q for q in map(json.loads, lines) if q["split"] == "dev" and not q.get("history")]
    with TemporaryDirectory() as folder, indexed(ROOT / "corpus", folder, reader) as assistant:
        for q in questions:
            if q["kind"] not in COMPARING:
                places = list(evidence(assistant, q))
                yield from read(assistant, "project", q["question"], q["answerable"], standing(places))


def standing(places: Sequence[tuple[str, int, int]]) -> Holds:
    """Whether a stretch of a document overlaps one of the places."""
    return lambda hit, span: any(hit.source.id == at and span[0] < end and start < span[1] for at, start, end in places)


def of_strangers(reader: Reader, folder: Path) -> Iterator[Read]:
    """The questions of a folder as `qa eval folder` takes it, each corpus a folder in it."""
    questions = [q for q in load_plain(folder / "questions.jsonl") if not q.follows and q.kind not in COMPARING]
    for corpus in dict.fromkeys(q.corpus for q in questions):
        with TemporaryDirectory() as work, indexed(folder / corpus, work, reader) as assistant:
            for q in questions:
                if q.corpus == corpus:
                    ids = {slug(Path(file).stem) for file in q.files}

                    def holds(hit: Hit, span: tuple[int, int], q: PlainQuestion = q, ids: set[str] = ids) -> bool:
                        return hit.source.id in ids and q.touched_by(hit.passage.slice(*span))

                    yield from read(assistant, corpus, q.text, q.answerable, holds)


def evidence(assistant: Assistant, question: Row) -> Iterable[tuple[str, int, int]]:
    """Where the quotations that answer a project's question stand."""
    for item in question["evidence"]:
        start = assistant.document(item["source"]).text.index(item["quote"])
        yield item["source"], start, start + len(item["quote"])


def of_squad(reader: Reader, data: Path, every: int = 1) -> Iterator[Read]:
    """The questions on the articles that were held out, each read in a corpus of these articles."""
    asked = [row for row in rows(data, "train/squad2_train") if row["title"] in DEV_ARTICLES]
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for title in DEV_ARTICLES:
            paragraphs = dict.fromkeys(row["context"] for row in asked if row["title"] == title)
            (corpus / f"{title}.md").write_text(f"# {title}\n\n" + "\n\n".join(paragraphs), encoding="utf-8")
        with indexed(corpus, folder, reader) as assistant:  # the sentences' own evidence is not asked for
            for row in asked[::every]:
                hits = assistant.retriever.search(row["question"], top_k=READ)
                yield _read(assistant, "SQuAD 2.0", row["question"], bool(row["answerable"]), False, hits, standing(()))


def indexed(corpus: Path, folder: str, reader: Reader) -> Assistant:
    """An assistant over a corpus, with this reader."""
    assistant = Assistant.build(config=load_config(corpus_dir=corpus, index_dir=Path(folder, "index"), support="none"))
    assistant.retriever.reader = reader
    return assistant


def sentence_weights(asked: Sequence[Read]) -> LogisticRegression:
    """For `Fusion.answers`, of questions whose answer is known to stand in what was read."""
    known = [q for q in asked if q.right.any()]
    signals, right = np.concatenate([q.sentences for q in known]), np.concatenate([q.right for q in known])
    return LogisticRegression(max_iter=1000).fit(signals, right)


def signals(asked: Sequence[Read], sentence: LogisticRegression) -> NDArray[np.float64]:
    """For each question: log of the sum of its sentences' odds, its words, names absent from the text of the best."""
    found = []
    for q in asked:
        odds = sentence.decision_function(q.sentences)
        found.append((np.logaddexp.reduce(odds), q.words, q.absent[odds.argmax()]))
    return np.array(found)


def question_weights(asked: Sequence[Read], sentence: LogisticRegression) -> LogisticRegression:
    """For `Fusion.answerable`; the project, the strangers and SQuAD 2.0 weigh the same, as in each of them what is
    answered and what is not; of the latter half what never had an answer, half what had it taken away."""

    def kind(q: Read) -> tuple[str, bool, bool]:
        return q.part if q.part in ("project", "SQuAD 2.0") else "strangers", q.answerable, q.removed

    count = Counter(map(kind, asked))
    groups = Counter((part, answerable) for part, answerable, _ in count)
    weights = np.array([1 / count[kind(q)] / groups[kind(q)[:2]] for q in asked])
    model = LogisticRegression(max_iter=1000, C=10)
    return model.fit(
        signals(asked, sentence), [q.answerable for q in asked], sample_weight=weights * len(asked) / weights.sum()
    )


def told(name: str, asked: Sequence[Read], fit: Callable[[str], tuple[LogisticRegression, LogisticRegression]]) -> None:
    """Prints how well the questions are answered by weights that did not see their corpus."""
    models = {part: fit(part) for part in dict.fromkeys(q.part for q in asked)}
    found = [q for q in asked if q.right.any()]
    first = [q.right[models[q.part][0].decision_function(q.sentences).argmax()] for q in found]
    chances = np.array([models[q.part][1].predict_proba(signals([q], models[q.part][0]))[0, 1] for q in asked])
    answered, removed = np.array([q.answerable for q in asked]), np.array([q.removed for q in asked])
    never, gone = ~answered & ~removed, removed
    print(f"{name}: {answered.sum()} answerable, {never.sum()} not, {gone.sum()} with the evidence removed")
    if first:
        print(f"  right sentence first {np.mean(first):.3f} of {len(first)}")
    for what, others in (("never had an answer", never), ("had it taken away", gone)):
        if others.any():
            which = answered | others
            print(f"  AUC against what {what} {roc_auc_score(answered[which], chances[which]):.3f}")
    for refused in (0.05, 0.1, 0.15, 0.2, 0.3):
        bar = np.quantile(chances[answered], refused)
        shares = [f"{np.mean(chances[which] < bar):.2f}" if which.any() else "-" for which in (never, gone)]
        print(f"  threshold {bar:.3f}: refuses {refused:.2f}; of the others {' and '.join(shares)}")


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("QA_TRAINING_DATA"), help="folder of the training sets")
    parser.add_argument("--strangers", type=Path, default=ROOT.parent / "shared" / "strangers")
    parser.add_argument("--reader", type=Path, help="ONNX file of a reader that reads alone")
    parser.add_argument(
        "--last", type=Path, help="ONNX file of a last reader behind the one that ships; default: its own"
    )
    parser.add_argument("--every", type=int, default=1, help="of SQuAD's questions read one of so many: a quick look")
    parser.add_argument("--kept", type=Path, help="file to keep what was read in, or to take it from")
    args = parser.parse_args()
    if args.kept and args.kept.exists():
        asked = pickle.loads(args.kept.read_bytes())
    else:
        reader = Reader.load(args.reader) if args.reader else Cascade.load(args.last)
        asked = [
            *of_project(reader),
            *of_strangers(reader, args.strangers),
            *of_squad(reader, data_folder(args.data), args.every),
        ]
        if args.kept:
            args.kept.write_bytes(pickle.dumps(asked))

    def fit(without: str = "") -> tuple[LogisticRegression, LogisticRegression]:
        others = [q for q in asked if q.part != without]
        sentence = sentence_weights(others)
        return sentence, question_weights(others, sentence)

    told("strangers", [q for q in asked if q.part not in ("project", "SQuAD 2.0")], fit)
    told("project, by weights of the others", [q for q in asked if q.part == "project"], fit)
    told("SQuAD 2.0, by weights of the others", [q for q in asked if q.part == "SQuAD 2.0"], fit)
    sentence, question = fit()
    told("project, by the weights below", [q for q in asked if q.part == "project"], lambda part: (sentence, question))
    told(
        "strangers, by the weights below",
        [q for q in asked if q.part not in ("project", "SQuAD 2.0")],
        lambda part: (sentence, question),
    )
    for names, model in (
        ("reader, lexical, dense, bias" if args.reader else "first, last, shift", sentence),
        ("sum, length, absent, offset", question),
    ):
        print(names, "=", ", ".join(f"{w:.3g}" for w in (*model.coef_[0], model.intercept_[0])))


if __name__ == "__main__":
    main()
