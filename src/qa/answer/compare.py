"""Where sources are held against each other: questions that compare, disagreements, false premises.

No side is taken: a disagreement is two quotations and the point on which they part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

from numpy.typing import NDArray

from qa.facts import FUNCTION_WORDS, Fact, facts, fold, same_name, stem
from qa.schema import Citation, Disagreement, Hit, Sentence, Source

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

NOT_BORNE_OUT: Final = "The question takes “{taken}” for granted; the sources do not bear that out."
NOT_BORNE_OUT_BUT: Final = (
    "The question takes “{taken}” for granted; the sources do not bear that out. They speak of “{found}”."
)
POINT_NUMBER: Final = "number of {what}"
POINT_FIGURE: Final = "the figure"
POINT_AMOUNT: Final = "the amount"
POINT_SHARE: Final = "the percentage"
POINT_DATE: Final = "the date"
POINT_CLAIM: Final = "the account of {what}"
POINT_PLAIN: Final = "the account given"

SHOWN: Final = 0.5
"""Score from which a pair is shown as a disagreement."""

CONTRADICTED: Final = 0.7
"""Probability of contradiction, both ways round, from which the support model alone makes a pair."""


# -- questions that compare -----------------------------------------------------------------------------------

_TEXTS = (
    r"(?:sources?|articles?|outlets?|papers?|reports?|accounts?|authors?|texts?|documents?|newspapers?|media|"
    r"publishers?|publications?|perspectives?|sides?|views?|writers?|pieces?|studies|analys[ei]s|versions?|"
    r"narratives?|briefs?|coverage)"
)
_COMPARES = (
    rf"\b{_TEXTS}\b.*\b(?:differ\w*|disagree\w*|agree\w*|contradict\w*|conflict\w*|compare\w*|vary|varies|diverge\w*"
    r"|contrast\w*|at odds|in common|divided|split)\b",
    rf"\b(?:differ\w*|disagree\w*|agree\b|agreement|contradict\w*|compare\w*|comparison|contrast\w*|diverge\w*"
    rf"|conflicting|competing|opposing|different(?:ly)?|rival|various|in common)\b.*\b{_TEXTS}\b",
    rf"\b(?:each|both|either|every|all|other|two|three|four|five|these|those|which|what|how)\s+(?:\w+\s+){{0,2}}"
    rf"(?:of\s+the\s+)?{_TEXTS}\s+(?:\w+\s+){{0,3}}(?:say|says|describe|describes|see|sees|explain\w*|report|"
    r"portray\w*|characteri[sz]e\w*|present\w*|frame\w*|view|judge|assess|call|cover|treat|mention\w*|put)\b",
    rf"\bwhat\s+do(?:es)?\s+(?:each|both|all|the)\s+(?:\w+\s+){{0,3}}{_TEXTS}\s+say\b",
    rf"\b(?:according\s+to|across|among|between|by)\s+(?:each|the\s+different|the\s+various|all|both|the\s+\w+)\s+"
    rf"(?:of\s+the\s+)?(?:sources|articles|outlets|papers|accounts|authors|texts|perspectives|sides)\b",
    rf"\bhow\s+(?:do|does|did)\s+(?:the\s+|different\s+|these\s+|various\s+|israeli\s+\w+\s+|\w+\s+){{0,4}}{_TEXTS}"
    r"\b.*\b(?:describe|see|explain|report|portray|characteri[sz]e|present|frame|view|judge|assess|call|cover|treat)",
    r"\bwhat\s+do\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)\s+(?:each\s+)?(?:say|claim|argue|report|write|think)\b",
    r"\bhow\s+do\s+.+?\s+and\s+.+?\s+(?:differ|compare|diverge|contrast|disagree|view|see|describe|portray|judge)\b",
    r"\b(?:compare|contrast)\b.+\b(?:and|with|to|versus|vs)\b",
    r"\b(?:do|does|did|is|are)\s+(?:the\s+|they\s+)?.*\b(?:agree|disagree|contradict\s+each\s+other|at\s+odds)\b",
    r"\bwho\s+(?:says|said)\s+what\b|\bon\s+the\s+one\s+hand\b|\bboth\s+sides\b|\bversus\b|\bvs\.?\s",
)
_COMPARING = re.compile("|".join(_COMPARES), re.I | re.S)
_PARTIES_AGREE = re.compile(
    r"^(?:what|when|where|who|why|how many)\b[^?]*\b(?:agreed?|agreement)\b(?!.*\b(?:sources?|articles?|outlets?|"
    r"accounts?|authors?)\b)",
    re.I,
)


def compares(question: str) -> bool:
    """Whether a question asks how sources differ, what each says, or whether they agree."""
    return bool(_COMPARING.search(question)) and not _PARTIES_AGREE.match(question)


# -- one name, several spellings ------------------------------------------------------------------------------


def one_entity(a: str, b: str) -> bool:
    """Whether two names stand for one person, body or place: spelled otherwise, or one shorter.

    The last words decide: "al-Arouri" is "Saleh al-Aruri"; "Hassan Nasrallah" is not "Hassan Rouhani".
    """
    left, right = _name_words(a), _name_words(b)
    if not left or not right:
        return False
    short, long = sorted((left, right), key=len)
    if not same_name(short[-1], long[-1]):
        return False
    return all(any(same_name(word, other) for other in long[:-1]) for word in short[:-1])


def _name_words(name: str) -> list[str]:
    name = re.sub(r"[’']s\b", "", name)
    return [w for w in re.findall(r"[^\W_][\w’'-]*", name) if fold(w) not in FUNCTION_WORDS]


# -- disagreements --------------------------------------------------------------------------------------------

_FIGURE_KINDS = ("number", "quantity", "percent", "money")
_ABOUT_TIME = re.compile(r"\b(?:when|what\s+(?:date|day|year|month|time)|which\s+(?:date|day|year|month)|how\s+long\s+ago)\b", re.I)
_ABOUT_NUMBER = re.compile(r"\bhow\s+(?:many|much|large|big|long|far|often|old|tall|high|heavy|deep)\b|\b(?:number|amount|figure|count|toll|total|cost|price|population|share|percentage|rate)\b", re.I)


@dataclass(frozen=True, slots=True)
class _Said:
    """One cited sentence with what can be compared in it."""

    text: str
    citation: Citation
    facts: tuple[Fact, ...]
    stems: frozenset[str]

    def values(self, *kinds: str) -> list[Fact]:
        return [f for f in self.facts if f.kind in kinds]


def disagreements(
    question: str, sentences: Sequence[Sentence], judge: Judge | None = None
) -> tuple[Disagreement, ...]:
    """Pairs of cited sentences from different sources that cannot both hold on the point asked.

    A figure that a later source gives otherwise is an "update". `judge` (the support model) adds opposing
    accounts that differ in no figure; without it only figures and dates are compared.
    """
    said = list(_cited(sentences))
    pairs = [(a, b) for a, b in combinations(said, 2) if a.citation.source.id != b.citation.source.id]
    probabilities = _contradictions(pairs, judge)
    found: list[Disagreement] = []
    for (a, b), p in zip(pairs, probabilities, strict=True):
        point, score = _difference(question, a, b, p)
        if score < SHOWN:
            continue
        left, right = _by_date(a, b)
        relation: Literal["disagreement", "update"] = "update" if _updates(point, left, right) else "disagreement"
        found.append(Disagreement(left.citation, right.citation, relation, point, score))
    return tuple(sorted(found, key=lambda d: -d.score))


def _cited(sentences: Sequence[Sentence]) -> Iterator[_Said]:
    for sentence in sentences:
        for citation in sentence.citations:
            text = " ".join(citation.quote.split())
            yield _Said(text, citation, facts(text), _stems(text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem(w) for w in re.findall(r"[^\W_]+(?:[’'][^\W_]+)*", text) if fold(w) not in FUNCTION_WORDS
    )


def _contradictions(pairs: Sequence[tuple[_Said, _Said]], judge: Judge | None) -> list[float | None]:
    if judge is None or not pairs:
        return [None] * len(pairs)
    both = judge([(a.text, b.text) for a, b in pairs] + [(b.text, a.text) for a, b in pairs])
    n = len(pairs)
    return [float(min(both[i, 2], both[n + i, 2])) for i in range(n)]


def _difference(question: str, a: _Said, b: _Said, contradiction: float | None) -> tuple[str, float]:
    """The point on which two sentences part, and how sure that is (0: they do not)."""
    asked = _stems(question)
    about = (a.stems & b.stems) - _figures(a) - _figures(b)
    shared = len(about) / max(1, min(len(a.stems - _figures(a)), len(b.stems - _figures(b))))
    named = _shared_names(a, b)
    on_point = len(asked & a.stems & b.stems) / max(1, len(asked))
    same_event = min(1.0, 0.5 * shared + 0.3 * on_point + 0.1 * min(named, 2))
    point = ""
    if _ABOUT_TIME.search(question) and _apart(a.values("date"), b.values("date")):
        point = POINT_DATE
    elif not _ABOUT_TIME.search(question):
        point = _figure_apart(a, b)
        if not _ABOUT_NUMBER.search(question) and point:
            same_event *= 0.9
    if point:
        score = same_event if contradiction is None else (same_event + contradiction) / 2
        return point, score
    if contradiction is not None and contradiction >= CONTRADICTED and (named or shared > 0.3):
        what = next((f for f in a.values("name") if any(one_entity(_text(a, f), _text(b, g)) for g in b.values("name"))), None)
        return (POINT_CLAIM.format(what=_text(a, what)) if what else POINT_PLAIN), contradiction * min(1.0, 0.5 + same_event)
    return "", 0.0


def _text(said: _Said, fact: Fact) -> str:
    return said.text[fact.start : fact.end]


def _figures(said: _Said) -> frozenset[str]:
    return frozenset(s for f in said.values("date", *_FIGURE_KINDS) for s in _stems(_text(said, f)))


def _shared_names(a: _Said, b: _Said) -> int:
    return sum(any(one_entity(_text(a, f), _text(b, g)) for g in b.values("name")) for f in a.values("name"))


def _apart(left: Sequence[Fact], right: Sequence[Fact]) -> bool:
    """Whether two sets of dates have something to say and nothing in common."""
    if not left or not right:
        return False
    return not any(_compatible(f.value, g.value) for f in left for g in right)


def _compatible(a: str, b: str) -> bool:
    """Whether two dates, each maybe partial, can be one: "2017", "2017-10-31", "--10-31"."""
    x, y = ((v.replace("--", "----") if v.startswith("--") else v) for v in (a, b))
    return all(p == q or "-" in (p, q) for p, q in zip(x, y, strict=False))


def _figure_apart(a: _Said, b: _Said) -> str:
    """The point on which figures of one kind and one thing counted differ; empty where one is shared."""
    for kind in _FIGURE_KINDS:
        for f in a.values(kind):
            for g in b.values(kind):
                what, other = _counted(a, f), _counted(b, g)
                if f.value == g.value or (kind == "number" and (not what or what[1] != other[1])):
                    continue
                if kind == "quantity" and f.value.split()[1] != g.value.split()[1]:
                    continue
                if kind == "money" and f.value.split()[0] != g.value.split()[0]:
                    continue
                if any(f.value == h.value for h in b.values(kind)) or any(g.value == h.value for h in a.values(kind)):
                    continue
                return {
                    "number": POINT_NUMBER.format(what=what[0]),
                    "percent": POINT_SHARE,
                    "money": POINT_AMOUNT,
                }.get(kind, POINT_FIGURE)
    return ""


def _counted(said: _Said, fact: Fact) -> tuple[str, str]:
    """What a number counts, as written and as a stem: the first word of content after it."""
    match = re.match(r"[\s-]+((?:[^\W\d_]+\s+){0,2}?[^\W\d_]+)\b", said.text[fact.end :])
    words = [w for w in (match[1].split() if match else []) if fold(w) not in FUNCTION_WORDS]
    return (words[0].lower(), stem(words[0])) if words else ("", "")


def _by_date(a: _Said, b: _Said) -> tuple[_Said, _Said]:
    """The earlier source first, where both are dated."""
    x, y = a.citation.source.published, b.citation.source.published
    return (b, a) if x and y and y < x[: len(y)] else (a, b)


def _updates(point: str, left: _Said, right: _Said) -> bool:
    """Whether the right one, later, counts anew what the left one counted: a figure, at no day that both name."""
    if point == POINT_DATE or point in (POINT_PLAIN,) or point.startswith(POINT_CLAIM.split("{")[0]):
        return False
    x, y = left.citation.source.published, right.citation.source.published
    precision = min(len(x), len(y))
    if not precision or x[:precision] >= y[:precision]:
        return False
    return not any(f.value == g.value for f in left.values("date") for g in right.values("date"))


# -- false premises -------------------------------------------------------------------------------------------

_TAKES_FOR_GRANTED = re.compile(r"^\W*(?:and\s+|but\s+|so\s+)?(?:in\s+\w+\s+)?(?:why|how|when|where|who|whom|what|which|after)\b", re.I)
_PLACE = re.compile(r"\b(?:in|at|near|to|from|outside|inside)\s+(?:the\s+)?((?:[A-Z][\w’'-]+)(?:\s+(?:of\s+)?[A-Z][\w’'-]+){0,2})")


def premise(question: str, hits: Sequence[Hit]) -> str:
    """One sentence naming what a question takes for granted and the sources do not bear out; "" if nothing.

    Only places and dates tied to an event that a source tells, with all its other names, at another place
    or date: a wrong accusation is worse than silence.
    """
    if not _TAKES_FOR_GRANTED.match(question):
        return ""
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    for taken, kind in _slots(question, own):
        others = [n for n in names if n != taken and taken not in n]
        found = _told_otherwise(question, taken, kind, others, hits)
        if found:
            return NOT_BORNE_OUT_BUT.format(taken=taken, found=found)
    return ""


def _slots(question: str, own: Sequence[Fact]) -> Iterator[tuple[str, Literal["place", "date"]]]:
    for match in _PLACE.finditer(question):
        yield match[1], "place"
    for fact in own:
        if fact.kind == "date":
            yield question[fact.start : fact.end], "date"


def _told_otherwise(
    question: str, taken: str, kind: Literal["place", "date"], others: Sequence[str], hits: Sequence[Hit]
) -> str:
    """The place or date at which the sources put the event; empty where they bear the taken one out, or are silent."""
    if len(others) < 2:
        return ""
    event = {stem(w) for w in re.findall(r"[^\W\d_]+", question) if w.islower() and fold(w) not in FUNCTION_WORDS}
    event -= {stem(w) for w in re.findall(r"[^\W\d_]+", taken)}
    found = ""
    for hit in hits:
        passage = hit.passage
        if _mentions(passage.text, taken, kind):
            return ""
        for start, end in passage.sentences or ((passage.start, passage.end),):
            sentence = passage.slice(start, end)
            told = facts(sentence)
            names = [sentence[f.start : f.end] for f in told if f.kind == "name"]
            if not all(any(one_entity(n, m) for m in names) for n in others) or not event & _stems(sentence):
                continue
            if not found:
                found = _place_in(sentence, others) if kind == "place" else _date_in(sentence, told, taken)
    return found


def _mentions(text: str, taken: str, kind: Literal["place", "date"]) -> bool:
    if kind == "place":
        return any(one_entity(taken, name) for name in re.findall(r"[A-Z][\w’'-]+", text)) or taken in text
    mine = [f.value for f in facts(taken) if f.kind == "date"]
    return any(_compatible(f.value, m) for f in facts(text) if f.kind == "date" for m in mine)


def _place_in(sentence: str, others: Sequence[str]) -> str:
    for match in re.finditer(r"\b(?:in|at|near)\s+(?:the\s+)?((?:[A-Z][\w’'-]+)(?:\s+[A-Z][\w’'-]+)?)", sentence):
        date = any(f.kind == "date" for f in facts(match[1]))
        if not date and not any(one_entity(match[1], n) for n in others):
            return match[1]
    return ""


def _date_in(sentence: str, told: Sequence[Fact], taken: str) -> str:
    precision = {len(f.value) for f in facts(taken) if f.kind == "date"}
    return next((sentence[f.start : f.end] for f in told if f.kind == "date" and len(f.value) >= min(precision, default=4)), "")


def newer(a: Source, b: Source) -> bool:
    """Whether `a` is known to be later than `b`."""
    precision = min(len(a.published), len(b.published))
    return bool(precision) and a.published[:precision] > b.published[:precision]
