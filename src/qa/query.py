"""Question + history + catalogue -> Query: what is asked, of whom, and what should be said of it beforehand.

`understand` is the only place that reads the question as it was put; all later stages read the `Query`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Final, Literal, Protocol

from qa import dialogue
from qa.errors import QuestionError
from qa.language import FUNCTION_WORDS, fold, meant, name_key
from qa.language.alike import name_words, stems
from qa.language.asking import asking
from qa.language.described import BEGINNING, TITLE_WORD, description, word_keys
from qa.language.names import akin, named
from qa.language.parser import REQUESTS, Parse, Token, parse, parse_question
from qa.language.speech import PRONOUNS, SAYING
from qa.language.tongue import language
from qa.schema import LONGEST_QUESTION, Abstention, Answer, Filters, Reason, Source, Turn

Kind = Literal["fact", "yes-no", "who-is", "list", "how-to", "number", "when", "compare", "overview"]
"""What would be an answer: a thing, yes or no, who or what somebody or something is, several things, steps, a count,
a time, what each of several says or is, the gist of a text."""

Point = Literal["", "time", "figure"]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who is asked to speak, as the question puts it, and the sources that are meant.

    Without sources it is a speaker in the texts, or nobody: "What does the union say about pay?"
    """

    name: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One question as all later stages know it."""

    text: str
    """Stands alone: what is searched for."""
    asked: str
    """As it was put, its names spelled as in the documents."""
    kind: Kind = "fact"
    point: Point = ""
    """Whether a time or a figure is asked for, also where several are to give it."""
    about: str = ""
    """What passages are read for: `text` without who is to speak. "What does LBCI say about Iran?" -> "Iran"."""
    of: tuple[Named, ...] = ()
    """Who is to speak of it; empty where nobody is asked in particular."""
    thing: str = ""
    """Who or what is to be introduced, where the kind is "who-is"."""
    parts: tuple[Query, ...] = ()
    """What is searched for, read and answered one by one: each side of a comparison, each of two questions; empty
    where it is one thing."""
    own: frozenset[str] = frozenset()
    """Stems of the words that tell it from the other things that it is compared with."""
    others: frozenset[str] = frozenset()
    """The same of these."""
    filters: Filters = field(default_factory=Filters)
    """Set by the person who asks, never read out of the question."""
    unknown: tuple[str, ...] = ()
    """Names that stand in no document."""
    notes: tuple[str, ...] = ()
    """What the reader of the answer should be told: how a name was read, how a follow-up was understood."""
    foreign: bool = False
    """Whether it is put in another language than English, the only one that the models read."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a query needs words")

    def within(self, filters: Filters | None) -> Query:
        """The same with filters, in all its parts."""
        parts = tuple(part.within(filters) for part in self.parts)
        return replace(self, filters=filters or Filters(), parts=parts)

    @property
    def sources(self) -> frozenset[str]:
        """Ids of the sources that it names."""
        return frozenset(id_ for named in self.of for id_ in named.sources)

    @property
    def comparing(self) -> bool:
        """Whether it is answered source by source."""
        return self.kind == "compare"


class Described(Protocol):
    """Sources, looked up by what describes them (`language.described`)."""

    def places(self, keys: Collection[str]) -> Collection[int]:
        """Places of the sources that have one of these keys."""

    def words(self, keys: Collection[str]) -> Collection[str]:
        """The words that describe sources and have one of these keys."""

    def languages(self) -> Collection[str]:
        """The languages that they are in, as ISO 639-1 codes."""


@dataclass(frozen=True)
class Catalogue:
    """What an index holds, as far as a question must be understood by it."""

    sources: Sequence[Source] = ()
    vocabulary: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The names in its documents, by `name_key`."""
    stands: Callable[[str], bool] = lambda word: True
    """Whether a word stands in a document, in any of its forms."""
    knows: Callable[[str], bool] = lambda word: True
    """Whether a word is spelled as it should be, for all the reader can tell."""

    beginning: Callable[[str], Collection[str]] | None = None
    """The names that begin so, looked up; None: found among all of `vocabulary`."""
    looked_up: Described | None = None
    """The sources, looked up by what describes them; None: all of them are read."""

    @cached_property
    def languages(self) -> Collection[str]:
        """The languages that the sources are in, as ISO 639-1 codes."""
        return self.looked_up.languages() if self.looked_up else {source.language for source in self.sources}

    @cached_property
    def _words(self) -> Collection[str]:
        return {word for source in self.sources for word in name_words(description(source))}

    def called(self, phrase: str) -> tuple[str, ...]:
        """Ids of the sources that a phrase means: by publisher, author, title, or by what it is: "the 2017 report"."""
        near = _near(phrase, self.looked_up) if self.looked_up else range(len(self.sources))
        return tuple(self.sources[n].id for n in near if _means(phrase, self.sources[n]))

    def _names(self, prefix: str) -> Collection[str]:
        if self.beginning is not None:
            return self.beginning(prefix)
        return [name for names in self.vocabulary.values() for name in names if fold(name).startswith(fold(prefix))]

    def spelled(self, word: str) -> str:
        """A word as the documents spell it: "Nasralah" -> "Nasrallah"; as it is where it is known or unclear."""
        if len(word) < 5 or self.knows(word) or self.stands(word):
            return word
        begin, alike = self._names(word[0]), self.vocabulary.get(name_key(word), ())
        return meant(word, *(_LONG_WORD.findall(" ".join(names)) for names in (begin, alike))) or word

    def lacks(self, name: str) -> bool:
        """Whether a name, however spelled, stands in no document and in no source's description."""
        words = name_words(name)
        if not words or re.search(r"\d", name) or self.stands(words[-1]):
            return False
        alike = self.vocabulary.get(name_key(words[-1]), ())
        described = self.looked_up.words(word_keys(words[-1])) if self.looked_up else self._words
        there = (*described, *alike, *self._names(fold(words[-1])[:BEGINNING]))
        return not any(akin(words[-1], other) for other in there)


