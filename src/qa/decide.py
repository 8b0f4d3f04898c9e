"""Query, hits, candidates -> decision: which sentences may answer, or why none does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from qa.answer.extremes import extreme
from qa.answer.lookup import fits, looked_up, settles
from qa.answer.places import (
    PUBLISHED,
    RELEASED,
    covers,
    declared,
    is_heading,
    labelled,
    numbered,
    of_publishing,
    speaks_of_number,
    told,
)
from qa.answer.quote import RELATIVE, with_antecedent, with_list
from qa.language import facts
from qa.language.alike import stems, whole_words
from qa.language.dates import months, years
from qa.language.fact import FIGURES
from qa.language.parser import parse_question
from qa.language.shortforms import spelled_out
from qa.language.speakers import speaks
from qa.language.tongue import UNSPACED
from qa.language.words import stem
from qa.query import Query
from qa.schema import Abstention, Candidate, Hit, Passage, Reason

NEAREST: Final = 3
"""Passages shown with an abstention."""

LENIENT: Final = 0.4
"""Share of the threshold that is enough where several things are asked for, or what is written is checked again."""

RIVAL: Final = 0.4
"""Share of the best score from which of two things what is on one alone goes before what is on both."""

COMPARING: Final = 0.25
"""The same for questions that compare sources: what each says of a topic is seldom a plain answer."""

PERHAPS: Final = 0.5
"""Probability that the sources answer below which an answer is marked as perhaps none."""

IRRELEVANT: Final = 0.1
UNRELATED: Final = 0.3
"""Below this probability, and with no passage of this cosine, the sources do not even deal with the question."""

MATCHED: Final = 0.35
MATCHED_UNSPACED: Final = 0.2
AHEAD: Final = 1.5
"""Share of a question that a sentence in its language holds by its letters, and how far ahead of the next it is."""

MOST: Final = 2 / 3
"""Share of a question's words that a list must hold."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the sources have on a query, and whether it is an answer."""

    query: Query
    hits: tuple[Hit, ...]
    candidates: tuple[Candidate, ...]
    """Every sentence that was read, best first."""
    chosen: tuple[Candidate, ...]
    """Those that may be quoted, best first; empty: nothing answers."""
    sure: bool = False
    """Whether they answer, whatever their score."""
    doubted: bool = False
    """Whether what was chosen stands beside none of the years that the question names."""
    note: str = ""
    """How it was chosen, to be told with it; empty where it answers by what it says."""
    likely: bool = True
    """Whether they may be quoted as they are, too, where what is made of them is checked again."""

    @property
    def best(self) -> float:
        """The probability that the sources answer."""
        return self.candidates[0].score if self.candidates else 0.0

    @property
    def unsure(self) -> bool:
        """Whether what was chosen may be beside the question."""
        if self.sure or self.query.comparing:
            return bool(self.chosen and self.query.unknown)
        return bool(self.chosen) and (self.doubted or bool(self.query.unknown) or self.best < PERHAPS)


def decide(
    query: Query,
    hits: Sequence[Hit],
    candidates: Sequence[Candidate],
    threshold: float,
    *,
    lenient: bool = False,
    several: bool = False,
    without: Collection[str] = (),
    passages_of: Callable[[str], Sequence[Passage]] = lambda id: (),
) -> Decision:
    """Which candidates may answer: each rule in turn decides, or leaves a narrower choice to the next.

    Args:
        candidates: best first, the score of the best being the probability that the sources answer at all.
        threshold: probability from which they do.
        lenient: what is made of them is checked again.
        several: the query is one of the things that a question asks for.
        without: rules left out, as in `qa.config.RULES`.
        passages_of: all passages of a document, by its id, where a table must be read to its end.
    """
    if query.foreign:
        return Decision(query, tuple(hits), tuple(candidates), _outstanding(query.text, candidates), doubted=True)
    several = (several or query.kind in ("list", "who-is")) and "list" not in without
    strict = threshold * (COMPARING if query.comparing else LENIENT if several else 1)
    bar = min(strict, LENIENT * threshold) if lenient else strict
    # a source that does not deal with what is compared stays silent
    chosen = tuple(c for c in candidates if c.score >= bar or not query.comparing)
    choice = _Choice(query, tuple(hits), tuple(candidates), chosen, strict=strict, passages_of=passages_of)
    for name, rule in _RULES.items():
        if name not in without:
            decided = rule(choice)
            if not isinstance(decided, _Choice):
                return decided
            choice = decided
    return choice.decision(
        choice.chosen if choice.best >= bar else (), doubted=choice.doubted, likely=choice.best >= strict
    )


