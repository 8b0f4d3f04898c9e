"""Where sources are held against each other: questions that compare, disagreements, false premises.

No side is taken: a disagreement is two quotations and the point on which they part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

from numpy.typing import NDArray

from qa.answer.untrusted import is_order
from qa.answer.words import MEDIA, VERBS
from qa.facts import FUNCTION_WORDS, Fact, facts, fold, missing, name_key, same_name, stem
from qa.schema import Citation, Disagreement, Hit, Sentence

Judge = Callable[[Sequence[tuple[str, str]]], NDArray[Any]]
"""Pairs (evidence, claim) -> (n, 3): probability of supported, neutral, contradicted."""

NOT_BORNE_OUT: Final = "The question takes “{taken}” for granted; the sources do not bear that out."
NOT_BORNE_OUT_BUT: Final = (
    "The question takes “{taken}” for granted; the sources do not bear that out. They speak of “{found}”."
)
NOT_NAMED: Final = "Where the sources tell of this, they do not name “{taken}”."
NOT_MENTIONED: Final = "These sources do not mention “{taken}”."
NOT_A_SOURCE: Final = "“{taken}” is not among these sources, and none of them mentions it."
POINT_NUMBER: Final = "number of {what}"
POINT_FIGURE: Final = "the figure"
POINT_AMOUNT: Final = "the amount"
POINT_SHARE: Final = "the percentage"
POINT_DATE: Final = "the date"
POINT_CLAIM: Final = "the account of {what}"
POINT_PLAIN: Final = "the account given"

SHOWN: Final = 0.45
"""How alike what stands around two sentences must be for the pair to be shown: names alone do not tell two who share
one apart. Set on the tuning half of our RAMDocs questions (Wang et al. 2025, arXiv:2504.13079), where .95 of the pairs
then shown are real conflicts and not accounts of namesakes, and one in five of the conflicts is shown."""

CONTRADICTED: Final = 0.7
"""Probability of contradiction, both ways round, from which the support model alone makes a pair. Set there too."""


_TEXTS = (
    r"(?:sources?|articles?|outlets?|papers?|reports?|accounts?|authors?|texts?|documents?|newspapers?|media|"
    r"publishers?|publications?|perspectives?|sides?|views?|writers?|pieces?|studies|analys[ei]s|versions?|"
    r"narratives?|briefs?|coverage)"
)
_COMPARES = (
    rf"\b{_TEXTS}\b.*\b(?:differ\w*|disagree\w*|agree\w*|contradict\w*|conflict\w*|compare\w*|vary|varies|"
    rf"diverge\w*"
    r"|contrast\w*|at odds|in common|divided|split)\b",
    rf"\b(?:differ\w*|disagree\w*|agree\b|agreement|contradict\w*|compare\w*|comparison|contrast\w*|"
    rf"diverge\w*"
    rf"|conflicting|competing|opposing|different(?:ly)?|rival|various|in common)\b.*\b{_TEXTS}\b",
    rf"\b(?:each|both|either|every|all|other|two|three|four|five|these|those|which|what|"
    rf"how)\s+(?:\w+\s+){{0,2}}"
    rf"(?:of\s+the\s+)?{_TEXTS}\s+(?:\w+\s+){{0,3}}(?:say|says|describe|describes|see|sees|explain\w*|report|"
    r"portray\w*|characteri[sz]e\w*|present\w*|frame\w*|view|judge|assess|call|cover|treat|mention\w*|put)\b",
    rf"\bwhat\s+do(?:es)?\s+(?:each|both|all|the)\s+(?:\w+\s+){{0,3}}{_TEXTS}\s+say\b",
    r"\b(?:according\s+to|across|among|between|by)\s+(?:each|the\s+different|the\s+various|all|both|"
    r"the\s+\w+)\s+"
    r"(?:of\s+the\s+)?(?:sources|articles|outlets|papers|accounts|authors|texts|perspectives|sides)\b",
    rf"\bhow\s+(?:do|does|did)\s+(?:the\s+|different\s+|these\s+|various\s+|israeli\s+\w+\s+|"
    rf"\w+\s+){{0,4}}{_TEXTS}"
    r"\b.*\b(?:describe|see|explain|report|portray|characteri[sz]e|present|frame|view|judge|assess|call|"
    r"cover|treat)",
    r"\bwhat\s+do\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)\s+(?:each\s+)?(?:say|claim|argue|report|write|think)\b",
    r"\bhow\s+do\s+.+?\s+and\s+.+?\s+(?:differ|compare|diverge|contrast|disagree|view|see|describe|"
    r"portray|judge)\b",
    r"\b(?:compare|contrast)\b.+\b(?:and|with|to|versus|vs)\b",
    r"\b(?:do|does|did|is|are)\s+(?:the\s+|they\s+)?.*\b(?:agree|disagree|contradict\s+each\s+other|"
    r"at\s+odds)\b",
    r"\bwho\s+(?:says|said)\s+what\b|\bon\s+the\s+one\s+hand\b|\bboth\s+sides\b|\bversus\b|\bvs\.?\s",
)
_COMPARING = re.compile("|".join(_COMPARES), re.I | re.S)
_PARTIES_AGREE = re.compile(
    r"^(?:what|when|where|who|why|how many)\b[^?]*\b(?:agreed?|agreement)\b(?!.*\b(?:sources?|articles?|"
    r"outlets?|"
    r"accounts?|authors?)\b)",
    re.I,
)


_DIFFER = r"(?:differ|disagree|agree|diverge|compare|vary|conflict|contradict\s+each\s+other|part\s+ways)"
_ABOUT = r"(?:on|about|over|in|of|as\s+to|regarding|concerning|when\s+it\s+comes\s+to)"
_FRAMES = (
    rf"^(?:how|where|on\s+what|in\s+what\s+ways?)?\s*(?:do|does|did)\s+.*?\b{_TEXTS}\s+(?:\w+\s+)?{_DIFFER}\s+"
    rf"{_ABOUT}\s+(?P<topic>.+)$",
    rf"^what\s+do(?:es)?\s+.*?\b{_TEXTS}\s+(?:\w+\s+)?(?:say|write|think|report|claim)\s+{_ABOUT}\s+(?P<topic>.+)$",
    rf"^(?:compare|contrast)\s+.*?\b{_TEXTS}\s+{_ABOUT}\s+(?P<topic>.+)$",
    rf"^(?P<topic>.+?[.?!])\s+(?:how|where|do|does|what|the|put|compare|contrast)\b.*\b(?:{_TEXTS}|next\s+to)\b.*$",
)


def topic(question: str) -> str:
    """What a comparing question is about, without its frame: "How do the sources differ on X?" -> "X".

    A passage answers the topic, hardly ever the frame. A question without a frame comes back unchanged.
    """
    for frame in _FRAMES:
        if match := re.match(frame, question.strip(), re.I | re.S):
            return match["topic"]
    return question


_SEVERAL = re.compile(
    r"^\s*(?:please\s+)?(?:list|trace|enumerate|outline|summari[sz]e|name\s+(?:all|the|some|two|three|four|five))\b"
    r"|\b(?:step\s+by\s+step|one\s+by\s+one|time\s?line|chronolog\w+|sequence\s+of|in\s+(?:what|which)\s+order)\b"
    r"|\bhow\s+(?:did|has|have)\b.+\b(?:develop\w*|evolve\w*|unfold\w*|change\w*\s+(?:over|since|from))\b"
    r"|\bwhat\s+happened\s+(?:between|after|before|since|from|in)\b|\bbesides\b"
    r"|\b(?:what|which)\s+(?:\w+\s+)?(?:two|three|four|five|several|kinds|types|sorts|reasons|steps|contacts|factors|"
    r"elements|conditions|arguments|examples|names|meetings|events|groups|countries|demands|goals|measures)\b",
    re.I,
)


def asks_several(question: str) -> bool:
    """Whether a question wants a list or a course of events, which seldom stands in one sentence."""
    return bool(_SEVERAL.search(question))


def compares(question: str) -> bool:
    """Whether a question asks how sources differ, what each says, or whether they agree."""
    return bool(_COMPARING.search(question)) and not _PARTIES_AGREE.match(question)


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


_FIGURE_KINDS = ("number", "quantity", "percent", "money")
_ABOUT_TIME = re.compile(
    r"\b(?:when|what\s+(?:date|day|year|month|time)|which\s+(?:date|day|year|month)|how\s+long\s+ago)\b", re.I
)
_ABOUT_NUMBER = re.compile(
    r"\bhow\s+(?:many|much|large|big|long|far|often|old|tall|high|heavy|deep)\b|\b(?:number|amount|figure|"
    r"count|toll|total|cost|price|population|share|percentage|rate)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Said:
    """One cited sentence with what can be compared in it."""

    text: str
    citation: Citation
    facts: tuple[Fact, ...]
    stems: frozenset[str]

    def values(self, *kinds: str) -> list[Fact]:
        return [f for f in self.facts if f.kind in kinds]


def disagreements(question: str, sentences: Sequence[Sentence], judge: Judge | None = None) -> tuple[Disagreement, ...]:
    """Pairs of cited sentences from different sources that cannot both hold on the point asked.

    A figure that a later source gives otherwise is an "update". `judge` (the support model) adds opposing
    accounts that differ in no figure; without it only figures and dates are compared.
    """
    said = list(_cited(sentences))
    pairs = [(a, b) for a, b in combinations(said, 2) if a.citation.source.id != b.citation.source.id]
    probabilities = _contradictions(pairs, judge)
    found: list[Disagreement] = []
    for (a, b), contradiction in zip(pairs, probabilities, strict=True):
        point = _difference(question, a, b, contradiction)
        score = _one_subject(a, b) if point else 0.0
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
    words = (fold(w) for w in re.findall(r"[^\W_]+(?:[’'][^\W_]+)*", text))
    return frozenset(stem(_IRREGULAR.get(w, w)) for w in words if w not in FUNCTION_WORDS)


_IRREGULAR = dict(
    pair.split(":")
    for pair in "met:meet said:say led:lead told:tell left:leave held:hold won:win took:take gave:give "
    "went:go "
    "spoke:speak fought:fight began:begin born:birth built:build came:come chose:choose fell:fall "
    "flew:fly fled:flee "
    "found:find grew:grow hid:hide hit:hit kept:keep knew:know lost:lose made:make paid:pay ran:run "
    "saw:see sent:send "
    "shot:shoot sold:sell stood:stand taught:teach thought:think wrote:write bought:buy brought:bring "
    "sought:seek "
    "dead:die died:die death:die deaths:die".split()
)


def _contradictions(pairs: Sequence[tuple[_Said, _Said]], judge: Judge | None) -> list[float | None]:
    if judge is None or not pairs:
        return [None] * len(pairs)
    both = judge([(a.text, b.text) for a, b in pairs] + [(b.text, a.text) for a, b in pairs])
    n = len(pairs)
    return [float(min(both[i, 2], both[n + i, 2])) for i in range(n)]


def _difference(question: str, a: _Said, b: _Said, contradiction: float | None) -> str:
    """The point on which two sentences part; empty if they do not, or speak of two who share a name."""
    if _namesakes(a, b):
        return ""
    if _ABOUT_TIME.search(question):
        point = _dates_apart(a, b) if _event(question) & a.stems & b.stems else ""
    else:
        point = _figures_apart(question, a, b)
    if not point and contradiction is not None and contradiction >= CONTRADICTED:
        what = next((_text(a, f) for f, _ in _shared_names(a, b)), "")
        return POINT_CLAIM.format(what=what) if what else POINT_PLAIN
    return point


def _one_subject(a: _Said, b: _Said) -> float:
    """How alike the passages around two sentences are: words in common (Jaccard), figures left out."""
    left, right = _around(a), _around(b)
    return len(left & right) / max(1, len(left | right))


def _around(said: _Said) -> frozenset[str]:
    citation = said.citation
    return _stems(f"{citation.before} {citation.quote} {citation.after}") - _figures(said)


def _event(question: str) -> frozenset[str]:
    """Stems of what is said to have happened: the question's words that are not names."""
    return _stems(" ".join(word for word in re.findall(r"[\w’'-]+", question) if word.islower()))