Called = Callable[[str], tuple[str, ...]]
"""A phrase -> ids of the sources that it means."""
Understand = Callable[[str, Sequence[Turn], Catalogue], Query]
"""Question, turns before it and catalogue -> query: what can be passed in place of `understand`."""
Rewrite = Callable[[str, Sequence[Turn], Sequence[Source]], str]
"""A follow-up, its history and the sources it may name -> the question as it stands alone."""


def understand(
    question: str,
    history: Sequence[Turn] = (),
    catalogue: Catalogue = Catalogue(),
    *,
    rewrite: Rewrite | None = None,
    without: Collection[str] = (),
) -> Query:
    """The question as all later stages know it.

    Args:
        rewrite: makes a follow-up stand alone; only asked where there is a history; default: `dialogue.resolve`.
        without: rules left out, as in `qa.config.RULES`.

    Raises:
        QuestionError: empty, too long, or without a word.
        ModelError: the parser cannot be loaded.
    """
    rewrite = rewrite or partial(dialogue.resolve, without=without)
    put = searchable(question)
    asked = put if "spelling" in without else _LONG_WORD.sub(lambda match: catalogue.spelled(match[0]), put)
    notes = tuple(f"“{a}” was read as “{b}”" for a, b in zip(put.split(), asked.split(), strict=False) if a != b)
    asked, told = (asked, ()) if "stories" in without else asking(asked)
    text = rewrite(asked, history, catalogue.sources) if history and "follow-ups" not in without else asked
    text = _with_story(text, told, catalogue) if told else text
    several = () if "several" in without else questions(text)
    whole = _read(text, asked, catalogue, without)
    whole = replace(whole, notes=(*notes, *whole.notes))
    if len(several) == 1 and not whole.sources:
        several = each_in_turn(text)
    if len(several) < 2 or whole.parts or whole.kind == "overview" or whole.foreign:
        return whole
    return replace(
        whole, kind="fact", of=(), thing="", parts=tuple(_read(part, part, catalogue, without) for part in several)
    )


def _with_story(text: str, told: Sequence[str], catalogue: Catalogue) -> str:
    """What is asked, with what its pronouns mean in what is told beside it; a name that no source has is nobody's."""
    turns = []
    for sentence in told:
        for name in [name for name in asked_names(parse(sentence)) if catalogue.lacks(name)]:
            sentence = sentence.replace(name, "somebody")
        turns.append(Turn(sentence, Answer(sentence, (), Abstention(Reason.NOT_ANSWERED), sentence)))
    return dialogue.resolve(text, turns, without=("fragments", "subject"))


def _read(text: str, asked: str, catalogue: Catalogue, without: Collection[str]) -> Query:
    """A question that stands alone."""
    if "foreign" not in without and language(text, catalogue.languages) != "en":
        return Query(text, asked, about=text, notes=(_FOREIGN,), foreign=True)
    parsed = parse_question(text)
    frame = _Frame("fact") if "kinds" in without else _frame(parsed, catalogue.called, without)
    unknown = () if "unknown" in without else tuple(n for n in asked_names(parsed) if catalogue.lacks(n))
    whole = Query(text, asked, frame.kind, _point(parsed), frame.about or text, frame.of, frame.thing, unknown=unknown)
    if whole.comparing and len(whole.of) > 1:
        return replace(whole, parts=tuple(_asked_of(named, whole) for named in whole.of))
    if frame.sides:
        return replace(whole, parts=tuple(_side(side, frame.sides, whole) for side in frame.sides))
    return whole


def _side(side: str, sides: Sequence[str], whole: Query) -> Query:
    """The part of a query that asks of one of several things."""
    said, others = stems(side), frozenset().union(*(stems(other) for other in sides if other != side))
    shared = said & others
    return replace(whole, text=side, asked=side, kind="fact", about=side, own=said - shared, others=others - shared)


def questions(text: str) -> tuple[str, ...]:
    """The questions that one text puts, each standing alone: "Who chairs the board, and when was she elected?"

    A text with a sentence that asks nothing is one question, and so is one whose "she" is who the other half asks for.
    """
    p = parse_question(text)
    if again := _gapped(p):
        return text[: again[0]].rstrip(" ,") + "?", again[1]
    starts: set[int] = set()
    for root in p.roots:
        inside = p.subtree(root)
        starts.add(inside[0])
        if p.tokens[inside[-1]].text != "?":
            return (text,)
        for joined in _joined_clauses(p, root):
            opens = p.tokens[p.subtree(joined)[0]]
            if p.tokens[joined].is_verb and (opens.tag.startswith("W") or opens.dep in ("aux", "auxpass")):
                starts.add(p.subtree(joined)[0])
    found: list[str] = []
    for start, end in pairwise((*sorted(starts), len(p.tokens))):
        while end > start + 1 and p.tokens[end - 1].tag in ("CC", ",", ":", "."):
            end -= 1
        put = f"{p.span([start, end - 1])}?"
        before = tuple(Turn(q, Answer(q, (), Abstention(Reason.NOT_ANSWERED), q)) for q in found)
        found.append(dialogue.resolve(put[0].upper() + put[1:], before))
        if before and any(t.tag == "PRP" and t.lower in PRONOUNS for t in parse(found[-1]).tokens):
            return (text,)
    return tuple(found) if len(found) > 1 else (text,)


