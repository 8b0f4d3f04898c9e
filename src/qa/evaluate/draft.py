"""Questions for somebody's own corpus: drafted from its sentences by rule, or kept from what was asked.

A draft is a start, not a judgement: it asks what a sentence states, so it is easier than what people ask.
Edit the wording, add what is hard, delete what nobody would ask.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.evaluate.questions import EvalError, GoldEvidence, Nugget, Question, contains, fold, load, parse, split_of
from qa.language import Fact, facts
from qa.schema import Answer, Source

if TYPE_CHECKING:
    from qa.assistant import Assistant

NEAR_MISSES = 2
"""Unanswerable questions drafted for each document."""


@dataclass(frozen=True, slots=True)
class _Stated:
    source: Source
    sentence: str
    facts: tuple[Fact, ...]

    def words(self, fact: Fact) -> str:
        return self.sentence[fact.start : fact.end]

    def of(self, *kinds: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind in kinds]


def draft(assistant: Assistant, *, per_source: int = 12, seed: int = 0) -> list[Question]:
    """Questions over the assistant's corpus, each with its evidence and nuggets.

    Args:
        per_source: how many for each document, the kinds in turn; near misses come on top.
    """
    drafted: list[Question] = []
    everything = fold(" ".join(assistant.document(source.id).text for source in assistant.sources))
    for source in assistant.sources:
        text = assistant.document(source.id).text
        stated = [
            _Stated(source, sentence, facts(sentence))
            for passage in assistant.passages(source.id)
            for sentence in (passage.slice(*span) for span in passage.sentences)
            if text.count(sentence) == 1 and sentence.count(" ") >= 4
        ]
        random.Random(f"{seed} {source.id}").shuffle(stated)
        drafted += _in_turn([make(stated) for make in _MAKERS], per_source)
        drafted += list(_near_misses(stated, everything))[:NEAR_MISSES]
    return list({fold(question.question): question for question in drafted}.values())


def _in_turn(makers: Sequence[Iterator[Question]], count: int) -> list[Question]:
    drafted: list[Question] = []
    waiting = list(makers)
    while waiting and len(drafted) < count:
        maker = waiting.pop(0)
        if question := next(maker, None):
            drafted.append(question)
            waiting.append(maker)
    return drafted


def _question(kind: str, words: str, stated: _Stated, answer: str, **more: Any) -> Question:
    id_ = _id(kind, f"{stated.source.id} {words}")
    return Question(
        id=id_,
        question=words,
        kind=kind,
        split=split_of(id_),
        answerable=True,
        evidence=(GoldEvidence(stated.source.id, stated.sentence),),
        nuggets=(Nugget(answer, (fold(answer),)),),
        must_cite=(stated.source.id,),
        **more,
    )


def _id(kind: str, what: str) -> str:
    return f"{kind}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"


def _quoted(stated: Sequence[_Stated]) -> Iterator[Question]:
    """Who said these words?"""
    for s in stated:
        for quote in s.of("quote"):
            words = s.words(quote).strip("\"“”'‘’ ,.")
            speakers = [f for f in s.of("name") if f.end <= quote.start or f.start >= quote.end]
            if len(words.split()) >= 2 and speakers:
                said = s.words(speakers[0])
                yield _question("who-said", f"Who spoke of “{words}”?", s, said, attribution=said)
                break


def _counted(stated: Sequence[_Stated]) -> Iterator[Question]:
    """How many of these?"""
    for s in stated:
        for fact in s.of("number", "quantity"):
            number = s.words(fact)
            thing = re.match(r"\s+((?:[a-z]+\s+){0,1}[a-z]+s)\b", s.sentence[fact.end :])
            digits = re.match(r"[\d,.]*\d", number)
            if thing and digits and not number.startswith(("19", "20")):
                asked = f"How many {thing[1]} does {s.source.name} speak of?"
                yield _question("number", asked, s, digits[0])
                break


def _dated(stated: Sequence[_Stated]) -> Iterator[Question]:
    """When was this?"""
    for s in stated:
        dates = s.of("date")
        if len(dates) == 1:
            said = s.words(dates[0])
            rest = (s.sentence[: dates[0].start] + s.sentence[dates[0].end :]).strip()
            rest = re.sub(r"\b(?:on|in|of|by|since|until)\s*(?=[,.;]|$)", "", rest)
            gist = " ".join(rest.split())[:140].rstrip(" .,;")
            yield _question("date", f"When was this, according to {s.source.name}: “{gist}”?", s, said)


def _named(stated: Sequence[_Stated]) -> Iterator[Question]:
    """What does the source say of this one?"""
    asked: set[str] = set()
    for s in stated:
        names = [f for f in s.of("name") if " " in s.words(f)]
        others = [f for f in s.facts if f.kind in ("name", "number", "date")]
        for name in names:
            other = next((f for f in others if f.end <= name.start or f.start >= name.end), None)
            if other and fold(s.words(name)) not in asked:
                asked.add(fold(s.words(name)))
                question = f"What does {s.source.name} say about {s.words(name)}?"
                yield _question("fact", question, s, s.words(other))
                break


_MAKERS: tuple[Callable[[Sequence[_Stated]], Iterator[Question]], ...] = (_quoted, _counted, _dated, _named)

_NOT_SAID = (
    ("When was {name} born?", ("born", "birth")),
    ("Where did {name} go to school?", ("school", "educated", "graduated")),
    ("How old is {name}?", ("years old", "aged")),
    ("Who is {name} married to?", ("married", "wife", "husband", "spouse")),
)


def _near_misses(stated: Sequence[_Stated], everything: str) -> Iterator[Question]:
    """The right names, and something no document speaks of at all."""
    names = dict.fromkeys(s.words(f) for s in stated for f in s.of("name") if " " in s.words(f))
    for name, (pattern, words) in zip(names, _NOT_SAID, strict=False):
        if not any(contains(everything, word) for word in words):
            asked = pattern.format(name=name)
            id_ = _id("unanswerable", asked)
            yield Question(id_, asked, "unanswerable", split_of(id_), answerable=False)


def case(question: str, answer: Answer, *, answerable: bool = True) -> Question:
    """A question and the answer that a person has accepted, as a case: what it cites is the evidence.

    Raises:
        EvalError: an abstention cannot be accepted as the answer to an answerable question.
    """
    kind = "fact" if answerable else "unanswerable"
    id_ = _id(kind, question)
    if not answerable:
        return Question(id_, question, kind, split_of(id_), answerable=False)
    if answer.abstention:
        raise EvalError(
            f"there is no answer to keep ({answer.abstention.reason}); "
            "say --unanswerable if that is right, or write the case by hand"
        )
    return Question(
        id=id_,
        question=question,
        kind=kind,
        split=split_of(id_),
        answerable=True,
        evidence=tuple(GoldEvidence(c.source.id, c.quote) for c in answer.references),
        nuggets=_nuggets(answer),
        must_cite=tuple(source.id for source in answer.sources),
    )


def _nuggets(answer: Answer) -> tuple[Nugget, ...]:
    """The facts an answer states, three at most for each sentence; its first words where it states none."""
    found: dict[str, Nugget] = {}
    for sentence in answer.sentences:
        stated = [f for f in facts(sentence.text) if f.kind not in ("negation", "quote")]
        words = [sentence.text[f.start : f.end] for f in stated][:3] or [" ".join(sentence.text.split()[:6])]
        for said in words:
            found.setdefault(fold(said), Nugget(said, (fold(said),)))
    return tuple(found.values())


def from_feedback(path: Path, assistant: Assistant) -> list[Question]:
    """Cases from the page's feedback.

    A thumbs-up keeps the answer as it was. A thumbs-down says only that it was wrong: where the reader
    said that a source is missing or a citation does not support, the case must still be written by a
    person, so the evidence nearest to the question is put in for them to correct.

    Raises:
        EvalError: not a file of feedback.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [found for line in lines if (found := _from_line(line, assistant))]
    except OSError as error:
        raise EvalError(f"no feedback in {path}: {error.strerror}") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise EvalError(f"{path} is not feedback from the page: {error!r}") from error