def _namesakes(a: _Said, b: _Said) -> bool:
    """Whether the sentences name two who only share a surname, or lives of which no date agrees."""
    for f in a.values("name"):
        for g in b.values("name"):
            left, right = _name_words(_text(a, f)), _name_words(_text(b, g))
            if min(len(left), len(right)) < 2:
                continue
            if _NUMERAL.findall(_text(a, f)) != _NUMERAL.findall(_text(b, g)) and left[0] == right[0]:
                return True
            if same_name(left[-1], right[-1]) and not any(same_name(x, y) for x in left[:-1] for y in right[:-1]):
                return True
    x, y = a.values("date"), b.values("date")
    return min(len(x), len(y)) > 1 and not any(_compatible(f.value, g.value) for f in x for g in y)


_NUMERAL = re.compile(r"\b[IVX]+\b|\b\d+(?:st|nd|rd|th)\b")


def _text(said: _Said, fact: Fact) -> str:
    return said.text[fact.start : fact.end]


def _figures(said: _Said) -> frozenset[str]:
    return frozenset(s for f in said.values("date", *_FIGURE_KINDS) for s in _stems(_text(said, f)))


def _shared_names(a: _Said, b: _Said) -> list[tuple[Fact, Fact]]:
    pairs = ((f, g) for f in a.values("name") for g in b.values("name"))
    return [(f, g) for f, g in pairs if one_entity(_text(a, f), _text(b, g))]


