"""Questions with judgements: read, checked line by line, and located in the documents.

A judgement is a quotation, not a passage: it survives re-splitting. One that is no longer in its
document is an error, so that a changed document cannot silently change what the eval asks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from qa.schema import Document, Passage, QAError, Span

Split = Literal["dev", "test"]
DEV_SHARE = 102
"""Of 256: a question belongs to `dev` when the first byte of SHA-256 of its id is below this."""

SMOKE_PER_KIND = 3
COMPARING = frozenset({"compare", "disagree"})
ABSTAIN = frozenset({"unanswerable", "out-of-scope", "injection"})
"""Kinds that, when not answerable, call for an abstention and nothing else."""


class EvalError(QAError):
    """The eval could not run: questions, baseline or data that cannot be used."""


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """Words of a source that bear out the answer."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Nugget:
    """An atomic fact of a good answer; it counts when any of its wordings occurs (case folded)."""

    text: str
    any: tuple[str, ...]

    def held_by(self, folded: str) -> bool:
        """Whether a text, already folded by `fold`, holds it. Wordings match at the edges of words."""
        return any(contains(folded, wording) for wording in self.any)


@dataclass(frozen=True, slots=True)
class Premise:
    """What a question wrongly takes for granted, and what the sources say instead."""

    false: str
    sources_say: str


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the question file; its fields are explained in `questions.schema.json`."""

    id: str
    question: str
    kind: str
    split: Split
    answerable: bool
    evidence: tuple[GoldEvidence, ...] = ()
    nuggets: tuple[Nugget, ...] = ()
    must_cite: tuple[str, ...] = ()
    must_not_cite: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    attribution: str | None = None
    history: tuple[str, ...] = ()
    premise: Premise | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources its judgements name, each once."""
        return tuple(dict.fromkeys([*(e.source for e in self.evidence), *self.must_cite]))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Question:
        """The question of a line that has passed the schema."""
        premise = data.get("premise")
        return cls(
            id=data["id"],
            question=data["question"],
            kind=data["kind"],
            split=data["split"],
            answerable=data["answerable"],
            evidence=tuple(GoldEvidence(**e) for e in data["evidence"]),
            nuggets=tuple(Nugget(n["text"], tuple(n["any"])) for n in data["nuggets"]),
            must_cite=tuple(data["must_cite"]),
            must_not_cite=tuple(data.get("must_not_cite", ())),
            must_not_say=tuple(data.get("must_not_say", ())),
            attribution=data["attribution"],
            history=tuple(data.get("history", ())),
            premise=Premise(premise["false"], premise["sources_say"]) if premise else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the file: fields that do not apply are left out."""
        line: dict[str, Any] = {
            "id": self.id,
            "question": self.question,
            "kind": self.kind,
            "split": self.split,
            "answerable": self.answerable,
            "evidence": [{"source": e.source, "quote": e.quote} for e in self.evidence],
            "nuggets": [{"text": n.text, "any": list(n.any)} for n in self.nuggets],
            "must_cite": list(self.must_cite),
            "attribution": self.attribution,
        }
        optional = {
            "must_not_cite": list(self.must_not_cite),
            "must_not_say": list(self.must_not_say),
            "history": list(self.history),
            "premise": self.premise and {"false": self.premise.false, "sources_say": self.premise.sources_say},
        }
        return line | {name: value for name, value in optional.items() if value}


def split_of(id: str) -> Split:
    """Which half a question belongs to: a rule on its id, so that nobody chooses."""
    return "dev" if hashlib.sha256(id.encode()).digest()[0] < DEV_SHARE else "test"


def load(path: Path) -> tuple[Question, ...]:
    """The questions of a JSON-lines file.

    Raises:
        EvalError: no such file, or a bad line: its number and what is wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvalError(f"no questions in {path}: {error.strerror}; draft some with `qa eval new`") from error
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = parse(json.loads(line))
        except (json.JSONDecodeError, EvalError) as error:
            raise EvalError(f"{path}, line {number}: {error}") from error
        if question.id in questions:
            raise EvalError(f"{path}, line {number}: there is already a question {question.id!r}")
        questions[question.id] = question
    if not questions:
        raise EvalError(f"{path} holds no question; draft some with `qa eval new`")
    return tuple(questions.values())


def parse(data: Any) -> Question:
    """One question from one line's JSON.

    Raises:
        EvalError: it does not follow the schema, or stands in the wrong split.
    """
    if problem := next(_validator().iter_errors(data), None):
        place = ".".join(str(part) for part in problem.absolute_path)
        raise EvalError(f"{place}: {problem.message}" if place else problem.message)
    question = Question.from_dict(data)
    if question.split != (split := split_of(question.id)):
        raise EvalError(f"split of {question.id!r} is {question.split!r}; the rule makes it {split!r}")
    return question


@cache
def _validator() -> Any:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise EvalError("the eval needs two more packages: pip install 'qa[eval]'") from error
    text = resources.files("qa.evaluate").joinpath("questions.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def subset(questions: Sequence[Question], name: str) -> tuple[Question, ...]:
    """Part of the questions: `smoke` (a few of each kind, always the same), a split, or a kind.

    Raises:
        EvalError: no question belongs to it.
    """
    if name == "smoke":
        chosen: list[Question] = []
        for kind in dict.fromkeys(q.kind for q in questions):
            of_kind = [q for q in questions if q.kind == kind]
            # not the digest that decides the split: its smallest are all of one
            drawn = sorted(of_kind, key=lambda q: hashlib.sha256(f"smoke {q.id}".encode()).digest())
            chosen += drawn[:SMOKE_PER_KIND]
        return tuple(chosen)
    found = tuple(q for q in questions if name in (q.split, q.kind))
    if not found:
        kinds = ", ".join(dict.fromkeys(q.kind for q in questions))
        raise EvalError(f"no subset {name!r}; there are: smoke, dev, test, {kinds}")
    return found


_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "‑": "-", "\u00a0": " "})