def _gapped(p: Parse) -> tuple[int, str] | None:
    """Where a second question begins that repeats only what is new in it, and that question in full: "What does the
    boat cost, and the bus?", "How long does the boat take, and how long the bus?" """
    words = [t.lower for t in p.tokens]
    joins = [i for i, t in enumerate(p.tokens) if t.lower == "and" and 1 < i < len(p.tokens) - 1]
    at = joins[-1] if joins else 0
    if not at or p.tokens[0].tag[0] not in "WI" or any(t.tag[:2] in ("VB", "MD") for t in p.tokens[at:]):
        return None
    comma = words[at - 1] == ","
    repeats = next((n for n, (a, b) in enumerate(zip(words, words[at + 1 :], strict=False)) if a != b), 0)
    wh = any(t.tag[0] == "W" for t in p.tokens[at + 1 : at + 1 + repeats])
    if any(t.tag[0] == "W" for t in p.tokens[at + 1 + repeats * wh :]):
        return None  # "Who signed it, and when?"
    if not (wh or comma) or "," in words[: at - 1] or not any(t.tag[:2] in ("VB", "MD") for t in p.tokens[:at]):
        return None  # "Who are Ada, Bo, and Cy?"
    first, rest = p.text[: p.tokens[at].start].rstrip(" ,") + "?", p.text[p.tokens[at + 1 + wh * repeats].start :]
    put = f"And {rest}"
    second = dialogue.resolve(put, (Turn(first, Answer(first, (), Abstention(Reason.NOT_ANSWERED), first)),))
    return None if second == put else (p.tokens[at].start, second)


def _joined_clauses(p: Parse, root: int) -> Iterator[int]:
    """The verbs joined to that of a question, or to one it governs: "How long have I to pay and who is told?" """
    for governing in (root, *p.children(root, "xcomp")):
        yield from _conjuncts(p, governing)[1:]


def each_in_turn(text: str) -> tuple[str, ...]:
    """The question put for each of what it asks about in turn: "Who led Acme in 2018 and in 2022?"; else nothing."""
    p = parse(text)
    return _spread(p, _joined(p))


def _joined(p: Parse) -> list[list[int]]:
    """The parts that a question asks about in turn: "of Rye and of Hove", "in 2018 and 2022", "both Al and Bo".

    Two names alone may be one thing, or asked of together: "the relations of Iran and Iraq".
    """
    if len(p.roots) != 1 or not any(t.tag in ("WP", "WDT", "WRB") for t in p.tokens[:4]):
        return []
    for i, token in enumerate(p.tokens):
        nodes, alike = _conjuncts(p, i), token.dep == "prep" and token.lower != "between"
        after = p.subtree(i)[-1] + 1
        if alike and [t.lower for t in p.tokens[after : after + 2]] == ["and", token.lower]:
            nodes = [i, after + 1]  # whatever the parser hangs the second one on
        alike = alike and all(p.children(j, "pobj") for j in nodes)
        ands = nodes[-1] == after + 1 or any(p.tokens[j].lower == "and" for j in p.children(i, "cc"))
        years = token.dep == "pobj" and all(re.fullmatch(r"\d{4}", p.tokens[j].text) for j in nodes)
        years = years and p.tokens[token.head].lower != "between"
        if len(nodes) > 1 and ands and (alike or years or p.children(i, "preconj")):
            return [_alone(p, j) for j in nodes]
    return []


def _asked_of(named: Named, whole: Query) -> Query:
    """The part of a query that asks one of several."""
    if named.sources:
        return replace(whole, text=whole.about, asked=whole.about, of=(named,))
    text = f"What does {named.name} say about {whole.about}?"
    return replace(whole, text=text, asked=text, kind="fact", of=(named,))


