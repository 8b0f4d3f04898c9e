"""What a conversation has spoken of: names and descriptions, their sort, how much each stands in the foreground."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from qa.dialogue.clauses import AUXILIARIES, IRREGULAR, clause_of, plural
from qa.language import FUNCTION_WORDS, Fact, facts, fold, stem
from qa.language.alike import one_entity
from qa.language.speakers import speaker
from qa.language.speech import OWN_VOICE, PERSONS, VERBS
from qa.schema import Passage, Sentence, Source, Turn

ANSWER_WEIGHT: Final = 0.2
"""Weight of an entity that an answer names, where one that a question names has 1."""

IN_FOREGROUND: Final = 0.4
"""Weight from which "it" may be a thing named; one that an answer mentions once weighs less."""

DESCRIBED: Final = 0.5
"""Weight of a thing that a question only describes, or names inside a description ("the tunnel near Kissufim")."""

WHO_ANSWERS: Final = 0.9
"""Weight of whoever the answer to a question with "who" names."""

SPEAKS: Final = 0.5
"""Weight of a person whose words an answer gives."""

A_PLACE: Final = 0.6
"""Share of its weight that a name keeps which is only where something is: "it" is then seldom that place."""

HAPPENS: Final = 0.65
"""Weight of what the best sentence of an answer tells of as happening."""

FADES: Final = 0.85
"""Share of its weight that something keeps with each turn that has passed since."""

TURNS_READ: Final = 4
"""Turns that a follow-up can point back to."""

Sort = Literal["person", "thing", "group"]


@dataclass(frozen=True, slots=True)
class History:
    """What was asked and answered, latest last, and the sources that a follow-up may name."""

    turns: tuple[Turn, ...]
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """Something the conversation spoke of: how, what sort, how much it stands in the foreground."""

    text: str
    sort: Sort
    weight: float = 0.0
    described: bool = False
    """Whether this is no name but a description: "the tunnel near Kissufim"."""
    undergoes: bool = False
    """Whether somebody in the question does something to it: "it" that acts is then that somebody."""


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


def best(entities: Sequence[Entity], sort: Sort, own: Sequence[str], *, acts: bool = False) -> str:
    """The entity most in the foreground that a pronoun can stand for; one that `acts` is not what is acted on."""
    left = [e for e in entities if not any(one_entity(e.text, name) for name in own) and not (acts and e.undergoes)]
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


def spoken_of(history: History) -> list[Entity]:
    """What was spoken of, each under its fullest name. Questions weigh more than answers, late ones more than early."""
    found: list[Entity] = []
    everything = " ".join(f"{t.searched} {answered(t)}" for t in history.turns)
    persons = {name for turn in history.turns for name in _meant_persons(turn)}
    for age, turn in enumerate(reversed(history.turns[-TURNS_READ:])):
        asked = [_as_answered(e, turn) for e in _asked_about(turn.searched, everything)]
        if thing := acted_on(turn):
            asked.insert(0, thing)
        told = [*_told_by(turn), *_named(answered(turn), everything, ANSWER_WEIGHT)]
        if age == 0:
            told += _happening_in(turn)
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
                found.append(replace(entity, text=name, sort=sort, weight=weight))
    return found


def _named(text: str, everything: str, weight: float) -> list[Entity]:
    """The names in a text; those that only say where something is weigh less."""
    found = []
    for name, sort in named_in(text, everything):
        place = sort == "thing" and re.search(
            rf"\b(?:in|at|near|from|into|through)\s+{re.escape(name)}(?![\w’'])", text
        )
        found.append(Entity(name, sort, weight * (A_PLACE if place else 1)))
    return found


def _told_by(turn: Turn) -> Iterator[Entity]:
    """Who speaks in an answer, and whom it names where the question was who."""
    asks_who = re.match(r"(?:by\s+|with\s+)?whom?\b|which\s+(?:person|man|woman)\b", turn.searched, re.I)
    who = _who_answers(turn.searched, turn.answer.sentences[0].text) if asks_who and turn.answer.sentences else ""
    if who:
        yield Entity(who, "person", WHO_ANSWERS)
    for who in dict.fromkeys(speaker_of(turn, sentence) for sentence in turn.answer.sentences):
        if who and (is_person(who, "") or fold(who.split()[-1]) in PERSONS):
            yield Entity(who, "person", SPEAKS, described=who.startswith("the "))


def _who_answers(question: str, sentence: str) -> str:
    """The person of a sentence who stands nearest to the question's own words; empty if it names none."""
    asked = content(question)
    words = [m for m in re.finditer(r"[^\W\d_]+", sentence) if m[0].islower() and stem(m[0]) in asked]
    names = [f for f in facts(sentence) if f.kind == "name" and not content(sentence[f.start : f.end]) & asked]
    persons = [f for f in names if is_person(sentence[f.start : f.end], "")]
    if not persons:
        return ""
    at = words[0].start() if words else 0
    nearest = min(persons, key=lambda f: (f.end > at, abs(at - f.end)))
    return _untitled(sentence[nearest.start : nearest.end])


