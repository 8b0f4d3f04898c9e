"""Benchmarks on one's own questions and documents: follow-ups rewritten or not, premises, pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qa import dialogue
from qa.evaluate.layers import Rows, Values
from qa.evaluate.measures import nugget_recall, overlaps
from qa.evaluate.questions import Question, locate, parse
from qa.schema import Answer, Turn

if TYPE_CHECKING:
    from qa.assistant import Assistant

Tell = Callable[[str, int, int], None]
DEPTH = 10
"""Passages that a ranking is judged on."""


@contextmanager
def _assistant() -> Iterator[Assistant]:
    from qa.assistant import Assistant

    with Assistant.open() as assistant:
        yield assistant


def followups(rows: Sequence[Mapping[str, Any]], models: Any, tell: Tell) -> Rows:
    """Follow-ups asked as they are, with their history before them, and rewritten; new topics left alone."""
    questions = [parse(row) for row in rows]
    asked = [q for q in questions if q.history]
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    with _assistant() as assistant:
        for n, question in enumerate(asked, start=1):
            turns = _turns(assistant, question)
            ways = {
                "question alone": (question.question, ()),
                "all history": (" ".join([*question.history, question.question]), ()),
                "rules": (question.question, turns),
            }
            for way, (text, history) in ways.items():
                answer = assistant.ask(text, history=history)
                found.setdefault((way, question.split), []).append(_measured(assistant, question, answer))
            tell("asking", n, len(asked))
        alone = [q for q in questions if not q.history and q.answerable]
        kept: dict[str, list[bool]] = {}
        for n, (before, question) in enumerate(pairwise(_mixed(alone)), start=1):
            turn = Turn(before.question, assistant.ask(before.question))
            kept.setdefault(question.split, []).append(dialogue.resolve(question.question, [turn]) == question.question)
            tell("changing the subject", n, len(alone) - 1)
    names = ("R@10", "nugget recall", "follow-up success")
    figures: list[tuple[str, Values]] = [
        (f"{way} ({split})", {**dict(zip(names, map(_mean, zip(*values, strict=True)), strict=True)), "n": len(values)})
        for (way, split), values in sorted(found.items(), key=lambda item: item[0][1])
    ]
    new = [(f"new topic ({split})", {"left alone": _mean(same), "n": len(same)}) for split, same in kept.items()]
    return [*figures, *sorted(new)]


def premises(rows: Sequence[Mapping[str, Any]], models: Any, tell: Tell) -> Rows:
    """How often a premise is named as not borne out: of false ones, of unanswerable questions, of true ones."""
    questions = [q for q in (parse(row) for row in rows) if not q.history]
    named: dict[tuple[str, str], list[bool]] = {}
    with _assistant() as assistant:
        for n, question in enumerate(questions, start=1):
            sort = "false premise" if question.premise else "answerable" if question.answerable else "unanswerable"
            answer = assistant.ask(question.question)
            named.setdefault((sort, question.split), []).append(bool(answer.premise))
            tell("asking", n, len(questions))
    return [(f"{sort} ({split})", {"named": _mean(v), "n": len(v)}) for (sort, split), v in sorted(named.items())]


def disagreeing(rows: Sequence[Mapping[str, Any]], models: Any, tell: Tell) -> Rows:
    """Pairs shown: in answers to questions on which the sources differ, to others that compare, to all others."""
    questions = [q for q in (parse(row) for row in rows) if not q.history]
    shown: dict[str, list[Counter[str]]] = {}
    with _assistant() as assistant:
        for n, question in enumerate(questions, start=1):
            answer = assistant.ask(question.question)
            if len(answer.sources) > 1:
                sort = "differ" if question.kind == "disagree" else "compare" if answer.groups else "other"
                shown.setdefault(sort, []).append(Counter(pair.relation for pair in answer.pairs))
            tell("asking", n, len(questions))
    return [(sort, _shown(counts)) for sort, counts in sorted(shown.items())]


def _shown(counts: Sequence[Counter[str]]) -> Values:
    pairs = sum(counts, Counter[str]())
    return {
        "answers with a pair": _mean([bool(n) for n in counts]),
        "disagreements": pairs["disagreement"] + pairs["update"],
        "agreements": pairs["agreement"],
        "n": len(counts),
    }


def _turns(assistant: Assistant, question: Question) -> tuple[Turn, ...]:
    turns: tuple[Turn, ...] = ()
    for earlier in question.history:
        turns += (Turn(earlier, assistant.ask(earlier, history=turns)),)
    return turns


def _measured(assistant: Assistant, question: Question, answer: Answer) -> tuple[float, float, float]:
    """Share of the evidence's passages among the first ten, of the nuggets in the answer, and all nuggets or not."""
    documents = {source.id: assistant.document(source.id) for source in assistant.sources}
    spans = locate(question, documents)
    hits = [hit.passage for hit in assistant.search(answer.searched, top_k=DEPTH, stage="reader")]
    wanted = {
        p.id
        for source in documents
        for p in assistant.passages(source)
        if overlaps((p.start, p.end), spans.get(p.document_id, ()))
    }
    recall = len(wanted & {p.id for p in hits}) / max(1, len(wanted))
    nuggets = nugget_recall(question, answer)
    return recall, nuggets, float(nuggets == 1.0)


def _mixed(questions: Sequence[Question]) -> list[Question]:
    """The questions so that neighbours are seldom of one kind or subject: every seventh, then the next ones."""
    return [q for first in range(7) for q in questions[first::7]]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