def _dates_apart(a: _Said, b: _Said) -> str:
    left, right = a.values("date"), b.values("date")
    apart = left and right and not any(_compatible(f.value, g.value) for f in left for g in right)
    return POINT_DATE if apart else ""


def _compatible(a: str, b: str) -> bool:
    """Whether two dates, each maybe partial, can be one: "2017", "2017-10-31", "--10-31"."""
    if not (_CALENDAR_DATE.fullmatch(a) and _CALENDAR_DATE.fullmatch(b)):
        return a == b
    x, y = (re.sub(r"^--", "-----", value) for value in (a, b))
    return all(p == q or "-" in (p, q) for p, q in zip(x, y, strict=False))


_CALENDAR_DATE = re.compile(r"(?:\d{4}|-)(?:-\d\d){0,2}")


def _figures_apart(question: str, a: _Said, b: _Said) -> str:
    """The point on which figures for one thing differ; empty where one is shared or the moments differ."""
    left, right = a.values("date"), b.values("date")
    if left and right and not any(_compatible(f.value, g.value) for f in left for g in right):
        return ""  # the census of 2000 and that of 2010
    values = {f.value for f in a.values(*_FIGURE_KINDS)} & {f.value for f in b.values(*_FIGURE_KINDS)}
    asked = _stems(question)
    for kind in _FIGURE_KINDS:
        for f in a.values(kind):
            for g in b.values(kind):
                what, stems = _counted(a, f)
                if {f.value, g.value} & values or f.value == g.value or stems != _counted(b, g)[1]:
                    continue
                if kind in ("quantity", "money") and _unit(f) != _unit(g):
                    continue
                if _ABOUT_NUMBER.search(question) or compares(question) or stems in asked:
                    return _POINTS.get(kind, POINT_NUMBER).format(what=what) if what else POINT_FIGURE
    return ""