def searchable(question: str) -> str:
    """The question in one line: control characters out, blanks folded.

    Raises:
        QuestionError: empty, no letter or digit, or longer than `LONGEST_QUESTION`.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in question[: 4 * LONGEST_QUESTION]).split())
    if not plain:
        raise QuestionError("the question is empty; ask something, for example: qa ask 'Who met whom?'")
    if not any(c.isalnum() for c in plain):
        raise QuestionError(f"there is no word to search for in {plain[:60]!r}; ask in words")
    if max(len(plain), len(question) // 4) > LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(question):,} characters; ask in at most {LONGEST_QUESTION:,}. "
            "To check a long text against the sources, use `qa check`"
        )
    return plain


_FOREIGN: Final = (
    "the models read English: for a question in another language, sentences are matched by their words alone"
)

# what is asked, of whom ---------------------------------------------------------------------------------

_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_TEXTS: Final = frozenset(
    "account article author brief coverage document handbook journal magazine manual media narrative newspaper outlet "
    "paper perspective piece policy publication publisher report review side source study text version view writer "
    "analysis broadcaster scholar researcher".split()
)
"""How a question speaks of sources, by dictionary form."""
_VIEWS: Final = frozenset("account assessment judgement judgment opinion position stance take verdict view".split())
_SEEING: Final = frozenset(
    "assess characterise characterize describe explain frame interpret judge portray present see treat view".split()
)
_DIFFERING: Final = frozenset("agree compare conflict contradict contrast differ disagree diverge vary".split())
_AGREEING: Final = frozenset("agree conflict contradict disagree".split())
"""Those that ask of sources alone: two things do not agree, people do."""
_ON: Final = frozenset("about on of over regarding concerning".split())
_OVERVIEW: Final = frozenset("summarise summarize summary overview gist recap".split())
_TIMES: Final = frozenset("date day month year".split())
_FIGURES: Final = frozenset("amount cost number percentage price rate share toll".split())
_LISTING: Final = frozenset("enumerate list name outline trace".split())
_STEPS: Final = frozenset("instruction method procedure process step".split())


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: Kind
    about: str = ""
    of: tuple[Named, ...] = ()
    sides: tuple[str, ...] = ()
    thing: str = ""


def _frame(p: Parse, called: Called, without: Collection[str] = ()) -> _Frame:
    """Kind, topic and speakers of a question."""
    for name, read in (("asked", _asked), ("comparing", _compared)):
        if name not in without and (frame := read(p, called)):
            return frame
    asked = (_named(_phrase(p, i), called) for i, t in enumerate(p.tokens) if t.is_noun and _as_source(p, i))
    of = () if "named" in without else tuple(named for named in asked if named.sources)
    several = len({id_ for n in of for id_ in n.sources}) > 1 and len(of) > 1
    kind: Kind = "compare" if several else _kind(p)
    thing = _introduced(p) if kind in ("who-is", "fact") else None
    if thing is None:
        return _Frame(kind, of=of)
    return _Frame("who-is", of=of, thing=_phrase(p, thing))


def _asked(p: Parse, called: Called) -> _Frame | None:
    """Who is asked to speak: "What is the union's position on pay?", "How do the papers describe the talks?" """
    for i, token in enumerate(p.tokens):
        if token.lemma in _VIEWS and p.tokens[token.head].lemma == "be":
            whose = next(iter((*p.children(i, "poss"), *p.behind(i, "of"))), None)
            if whose is not None and (topic := _topic(p, i, token.head)):
                return _spoken(topic, _all_named(p, whose, called))
        says = token.is_verb and token.lemma in SAYING | _SEEING
        told = token.head if token.dep in ("xcomp", "relcl") else i  # "What do they have to say?"
        subject = next(iter((*p.children(i, "nsubj"), *p.children(told, "nsubj"))), None)
        if not says or subject is None or not (p.tokens[subject].is_noun or p.tokens[subject].lemma in _TEXTS):
            continue
        texts, of = _texts(p, subject), _all_named(p, subject, called)
        asks = {p.tokens[j].lower for j in p.subtree(i) if p.tokens[j].tag in ("WP", "WDT", "WRB")}
        topic = _topic(p, i)
        if "what" in asks and topic and p.tokens[token.head].head == token.head:
            return _spoken(topic, () if texts else of)
        thing = p.child(i, "dobj", "ccomp")
        if thing is None or p.tokens[thing].tag in ("WP", "WDT"):
            continue
        if texts and asks & {"how", "which", "what"}:
            return _Frame("compare", p.span(p.subtree(thing)))
        if "how" in asks and token.lemma in _SEEING and all(named.sources for named in of):
            return _Frame("compare", p.span(p.subtree(thing)), of)
    return None


def _spoken(topic: str, of: tuple[Named, ...]) -> _Frame:
    """What somebody says of a topic: sources are held side by side, a speaker in the texts is looked for in them."""
    return _Frame("compare" if len(of) > 1 or all(named.sources for named in of) else "fact", topic, of)


def _compared(p: Parse, called: Called) -> _Frame | None:
    """What is held side by side: "Compare A and B", "How do A and B differ in price?", "across the sources"."""
    if each := _measured_against(p):
        return _Frame("compare", sides=each)
    for i, token in enumerate(p.tokens):
        if any(_texts(p, text) and _over_sources(p, i) for text in p.children(i, "pobj")):
            return _Frame("compare")
        first, other = _held(p, i)
        if first is None:
            continue
        sides = [*_conjuncts(p, first), *other]
        topic = _topic(p, i, first, sides[-1], also=("in", "as"))
        if _texts(p, first):  # "the reports of 2021 and 2024"
            of = tuple(_named(side, called) for side in _each(p, i, first, sides))
            topic = "" if re.fullmatch(r"[\d\s,]*(?:and [\d\s]*)?", topic) else topic
            return _Frame("compare", topic, of if all(named.sources for named in of) else ())
        of = tuple(_named(_full(p, side, sides), called) for side in sides)
        if len(of) > 1 and all(named.sources for named in of):
            return _Frame("compare", topic, of)
        if token.lemma not in _AGREEING and (each := _each(p, i, first, sides)):
            return _Frame("compare", sides=each)
    return None


def _over_sources(p: Parse, i: int) -> bool:
    """ "across", "among", "between" the sources, "according to" each of them."""
    token = p.tokens[i]
    according = token.lower == "to" and p.tokens[token.head].lower == "according"
    return token.dep == "prep" and (according or token.lower in ("across", "among", "between"))


def _held(p: Parse, i: int) -> tuple[int | None, Sequence[int]]:
    """What a word compares, and with what else where that stands apart: "compare A with B"."""
    token, subject = p.tokens[i], p.child(i, "nsubj")
    if token.lower == "compared" and (other := p.behind(i)):
        return _whole(p, next((k for k in reversed(range(i)) if _nominal(p.tokens[k])), None)), other[:1]
    if token.lemma in _DIFFERING and subject is not None:
        return subject, p.behind(i, *(("to", "with") if token.lemma == "compare" else ("from",)))[:1]
    if token.lemma in ("compare", "contrast") and token.dep == "ROOT":
        return p.child(i, "dobj"), p.behind(i, "with", "to")[:1]
    if token.lemma in ("difference", "similarity", "comparison", "contrast"):
        return next(iter(p.behind(i, "between", "of")), None), ()
    return (i if _alternative(p, i) else None), ()


def _alternative(p: Parse, i: int) -> bool:
    """Whether a noun is the first to choose from: "Which is higher, Rye or Hove?", "Is Rye or Hove higher?" """
    or_ = any(p.tokens[j].lower == "or" for j in p.children(i, "cc"))
    thing = p.tokens[i].is_noun or p.tokens[i].dep == "prep"
    return or_ and thing and bool(p.children(i, "conj")) and any(t.tag in ("JJR", "RBR") for t in p.tokens)


def _each(p: Parse, at: int, first: int, sides: Sequence[int]) -> tuple[str, ...]:
    """The question as it would be put of each side alone: "How long is it kept, in Basecamp?"

    Args:
        at: the word that compares.
    """
    if len(sides) < 2:  # "the number of ships in 2018 and 2022"
        whole = p.subtree(first)
        if p.tokens[first].head in p.roots:
            whole = [i for i in p.subtree(p.tokens[first].head) if i >= whole[0]]
        joined = next((i for i in whole if p.children(i, "conj") and p.tokens[i].head != i), None)
        if joined is None:
            return ()
        before = p.text[p.tokens[whole[0]].start : p.tokens[min(p.subtree(joined))].start]
        each, noun, after = _conjuncts(p, joined), p.tokens[joined].head, ""
        if p.tokens[joined].dep in ("amod", "nmod", "compound") and noun > each[-1]:  # "full and associate members"
            after = f" {p.span([each[-1] + 1, *p.subtree(noun)[-1:]])}"
        return tuple(f"{before}{p.span(_alone(p, i))}{after}" for i in each)
    if at == first and (measure := _measured(p)) and p.tokens[first].dep != "prep":
        return tuple(f"{_put(measure, _full(p, side, sides))}?" for side in sides)
    if at == first:
        return _spread(p, [p.phrase(side) for side in sides])
    if p.tokens[at].lower == "compared":  # with all that follows, to the next mark
        last = next((i for i in range(at, len(p.tokens)) if p.tokens[i].text in ",?."), len(p.tokens)) - 1
        if last < at + 2:
            return ()
        start, end = p.extent(_noun(p, first))
        one = f"{p.text[: p.tokens[at].start].rstrip()}{p.text[p.tokens[last].end :]}"
        return one, f"{one[:start]}{p.span([at + 2, last])}{one[end:]}"
    by_what = p.tokens[at].dep == "ROOT" and p.tokens[at].lemma == "compare" and p.child(at, "nsubj") is None
    topic = _topic(p, at, first, sides[-1], also=("by",) if by_what else ("in", "as"))
    clause = next((t.start for t in p.tokens[at:] if t.tag[0] == "W"), None)  # "differ in when they open"
    topic = p.text[clause:].rstrip("?. ") if not topic and clause else topic
    return tuple(_of_side(topic, _full(p, side, sides).removesuffix(f" in {topic}")) for side in sides)


def _full(p: Parse, side: int, sides: Sequence[int]) -> str:
    """The phrase around one of some joined words, with the noun that only the last one has: "a full and a junior
    member"."""
    last = p.phrase(sides[-1])
    said = next((i for i in last if p.tokens[i].dep != "det"), sides[-1])
    if (p.tokens[side].tag.startswith("JJ") or p.tokens[side].text.isdigit()) and said < sides[-1]:
        return f"{_phrase(p, side)} {p.span([said + 1, last[-1]])}"
    return _phrase(p, side)


