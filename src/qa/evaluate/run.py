"""A run: every question asked, every measure taken, and what it was run on."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from qa.evaluate import measures
from qa.evaluate.judge import JudgeReport
from qa.evaluate.measures import BY_NAME, RETRIEVAL, Observation, Pair, overlaps
from qa.evaluate.questions import EvalError, Question, fold, locate, locate_by_nugget
from qa.schema import Answer, Candidate, Span, Turn, Verdict

if TYPE_CHECKING:
    from qa.assistant import Assistant

Progress = Callable[[str, int, int], None]
"""Told (what, done, of how much)."""
STAGES: tuple[Literal["dense", "lexical", "fused", "reader"], ...] = ("dense", "lexical", "fused", "reader")
RUN_VERSION = 1
DEPTH = 10
"""Passages that a ranking is judged on."""


@dataclass(frozen=True, slots=True)
class Record:
    """One question of a run: what was answered, and the pair each measure gave."""

    question: Question
    text: str
    """The answer as a person reads it."""
    abstained: bool
    confidence: float
    pairs: Mapping[str, Pair]
    stages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Retrieval measures by stage; empty where nothing is judged relevant."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    """`Answer.to_dict()`; empty in a baseline."""

    def value(self, measure: str) -> float | None:
        """What the measure says of this question alone; None where it does not apply."""
        much, of = self.pairs.get(measure, (0.0, 0.0))
        return much / of if of else None

    def to_dict(self, *, whole: bool) -> dict[str, Any]:
        """For JSON; a baseline leaves out the answer's dictionary and the times."""
        record = {
            "id": self.question.id,
            "question": self.question.to_dict() if whole else self.question.question,
            "kind": self.question.kind,
            "split": self.question.split,
            "abstained": self.abstained,
            "confidence": round(self.confidence, 4),
            "text": self.text,
            "pairs": {name: list(pair) for name, pair in self.pairs.items()},
        }
        if whole:
            record |= {
                "stages": {s: {m: round(v, 4) for m, v in by.items()} for s, by in self.stages.items()},
                "seconds": {stage: round(s, 4) for stage, s in self.seconds.items()},
                "answer": dict(self.answer),
            }
        return record