_POINTS = {"percent": POINT_SHARE, "money": POINT_AMOUNT, "quantity": POINT_FIGURE}


def _unit(fact: Fact) -> str:
    """The unit of a quantity ("30 km") or the currency of an amount ("USD 3")."""
    return fact.value.split()[1 if fact.kind == "quantity" else 0]


def _counted(said: _Said, fact: Fact) -> tuple[str, str]:
    """What a figure counts, as written and as a stem: the noun after it or before ("population of 205")."""
    after = re.match(r"[\s-]+((?:[^\W\d_]+\s+){0,2}?[^\W\d_]+)\b", said.text[fact.end :])
    words = [w for w in (after[1].split() if after else []) if fold(w) not in FUNCTION_WORDS]
    if not words:
        before = _COUNTED_BEFORE.search(said.text[: fact.start])
        words = [before[1]] if before else []
    return (words[0].lower(), stem(words[0])) if words else ("", "")


_COUNTED_BEFORE = re.compile(
    r"([^\W\d_]+)\s+(?:of|was|were|is|are|at|to|reached|stood\s+at|had\s+been)\s+(?:about|nearly|almost|"
    r"over|some|"
    r"around|roughly|more\s+than|at\s+least|approximately|estimated\s+at)?\s*$"
)


def _by_date(a: _Said, b: _Said) -> tuple[_Said, _Said]:
    """The earlier source first, where both are dated."""
    x, y = a.citation.source.published, b.citation.source.published
    return (b, a) if x and y and y < x[: len(y)] else (a, b)