def _from_line(line: Mapping[str, Any], assistant: Assistant) -> Question | None:
    question = line.get("searched") or line["question"]  # a follow-up, as it stands alone
    answer = assistant.ask(question)
    if line["verdict"] == "up":
        return case(question, answer, answerable=not answer.abstention)
    hits = assistant.search(question, top_k=1)
    if not hits:
        return None
    passage = hits[0].passage
    start, end = passage.sentences[0] if passage.sentences else (passage.start, passage.end)
    words = passage.slice(start, end)
    id_ = _id("fact", question)
    return Question(
        id=id_,
        question=question,
        kind="fact",
        split=split_of(id_),
        answerable=True,
        evidence=(GoldEvidence(hits[0].source.id, words),),
        nuggets=(Nugget(f"TO DO, the reader said: {line.get('reason') or 'wrong'}", ("to do",)),),
    )


def write(questions: Sequence[Question], path: Path) -> None:
    """Writes drafts, a line each.

    Raises:
        EvalError: the file is there already; drafts that someone edited are not overwritten.
    """
    if path.exists():
        raise EvalError(f"{path} is there already; name another with --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(_line(question) for question in questions), encoding="utf-8")


def append(questions: Sequence[Question], path: Path) -> int:
    """Adds cases whose question is not there yet; how many were added."""
    known = load(path) if path.exists() else ()
    asked = {fold(q.question) for q in known}
    ids = {q.id for q in known}
    fresh = [q for q in questions if fold(q.question) not in asked and q.id not in ids]
    for question in fresh:
        parse(question.to_dict())
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(_line(question) for question in fresh)
    return len(fresh)


def _line(question: Question) -> str:
    return json.dumps(question.to_dict(), ensure_ascii=False) + "\n"
