"""Changes whose effect on an answer is known without knowing the answer (Chen et al. 1998).

What must not matter (the order of the documents, their names, five hundred others beside them, where
passages are cut, how a question is put) must not flip an answer; what must matter (the evidence is gone)
must. A small share may flip, for ranking has near-ties; the bound is stated with each check.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from qa.config import load_config
from qa.evaluate.measures import nugget_recall
from qa.evaluate.questions import Question, locate
from qa.evaluate.run import Progress
from qa.schema import Answer

if TYPE_CHECKING:
    from qa.assistant import Assistant

UNRELATED = 500
BATCHES = 3
"""Groups of questions whose evidence is taken away at once; fewer would take the corpus away."""


@dataclass(frozen=True, slots=True)
class Check:
    """One change, what must hold under it, and the questions for which it did not."""

    change: str
    holds: str
    broke: tuple[str, ...]
    of: int
    bound: float

    @property
    def share(self) -> float:
        """Share of the questions for which it did not hold."""
        return len(self.broke) / self.of if self.of else 0.0

    @property
    def passed(self) -> bool:
        """Whether the share is within the bound."""
        return self.share <= self.bound


def flips(
    questions: Sequence[Question],
    corpus: Path,
    *,
    limit: int = 60,
    unrelated: int = UNRELATED,
    progress: Progress = lambda what, done, of: None,
) -> tuple[Check, ...]:
    """Every check, on a folder of documents that the questions quote.

    Args:
        limit: how many questions are asked each time, spread over the kinds.
        unrelated: how many documents about nothing in particular are added.
    """
    asked = _spread([q for q in questions if not q.history], limit)
    answerable = [q for q in asked if q.answerable]
    with TemporaryDirectory(prefix="qa-metamorphic-") as folder:
        work = _Work(Path(folder), corpus, progress)
        with work.assistant("as it is") as plain:
            before = work.ask("as it is", plain, asked)
            again = {
                q.id: plain.ask(reworded) for q in answerable if (reworded := paraphrase(q.question)) != q.question
            }
            evidence = {q.id: locate(q, {s.id: plain.document(s.id) for s in plain.sources}) for q in answerable}
            texts = {s.id: plain.document(s.id).text for s in plain.sources}
        answered = [q for q in answerable if before[q.id].sentences]
        return (
            work.same("documents in another order", before, _shuffled, bound=0.0),
            work.same("documents under other names", before, _renamed, bound=0.05),
            work.same(f"{unrelated} unrelated documents added", before, _with_unrelated(unrelated), bound=0.10),
            work.same("passages cut elsewhere", before, _as_is, bound=0.15,
                      passage_words=90, passage_words_max=120),
            Check(
                "question put otherwise", "the same source is cited first",
                tuple(id_ for id_, answer in again.items() if _first(answer) != _first(before[id_])),
                len(again), 0.15,
            ),
            work.without_evidence(answered, evidence, texts, bound=0.15),
        )  # fmt: skip


class _Work:
    """A folder in which changed corpora are made, indexed and asked."""

    def __init__(self, folder: Path, corpus: Path, progress: Progress) -> None:
        self.folder = folder
        self.corpus = corpus
        self.progress = progress

    @contextmanager
    def assistant(self, name: str, corpus: Path | None = None, **settings: Any) -> Iterator[Assistant]:
        from qa.assistant import Assistant

        index = self.folder / "indexes" / re.sub(r"\W+", "-", name)
        config = load_config(corpus_dir=corpus or self.corpus, index_dir=index, **settings)
        with Assistant.build(config=config) as built:
            yield built

    def ask(self, what: str, assistant: Assistant, questions: Sequence[Question]) -> dict[str, Answer]:
        answers = {}
        for n, question in enumerate(questions, start=1):
            answers[question.id] = assistant.ask(question.question)
            self.progress(what, n, len(questions))
        return answers

    def same(
        self,
        change: str,
        before: Mapping[str, Answer],
        make: Callable[[Path, Path], None],
        *,
        bound: float,
        **settings: Any,
    ) -> Check:
        """Answered stays answered, abstained stays abstained."""
        corpus = self.folder / re.sub(r"\W+", "-", change)
        corpus.mkdir()
        make(self.corpus, corpus)
        flipped = []
        with self.assistant(change, corpus, **settings) as changed:
            for n, (id_, answer) in enumerate(before.items(), start=1):
                if bool(changed.ask(answer.question).sentences) != bool(answer.sentences):
                    flipped.append(id_)
                self.progress(change, n, len(before))
        return Check(change, "answered stays answered, and not", tuple(flipped), len(before), bound)

    def without_evidence(
        self,
        answered: Sequence[Question],
        evidence: Mapping[str, Mapping[str, Sequence[tuple[int, int]]]],
        texts: Mapping[str, str],
        *,
        bound: float,
    ) -> Check:
        """What was answered is abstained from once its evidence is gone."""
        still = []
        for batch in range(BATCHES):
            mine = answered[batch::BATCHES]
            corpus = self.folder / f"without-{batch}"
            corpus.mkdir()
            for id_, text in texts.items():
                spans = [span for q in mine for span in evidence[q.id].get(id_, ())]
                (corpus / f"{id_}.txt").write_text(_cut(text, spans), encoding="utf-8")
            with self.assistant(f"without-{batch}", corpus) as robbed:
                for n, question in enumerate(mine, start=1):
                    answer = robbed.ask(question.question)
                    if answer.sentences and not _elsewhere(question, answer):
                        still.append(question.id)
                    self.progress(f"evidence removed ({batch + 1})", n, len(mine))
        return Check(
            "evidence removed", "an abstention, or the fact from elsewhere", tuple(still), len(answered), bound
        )


def _elsewhere(question: Question, answer: Answer) -> bool:
    """Whether the answer still holds a fact that is asked for: another source says it too."""
    return nugget_recall(question, answer) > 0


def _spread(questions: Sequence[Question], limit: int) -> list[Question]:
    """Up to `limit` questions, kind by kind in turn."""
    by_kind: dict[str, list[Question]] = {}
    for question in questions:
        by_kind.setdefault(question.kind, []).append(question)
    chosen: list[Question] = []
    for kind in cycle(list(by_kind)):
        if len(chosen) == min(limit, len(questions)):
            return chosen
        if by_kind[kind]:
            chosen.append(by_kind[kind].pop(0))
    return chosen


def _first(answer: Answer) -> str:
    return answer.sources[0].id if answer.sources else ""


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(set(spans), reverse=True):
        text = text[:start] + text[end:]
    return text


# corpora --------------------------------------------------------------------------------------------


def _documents(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name != "SOURCES.md")


def _as_is(corpus: Path, to: Path) -> None:
    for path in _documents(corpus):
        shutil.copy(path, to / path.name)


def _shuffled(corpus: Path, to: Path) -> None:
    # written in another order, with other times: a folder lists its files by name, a careless one by age
    for path in random.Random(0).sample(_documents(corpus), len(_documents(corpus))):
        (to / path.name).write_bytes(path.read_bytes())


def _renamed(corpus: Path, to: Path) -> None:
    for n, path in enumerate(reversed(_documents(corpus))):
        shutil.copy(path, to / f"document-{n:02}{path.suffix}")


def _with_unrelated(count: int) -> Callable[[Path, Path], None]:
    def make(corpus: Path, to: Path) -> None:
        _as_is(corpus, to)
        for n in range(count):
            (to / f"unrelated-{n:04}.txt").write_text(_about_nothing(random.Random(n)), encoding="utf-8")

    return make


_WHO = "The baker|A gardener|The ferryman|Our teacher|The clockmaker|A beekeeper|The librarian|A potter".split("|")
_DOES = "mends|sells|collects|paints|waters|counts|lends|repairs|polishes|stores|weighs|describes".split("|")
_WHAT = "old chairs|blue tiles|cherry trees|wool blankets|garden tools|brass clocks|clay jars|honey jars".split("|")
_WHERE = "by the river|behind the mill|in the orchard|near the chapel|at the market|under the arcade".split("|")
_WHEN = "every spring|before breakfast|on rainy days|after the harvest|in the long winter|at noon".split("|")


def _about_nothing(chance: random.Random) -> str:
    lines = [
        f"{chance.choice(_WHO)} {chance.choice(_DOES)} {chance.choice(_WHAT)} {chance.choice(_WHERE)} "
        f"{chance.choice(_WHEN)}."
        for _ in range(12)
    ]
    return " ".join(lines) + "\n"


# questions ------------------------------------------------------------------------------------------

_REWORDED = (
    (r"^How many (\w+)", r"What number of \1"),
    (r"^(?:Who|Which person) (said|called|described|warned)", r"Who was it that \1"),
    (r"^When did", "On what date did"),
    (r"^Why ", "For what reason "),
    (r"^Where ", "In which place "),
)


def paraphrase(question: str) -> str:
    """The question put otherwise by rule; the same where no rule is sure to keep its meaning."""
    for pattern, new in _REWORDED:
        said, n = re.subn(pattern, new, question)
        if n:
            return said
    if re.match(r"(?:Who|What|Which|How)\b", question):
        return f"I would like to know: {question[0].lower()}{question[1:]}"
    return question