def _updates(point: str, left: _Said, right: _Said) -> bool:
    """Whether the right one, later, counts anew what the left one counted, at no day that both name."""
    counted = point == POINT_FIGURE or point.startswith((POINT_NUMBER.split("{")[0], POINT_AMOUNT, POINT_SHARE))
    x, y = left.citation.source.published, right.citation.source.published
    precision = min(len(x), len(y))
    same_day = any(f.value == g.value for f in left.values("date") for g in right.values("date"))
    return counted and bool(precision) and x[:precision] < y[:precision] and not same_day


_TAKES_FOR_GRANTED = re.compile(
    r"^\W*(?:after\b[^,?]*,\s*|before\b[^,?]*,\s*|when\b[^,?]*,\s*)?(?:(?:and|but|so)\s+)?(?:(?:in|at|on|to|from|with|for)\s+)?(?:why|how|when|where|who|whom|whose|"
    r"what|which)\b",
    re.I,
)
_IN_PLACE = r"\b(?:in|at|near|to|from|outside|inside)\s+(?:the\s+)?"
_PLACE = re.compile(rf"{_IN_PLACE}((?:[A-Z][\w-]+)(?:\s+(?:of\s+)?[A-Z][\w-]+){{0,2}})(?![’'\w-])")
_Slot = Literal["place", "date", "number", "name"]


def premise(question: str, hits: Sequence[Hit]) -> str:
    """One sentence naming what a question takes for granted and the sources do not bear out; "" if nothing.

    Only a place, date or number that the passages telling the event, with the question's other names, do not give.
    A wrong accusation is worse than silence; a yes-or-no question takes nothing for granted.
    """
    if not _TAKES_FOR_GRANTED.match(question):
        return ""
    if turned := _turned_round(question, hits):
        return turned
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    slots = list(_slots(question, own))
    for taken, slot in slots:
        if any(_is_of_source(taken, hit) for hit in hits):
            continue
        others = [n for n in names if not one_entity(n, taken)]
        event = _event(question) - _stems(taken)
        telling = {hit: told for hit in hits if (told := list(_tells(hit, others, event)))}
        mentioned = [hit for hit in hits if _mentions(hit, taken, slot)]
        if any(hit in telling for hit in mentioned) or (mentioned and len(others) < 2):
            continue
        told = [sentence for sentences in telling.values() for sentence in sentences]
        if slot == "name":
            anchored = [s for s in told if _anchored(s, [(t, k) for t, k in slots if k != "name" and t != taken], hits)]
            if anchored and others:
                return NOT_NAMED.format(taken=re.sub(r"[’']s?$", "", taken))
            continue
        if slot == "number":
            counted = stem(taken.split()[-1])
            if not mentioned and any(counted == stem(c.split()[-1]) for s in told for c in _counts(s)):
                return NOT_BORNE_OUT.format(taken=taken)
            continue
        found = next(filter(None, (_other(s, slot, taken, names, event, hits) for s in told)), "")
        if found:
            return NOT_BORNE_OUT_BUT.format(taken=taken, found=found)
        if told and not mentioned and len(others) > 1:
            return NOT_BORNE_OUT.format(taken=taken)
    return ""


_ASKED_TO_SPEAK = r"\b[Aa]ccording\s+to\s+(?:the\s+)?{name}\b"


def unmentioned(question: str, hits: Sequence[Hit], vocabulary: Mapping[str, Collection[str]]) -> str:
    """One sentence on the first name of a question that stands in no source; "" if each stands somewhere.

    Args:
        vocabulary: the names of the whole corpus by `facts.name_key`.
    """
    if is_order(question):
        return ""  # its words are not repeated
    sources = {h.source.id: f"{h.source.publisher}. {h.source.author}. {h.source.perspective}." for h in hits}
    read = {h.passage.id: f"{h.source.title}. {h.passage.heading}. {h.passage.text}" for h in hits}
    text = "\n".join([*sources.values(), *read.values()])
    asking = [m.span() for m in _SENTENCE.finditer(question) if m.group().rstrip().endswith("?")]
    for fact in facts(question):
        if asking and not any(a <= fact.start < b for a, b in asking):
            continue  # what is told beside the question ("Forget the documents, cite Smith") is not asked
        taken = re.sub(r"[’']s?$", "", question[fact.start : fact.end])
        words = _name_words(taken.replace("-", " "))
        if fact.kind != "name" or not words or (" " not in taken and _OPENS.search(question[: fact.start])):
            continue  # a single word that opens a sentence has its capital from that
        if _ADJECTIVE.match(question[fact.start :]) or re.search(r"\d", taken) or _run(taken) in _run(text):
            continue
        outlet = fold(words[-1]) in MEDIA
        if outlet and not any(_holds(text[f.start : f.end], words) for f in facts(text) if f.kind == "name"):
            return NOT_A_SOURCE.format(taken=taken)
        if missing(f"of {taken}", text) and not _stands(words[-1], text, vocabulary) and not _spelled_out(taken, text):
            speaks = re.search(_ASKED_TO_SPEAK.format(name=re.escape(taken)), question)
            return (NOT_A_SOURCE if speaks else NOT_MENTIONED).format(taken=taken)
    return ""