def speaker_of(turn: Turn, sentence: Sentence) -> str:
    """Whose words a sentence of an answer gives, the outlet's own aside; empty if that is nobody else's."""
    cited = sentence.citations[0]
    hit = next((h for h in turn.answer.hits if h.passage.id == cited.passage_id), None)
    if hit and hit.passage.start <= cited.start < cited.end <= hit.passage.end:
        who = speaker(hit.passage, (cited.start, cited.end))
    else:
        who = speaker(Passage(cited.source.id, 0, len(sentence.text), sentence.text), (0, len(sentence.text)))
    if not who or fold(who.split()[-1]) in OWN_VOICE or fold(who) in fold(cited.source.name):
        return ""
    return _untitled(who)


_TITLE = re.compile(
    r"^(?:(?:Prime|Foreign|Defen[cs]e|Interior|Deputy|Vice|Former|US|Iranian|Israeli)\s+)*(?:Minister|President|Sheikh|"
    r"General|Secretary|Dr\.?|Mr\.?|Mrs\.?|Ms\.?|Prof\.?|Professor|Senator|King|Queen|Pope)\s+(?=[A-Z]\S+\s+\S)"
)


def _untitled(name: str) -> str:
    return _TITLE.sub("", name)


_HAPPENING = re.compile(
    r"\ban?\s+((?:[a-z]+\s+)?(?:meeting|visit|attack|talks?|conference|summit|agreement|deal|war|battle|operation|"
    r"election|vote|strike|raid|trial|study|report|rally)(?:\s+(?:in|at|near|on|of|between|with)\s+[A-Z0-9][^,.;]{0,40}?)?)"
    r"(?=[,.;]|\s+(?:between|and|that|which|where|by|with|when)\b|$)"
)


def _happening_in(turn: Turn) -> list[Entity]:
    """What the best sentence of an answer tells of as happening: "a meeting in Rome"."""
    best_sentence = turn.answer.sentences[0].text if turn.answer.sentences else ""
    return [Entity(f"the {m[1]}", "thing", HAPPENS, described=True) for m in _HAPPENING.finditer(best_sentence)][:1]