def _of_side(topic: str, side: str) -> str:
    """What is asked of one side: "how long it lasts" -> "How long does the day pass last?", "price" -> "price of
    Rye"."""
    p = parse(topic)
    if not topic or p.tokens[0].tag[0] != "W":
        return f"{topic} of {side}" if topic else side
    subject = next((i for i, t in enumerate(p.tokens) if t.dep.startswith("nsubj") and t.tag == "PRP"), None)
    if subject is None:
        return _as_question(f"{topic} in {side}")
    return _as_question(topic, side)


def _as_question(clause: str, of: str = "") -> str:
    """A clause as one asks it: "what the clubs want" -> "What do the clubs want?"; as it is where that is unclear.

    Args:
        of: stands in the place of its subject.
    """
    p = parse(clause)
    verb = p.roots[0]
    subject = p.child(verb, "nsubj", "nsubjpass")
    if subject is None or p.tokens[0].tag[0] != "W" or p.tokens[subject].tag[0] == "W":
        return clause
    (start, end), says = p.extent(p.subtree(subject)), p.tokens[verb]
    one = (parse(of).tokens[parse(of).roots[0]] if of else p.tokens[subject]).tag[-1] != "S"
    aux = says if says.lemma == "be" else next((p.tokens[i] for i in p.children(verb, "aux", "auxpass")), None)
    if aux is None:
        does = "did" if says.tag == "VBD" else "does" if one else "do"
        asked = f"{clause[:start]}{does} {of or clause[start:end]} {says.lemma}{clause[says.end :]}"
    else:
        asked = (
            f"{clause[:start]}{aux.text} {of or clause[start:end]}{clause[end : aux.start]}{clause[aux.end :].lstrip()}"
        )
    return f"{asked[0].upper()}{asked[1:].strip()}?"