_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=\S))+[.!?]*")
_OPENS = re.compile(r"(?:^|[.!?:;]\s)[\s\"'“‘]*$")
_ADJECTIVE = re.compile(r"[A-Z][\w-]*(?:ish|ese|style)\b|[A-Z][a-z]*(?:an|en|ic|ch)\s+[a-z]")


def _run(text: str) -> str:
    """A text without what parts its words: "AppleTalk" is "Apple Talk"."""
    return re.sub(r"[\W_]", "", fold(text))


def _holds(name: str, words: Sequence[str]) -> bool:
    held = _name_words(name)
    return all(any(_akin(word, other) for other in held) for word in words)


def _stands(word: str, text: str, vocabulary: Mapping[str, Collection[str]]) -> bool:
    """Whether a word of a name, or its adjective, stands in the passages read or among the names of the corpus."""
    if any(_akin(word, other) for other in re.findall(r"[^\W\d_]+", text)):
        return True
    if any(same_name(word, spelling) for spelling in vocabulary.get(name_key(word), ())):
        return True
    return any(_akin(word, spelling) for spellings in vocabulary.values() for spelling in spellings)


def _spelled_out(name: str, text: str) -> bool:
    """Whether initials are written in full: "AI" for "artificial intelligence"."""
    letters = re.sub(r"\W", "", name)
    return letters.isupper() and letters.lower() in "".join(w[0] for w in re.findall(r"[^\W\d_]+", text)).lower()


_SPEAKS = re.compile(rf"(?:[’']s?)?\s+(?:\w+ly\s+)?(?:{'|'.join(sorted(VERBS))})\b")
_WAY = re.compile(r"\bfrom\s+(?:the\s+)?([A-Z][\w-]+)\s+(?:back\s+)?to\s+(?:the\s+)?([A-Z][\w-]+)")


def _turned_round(question: str, hits: Sequence[Hit]) -> str:
    """ "From Doha to Damascus", where the sources say "from Damascus to Doha" and never the other."""
    told = [way for hit in hits for way in _WAY.finditer(hit.passage.text)]
    for asked in _WAY.finditer(question):
        back = [w for w in told if _akin(w[1], asked[2]) and _akin(w[2], asked[1])]
        if back and not any(_akin(w[1], asked[1]) and _akin(w[2], asked[2]) for w in told):
            return NOT_BORNE_OUT_BUT.format(taken=asked[0], found=back[0][0])
    return ""


def _slots(question: str, own: Sequence[Fact]) -> Iterator[tuple[str, _Slot]]:
    dates = [f for f in own if f.kind == "date"]
    for match in _PLACE.finditer(question):
        if not any(f.start < match.end(1) and match.start(1) < f.end for f in dates):
            yield match[1], "place"
    for fact in dates:
        yield question[fact.start : fact.end], "date"
    for fact in own:
        counted = re.match(r"\s+((?:[a-z]+\s+)?[a-z]{3,}s)\b", question[fact.end :])
        if fact.kind == "number" and counted:
            yield question[fact.start : fact.end + counted.end()], "number"
    places = [match.span(1) for match in _PLACE.finditer(question)]
    for fact in own:
        speaks = _SPEAKS.match(question[fact.end :])
        if fact.kind == "name" and not speaks and not any(a < fact.end and fact.start < b for a, b in places):
            yield question[fact.start : fact.end], "name"


def _is_of_source(taken: str, hit: Hit) -> bool:
    """Whether the words name who published or wrote the passage: "according to LBCI"."""
    source = hit.source
    own = _name_words(f"{source.publisher} {source.author}")
    words = _name_words(taken)
    return bool(words) and all(any(same_name(word, other) for other in own) for word in words)