def _asked_about(question: str, everything: str) -> list[Entity]:
    """What a question names; where it names nothing outside of a description, what it describes."""
    named = _named(question, everything, 1.0)
    described = described_in(question)
    if not described or not all(any(n.text in d.text for d in described) for n in named):
        return named
    topic = question.lower().startswith("what about")
    holds = [topic or any(n.text in d.text for n in named) for d in described]
    return [
        *(replace(d, weight=1.0 if h else DESCRIBED) for d, h in zip(described, holds, strict=True)),
        *(replace(n, weight=DESCRIBED * n.weight) for n in named),
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
    r"\s+(?:of|near|in|at|between|from|with)\s+(?:the\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*"
    r"(?:\s+(?:and\s+|of\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*)*"
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
        counted = re.compile(r"(?:two|three|four|five|other)\s+").match(question, match.end())
        at = counted.end() if counted else match.end()
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
        with_name = _WITH_NAME.match(question, end)
        if with_name and with_name[0].endswith(("’s", "'s", "s’", "s'")):
            owned = re.match(
                r"\s+[a-z][\w-]*(?:\s+(?:on|in|of|at)\s+(?:the\s+)?[\w’'-]+)?", question[with_name.end() :]
            )
            end = with_name.end() + owned.end() if owned else end
        elif with_name:
            end = with_name.end()
            noun = re.match(r"(?:ian|ean|ese|ish)\s+[a-z][\w-]*", question[end - 3 :]) if end > 3 else None
            end = end - 3 + noun.end() if noun else end  # "the author of the Iranian paper"
        text = question[match.start() : end] if match["owner"] else f"the {question[match.end() : end]}"
        found.append(Entity(text, _sort_of(head), described=True))
    asked_for = _asked_for(question)
    return [asked_for, *found] if asked_for else found


_NOUN_ASKED = re.compile(
    rf"(?:which\s+(?P<which>[a-z][\w-]*)|"
    rf"what\s+(?P<what>(?:(?!(?:{AUXILIARIES})\b)[a-z][\w-]*\s+){{0,2}}[a-z][\w-]*)(?=\s+(?:(?:{AUXILIARIES})\s|[a-z]+ed\s)))\s+",
    re.I,
)


def _asked_for(question: str) -> Entity | None:
    """What a question with "who", or "which" or "what" and a noun, asks for, as it is told there."""
    question = question.split(",")[0]
    who = re.match(rf"who\s+(?!(?:{AUXILIARIES}|else)\b)[a-z]", question, re.I)
    if who:
        verb, _, rest = question[who.end() - 1 :].partition(" ")
        return Entity(f"those who {plural(verb)} {rest}".strip(), "group", described=True)
    what_is = re.match(r"what\s+(?:is|was)\s+((?:an?\s+)?((?:[a-z“\"][\w’”\"-]*(?:\s+|$)){1,4}))$", question, re.I)
    if what_is and not {fold(w) for w in what_is[2].split()} & FUNCTION_WORDS and content(what_is[2]) - _VAGUE:
        return Entity(re.sub(r"^an?\s", "the ", what_is[1]), "thing", described=True)
    if re.match(r"what\s+(?:happened|occurred|took\s+place)\s+(?:in|on|at|during|to)\s", question, re.I):
        return Entity(f"{question[0].lower()}{question[1:]}", "thing", described=True)
    match = _NOUN_ASKED.match(question)
    noun = match and (match["which"] or match["what"]).lower()
    head = noun.split()[-1] if noun else ""
    if not match or not noun or head in FUNCTION_WORDS | TIME_OR_PLACE or re.search(r"\wed$", head):
        return None
    rest = question[match.end() :]
    clause = clause_of(question)
    if clause:
        done = bool(re.match(r"(?:do|does|did)\s", rest, re.I))
        return Entity(f"the {noun} that {clause}", _sort_of(head), described=True, undergoes=done)
    if re.match(rf"(?:{AUXILIARIES})\s+", rest, re.I):
        be = re.match(r"(?:is|are|was|were|has|have|had|can|could|will|would|should|may|might)\s+[a-z]", rest, re.I)
        return Entity(f"the {noun} that {rest}" if be else f"the {noun}", _sort_of(head), described=True)
    return Entity(f"the {noun} that {rest}", _sort_of(head), described=True)


def _as_answered(entity: Entity, turn: Turn) -> Entity:
    """What a question asked for, by the answer's fuller name for it: "the naval unit that Norway built"."""
    match = re.match(r"the ([a-z-]+) that ", entity.text)
    if not match:
        return entity
    told = re.search(rf"\b(?:an?|the|its|their)\s+((?:[a-z-]+\s+){{1,3}}){match[1]}\b", around(turn))
    words = told[1].split() if told else []
    if not words or FUNCTION_WORDS & {fold(w) for w in words}:
        return entity
    clause = clause_of(turn.searched)
    verb, _, _ = clause.predicate.partition(" ") if clause else ("", "", "")
    short = (
        f"{clause.subject} {verb}" if clause and not ENDS_OPEN.search(clause.predicate) else entity.text[match.end() :]
    )
    return replace(entity, text=f"the {' '.join(words)} {match[1]} that {short}")


def around(turn: Turn) -> str:
    """What an answer says, and what stands before and after its best sentence."""
    cited = turn.answer.sentences[0].citations[0] if turn.answer.sentences else None
    return f"{answered(turn)} {cited.before} {cited.after}" if cited else ""


ENDS_OPEN = re.compile(
    r"^(?:is|are|was|were|has|have|had|can|could|will|would)\b|\b(?:of|on|about|for|to|with|from|in|at|by)$"
)
"""Predicates that cannot be cut after the verb: they begin with an auxiliary, or end with a preposition."""


def acted_on(turn: Turn) -> Entity | None:
    """What a question with "what" alone asks for, by the answer's own word for it: "the tunnel that Israel dug"."""
    clause = clause_of(turn.searched)
    if not clause or clause.asks.lower() != "what" or not turn.answer.sentences:
        return None
    verb, _, _ = clause.predicate.partition(" ")
    if verb in VERBS or content(verb) <= _VAGUE or ENDS_OPEN.search(clause.predicate):
        return None
    told = re.search(
        rf"\b{re.escape(verb)}\s+(?:an?|the|its|their|his|her)\s+((?:[a-z-]+\s+)?[a-z-]+)(?=[,.;]|\s)",
        turn.answer.sentences[0].text,
    )
    words = told[1].split() if told else []
    while words and (words[-1] in FUNCTION_WORDS):
        words.pop()
    if not words:
        return None
    return Entity(f"the {' '.join(words)} that {clause}", _sort_of(words[-1]), 1.5, described=True, undergoes=True)


_VAGUE = frozenset(stem(w) for w in "do happen mean make have get give become come go".split())


def _sort_of(head: str) -> Sort:
    if fold(head) in PERSONS | {"author", "writer", "speaker"}:
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
        person = is_person(name, everything)
        yield name if person else _with_article(text, f, name), "person" if person else "thing"
    for f, g in pairwise(names):
        if re.fullmatch(r",?\s+and\s+(?:the\s+)?", text[f.end : g.start], re.I):
            yield text[f.start : g.end], "group"


_DONE = re.compile(IRREGULAR)


def _with_article(text: str, fact: Fact, name: str) -> str:
    """A name as it is used: "the Houthis"; not "the Gazette" of "the Gazette report"."""
    follows = re.match(r"\s+([a-z]+)", text[fact.end :])
    before = re.search(r"\bthe\s+$", text[: fact.start], re.I)
    noun = (
        follows
        and follows[1] not in FUNCTION_WORDS
        and not (name.endswith("s") and follows[1].endswith("ed"))
        and not _DONE.fullmatch(follows[1])
    )
    return f"the {name}" if before and not noun else name


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
    name = _untitled(name)
    if 2 <= len(name.split()) <= 4:
        return not re.search(r"\b(?:of|the|and)\b", name)
    alone = re.escape(name)
    first = re.findall(rf"\b([A-Z][\w’'-]+)\s+{alone}\b", text)
    if any(fold(word) not in FUNCTION_WORDS for word in first):
        return True
    return bool(re.search(rf"\b{alone}\s+(?:said|says|told|wrote)\b", text))


def outlets_of(history: History) -> dict[str, str]:
    """Names of the sources that are asked, or were in the conversation, by their folded form without article."""
    found = (hit.source for turn in history.turns for hit in turn.answer.hits)
    cited = (source for turn in history.turns for source in turn.answer.sources)
    every = (*history.sources, *found, *cited)
    return {fold(re.sub(r"^the\s+", "", source.name, flags=re.I)): source.name for source in every}


def answered(turn: Turn) -> str:
    """What a turn's answer says."""
    return " ".join(sentence.text for sentence in turn.answer.sentences)


def content(text: str) -> set[str]:
    """Stems of the words of a text that mean something by themselves."""
    return {stem(w) for w in re.findall(r"[^\W\d_]+", text) if fold(w) not in FUNCTION_WORDS}