def fold(text: str) -> str:
    """Text as nuggets are compared: case, white space and typographic marks folded."""
    return " ".join(text.translate(_TYPOGRAPHY).casefold().split())


def contains(folded: str, wording: str) -> bool:
    """Whether a wording stands in a folded text.

    It starts at the edge of a word and may go on ("rocket" finds "rockets"); a number stands whole
    ("400" is not in "1,400" nor in "4000").
    """
    return _pattern(wording).search(folded) is not None


@cache
def _pattern(wording: str) -> re.Pattern[str]:
    words = fold(wording)
    before = r"(?<!\w)(?<!\d[.,])" if words[:1].isdigit() else r"(?<!\w)"
    after = r"(?!\d|[.,]\d)" if words[-1:].isdigit() else ""
    return re.compile(before + re.escape(words) + after)


def locate(question: Question, documents: Mapping[str, Document]) -> dict[str, list[Span]]:
    """Where the evidence stands, by source.

    Raises:
        EvalError: a quotation is not in its document, or more than once.
    """
    found: dict[str, list[Span]] = {}
    for evidence in question.evidence:
        if evidence.source not in documents:
            known = ", ".join(documents)
            raise EvalError(f"{question.id}: no source {evidence.source!r} in the corpus; there are: {known}")
        places = list(_occurrences(evidence.quote, documents[evidence.source].text))
        if len(places) != 1:
            how = "is not" if not places else f"stands {len(places)} times"
            raise EvalError(
                f"{question.id}: the evidence {how} in {evidence.source}: {evidence.quote[:80]!r}; "
                "quote the document's own words, enough of them to be found once"
            )
        found.setdefault(evidence.source, []).append(places[0])
    return found


def locate_by_nugget(question: Question, passages: Iterable[Passage]) -> dict[str, list[Span]]:
    """Where another text of the same source holds a nugget: the spans of such sentences, by source.

    For a corpus other than the one the questions quote, under the same source ids.
    """
    wanted = {e.source for e in question.evidence}
    found: dict[str, set[Span]] = {}
    for passage in passages:
        if passage.document_id not in wanted:
            continue
        for span in passage.sentences or ((passage.start, passage.end),):
            words = fold(passage.slice(*span))
            if any(nugget.held_by(words) for nugget in question.nuggets):
                found.setdefault(passage.document_id, set()).add(span)
    return {source: sorted(spans) for source, spans in found.items()}


def _occurrences(quote: str, text: str) -> Iterator[Span]:
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    return (match.span() for match in re.finditer(pattern, text))