def _anchored(sentence: str, slots: Sequence[tuple[str, _Slot]], hits: Sequence[Hit]) -> bool:
    """Whether a sentence gives a day or place that the question gives too: it tells the very event."""
    dates = [f.value for f in facts(sentence) if f.kind == "date"]
    for taken, slot in slots:
        if slot == "date":
            asked = [f.value for f in facts(f"in {taken}") if f.kind == "date"]
            if any(_compatible(d, a) and "-" in a for d in dates for a in asked):
                return True
        elif slot == "place" and all(any(_akin(w, o) for o in _name_words(sentence)) for w in _name_words(taken)):
            return True
    return False


def _mentions(hit: Hit, taken: str, slot: _Slot) -> bool:
    """Whether a passage, its heading or its source speaks of the place or date at all."""
    text = f"{hit.source.title}. {hit.passage.heading}. {hit.passage.text}"
    if slot == "number":
        held = {f.value.split()[0] for f in facts(text) if f.kind in _FIGURE_KINDS}
        return any(f.value in held for f in facts(taken) if f.kind == "number")
    if slot in ("place", "name"):
        words = _name_words(taken)[-1 if slot == "name" else 0 :]
        return all(any(_akin(word, other) for other in _name_words(text)) for word in words)
    asked = [f.value for f in facts(f"in {taken}") if f.kind == "date"]
    told = [f.value for f in facts(text) if f.kind == "date"] + [hit.source.published]
    return any(_compatible(t, a) for t in told if t for a in asked)


def _akin(a: str, b: str) -> bool:
    """Whether two words are one name or a name and its adjective: "Syria", "Syrian"."""
    short, long = sorted((fold(a), fold(b)), key=len)
    return same_name(a, b) or (len(short) > 3 and long.startswith(short[: max(4, len(short) - 1)]))


def _tells(hit: Hit, others: Sequence[str], event: frozenset[str]) -> Iterator[str]:
    """Sentences that tell the event: with a word for it, and the other names there or just before."""
    spans = hit.passage.sentences or ((hit.passage.start, hit.passage.end),)
    for before, (start, end) in zip((spans[0], *spans), spans, strict=False):
        sentence, context = hit.passage.slice(start, end), hit.passage.slice(before[0], end)
        words = _name_words(context)
        held = sum(all(any(_akin(w, o) for o in words) for w in _name_words(n)[-1:]) for n in others)
        if event & _stems(sentence) and held >= max(1, len(others) - (len(others) > 2)):
            yield sentence


def _other(
    sentence: str, slot: _Slot, taken: str, names: Sequence[str], event: frozenset[str], hits: Sequence[Hit]
) -> str:
    """The place or date that a sentence gives instead; empty if none is certain."""
    dates = [f for f in facts(sentence) if f.kind == "date"]
    if slot == "date":
        shortest = min((len(f.value) for f in facts(f"in {taken}") if f.kind == "date"), default=4)
        return next((sentence[f.start : f.end] for f in dates if len(f.value) >= shortest), "")
    for match in re.finditer(
        r"\b(?:in|at)\s+([A-Z][\w-]+(?:\s+[A-Z][\w-]+)?)(?=[,.;]|\s+(?:on|in|with|to|and)\b)", sentence
    ):
        place = match[1]
        near = " ".join(sentence[: match.start()].split()[-8:])
        dated = any(f.start <= match.start(1) < f.end for f in dates)
        if (
            event & _stems(near)
            and not dated
            and not any(one_entity(place, n) for n in names)
            and not _acts(place, hits)
        ):
            return place
    return ""


def _counts(sentence: str) -> Iterator[str]:
    """Numbers with what they count: "forty fighters"."""
    for fact in facts(sentence):
        counted = re.match(r"\s+(?:[a-z]+\s+){0,2}?[a-z]{3,}s\b", sentence[fact.end :])
        if fact.kind == "number" and counted:
            yield sentence[fact.start : fact.end + counted.end()]


def _acts(name: str, hits: Sequence[Hit]) -> bool:
    """Whether the passages show a name as somebody who acts: no place, or not only one."""
    acts = rf"\b{re.escape(name)}[’']?s?\s+(?:leaders?|officials?|says?|said|wants?|fighters|chief|statement)\b"
    return any(re.search(acts, hit.passage.text) for hit in hits)
