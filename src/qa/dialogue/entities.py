"""What a conversation has spoken of: names and descriptions, their sort, how much each stands in the foreground."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from qa.answer.alike import one_entity
from qa.answer.words import PERSONS
from qa.facts import FUNCTION_WORDS, Fact, facts, fold, stem
from qa.schema import Source, Turn

ANSWER_WEIGHT: Final = 0.2
"""Weight of an entity that an answer names, where one that a question names has 1."""

IN_FOREGROUND: Final = 0.4
"""Weight from which "it" may be a thing named; one that an answer mentions once weighs less."""

DESCRIBED: Final = 0.5
"""Weight of a thing that a question only describes, or names inside a description ("the tunnel near Kissufim")."""

FADES: Final = 0.85
"""Share of its weight that something keeps with each turn that has passed since."""

TURNS_READ: Final = 4
"""Turns that a follow-up can point back to."""

Sort = Literal["person", "thing", "group"]


@dataclass(frozen=True, slots=True)
class Entity:
    """Something the conversation spoke of: how, what sort, how much it stands in the foreground."""

    text: str
    sort: Sort
    weight: float = 0.0
    described: bool = False
    """Whether this is no name but a description: "the tunnel near Kissufim"."""


AUXILIARIES = "do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|may|might"

TIME_OR_PLACE = frozenset("year day date time month week city country place town".split())

PRONOUN = re.compile(r"\b(?:he|him|his|she|her|hers|it|its|they|them|their|theirs)\b", re.I)

WANTS: Final[dict[str, Sort]] = {
    **dict.fromkeys("he him his she her hers".split(), "person"),
    **dict.fromkeys("it its".split(), "thing"),
    **dict.fromkeys("they them their theirs".split(), "group"),
}

_FALLBACK: dict[Sort, tuple[frozenset[str], ...]] = {
    "person": (frozenset({"person"}), frozenset({"thing"})),
    "thing": (frozenset({"thing"}),),
    "group": (frozenset({"group", "thing", "person"}),),
}


def best(entities: Sequence[Entity], sort: Sort, own: Sequence[str]) -> str:
    """The entity most in the foreground that a pronoun can stand for."""
    left = [e for e in entities if not any(one_entity(e.text, name) for name in own)]
    for wanted in _FALLBACK[sort]:
        fits = [
            e
            for e in left
            if e.sort in wanted
            and (e.sort == sort or not e.described)
            and (e.sort != "thing" or sort == "person" or e.weight > IN_FOREGROUND)
        ]
        if fits:
            return max(fits, key=lambda e: e.weight * (1 + (e.sort == sort == "group"))).text
    return ""


def spoken_of(history: Sequence[Turn]) -> list[Entity]:
    """What was spoken of, each under its fullest name. Questions weigh more than answers, late ones more than early."""
    found: list[Entity] = []
    everything = " ".join(f"{t.searched} {answered(t)}" for t in history)
    persons = {name for turn in history for name in _meant_persons(turn)}
    for age, turn in enumerate(reversed(history[-TURNS_READ:])):
        asked = _asked_about(turn.searched, everything)
        told = [Entity(name, sort, ANSWER_WEIGHT) for name, sort in named_in(answered(turn), everything)]
        for mentions in (asked, told):
            for place, entity in enumerate(mentions):
                name, sort = entity.text, entity.sort
                if sort == "thing" and any(one_entity(name, person) for person in persons):
                    sort = "person"
                weight = entity.weight * FADES**age / (1 + 0.2 * place)
                same = (e for e in found if (e.sort, e.described) == (sort, entity.described))
                known = next((e for e in same if one_entity(e.text, name)), None)
                if known:
                    found.remove(known)
                    fuller = sort != "group" and len(name.split()) > len(known.text.split())
                    name, weight = name if fuller else known.text, weight + known.weight
                found.append(Entity(name, sort, weight, entity.described))
    return found


def _asked_about(question: str, everything: str) -> list[Entity]:
    """What a question names; where it names nothing outside of a description, what it describes."""
    named = [Entity(name, sort, 1.0) for name, sort in named_in(question, everything)]
    described = described_in(question)
    if not described or not all(any(n.text in d.text for d in described) for n in named):
        return named
    topic = question.lower().startswith("what about")
    holds = [topic or any(n.text in d.text for n in named) for d in described]
    return [
        *(replace(d, weight=1.0 if h else DESCRIBED) for d, h in zip(described, holds, strict=True)),
        *(replace(n, weight=DESCRIBED) for n in named),
    ]


def _meant_persons(turn: Turn) -> Iterator[str]:
    """Names that a follow-up, once resolved, has where "he" or "she" stood: their bearers are persons."""
    if any(WANTS[m[0].lower()] == "person" for m in PRONOUN.finditer(turn.question)):
        own = {f.value for f in facts(turn.question)}
        for f in facts(turn.searched):
            if f.kind == "name" and f.value not in own:
                yield re.sub(r"[’']s$", "", turn.searched[f.start : f.end])


_DETERMINER = re.compile(r"\b(?:the|this|that|these|those|(?P<owner>[A-Z][\w-]*[’']s?))\s+(?=[^\W\d_])", re.I)

_NOUNS = re.compile(r"[^\W\d_][\w-]*")

_WITH_NAME = re.compile(
    r"\s+(?:of|near|in|at|between|from|with)\s+(?:the\s+)?[A-Z][\w’'-]*(?:\s+(?:and\s+|of\s+)?[A-Z][\w’'-]*)*"
)


def described_in(question: str) -> list[Entity]:
    """What a question speaks of without its name: "the tunnel near Kissufim", "Iran’s foreign minister".

    What it asks for is one too: "Which unit did Norway build?" speaks of "the unit that Norway did build".
    """
    found = []
    question = question.rstrip("?.! ")
    auxiliary = re.search(rf"\b(?P<be>is|are|was|were|has|have|had)|\b(?:{AUXILIARIES})\b", question, re.I)
    for match in _DETERMINER.finditer(question):
        words: list[re.Match[str]] = []
        at = match.end()
        while (word := _NOUNS.match(question, at)) and fold(word[0]) not in FUNCTION_WORDS:
            words.append(word)
            at = word.end() + (question[word.end() : word.end() + 1] == " ")
        # "What does the study predict": of the subject's words the last is the verb
        subject = auxiliary and not content(question[auxiliary.end() : match.start()])
        if auxiliary and subject and len(words) > 1 and not re.match(r"(?:do|have|be)\b", question[at:]):
            verb = re.search(r"(?:ed|en|ing)$", words[-1][0]) if auxiliary["be"] else words[-1]
            words = words[:-1] if verb else words
        if not words or all(word[0][0].isupper() for word in words):
            continue
        head, end = words[-1][0], words[-1].end()
        if with_name := _WITH_NAME.match(question, end):
            end = with_name.end()
        text = question[match.start() : end] if match["owner"] else f"the {question[match.end() : end]}"
        found.append(Entity(text, _sort_of(head), described=True))
    asked_for = _asked_for(question)
    return [asked_for, *found] if asked_for else found


_SUBJECT = re.compile(
    r"(?:the\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*(?:\s+(?:of\s+|and\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*)*(?=\s)"
)

_NOUN_ASKED = re.compile(
    rf"(?:which\s+(?P<which>[a-z][\w-]*)|what\s+(?P<what>[a-z][\w-]*)(?=\s+(?:{AUXILIARIES})\s))\s+", re.I
)


def _asked_for(question: str) -> Entity | None:
    """What a question with "who", or "which" or "what" and a noun, asks for, as it is told there."""
    question = question.split(",")[0]
    who = re.match(rf"who\s+(?!(?:{AUXILIARIES}|else)\b)[a-z]", question, re.I)
    if who:
        return Entity(f"those who {question[who.end() - 1 :]}", "group", described=True)
    match = _NOUN_ASKED.match(question)
    noun = match and (match["which"] or match["what"]).lower()
    if not match or not noun or noun in FUNCTION_WORDS | TIME_OR_PLACE:
        return None
    rest = question[match.end() :]
    if fronted := re.match(rf"({AUXILIARIES})\s+", rest, re.I):
        rest = rest[fronted.end() :]
        subject = _SUBJECT.match(rest)
        if not subject or subject[0].endswith(("’s", "'s", "s'")):
            return Entity(f"the {noun}", _sort_of(noun), described=True)
        rest = f"{subject[0]} {fronted[1]}{rest[subject.end() :]}"
    return Entity(f"the {noun} that {rest}", _sort_of(noun), described=True)


def _sort_of(head: str) -> Sort:
    if fold(head) in PERSONS:
        return "person"
    plural = re.search(r"(?:[^sui]s|men|people|children)$", head)
    return "group" if plural else "thing"


def is_description(text: str) -> bool:
    """Whether words are a determiner and its noun, and no name."""
    return any(e.text.lower() == text.lower() for e in described_in(f"about {text}"))


def named_in(text: str, everything: str) -> Iterator[tuple[str, Sort]]:
    """Names in a text, and pairs of them as groups; `everything` said tells persons from things."""
    names = [f for f in facts(text) if f.kind == "name" and not _only_opens(text, f, everything)]
    names = [f for f in names if not _ADJECTIVE.match(text[f.start :])]
    for f in names:
        name = re.sub(r"[’']s$", "", text[f.start : f.end])
        yield name, "person" if is_person(name, everything) else "thing"
    for f, g in pairwise(names):
        if re.fullmatch(r",?\s+and\s+(?:the\s+)?", text[f.end : g.start], re.I):
            yield text[f.start : g.end], "group"


_ADJECTIVE = re.compile(r"[A-Z][a-z]+(?:ian|ean|ese|ish)\s+[a-z]")


def _only_opens(text: str, fact: Fact, everything: str) -> bool:
    """Whether a single word seems to have its capital from the start of a sentence only."""
    word = text[fact.start : fact.end]
    if " " in word or not re.search(r"(?:^|[.!?:]\s*)[\"“”]?$", text[: fact.start]):
        return False
    return not re.search(rf"[\w,]\s+{re.escape(word)}\b", everything)


_BODY = re.compile(
    r"\b(?:University|Institute|Council|Party|Army|Ministry|Company|Corporation|Records|Committee|Center|"
    r"Centre|Union|Organi[sz]ation|Post|Times|Beast|News|Agency|Bank|League|School|College|Church|Court|Front|"
    r"Movement|Brigades|Jihad|Nations|States|Strip|Street|City|River|War|Battle|Award|Prize|Festival|Museum|Orchestra|Band)s?\b"
)


def is_person(name: str, text: str) -> bool:
    """Whether a name reads like a person's: two to four words, no article, no word of a body in it."""
    if _BODY.search(name) or re.search(rf"\b[Tt]he\s+{re.escape(name)}\b", text):
        return False
    if 2 <= len(name.split()) <= 4:
        return not re.search(r"\b(?:of|the|and)\b", name)
    alone = re.escape(name)
    return bool(re.search(rf"\b(?!The\b)[A-Z][\w’'-]+\s+{alone}\b|\b{alone}\s+(?:said|says|told|wrote)\b", text))


def outlets_of(history: Sequence[Turn]) -> dict[str, str]:
    """Names of the sources of the conversation, by their folded form without article."""
    return {fold(re.sub(r"^the\s+", "", s.name, flags=re.I)): s.name for s in _sources(history)}


def _sources(history: Sequence[Turn]) -> list[Source]:
    every = [s for t in history for s in t.answer.sources] + [h.source for t in history for h in t.answer.hits]
    return list({s.id: s for s in every}.values())


def answered(turn: Turn) -> str:
    """What a turn's answer says."""
    return " ".join(sentence.text for sentence in turn.answer.sentences)


def content(text: str) -> set[str]:
    """Stems of the words of a text that mean something by themselves."""
    return {stem(w) for w in re.findall(r"[^\W\d_]+", text) if fold(w) not in FUNCTION_WORDS}
