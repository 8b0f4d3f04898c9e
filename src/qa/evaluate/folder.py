"""Any questions of any folder: plain questions with the strings of a right answer, and claims with a label.

No judgement by offsets and no nuggets: a line names the files that hold the answer and strings one of which (`any`),
or all of which (`all`), stand in the words that are cited. So anybody can write twenty lines about their own documents
and see how often the right words are found, something else is given for an answer, and a question is refused.

    {"id": "a1", "q": "Who chairs the board?", "kind": "fact", "doc": ["minutes.md"], "any": ["Ada Holm"]}
    {"id": "a2", "q": "And until when?", "kind": "followup", "doc": ["minutes.md"], "any": ["2027"], "follows": "a1"}
    {"id": "a3", "q": "What is the budget?", "kind": "none", "none": true}
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qa.config import load_config
from qa.corpus.metadata import slug
from qa.evaluate.measures import Supports, citation_precision, citation_recall
from qa.evaluate.questions import EvalError, fold
from qa.evaluate.run import AsJudged, Progress
from qa.schema import Answer, Citation, Turn, Usage

if TYPE_CHECKING:
    from qa.assistant import Assistant

Row = TypeVar("Row")

CLAIM_LABELS = ("supported", "contradicted", "unsupported")
TOLD = frozenset({"supported", "likely"})
"""What `qa check` says of a sentence that it accepts."""


@dataclass(frozen=True, slots=True)
class PlainQuestion:
    """A question, and by what a right answer is known."""

    id: str
    text: str
    kind: str
    corpus: str = ""
    files: tuple[str, ...] = ()
    """Names of the files one of which holds the answer; none where the question has no answer."""
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    follows: str = ""
    """Id of the question asked before it in the same conversation."""
    says: str = ""
    """What the documents say to a yes-no question: "yes" or "no"; empty where that is not asked."""

    @property
    def answerable(self) -> bool:
        """Whether the documents answer it."""
        return bool(self.any or self.all)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """The question of one line.

        Raises:
            EvalError: neither strings of an answer nor `none`, or no question.
        """
        if not row.get("q") or not row.get("id"):
            raise EvalError("a plain question needs 'id' and 'q'")
        wanted = tuple(row.get("any", ())), tuple(row.get("all", ()))
        if not any(wanted) and not row.get("none"):
            raise EvalError(f"{row['id']}: give 'any' or 'all' strings of the right answer, or 'none': true")
        doc = row.get("doc", ())
        files = (doc,) if isinstance(doc, str) else tuple(doc)
        corpus, follows = row.get("corpus", ""), row.get("follows", "")
        return cls(row["id"], row["q"], row.get("kind", "fact"), corpus, files, *wanted, follows, row.get("says", ""))

    def held_by(self, citations: Iterable[Citation]) -> bool:
        """Whether the words that are cited from the right files hold the answer."""
        ids = {slug(Path(file).stem) for file in self.files}
        told = "\n".join(_plain(c.quote) for c in citations if not ids or c.source.id in ids)
        return all(_plain(x) in told for x in self.all) and (not self.any or any(_plain(x) in told for x in self.any))

    def touched_by(self, text: str) -> bool:
        """Whether a text holds one of the strings."""
        told = _plain(text)
        return any(_plain(x) in told for x in (*self.any, *self.all))


@dataclass(frozen=True, slots=True)
class Writing:
    """What a language model did for an answer."""

    shown: bool
    """Whether the answer is in its words; else it is quoted, or refused."""
    recall: tuple[bool, ...]
    """For each sentence that is shown, whether what it cites bears it out (`measures.citation_recall`)."""
    precision: tuple[bool, ...]
    """For each citation of these, whether it is needed (`measures.citation_precision`)."""
    dropped: int
    """Sentences that did not pass the check."""
    invented: int
    """Markers of no passage."""
    usage: Usage

    @classmethod
    def of(cls, answer: Answer, supports: Supports) -> Self | None:
        """None where no model was asked."""
        used = answer.provenance.usage
        if used is None:
            return None
        shown = answer.provenance.answerer == "write" and bool(answer.sentences)
        own = answer.sentences if shown else ()
        needed = (needed for s in own for needed in citation_precision(s, supports))
        recall = tuple(citation_recall(s, supports) for s in own)
        return cls(shown, recall, tuple(needed), len(answer.dropped), answer.invented_markers, used)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it."""

    question: PlainQuestion
    found: bool
    """The cited words hold the answer."""
    first: bool
    """Those of the first sentence do, or one of the strings where all are wanted."""
    refused: bool
    doubted: bool
    """The answer opens with a doubt."""
    sentences: int
    ranked: int | None
    """Place, from 1, of the first sentence that holds an answer string among all that were read; None: in none."""
    text: str
    words: int = 0
    """Of all its sentences together."""
    seconds: float = 0.0
    says: str = ""
    """Yes or no, where the answer says so."""
    brief: str = ""
    """The few words that stand above the sentences."""
    writing: Writing | None = None

    @property
    def brief_right(self) -> bool:
        """Whether these words are an answer string, or part of one, or hold one."""
        told = _plain(self.brief)
        if self.says:
            return self.says == self.question.says
        return self.first and any(
            told in _plain(x) or _plain(x) in told for x in (*self.question.any, *self.question.all)
        )

    @property
    def wrong(self) -> bool:
        """Answered, and not rightly."""
        return not self.refused and not self.found