def _measured(p: Parse) -> str:
    """How one asks each for what some are compared by, {} where it is to stand: "How old is {}" of "Which is older,
    Rye or Hove?", "How much does {} cost" of "Does Rye cost more than Hove?"; else empty."""
    verb = p.tokens[p.roots[0]]
    at = next((i for i, t in enumerate(p.tokens) if t.tag in ("JJR", "RBR")), None)
    if at is None or p.tokens[at].lower == "less" or not verb.is_verb:
        return ""
    more, after, *further = *p.tokens[at:], p.tokens[-1]
    if more.lower == "more" and after.tag in ("JJ", "RB"):
        more, after = after, further[0]
    aux = next((p.tokens[i].lower for i in p.children(p.roots[0], "aux")), "")
    if verb.lemma == "be":
        be = f"{aux} {{}} be" if aux else f"{verb.lower} {{}}"
        return "" if after.is_noun else f"How {more.lemma} {be}"
    does = "did" if verb.tag == "VBD" else "does"
    rest = f"{aux} {{}} {verb.lower}" if aux else f"{does} {{}} {verb.lemma}"
    if after.is_noun:
        return f"How {'many' if after.tag == 'NNS' else 'much'} {after.text} {rest}"
    return f"How {'much' if more.lower == 'more' else more.lemma} {rest}"


_COUNTING: Final = ("many", "much")
"""Behind "how", with "more" or without it."""


def _put(measure: str, side: str) -> str:
    """What is measured, asked of one: "How much do bakers earn" of "How much does {} earn"."""
    several = side[:1] and parse(side).tokens[-1].tag in ("NNS", "NNPS")
    return (measure.replace(" does {}", " do {}") if several else measure).replace("{}", side)


def _measured_against(p: Parse) -> tuple[str, ...]:
    """The question as it would be put of each of two, where one is more than the other: "Did more die in 2020 than in
    2019?"; nothing where what stands behind "than" is a figure or a clause."""
    than = next((i for i, t in enumerate(p.tokens) if t.lower == "than" and t.dep == "prep"), None)
    other = p.child(than, "prep", "pobj") if than else None
    more = next((i for i, t in enumerate(p.tokens[:than]) if t.tag in ("JJR", "RBR")), None)
    if than is None or other is None or more is None or than + 1 != min(p.subtree(other)):
        return ()
    if p.tokens[other].dep == "prep":
        alike = [i for i, t in enumerate(p.tokens[:than]) if t.dep == "prep" and t.lower == p.tokens[other].lower]
        places = p.subtree(alike[-1]) if alike else []
    else:
        subject = next((i for i, t in enumerate(p.tokens[:than]) if t.dep in ("nsubj", "nsubjpass")), None)
        if subject is None or not (p.tokens[other].is_noun or (p.tokens[other].lower == "one" and p.children(other))):
            return ()
        places = [i for i in _noun(p, subject) if i < more]
    if not places or p.tokens[places[0]].tag in ("PRP", "WP", "WDT"):
        return ()
    last = _noun(p, p.child(other, "pobj") or other)[-1]  # "than the tram on Sundays": that is said of both
    against, behind = p.span([than + 1, last]), p.text[p.tokens[last].end :].rstrip("?. ")
    if p.tokens[other].dep != "prep" and (measure := _measured(p)):
        return tuple(f"{_put(measure, side)}{behind}?" for side in (p.span(places), against))
    (start, end), rest = p.extent(places), p.text[: p.tokens[than].start].rstrip()
    each = f"{rest}{behind}?", f"{rest[:start]}{against}{rest[end:]}{behind}?"
    many = p.tokens[more - 1].text
    return tuple(part.replace(f"{many} {p.tokens[more].text}", many, 1) for part in each) if many in _COUNTING else each


def _spread(p: Parse, joined: Sequence[Sequence[int]]) -> tuple[str, ...]:
    """The text once for each of some joined parts of it, with that one in the place of all."""
    if not joined:
        return ()
    start, end = p.tokens[joined[0][0]].start, p.tokens[joined[-1][-1]].end
    before = p.text[:start].removesuffix("both ")
    return tuple(f"{before}{p.span(part)}{p.text[end:]}" for part in joined)


def _alone(p: Parse, of: int) -> list[int]:
    """A word with all that hangs on it, but what is joined to it: "in 2018" of "both in 2018 and in 2022"."""
    joined = {k for j in p.children(of, "conj", "cc", "preconj") for k in p.subtree(j)}
    places = [i for i in p.subtree(of) if i not in joined]
    return [i for i in places if i <= of or all(j not in joined for j in range(of, i))]


def _kind(p: Parse) -> Kind:
    """What kind of answer a question wants that asks nobody in particular."""
    root = next(iter(p.roots), 0)
    if {t.lemma for t in p.tokens[:6]} & _OVERVIEW or _asks_gist(p, root):
        return "overview"
    if p.tokens[root].tag == "VB" and p.tokens[root].lemma in _LISTING and root < 2:
        return "list"
    first = next((i for i, t in enumerate(p.tokens) if t.tag in ("WP", "WDT", "WRB", "WP$")), None)
    opens = next((t for t in p.tokens if t.tag[0].isalpha() and t.tag not in ("CC", "UH")), p.tokens[0])
    whether = opens.tag in ("MD", "VBZ", "VBP", "VBD") and opens.lower not in REQUESTS
    if {t.lemma for t in p.tokens if t.is_noun} & _STEPS and (first is None or not whether):
        return "how-to"
    if whether and any(t.lower == "or" and t.dep == "cc" for t in p.tokens):
        return "fact"  # "Is it paid monthly or yearly?" wants one of the two, no yes
    if whether or first is None:
        return "yes-no" if whether or opens.dep in ("aux", "auxpass") or opens.lemma in ("be", "do") else "fact"
    asks, after = p.tokens[first], p.tokens[first + 1 : first + 2]
    if _asks_what_to_do(p, first):
        return "how-to"
    if asks.lower == "how":
        return _how(p, asks, after)
    if asks.lower == "when" or any(t.lower in _TIMES for t in after):
        return "when"
    if asks.dep == "det" or asks.lower == "which":
        noun = p.tokens[asks.head if asks.dep == "det" else min(first + 1, len(p.tokens) - 1)]
        # "birds" in "Which birds nest" looks a verb
        verb_like = noun.tag == "VBZ" and noun.lemma not in ("be", "have", "do")
        return "list" if noun.tag in ("NNS", "NNPS") or verb_like else "fact"
    return "list" if any(_several(p, i) for i in _things(p, root)) else "fact"