@dataclass(frozen=True, slots=True)
class Run:
    """Every record, what was run, and what the judge is worth."""

    records: tuple[Record, ...]
    environment: Mapping[str, Any]
    judge: JudgeReport | None = None
    unlocated: tuple[str, ...] = ()
    """Questions whose evidence was not found in this corpus; no retrieval measure was taken of them."""

    def pairs(self, measure: str, records: Sequence[Record] | None = None) -> dict[str, Pair]:
        """By question, the pair of a measure, where it applies."""
        chosen = self.records if records is None else records
        return {r.question.id: r.pairs[measure] for r in chosen if measure in r.pairs}

    def value(self, measure: str) -> float:
        """The score of the whole run; not a number where the measure applied to no question."""
        import numpy as np

        found = list(self.pairs(measure).values())
        return BY_NAME[measure].aggregate(np.array(found)) if found else float("nan")

    def groups(self) -> dict[str, dict[str, list[Record]]]:
        """Records by split, kind and source; a question belongs to every source its judgements name."""
        found: dict[str, dict[str, list[Record]]] = {"split": {}, "kind": {}, "source": {}}
        for record in self.records:
            found["split"].setdefault(record.question.split, []).append(record)
            found["kind"].setdefault(record.question.kind, []).append(record)
            for source in record.question.sources:
                found["source"].setdefault(source, []).append(record)
        return {by: dict(sorted(groups.items())) for by, groups in found.items()}

    def latencies(self) -> dict[str, dict[str, Any]]:
        """p50 and p95 in seconds by stage, in the order in which stages run."""
        names = dict.fromkeys(stage for record in self.records for stage in record.seconds)
        return {
            name: measures.percentiles([r.seconds[name] for r in self.records if name in r.seconds])
            for name in sorted(names, key=lambda n: n == "total")
        }

    def stage_scores(self) -> dict[str, dict[str, float]]:
        """Mean retrieval measures of each stage: what each earns."""
        judged = [record.stages for record in self.records if record.stages]
        if not judged:
            return {}
        return {
            stage: {name: sum(r[stage][name] for r in judged) / len(judged) for name in RETRIEVAL} for stage in STAGES
        }

    def to_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """For JSON. Not `whole`: what a baseline needs."""
        # notes may hold paths of the machine, which a committed baseline should not
        kept = {k: v for k, v in self.environment.items() if whole or k != "notes"}
        data: dict[str, Any] = {
            "run_version": RUN_VERSION,
            "environment": kept,
            "scores": {name: round(self.value(name), 4) for name in BY_NAME if self.pairs(name)},
        }
        if whole:
            data |= {
                "stages": self.stage_scores(),
                "latency": self.latencies(),
                "judge": self.judge.to_dict() if self.judge else None,
                "unlocated": list(self.unlocated),
            }
        return data | {"records": [record.to_dict(whole=whole) for record in self.records]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A baseline, or a whole run, from its JSON.

        Raises:
            EvalError: another version, or not a run at all.
        """
        if data.get("run_version") != RUN_VERSION:
            raise EvalError(
                f"this baseline has version {data.get('run_version')!r}, this qa reads {RUN_VERSION}; "
                "write a new one with `qa eval --update-baseline`"
            )
        return cls(tuple(_record(r) for r in data["records"]), data["environment"])


def _record(data: Mapping[str, Any]) -> Record:
    text = data["question"]
    question = (
        Question(data["id"], text, data["kind"], data["split"], answerable=True)
        if isinstance(text, str)
        else Question.from_dict(text)
    )
    return Record(
        question=question,
        text=data["text"],
        abstained=data["abstained"],
        confidence=data["confidence"],
        pairs={name: (pair[0], pair[1]) for name, pair in data["pairs"].items()},
    )


def evaluate(
    assistant: Assistant,
    questions: Sequence[Question],
    *,
    by_nugget: bool = False,
    progress: Progress = lambda what, done, of: None,
) -> Run:
    """Asks every question and takes every measure.

    Args:
        by_nugget: find the evidence by its nuggets, for a corpus that the questions do not quote.
        progress: told of each question.

    Raises:
        EvalError: evidence that is not in the corpus.
    """
    documents = {source.id: assistant.document(source.id) for source in assistant.sources}
    passages = {id_: assistant.passages(id_) for id_ in documents}
    every = [p for found in passages.values() for p in found]
    spans = {q.id: locate_by_nugget(q, every) if by_nugget else locate(q, documents) for q in questions}
    relevant = {
        q.id: {p.id for p in every if overlaps((p.start, p.end), spans[q.id].get(p.document_id, ()))}
        for q in questions
        if q.answerable
    }
    if questions:
        assistant.ask(questions[0].question)  # models are loaded here, not in somebody's latency

    begun = time.perf_counter()
    asked: dict[str, _Asked] = {}
    for n, question in enumerate(questions, start=1):
        asked[question.id] = _ask(assistant, question, spans[question.id], deep=bool(relevant.get(question.id)))
        progress("asking", n, len(questions))
    stages = {
        stage: measures.retrieval({id_: a.rankings.get(stage, ()) for id_, a in asked.items()}, relevant)
        for stage in STAGES
    }
    supports = AsJudged(assistant)
    records = []
    for n, question in enumerate(questions, start=1):
        mine = asked[question.id]
        pairs = measures.score(mine.seen, documents, supports)
        by_stage: dict[str, dict[str, float]] = {
            stage: scores[question.id] for stage, scores in stages.items() if question.id in scores
        }
        for name, value in by_stage.get("reader", {}).items():
            pairs[name] = (value, 1.0)
        records.append(
            Record(
                question=question,
                text=str(mine.seen.answer),
                abstained=mine.seen.answer.abstention is not None,
                confidence=mine.seen.confidence,
                # as a baseline keeps them, so that a run compared with itself has no change at all
                pairs={name: (round(a, 4), round(b, 4)) for name, (a, b) in pairs.items()},
                stages=by_stage,
                seconds=mine.seconds,
                answer=_trimmed(mine.seen.answer),
            )
        )
        progress("measuring", n, len(questions))
    unlocated = tuple(q.id for q in questions if q.answerable and not relevant[q.id])
    example = next(iter(asked.values())).seen.answer if asked else None
    return Run(
        tuple(records),
        environment(example, len(questions), time.perf_counter() - begun, by_nugget=by_nugget),
        unlocated=unlocated,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    seen: Observation
    rankings: Mapping[str, tuple[str, ...]]
    seconds: Mapping[str, float]


def _ask(assistant: Assistant, question: Question, spans: Mapping[str, list[Span]], *, deep: bool) -> _Asked:
    turns: tuple[Turn, ...] = ()
    for earlier in question.history:
        turns += (Turn(earlier, assistant.ask(earlier, history=turns)),)
    begun = time.perf_counter()
    answer = assistant.ask(question.question, history=turns)
    seconds = {**answer.timings, "total": time.perf_counter() - begun}

    candidates = assistant.candidates(answer.searched)
    rankings: dict[str, tuple[str, ...]] = {}
    if deep:
        for stage in STAGES[:-1]:
            hits = assistant.search(answer.searched, top_k=DEPTH, stage=stage)
            rankings[stage] = tuple(hit.passage.id for hit in hits)
        rankings["reader"] = tuple(dict.fromkeys(c.hit.passage.id for c in candidates))[:DEPTH]
    best = candidates[0] if candidates else None
    seen = Observation(
        question,
        answer,
        spans,
        confidence=best.score if best else 0.0,
        best_right=best is not None and _right(question, best, spans),
    )
    return _Asked(seen, rankings, seconds)


def _right(question: Question, best: Candidate, spans: Mapping[str, list[Span]]) -> bool:
    """Whether the best sentence alone would have been right: it is evidence, or holds a nugget."""
    if not (question.answerable or question.premise):
        return False
    words = fold(best.text)
    return overlaps((best.start, best.end), spans.get(best.hit.source.id, ())) or any(
        nugget.held_by(words) for nugget in question.nuggets
    )


def _trimmed(answer: Answer) -> dict[str, Any]:
    """The answer's dictionary without the text of its hits, which are in the corpus."""
    data = answer.to_dict()
    data["hits"] = [{k: v for k, v in hit.items() if k != "text"} for hit in data["hits"]]
    if data["abstention"]:
        data["abstention"]["nearest"] = [hit["passage"] for hit in data["abstention"]["nearest"]]
    return data


class AsJudged:
    """The judge of the eval: word for word, else the assistant's judge, asked once for each claim."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._known: dict[tuple[str, ...], bool] = {}

    def __call__(self, claim: str, evidence: Sequence[str]) -> bool:
        """Whether the evidence bears the claim out."""
        key = (claim, *evidence)
        if key not in self._known:
            self._known[key] = measures.verbatim(claim, evidence) or (
                self._assistant.judge(claim, evidence).verdict is Verdict.SUPPORTED
            )
        return self._known[key]


def environment(answer: Answer | None, questions: int, seconds: float, *, by_nugget: bool = False) -> dict[str, Any]:
    """What was run, on what: enough to run it again."""
    provenance = answer.provenance.to_dict() if answer else {}
    return {
        "commit": commit(),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        **{name: provenance.get(name) for name in ("version", "corpus", "models", "settings", "notes")},
        "questions": questions,
        "evidence": "by nugget" if by_nugget else "by quote",
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(peak_memory() / 1e6),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def peak_memory() -> int:
    """The most memory this process held at once, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024  # the system call's own unit differs
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def commit() -> str:
    """The commit of the working folder; empty outside a checkout."""
    return _git("rev-parse", "HEAD")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=20, cwd=Path.cwd(), check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