def load_plain(path: Path) -> tuple[PlainQuestion, ...]:
    """The questions of a JSON-lines file, in its order.

    Raises:
        EvalError: no such file, or a bad line: its number and what is wrong with it.
    """
    return tuple(_each(path, PlainQuestion.from_dict))


def ask_all(
    assistant: Assistant,
    questions: Sequence[PlainQuestion],
    *,
    progress: Progress = lambda what, done, of: None,
) -> tuple[Asked, ...]:
    """Asks every question, a follow-up after the turn that it follows.

    Raises:
        EvalError: a follow-up of a question that is not among them.
    """
    by_id = {q.id: q for q in questions}
    turns: dict[str, Turn] = {}
    supports = AsJudged(assistant)
    done = []
    for n, question in enumerate(questions, start=1):
        history: tuple[Turn, ...] = ()
        if before := question.follows:
            if before not in by_id:
                raise EvalError(f"{question.id} follows {before!r}, which is not among the questions")
            if before not in turns:
                turns[before] = Turn(by_id[before].text, assistant.ask(by_id[before].text))
            history = (turns[before],)
        answer = assistant.ask(question.text, history=history)
        turns[question.id] = Turn(question.text, answer)
        done.append(_judged(assistant, question, answer, supports))
        progress(question.corpus or "asking", n, len(questions))
    return tuple(done)


def _judged(assistant: Assistant, question: PlainQuestion, answer: Answer, supports: Supports) -> Asked:
    cited = [c for s in answer.sentences for c in s.citations]
    first = answer.sentences[0].citations if answer.sentences else ()
    read = assistant.candidates(answer.searched) if question.answerable else []
    places = (n for n, c in enumerate(read, start=1) if question.touched_by(c.text))
    return Asked(
        question,
        found=question.answerable and question.held_by(cited),
        first=question.answerable and any(question.touched_by(c.quote) and _right_file(question, c) for c in first),
        refused=answer.abstention is not None,
        doubted=answer.unsure,
        sentences=len(answer.sentences),
        ranked=next(places, None),
        text=str(answer),
        words=sum(len(s.text.split()) for s in answer.sentences),
        seconds=sum(answer.timings.values()),
        says=answer.says,
        brief=answer.brief,
        writing=Writing.of(answer, supports),
    )


def _right_file(question: PlainQuestion, citation: Citation) -> bool:
    return not question.files or citation.source.id in {slug(Path(file).stem) for file in question.files}


def figures(asked: Sequence[Asked]) -> dict[str, float]:
    """Shares of the answerable questions, and of those without an answer; not a number where there are none."""
    answerable = [a for a in asked if a.question.answerable]
    others = [a for a in asked if not a.question.answerable]
    return {
        "n": len(answerable),
        "right answer found": _share(a.found for a in answerable),
        "first sentence right": _share(a.first for a in answerable),
        "ranked first": _share(a.ranked == 1 for a in answerable),
        "answered wrongly": _share(a.wrong for a in answerable),
        "refused wrongly": _share(a.refused for a in answerable),
        "without answer": len(others),
        "refused rightly": _share(a.refused for a in others),
        "refused or doubted": _share(a.refused or a.doubted for a in others),
        "sentences": _share(a.sentences for a in asked if not a.refused),
        "words": _share(a.words for a in asked if not a.refused),
        "seconds": _share(a.seconds for a in asked),
        "brief": sum(bool(a.brief) for a in asked),
        "brief right": _share(a.brief_right for a in asked if a.brief),
    }