def _how(p: Parse, how: Token, after: Sequence[Token]) -> Kind:
    """Steps ("How do I join?", "How is glass made?"), a figure ("How long", "How many"), or a manner."""
    verb, subject = p.tokens[how.head], p.child(how.head, "nsubj")
    doing = verb.tag == "VB" and subject is not None and p.tokens[subject].lower in ("i", "you", "we", "one")
    process = how.dep == "advmod" and bool(p.children(how.head, "auxpass"))
    if verb.is_verb and (doing or process or any(t.lower == "to" for t in after)):
        return "how-to"
    return "number" if how.dep == "amod" or any(t.tag in ("JJ", "RB") for t in after) else "fact"


def _asks_what_to_do(p: Parse, first: int) -> bool:
    """ "What should I do when the bell rings?" """
    verb = p.tokens[first].head
    modal = any(p.tokens[i].tag == "MD" or p.tokens[i].lower == "to" for i in p.children(verb, "aux"))
    return p.tokens[first].lower == "what" and p.tokens[verb].lemma == "do" and modal


def _point(p: Parse) -> Point:
    """Whether a time is asked for, or a figure."""
    for t, after in pairwise(p.tokens):
        if t.lower == "when" or ((t.tag == "WDT" or t.lower == "what") and after.lemma in _TIMES):
            return "time"
        if (t.lower == "how" and after.tag in ("JJ", "RB")) or (
            t.is_noun and t.lemma in _FIGURES and after.lower == "of"
        ):
            return "figure"
    return ""


def _things(p: Parse, root: int) -> list[int]:
    """What a question with "be" asks about, beside its question word: "Who is *Ada*?", "What are the *fees*?" """
    if p.tokens[root].lemma != "be":
        return []
    found = p.children(root, "nsubj", "attr")
    return [i for i in found if p.tokens[i].tag not in ("WP", "WDT")] if len(found) == 2 else []


def _several(p: Parse, at: int) -> bool:
    """Whether a noun stands for several things; one behind "a" does not, whatever the parser makes of it."""
    return p.tokens[at].tag in ("NNS", "NNPS") and not any(p.tokens[i].lower in ("a", "an") for i in p.children(at))


def _introduced(p: Parse) -> int | None:
    """Whom or what a question wants introduced: "Who is Ada?", "What is listeria?", "What does CNPM stand for?" """
    words = [i for i, t in enumerate(p.tokens) if t.tag[0].isalpha()]
    if not words:
        return None
    root, asks = p.roots[0], p.tokens[words[0]].tag in ("WP", "WDT")
    if all(p.tokens[i].is_name for i in words):  # "AMC?"
        return root
    if p.tokens[words[0]].lower in _DEFINING and len(words) < _SHORT:
        return next((i for i in reversed(words) if p.tokens[i].is_noun), None)
    if not asks:
        return None
    if p.tokens[root].lemma in _MEANING:
        behind = (*p.behind(root, "by"), *range(words[0] + 1, root))
        return next((i for i in behind if p.tokens[i].is_noun or p.tokens[i].tag == "VBG"), None)
    if p.tokens[root].lemma == "be" and len(words) == 3:  # whatever the parser takes the third for
        return words[2]
    things = _things(p, root)
    if len(things) != 1 or not p.tokens[things[0]].is_noun or _several(p, things[0]):
        return None
    if p.tokens[things[0]].lemma in _CALLED:
        return next((i for i in p.behind(things[0]) if p.tokens[i].is_noun), None)
    inside = (p.tokens[i] for i in p.subtree(things[0]) if i != things[0])
    bare = not any(t.dep in _SAYS_MORE or t.tag in ("JJS", "RBS") for t in inside)
    return things[0] if bare and not p.children(root, "prep", "advmod", "advcl", "xcomp", "ccomp") else None


_MEANING: Final = frozenset("mean stand denote signify".split())
_DEFINING: Final = frozenset("define explain spell".split())
_SHORT: Final = 8
"""Words of a request to define something."""
_CALLED: Final = frozenset("meaning form name abbreviation acronym definition".split())
"""Of these a question asks what stands behind them: "the meaning of HACCP"."""
_SAYS_MORE: Final = frozenset("prep relcl acl advcl poss".split())
"""What is asked of a thing by more than its name is no introduction: "the capital of France"."""


def _asks_gist(p: Parse, root: int) -> bool:
    """ "What is this report about?", "What are the main points?" """
    words = [t.lower for t in p.tokens if t.tag[0].isalpha()]
    thing = p.child(root, "nsubj")
    of_text = thing is not None and (
        p.tokens[thing].lemma in _TEXTS or p.tokens[thing].lower in ("corpus", "this", "it")
    )
    about = words[-1:] == ["about"] and p.tokens[root].lemma in ("be", "deal", "talk") and of_text
    return about or any(
        a == "main" and b in ("points", "findings", "topics", "themes", "ideas") for a, b in pairwise(words)
    )