@dataclass(frozen=True, slots=True)
class _Choice(Decision):
    """A decision that the next rule may still change."""

    strict: float = 0.0
    """The score from which the best one answers."""
    passages_of: Callable[[str], Sequence[Passage]] = lambda id: ()
    rows: tuple[Candidate, ...] = ()
    """Rows of tables that the question names."""

    def decision(self, chosen: Iterable[Candidate], **told: Any) -> Decision:
        """The end of it."""
        return Decision(self.query, self.hits, self.candidates, tuple(chosen), **told)


def _of_speakers(choice: _Choice) -> _Choice:
    """Where somebody in the texts is asked: what they say."""
    speakers = [named.name for named in choice.query.of if not named.sources]
    said = [
        c for c in choice.candidates[:SPOKEN]
        if any(speaks(who, c.hit.passage, (c.start, c.end)) for who in speakers)
    ]  # fmt: skip
    return replace(choice, chosen=tuple(said)) if said else choice


def _of_its_side(choice: _Choice) -> _Choice:
    """Of a thing that is compared with another: what says a word of it, or stands under one and says none of the other.

    What is on the other one alone, or on neither, would be taken for an answer on it. What has its words as the
    question does ("Touch", not "X-Touch") is heard alone, and first where it has them before the other's.
    """
    query = choice.query
    if not query.own:
        return choice
    loose = [(rank, c) for c in choice.chosen if (rank := _on(query, c)) is not None]
    closely = [(rank, c) for rank, c in loose if rank < LOOSELY]
    own = next((found for found in (closely, loose) if found and found[0][1].score >= choice.strict), [])
    near = [c for rank, c in own if rank == 0 and c.score >= RIVAL * own[0][1].score]
    return replace(choice, chosen=(*near, *(c for _, c in own if c not in near)))


def _on(query: Query, c: Candidate) -> int | None:
    """How a sentence is on a thing that is compared: 0 if on that first of all, 1 if on the other first, 2 if it only
    has a word of it in another form; None if it is not."""
    passage, source = c.hit.passage, c.hit.source
    over = f"{source.title}. {source.published}. {passage.heading}. {passage.lead(c.start)}"
    said = passage.slice(*with_antecedent(c))
    words = [{word, stem(word)} for word in whole_words(said)]
    if query.own & set().union(*words, *({word, stem(word)} for word in whole_words(over))):
        return int(not next((bool(word & query.own) for word in words if word & (query.own | query.others)), True))
    own, others = stems(" ".join(query.own)), stems(" ".join(query.others))
    return LOOSELY if stems(said) & own or (stems(over) & own and not stems(said) & others) else None


LOOSELY: Final = 2


def _spelling_out(choice: _Choice) -> Decision:
    """What a short form stands for: the sentence that gives it beside it in brackets."""
    found = [(c, spelled_out(choice.query.thing, c.text)) for c in choice.candidates if choice.query.thing]
    long = [replace(c, span=(c.start + at[0], c.start + at[1])) for c, at in found if at]
    return choice.decision(long, sure=True) if long else choice