def writing_figures(asked: Sequence[Asked]) -> dict[str, float]:
    """What the language model did in all, where one was asked at all; else nothing."""
    wrote = [a.writing for a in asked if a.writing]
    if not wrote:
        return {}
    return {
        "asked": len(wrote),
        "written": sum(w.shown for w in wrote),
        "citation recall": _share(x for w in wrote for x in w.recall),
        "citation precision": _share(x for w in wrote for x in w.precision),
        "dropped": sum(w.dropped for w in wrote),
        "invented markers": sum(w.invented for w in wrote),
        "calls": sum(w.usage.calls for w in wrote) / len(wrote),
        "prompt tokens": sum(w.usage.prompt_tokens for w in wrote) / len(wrote),
        "median seconds": median(a.seconds for a in asked if a.writing),
    }


def by_group(asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """The figures of each corpus, of each kind, and of all."""
    groups: dict[str, list[Asked]] = {}
    for a in asked:
        groups.setdefault(a.question.corpus or "corpus", []).append(a)
    for a in asked:
        groups.setdefault(f"kind: {a.question.kind}", []).append(a)
    return {name: figures(mine) for name, mine in {**groups, "all": list(asked)}.items()}


@dataclass(frozen=True, slots=True)
class PlainClaim:
    """A claim about a corpus and what a person calls it."""

    id: str
    text: str
    label: str
    corpus: str = ""

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """The claim of one line.

        Raises:
            EvalError: a label that is none.
        """
        if row.get("label") not in CLAIM_LABELS:
            raise EvalError(f"label {row.get('label')!r}; there are: {', '.join(CLAIM_LABELS)}")
        return cls(row["id"], row["claim"], row["label"], row.get("corpus", ""))


def load_claims(path: Path) -> tuple[PlainClaim, ...]:
    """The claims of a JSON-lines file.

    Raises:
        EvalError: as `load_plain`.
    """
    return tuple(_each(path, PlainClaim.from_dict))


def check_all(assistant: Assistant, claims: Sequence[PlainClaim]) -> tuple[tuple[PlainClaim, str], ...]:
    """Each claim with what `qa check` calls it, held against the whole index."""
    found = []
    for claim in claims:
        statuses = [s.status for s in assistant.check(claim.text).sentences]
        # a claim of several sentences is as good as its worst
        found.append((claim, max(statuses, key=_ORDER.index, default="unchecked")))
    return tuple(found)


_ORDER = ("supported", "likely", "unchecked", "partly", "unsupported", "contradicted")


def claim_figures(checked: Sequence[tuple[PlainClaim, str]]) -> dict[str, Any]:
    """What each label was called, and the three shares that matter."""
    called = {label: Counter(said for c, said in checked if c.label == label) for label in CLAIM_LABELS}
    return {
        "true accepted": _share(said in TOLD for c, said in checked if c.label == "supported"),
        "false passed": _share(said in TOLD for c, said in checked if c.label != "supported"),
        "contradicted called so": _share(said == "contradicted" for c, said in checked if c.label == "contradicted"),
        "called": {label: dict(counts) for label, counts in called.items()},
    }


def run(
    folder: Path, *, only: str = "", every: int = 1, progress: Progress = lambda what, done, of: None
) -> tuple[tuple[Asked, ...], tuple[tuple[PlainClaim, str], ...]]:
    """Asks and checks what `questions.jsonl` and `claims.jsonl` of a folder hold, each about its own corpus in it.

    Args:
        folder: holds a folder of documents for each corpus that the two files name.
        only: one corpus.
        every: of the questions only each so-manyth, with what it follows, and no claims: a model takes a minute
            for one question.

    Raises:
        EvalError: a file or a corpus is missing, or a line is bad.
    """
    from qa.assistant import Assistant

    questions = sample([q for q in load_plain(folder / "questions.jsonl") if only in ("", q.corpus)], every)
    written = folder / "claims.jsonl"
    claims = [c for c in load_claims(written) if only in ("", c.corpus)] if written.is_file() and every == 1 else []
    asked: list[Asked] = []
    checked: list[tuple[PlainClaim, str]] = []
    with TemporaryDirectory(prefix="qa-eval-") as work:
        for name, place in corpora(folder, [q.corpus for q in questions] + [c.corpus for c in claims]).items():
            config = load_config(corpus_dir=place, index_dir=Path(work) / name)
            with Assistant.build(config=config) as assistant:
                mine = [q for q in questions if q.corpus == name]
                asked += ask_all(assistant, mine, progress=progress)
                checked += check_all(assistant, [c for c in claims if c.corpus == name])
    return tuple(asked), tuple(checked)


def sample(questions: Sequence[PlainQuestion], every: int) -> list[PlainQuestion]:
    """Each so-manyth question, and before it the one it follows."""
    drawn = questions[::every]
    wanted = {q.id for q in drawn} | {q.follows for q in drawn}
    return [q for q in questions if q.id in wanted]


def to_dict(asked: Sequence[Asked], checked: Sequence[tuple[PlainClaim, str]]) -> dict[str, Any]:
    """For JSON: figures, and for each question what came of it, without a word of its documents."""
    return {
        "figures": {name: {k: _rounded(v) for k, v in row.items()} for name, row in by_group(asked).items()},
        "claims": {k: _rounded(v) for k, v in claim_figures(checked).items()} if checked else {},
        "writing": {k: _rounded(v) for k, v in writing_figures(asked).items()},
        "questions": {
            a.question.id: {
                "kind": a.question.kind,
                "found": a.found,
                "first": a.first,
                "refused": a.refused,
                "ranked": a.ranked,
            }
            for a in asked
        },
        "checked": {claim.id: {"label": claim.label, "said": said} for claim, said in checked},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value


def markdown(data: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> str:
    """The figures of `to_dict` as tables; with those of an earlier run, both, and how many questions changed sides."""
    lines = ["| | n | found | first | wrong | refused | no answer: n | refused | or doubted | sentences "
             "| words | seconds | brief: n | right |",
             "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"]  # fmt: skip
    for name, row in data["figures"].items():
        old = (before or {}).get("figures", {}).get(name, {})
        cells = [_both(row[key], old.get(key), key) for key in row if key != "ranked first"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if before:
        lines += ["", *(_moved(data, before, what) for what in ("found", "first"))]
    if wrote := data.get("writing"):
        lines += ["", "| language model: " + " | ".join(wrote) + " |", "| --: " * len(wrote) + "|"]
        lines.append("| " + " | ".join(f"{v:g}" if v is not None else "" for v in wrote.values()) + " |")
    if claims := data.get("claims"):
        old = (before or {}).get("claims", {})
        shares = ("true accepted", "false passed", "contradicted called so")
        lines += ["", "| claims: " + " | ".join(shares) + " |", "| --: | --: | --: |"]
        lines.append("| " + " | ".join(_both(claims[name], old.get(name), name) for name in shares) + " |")
        lines += ["", *(f"- {label}: {_listed(said)}" for label, said in claims["called"].items())]
    return "\n".join(lines)


COUNTS = ("n", "without answer", "brief")
"""Figures that are counts, not shares."""


def _moved(data: Mapping[str, Any], before: Mapping[str, Any], what: str) -> str:
    then, now = before["questions"], data["questions"]
    gained = [id_ for id_ in now if id_ in then and now[id_][what] > then[id_][what]]
    lost = [id_ for id_ in now if id_ in then and now[id_][what] < then[id_][what]]
    return f"{what}: gained {len(gained)} ({' '.join(gained)}), lost {len(lost)} ({' '.join(lost)})."


def _both(now: float | None, then: float | None, key: str) -> str:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.0f}" if key in COUNTS else f"{value:.2f}"

    return shown(now) if then is None or key in COUNTS else f"{shown(now)} ({shown(then)})"


def _listed(said: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(said.items(), key=lambda item: -item[1]))


def corpora(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """The folder of documents of each corpus that the questions name.

    Raises:
        EvalError: one of them is missing.
    """
    found = {name: folder / name for name in dict.fromkeys(names)}
    if missing := [name for name, place in found.items() if not place.is_dir()]:
        raise EvalError(f"no folder for the corpus {missing[0]!r} in {folder}")
    return found


def _each(path: Path, make: Callable[[Any], Row]) -> Iterator[Row]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvalError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield make(json.loads(line))
            except (ValueError, KeyError, TypeError, EvalError) as error:
                raise EvalError(f"{path}, line {number}: {error}") from error


_MARKS = str.maketrans("‘’“”–—‑", "''\"\"---")


def _plain(text: str) -> str:
    return fold(text.translate(_MARKS))


def _share(values: Iterable[float]) -> float:
    kept = list(values)
    return sum(kept) / len(kept) if kept else math.nan