def _topic(p: Parse, *heads: int, also: Collection[str] = ()) -> str:
    """What stands after "about", "on" and the like behind one of some words, to the end of the sentence."""
    for i in heads:
        for j in p.children(i, "prep"):
            thing = p.child(j, "pobj", "pcomp")
            if p.tokens[j].lower in (*_ON, *also) and thing is not None:
                follows = [j + 1] if thing > j and p.tokens[j + 1].tag != "," else []
                return p.span([*follows, *p.subtree(thing)])
    return ""


def _nominal(token: Token) -> bool:
    return token.is_noun or token.tag == "CD"


def _whole(p: Parse, of: int | None) -> int | None:
    """The noun that a noun belongs to by "of": "the middle of June"."""
    while of is not None and (p.tokens[of].dep == "nummod" or p.tokens[p.tokens[of].head].lower == "of"):
        of = p.tokens[of].head if p.tokens[of].dep == "nummod" else p.tokens[p.tokens[of].head].head
    return of


def _conjuncts(p: Parse, of: int) -> list[int]:
    """A word and those joined to it: "A, B and C"."""
    return [of, *(k for j in p.children(of, "conj") for k in _conjuncts(p, j))]


def _noun(p: Parse, at: int) -> list[int]:
    """A noun with what stands before it and what belongs to it by "of"."""
    first = at
    while first and first - 1 in p.phrase(at):
        first -= 1
    owned = [k for j in p.children(at, "prep") if p.tokens[j].lower == "of" for k in p.subtree(j)]
    return [*range(first, at + 1), *owned]


def _phrase(p: Parse, of: int) -> str:
    """The noun phrase around a word, its name in full whatever the parser makes of it, without a possessive ending."""
    inside = p.phrase(of)
    start = inside[0]
    while start and p.tokens[start].is_name and p.tokens[start - 1].is_name:
        start -= 1
    return re.sub(r"[’']s?$", "", p.span([start, inside[-1]]))


def _texts(p: Parse, of: int) -> bool:
    """Whether a word means several sources at large: "the sources", "each report", "which articles"."""
    token = p.tokens[of]
    several = token.tag == "NNS" or any(
        p.tokens[i].lower in ("each", "every", "which", "what", "both") for i in p.children(of, "det")
    )
    return token.lemma in _TEXTS and several


def _as_source(p: Parse, of: int) -> bool:
    """Whether a noun stands where a question names a source: after "according to", or as a text or its maker."""
    token = p.tokens[of]
    before = p.tokens[token.head]
    according = before.lower == "to" and p.tokens[before.head].lower == "according"
    speaks = token.dep == "nsubj" and before.lemma in SAYING
    return according or speaks or token.lemma in _TEXTS


def _all_named(p: Parse, of: int, called: Called) -> tuple[Named, ...]:
    return tuple(_named(_phrase(p, i), called) for i in _conjuncts(p, of))


def _named(phrase: str, called: Called) -> Named:
    """Somebody who is to speak, and the sources that are meant, if any."""
    return Named(phrase, called(phrase))


def _said(phrase: str) -> list[str]:
    return [w for w in TITLE_WORD.findall(re.sub(r"[’']s\b", "", phrase)) if fold(w) not in FUNCTION_WORDS]


def _near(phrase: str, sources: Described) -> Sequence[int]:
    """Places of the sources that share a key with a phrase, as those it means do."""
    words = _said(phrase)
    names = [fold(word) for word in words if not word.islower()]
    keys = [f"{what} {name}" for name in names[:1] for what in ("publisher", "title")]
    keys += [*(f"author {name}" for name in names[-1:]), *(f"initials {word}" for word in words)]
    near = {*sources.places(keys)}
    if described := _describing(words):
        near |= set.intersection(*({*sources.places(word_keys(word))} for word in described))
    return sorted(near)


def _means(phrase: str, source: Source) -> bool:
    words = _said(phrase)
    names = [fold(w) for w in words if not w.islower()]
    publisher = [fold(w) for w in name_words(source.publisher)]
    initials = "".join(word[0] for word in publisher)
    if publisher and (
        names[: len(publisher[:2])] == publisher[:2] or (len(initials) > 2 and initials.upper() in words)
    ):
        return True
    if source.author and names and names[-1] == fold(source.author.split()[-1]):
        return True
    title = [fold(w) for w in TITLE_WORD.findall(source.title)]
    if len(names) > 1 and names == title[: len(names)]:
        return True
    about, described = name_words(description(source)), _describing(words)
    return bool(described) and all(any(akin(word, other) for other in about) for word in described)


def _describing(words: Sequence[str]) -> list[str]:
    """What a phrase says of the text that it speaks of, "2017" in "the 2017 report"; none where it speaks of none."""
    described = [w for w in words if fold(w).removesuffix("s") not in _TEXTS]
    return described if len(described) < len(words) else []


def asked_names(p: Parse) -> Iterator[str]:
    """The names in the sentences that ask, or in all where none does.

    Who begins with a capital writes names with one: "the parish book" is none, whatever the parser takes it for.
    """
    cased = p.text[:1].isupper()
    ends = [t.end for t in p.tokens if t.text in ".?!"]
    asking = [e for e in ends if p.text[e - 1] == "?"]
    for start, end in named(p):
        name = p.text[start:end]
        if not (cased and name.islower()) and (not asking or next((e for e in ends if e >= end), -1) in asking):
            yield name