def _of_tables(choice: _Choice) -> Decision:
    """The row that has the most, or that the question names."""
    query, best = choice.query, choice.best
    note, first = extreme(query.text, choice.candidates, choice.passages_of)
    if first:
        return choice.decision(first, sure=True, note=note)
    rows, chosen = looked_up(query.text, choice.chosen)
    settled = [c for c in rows if settles(query.text, c)]
    if settled and best < max(choice.strict, PERHAPS):
        return choice.decision(settled, sure=True)
    denies = any(f.kind == "negation" for f in facts(query.text))
    if rows and query.kind == "list" and not denies:  # each row that fits is an item, however the reader likes it
        return choice.decision((replace(c, score=best) for c in rows), sure=True)
    marked = {(c.hit.passage.id, c.start): c for c in rows}
    chosen = [marked.get((c.hit.passage.id, c.start), c) for c in chosen]
    return replace(choice, chosen=tuple(chosen), rows=tuple(rows))


def _of_steps(choice: _Choice) -> Decision:
    """How to: the list that is on all of the question."""
    steps = leading(choice.query.text, choice.candidates) if choice.query.kind == "how-to" else []
    return choice.decision(steps, sure=True) if steps else choice


def _in_place(choice: _Choice) -> Decision:
    """What stands where the question says: at a number, under a label, in what a document declares of itself."""
    query, candidates, best, strict = choice.query, choice.candidates, choice.best, choice.strict
    if query.comparing:
        return choice
    there = numbered(query.text, candidates, timed=query.point == "time")
    named = bool(candidates) and speaks_of_number(query.text, candidates[0]) and not is_heading(candidates[0])
    if there and (best < PERHAPS or not named):
        return choice.decision(there, sure=covers(query.text, there[0]))
    if (best < strict or stems(query.text) & RELEASED) and (there := told(query.text, candidates)):
        return choice.decision(there, sure=True)
    if (best < PERHAPS or stems(query.text) & PUBLISHED) and (there := declared(query.text, candidates)):
        return choice.decision(there, sure=True)
    if best < strict:
        there = [c for c in choice.rows if fits(query.text, c)] or labelled(query.text, candidates)
        if there:
            return choice.decision(there, doubted=True)
    return replace(choice, chosen=tuple(of_publishing(query.text, choice.chosen)))


def _with_figures(choice: _Choice) -> _Choice:
    """How many, how long, what share of: told where a figure stands."""
    if choice.query.point != "figure" or choice.query.comparing:
        return choice
    told = tuple(c for c in choice.chosen if any(f.kind in (*FIGURES, "date") for f in facts(c.text)))
    return replace(choice, chosen=told or choice.chosen)


def _of_its_time(choice: _Choice) -> _Choice:
    """What stands beside the years that the question names comes first, and without any the answer is doubted."""
    asked, first = years(choice.query.text), choice.chosen[:DATED]
    if not asked:
        return choice
    beside = [c for c in first if not _of_another_time(asked, months(choice.query.text), c)]
    chosen = (*beside, *(c for c in first if c not in beside), *choice.chosen[DATED:])
    return replace(choice, chosen=chosen, doubted=not beside)


def _latest(choice: _Choice) -> _Choice:
    """Of what sources of several dates say in like words, the newest first, where a question asks how things are."""
    if not choice.chosen or years(choice.query.text) or not _in_present(choice.query.text):
        return choice
    first = choice.chosen[0]
    newer = [
        c for c in choice.chosen[1:DATED]
        if c.hit.source.published > first.hit.source.published > ""
        and c.score >= RELATIVE * first.score
        and _in_common(c.text, first.text) >= LIKE
    ]  # fmt: skip
    if not newer:
        return choice
    latest = max(newer, key=lambda c: c.hit.source.published)
    return replace(choice, chosen=(latest, *(c for c in choice.chosen if c is not latest)))


def _in_present(question: str) -> bool:
    """Whether the first verb of a question is in the present: "What do members pay?" """
    verbs = (t.tag for t in parse_question(question).tokens if t.tag[:2] in ("VB", "MD"))
    return next(verbs, "") in ("VBZ", "VBP")


def _in_common(left: str, right: str) -> float:
    """Share of the words of the shorter text that the other has, too."""
    a, b = stems(left), stems(right)
    return len(a & b) / max(1, min(len(a), len(b)))


LIKE: Final = 0.4
"""Words in common from which two sentences are taken to tell the same of two times."""

_RULES: Final[Mapping[str, Callable[[_Choice], Decision]]] = {
    "speakers": _of_speakers,
    "sides": _of_its_side,
    "short forms": _spelling_out,
    "tables": _of_tables,
    "steps": _of_steps,
    "places": _in_place,
    "counted": _with_figures,
    "years": _of_its_time,
    "latest": _latest,
}
"""By the names in `qa.config.RULES`, in the order in which they are asked."""


def _outstanding(question: str, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The sentence that holds much of a question, and clearly more than any other; none where there is no such one."""
    ranked = [c.score for c in candidates[:2]] + [0.0]
    bar = MATCHED_UNSPACED if re.search(f"[{UNSPACED}]", question) else MATCHED
    return tuple(candidates[:1]) if ranked[0] >= max(bar, AHEAD * ranked[1]) else ()


def _of_another_time(asked: Collection[int], in_months: Collection[str], c: Candidate) -> bool:
    """Whether a passage, or what stands over it, is of a time that holds none of the years, or is headed by other
    months than those asked for: "Minutes, 4 May 2021"."""
    passage = c.hit.passage
    over = f"{passage.heading}. {c.hit.source.title}."
    told, headed = years(f"{over} {passage.text}"), months(over)
    if in_months and headed and not headed & set(in_months):
        return True
    return bool(told) and not any(min(told) <= year <= max(told) for year in asked)


def leading(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Items of lists that are on all of a question, best first: what is written over and in the list holds its words.

    The reader scores a step by its own words, and these say little: "Turn it four times".
    """
    asked = stems(question) - _HOW
    rival = len(asked & stems(f"{candidates[0].hit.passage.heading} {candidates[0].text}")) if candidates else 0
    found = []
    for c in candidates[:LISTED]:
        span = with_list(c, asked=True)
        heading = c.hit.passage.heading or c.hit.source.title
        words = stems(f"{heading} {c.hit.passage.slice(*span)}") if span else frozenset()
        over = stems(f"{heading} {c.hit.passage.lead(c.start)}") if span else frozenset()
        if asked & over and len(asked & words) >= max(rival, MOST * len(asked)):
            found.append((len(asked & over), c))
    return [c for _, c in sorted(found, key=lambda pair: -pair[0])]


_HOW: Final = stems("describe explain instruction method procedure process step steps way")


LISTED: Final = 30
"""Candidates of which the lists are looked at."""

DATED: Final = 8
"""Candidates of which it is looked at of which years they are."""


SPOKEN: Final = 20
"""Candidates of which the speaker is looked for."""


def abstention(decisions: Sequence[Decision], searched: int, reason: Reason | None = None) -> Abstention:
    """Why there is no answer, with the passages that come nearest.

    Args:
        searched: number of sources.
        reason: default: by what was found.
    """
    hits = {hit.passage.id: hit for d in decisions for hit in d.hits}
    best = max((d.best for d in decisions), default=0.0)
    if reason is None and not hits:
        reason = Reason.NOTHING_FOUND
    elif reason is None:
        strange = best < IRRELEVANT and all(hit.cosine < UNRELATED for hit in hits.values())
        reason = Reason.NOT_RELEVANT if strange else Reason.NOT_ANSWERED
    candidates = [c for d in decisions for c in d.candidates]
    unread = {c.hit.passage.id for c in candidates if not c.read} - {c.hit.passage.id for c in candidates if c.read}
    nearest = tuple({c.hit.passage.id: c.hit for c in candidates}.values())[:NEAREST]
    return Abstention(reason, len(hits.keys() - unread), searched, nearest)
