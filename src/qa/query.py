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
from qa.language.alike import name_words, whole_words
from qa.language.asking import ASKING, asking
from qa.language.described import BEGINNING, TITLE_WORD, description, initials, word_keys
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
    """The words that tell it from the other things that it is compared with, as `whole_words` gives them."""
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
        near: Collection[int] = range(len(self.sources))
        if self.looked_up:
            each = [{*self.looked_up.places((*word_keys(word), word))} for word in _naming(phrase)[0]]
            near = sorted(set.intersection(*each)) if each else ()
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
    said = frozenset(whole_words(side))
    others = frozenset(word for other in sides if other != side for word in whole_words(other))
    shared = said & others
    return replace(whole, text=side, asked=side, kind="fact", about=side, own=said - shared, others=others - shared)


def questions(text: str) -> tuple[str, ...]:
    """The questions that one text puts, each standing alone: "Who chairs the board, and when was she elected?"

    A text with a sentence that asks nothing is one question, and so is one whose "she" is who the other half asks for.
    """
    p = parse_question(text)
    starts: set[int] = set()
    for root in p.roots:
        inside = p.subtree(root)
        starts.add(inside[0])
        if p.tokens[inside[-1]].text != "?":
            return (text,)
        for joined in (j for i in (root, *p.children(root, "xcomp")) for j in _conjuncts(p, i)[1:]):
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


def each_in_turn(text: str) -> tuple[str, ...]:
    """The question put for each of what it asks about in turn: "Who led Acme in 2018 and in 2022?"; else nothing."""
    p = parse(text)
    if len(p.roots) != 1 or not any(t.tag in ("WP", "WDT", "WRB") for t in p.tokens[:4]):
        return ()
    for i, token in enumerate(p.tokens):
        nodes, at = _conjuncts(p, i), p.child(i, "cc")
        years = token.dep == "pobj" and all(re.fullmatch(r"\d{4}", p.tokens[j].text) for j in nodes)
        if at and len(nodes) > 1 and (years or token.dep == "prep") and p.tokens[token.head].lower != "between":
            return _spread(p, range(len(p.tokens)), at)
    return ()


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
    "account article author brief corpus coverage document handbook journal magazine manual media narrative newspaper "
    "outlet paper perspective piece policy publication publisher report review side source study text version view "
    "writer analysis broadcaster scholar researcher".split()
)
"""How a question speaks of sources, by dictionary form."""
_VIEWS: Final = frozenset("account assessment judgement judgment opinion position stance take verdict view".split())
_SEEING: Final = frozenset(
    "assess characterise characterize describe explain frame interpret judge portray present see treat view".split()
)
_DIFFERING: Final = frozenset("agree compare conflict contradict contrast differ disagree diverge vary".split())
_AGREEING: Final = frozenset("agree conflict contradict disagree".split())
"""Those that ask of sources alone: two things do not agree, people do."""
_CONTRASTS: Final = frozenset("comparison contrast difference similarity".split())
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
    kind = _kind(p)
    gist = kind == "overview" or p.text.rstrip(" ?").endswith(" about")  # of any text, by whatever it is called
    nouns = (i for i, t in enumerate(p.tokens) if t.is_noun and _as_source(p, i, gist))
    asked = (_named(_phrase(p, i).removesuffix(" about"), called) for i in nouns)
    of = () if "named" in without else tuple(named for named in asked if named.sources)
    if len({id_ for n in of for id_ in n.sources}) > 1 and len(of) > 1:
        kind = "compare"
    elif gist and of:
        kind = "overview"
    topics = (_topic(p, i) for i in range(len(p.tokens)) if kind == "overview" and not of)
    if topic := next((topic for topic in topics if topic and not _naming(topic)[1]), ""):
        return _Frame(kind, topic)
    thing = _introduced(p) if kind in ("who-is", "fact") else None
    return _Frame(kind, of=of) if thing is None else _Frame("who-is", of=of, thing=_phrase(p, thing))


def _asked(p: Parse, called: Called) -> _Frame | None:
    """Who is asked to speak: "What is the union's position on pay?", "How do the papers describe the talks?" """
    for i, token in enumerate(p.tokens):
        says = token.is_verb and token.lemma in SAYING | _SEEING
        heads: tuple[int, ...]
        if token.lemma in _VIEWS and p.tokens[token.head].lemma == "be":
            whose, heads = next(iter((*p.children(i, "poss"), *p.behind(i, "of"))), None), (i, token.head)
        else:
            told = token.head if token.dep in ("xcomp", "relcl") else i  # "What do they have to say?"
            whose, heads = next(iter((*p.children(i, "nsubj"), *p.children(told, "nsubj"))), None), (i,)
        if whose is None or (len(heads) < 2 and not (says and (p.tokens[whose].is_noun or _texts(p, whose)))):
            continue
        texts, of = _texts(p, whose), tuple(_named(_phrase(p, j), called) for j in _conjuncts(p, whose))
        sourced = texts or all(named.sources for named in of)
        asks = {p.tokens[j].lower for j in p.subtree(i) if p.tokens[j].tag in ("WP", "WDT", "WRB")}
        topic, thing = _topic(p, *heads), p.child(i, "dobj", "ccomp")
        if topic and (len(heads) > 1 or ("what" in asks and p.tokens[token.head].head == token.head)):
            # sources are held side by side, a speaker in the texts is looked for in them
            return _Frame("compare" if sourced or len(of) > 1 else "fact", topic, () if texts else of)
        how = "how" in asks and token.lemma in _SEEING
        if says and sourced and thing is not None and p.tokens[thing].tag[0] != "W" and (how or (texts and asks)):
            return _Frame("compare", p.span(p.subtree(thing)), () if texts else of)
    return None


def _compared(p: Parse, called: Called) -> _Frame | None:
    """What is held side by side: "Compare A and B", "Is A larger than B?", "across the sources"."""
    for i, token in enumerate(p.tokens):
        if token.lower in ("to", "across", "among", "between") and any(_texts(p, k) for k in p.children(i, "pobj")):
            return _Frame("compare")  # "according to each source"
        things, other, topic = _held(p, i)
        if not things:
            continue
        one, two = (p.tokens[places.start : places.stop] for places in (things, other))
        each: tuple[str, ...] = _in_full(p.text, one, two) if two else _spread(p, things) or (p.span(things),)
        of = tuple(_named(side, called) for side in each)
        sourced = all(named.sources for named in of)
        if any(_texts(p, j) and p.tokens[j].head not in things for j in things) or (len(of) > 1 and sourced):
            return _Frame("compare", topic, of if sourced else ())
        if len(each) > 1 and token.lemma not in _AGREEING:
            return _Frame("compare", sides=tuple(f"{side}, {topic}" if topic else side for side in each))
    more = _more_or_less(p)
    return _Frame("compare", sides=more) if more else None


def _held(p: Parse, i: int) -> tuple[range, range, str]:
    """Where what a word compares stands, and what apart from it, and in what: "How does A differ from B in size?" """
    token, end = p.tokens[i], len(p.tokens) - (p.tokens[-1].text in ".?!")
    links = ("with", "to", "against") if token.lemma in ("compare", "contrast") else ("from",)
    aux = [j for j in range(i) if p.tokens[j].lemma in ("be", "do")]
    start, stop, at, topic = i + 1, end, 0, ""
    if token.is_noun and token.lemma in _CONTRASTS:
        by = [j for word in ("between", "of") for j in range(i, end) if p.tokens[j].lower == word]
        start = by[0] + 1 if by else end
        if by and by[0] > i + 2 and p.tokens[i + 1].lower == "in":
            topic = p.span([i + 2, by[0] - 1])  # "the difference in price between"
    elif aux and ((token.lemma in _DIFFERING and token.lower != "compared") or token.lower == "different"):
        at = i + 1 if i + 1 < end and p.tokens[i + 1].lower in links else 0
        start, stop = aux[0] + 1, i if at or token.is_verb or i + 1 == end else aux[0] + 1
    elif token.lemma == "distinguish" or (token.lemma in ("compare", "contrast") and i == 0):
        by = [j for j in range(i + 2, end - 1) if p.tokens[j].lower in links and p.tokens[j + 1].tag != "VB"]
        joined = any(_joins(p, j) for j in range(i, end))
        at = next((j for j in by if p.tokens[j].head == i or not joined), 0)
        stop = at or end
    elif token.lower in ("vs", "versus") and not any(
        t.tag[0] == "W" or t.tag in ("MD", "VBD", "VBZ") for t in p.tokens
    ):
        start, stop, at = 0, i, i
    else:
        stop = start
    after = at + 2 if at else i + 1 if stop == i else next((j + 2 for j in range(start, stop) if _joins(p, j)), end)
    turn = next((j for j in range(after, end - 1) if _turns(p, j, i, loose=stop == i and not at)), end)
    if turn < end:
        topic = re.sub(r"^\w+ (?:terms of )?", "", p.span([turn, end - 1]))
    return range(start, min(stop, turn)), range(at + 1, turn) if at else range(0), topic


def _turns(p: Parse, at: int, verb: int, *, loose: bool) -> bool:
    """Whether a question turns here from what it compares to what in: "in terms of", "by size"."""
    token, after = p.tokens[at], p.tokens[at + 1]
    sure = loose or token.head == verb or token.lower == "by" or after.tag[0] == "W" or after.lower == "terms"
    return sure and token.lower in (*_ON, "in", "by", "as")


def _joins(p: Parse, at: int) -> bool:
    """Whether a word joins others: "and", "or"."""
    return p.tokens[at].tag == "CC" and p.tokens[at].lower not in ("both", "either")


def _spread(p: Parse, within: range, at: int | None = None) -> tuple[str, ...]:
    """Some words of a text once for each of what is joined in them, with that one in place of all; or nothing.

    Args:
        at: the place of the "and" or "or"; default: that which joins the most.
    """
    links = [j for j in within[1:] if _joins(p, j)]
    if not links:
        return ()
    at = at or max(links, key=lambda j: len(p.subtree(p.tokens[j].head)))
    first = p.tokens[at].head
    while p.tokens[first].dep == "conj":
        first = p.tokens[first].head
    joined = p.children(first, "conj")
    start, stop = within.start, within.stop
    begins = [t.lower for t in p.tokens[at + 1 : at + 3]]  # "for HEY" of "refunds for HEY at work and for HEY at home"
    like = [j for j in range(start, at) if [t.lower for t in p.tokens[j : j + 2]] == begins]
    if like:
        start = like[0]
    elif joined and first in within:
        start = max(start, _alone(p, first)[0])
        stop = min(stop, max(p.subtree(j)[-1] for j in joined) + 1)
    marks = [start - 1, *(j for j in range(start, at) if p.tokens[j].text == ","), at, stop]
    parts = [p.tokens[a + 1 : b] for a, b in pairwise(marks) if b > a + 1]
    before = p.text[p.tokens[within[0]].start : p.tokens[start].start].removesuffix("both ")
    after = p.text[p.tokens[stop - 1].end : p.tokens[within[-1]].end]
    each = _in_full(p.text, *parts) if len(parts) == 2 else [p.text[t[0].start : t[-1].end] for t in parts]
    return tuple(f"{before}{one}{after}" for one in each)


def _in_full(text: str, one: Sequence[Token], other: Sequence[Token]) -> tuple[str, str]:
    """Two things held together, each with what the other alone has: "the old and the new *bus*", "*that* of Rye"."""
    left, right = (text[t[0].start : t[-1].end] for t in (one, other))
    at = next((t for t in one[1:] if t.lower == other[0].lower != one[0].lower), None)
    nouns = [[t for t in side if t.is_noun] for side in (one, other)]
    if other[0].lower in ("that", "those") and nouns[0]:
        right = f"{text[one[0].start : nouns[0][0].end]}{text[other[0].end : other[-1].end]}"
    elif at:  # behind the same preposition, or article: "the duties of a nurse and a midwife"
        right = f"{text[one[0].start : at.start]}{right}"
    elif one[-1].tag in _BARE and nouns[1]:
        left = f"{left} {text[nouns[1][-1].start : other[-1].end]}"
    elif other[-1].tag in _BARE and one[-1].is_noun:
        right = f"{right} {one[-1].text}"
    elif same := [t for t, then in pairwise(other) if t.lower == one[-1].lower and then.is_noun]:
        left += text[same[0].end : other[-1].end]
    if other[-1].lower == "one" and one[-1].is_noun:
        right = f"{right[: -len('one')]}{one[-1].text}"
    return left, right


_BARE: Final = ("DT", "JJ", "JJR", "JJS", "VBN")
"""Words that want a noun behind them."""


def _more_or_less(p: Parse) -> tuple[str, ...]:
    """The question as it would be put of each of two: "Is A larger than B?", "A or B: which lasts longer?" """
    if turned := re.fullmatch(r"(.+ or .+?) ?[:;,–—] ?((?:which|who|what|where)\b[^,]+?)\?*", p.text, re.I):
        first, asks = turned[1][0].lower() + turned[1][1:] if p.tokens[0].tag == "DT" else turned[1], turned[2]
        p = parse(f"{asks[0].upper()}{asks[1:]}, {first}?")
    more = next((i for i, t in enumerate(p.tokens) if t.tag in ("JJR", "RBR")), len(p.tokens))
    for i, token in enumerate(p.tokens):
        to = next(iter(p.children(i, "prep", "pobj")), 0)
        compared = token.lower == "compared" and p.tokens[to].lower in ("with", "to")
        if not to or not (compared or (token.lower == "than" and more < i)):
            continue
        if compared:
            last = next((j for j in range(to, len(p.tokens)) if p.tokens[j].text in ",?."), len(p.tokens)) - 1
        else:
            last = p.phrase(to)[-1]
        other = p.tokens[i + 1 + compared : last + 1]
        alone = parse(f"{p.text[: token.start].rstrip(' ,')}?")
        if other and (one := _likened(alone, other, compared)):
            rest = p.text[other[-1].end :]
            before, after = alone.text[: one[0].start], alone.text[one[-1].end : -1]
            each = tuple(f"{before}{side}{after}{rest}" for side in _in_full(p.text, one, other))
            return each if compared else tuple(map(_measuring, each))
        return ()
    at = next((j for j in range(2, len(p.tokens)) if p.tokens[j].lower == "or" and p.tokens[j].dep == "cc"), 0)
    if more == len(p.tokens) or not at or p.tokens[p.tokens[at].head].tag[:2] in ("VB", "MD", "RB") or more == at - 1:
        return ()
    end = len(p.tokens) - (p.tokens[-1].text in ".?!")
    start = next((j + 1 for j in range(at, 0, -1) if p.tokens[j].text in ",:"), 0)  # "Which is higher, Rye or Hove?"
    start = start if start > more else 0
    before = p.text[: p.tokens[start].start]
    return tuple(_measuring(f"{before}{side}?") for side in _spread(p, range(start, end), at))


def _likened(p: Parse, other: Sequence[Token], compared: bool) -> Sequence[Token]:
    """What is of a kind with something that stands apart: behind the same preposition, or its like, or the subject;
    nothing where that is a figure, a clause or who is asked for."""
    says = {t.lemma for t in other if t.is_noun or t.tag == "CD"}
    found = [i for i, t in enumerate(p.tokens) if t.tag in ("IN", "TO") and t.lower == other[0].lower]
    if not found and compared:
        found = [i for i, t in enumerate(p.tokens) if t.is_noun or t.tag == "CD"]
        found.sort(key=lambda i: p.tokens[i].lemma in says)
    elif not found and says:
        found = [i for i, t in enumerate(p.tokens) if t.dep.startswith("nsubj") and t.tag[0] not in "PW"][:1]
    if not found:
        return ()
    at = found[-1]
    whole = p.tokens[at].head if p.tokens[at].dep == "compound" else _whole(p, at)  # "a day *ticket* cost"
    places = (
        p.subtree(at) if p.tokens[at].tag in ("IN", "TO") else [i for i in _alone(p, whole) if i <= max(_alone(p, at))]
    )
    stop = next((i for i in places if p.tokens[i].tag in ("JJR", "RBR") and not compared), len(p.tokens))
    one = p.tokens[places[0] : min(places[-1] + 1, stop)]
    figure = next((t for t in other if t.tag not in ("IN", "TO", "DT")), other[0])
    return () if figure.tag == "CD" and figure.lower != "one" and not any(t.tag == "CD" for t in one) else one


def _measuring(text: str) -> str:
    """A question of one that had "more" of something than another: "Is Rye older?" -> "How old is Rye?" """
    p = parse(text)
    at = next((i for i, t in enumerate(p.tokens) if t.tag in ("JJR", "RBR")), None)
    if at is None:
        return text
    more, after = p.tokens[at], (*p.tokens[at + 1 :], p.tokens[at])[0]
    before = text[: more.start].rstrip()
    if before.endswith((" many", " much")):  # "How many more ships came?"
        return f"{before}{text[more.end :]}"
    measure, end = more.lemma.removesuffix("er"), more.end
    measure = measure[:-2] if more.lower == f"{measure[:-2]}er" else measure  # "deeply" of "deeper"
    if more.lower in ("more", "less", "fewer"):
        measure, end = ("many" if after.tag == "NNS" else "much"), more.end
        counts = next((t for t in p.tokens[at + 1 : at + 3] if t.is_noun and after.tag[:2] in ("NN", "JJ")), None)
        if counts:
            measure, end = f"{'many' if counts.tag == 'NNS' else 'much'} {text[after.start : counts.end]}", counts.end
        elif after.tag in ("JJ", "RB"):
            measure, end = after.text, after.end
    before = re.sub(r"^(?:which|who)\s+", "", before, flags=re.I)
    rest = f"{before[:1].lower()}{before[1:]} {text[end:].lstrip(' ,:')}".strip()
    return f"How {measure} {rest}".replace(" ?", "?")


def _alone(p: Parse, of: int) -> list[int]:
    """A word with all that hangs on it, but what is joined to it: "in 2018" of "both in 2018 and in 2022"."""
    joined = {k for j in p.children(of, "conj", "cc", "preconj") for k in p.subtree(j)}
    places = [i for i in p.subtree(of) if i not in joined]
    return [i for i in places if i <= of or all(j not in joined for j in range(of, i))]


def _kind(p: Parse) -> Kind:
    """What kind of answer a question wants that asks nobody in particular."""
    root = p.roots[0] if p.roots else 0
    if {t.lemma for t in p.tokens[:6]} & _OVERVIEW or _asks_gist(p, root):
        return "overview"
    if p.tokens[root].tag == "VB" and p.tokens[root].lemma in _LISTING and root < 2:
        return "list"
    first = next((i for i, t in enumerate(p.tokens) if t.tag in ASKING), None)
    opens = next((t for t in p.tokens if t.tag[0].isalpha() and t.tag not in ("CC", "UH")), p.tokens[0])
    whether = opens.tag in ("MD", "VBZ", "VBP", "VBD") and opens.lower not in REQUESTS
    if {t.lemma for t in p.tokens if t.is_noun} & _STEPS and (first is None or not whether):
        return "how-to"
    if whether or first is None:  # "Is it paid monthly or yearly?" wants one of the two, no yes
        return "yes-no" if whether and not any(t.lower == "or" and t.dep == "cc" for t in p.tokens) else "fact"
    asks, after = p.tokens[first], (*p.tokens[first + 1 :], p.tokens[first])[0]
    verb = p.tokens[asks.head]
    if asks.lower == "how":
        subject = p.child(asks.head, "nsubj")
        doing = verb.tag == "VB" and subject is not None and p.tokens[subject].lower in ("i", "you", "we", "one")
        process = asks.dep == "advmod" and p.children(asks.head, "auxpass")  # "How is glass made?"
        if verb.is_verb and (doing or process or after.lower == "to"):
            return "how-to"
        return "number" if asks.dep == "amod" or after.tag in ("JJ", "RB") else "fact"
    if asks.lower == "what" and verb.lemma == "do" and any(p.tokens[i].tag == "MD" for i in p.children(asks.head)):
        return "how-to"  # "What should I do when the bell rings?"
    if asks.lower == "when" or after.lower in _TIMES:
        return "when"
    if asks.dep == "det" or asks.lower == "which":
        noun = verb if asks.dep == "det" else after
        verb_like = noun.tag == "VBZ" and noun.lemma not in ("be", "have", "do")  # "birds" in "Which birds nest"
        return "list" if noun.tag in ("NNS", "NNPS") or verb_like else "fact"
    return "list" if any(_several(p, i) for i in _things(p, root)) else "fact"


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
    if words and all(p.tokens[i].is_name for i in words):  # "AMC?"
        return p.roots[0]
    if not words or not (p.tokens[words[0]].tag in ("WP", "WDT") or p.tokens[words[0]].lower in _DEFINING):
        return None
    if p.tokens[p.roots[0]].lemma == "be" and len(words) == 3:  # whatever the parser takes the third for
        return words[2]
    more = any(t.dep in _SAYS_MORE or t.tag in ("JJS", "RBS") or t.lower in ("in", "on", "at", "to") for t in p.tokens)
    things = [
        i for i, t in enumerate(p.tokens)
        if (t.is_noun or t.tag == "VBG") and t.dep != "compound" and t.lemma not in _CALLED
    ]  # fmt: skip
    asks = p.tokens[p.roots[0]].lemma in ("be", *_DEFINING)
    return things[0] if asks and not more and len(things) == 1 and not _several(p, things[0]) else None


_DEFINING: Final = frozenset("define explain spell mean stand denote signify".split())
_CALLED: Final = frozenset("meaning form name abbreviation acronym definition".split())
"""Of these a question asks what stands behind them: "the meaning of HACCP"."""
_SAYS_MORE: Final = frozenset("relcl acl advcl poss xcomp ccomp".split())
"""What is asked of a thing by more than its name is no introduction."""


def _asks_gist(p: Parse, root: int) -> bool:
    """ "What is this report about?", "What are the main points?" """
    words = [t.lower for t in p.tokens if t.tag[0].isalpha()]
    thing = p.child(root, "nsubj")
    of_text = thing is not None and (p.tokens[thing].lemma in _TEXTS or p.tokens[thing].lower in ("this", "it"))
    about = words[-1:] == ["about"] and p.tokens[root].lemma in ("be", "deal", "talk") and of_text
    return about or any(
        a == "main" and b in ("points", "findings", "topics", "themes", "ideas") for a, b in pairwise(words)
    )


def _topic(p: Parse, *heads: int) -> str:
    """What stands after "about", "on" and the like behind one of some words, to the end of the sentence."""
    for i in heads:
        for j in p.children(i, "prep"):
            thing = p.child(j, "pobj", "pcomp")
            if p.tokens[j].lower in _ON and thing is not None:
                follows = [j + 1] if thing > j and p.tokens[j + 1].tag != "," else []
                return p.span([*follows, *p.subtree(thing)])
    return ""


def _whole(p: Parse, of: int) -> int:
    """The noun that a noun belongs to by "of": "the middle of June"."""
    while p.tokens[of].dep == "nummod" or p.tokens[p.tokens[of].head].lower == "of":
        of = p.tokens[of].head if p.tokens[of].dep == "nummod" else p.tokens[p.tokens[of].head].head
    return of


def _conjuncts(p: Parse, of: int) -> list[int]:
    """A word and those joined to it: "A, B and C"."""
    return [of, *(k for j in p.children(of, "conj") for k in _conjuncts(p, j))]


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


def _as_source(p: Parse, of: int, gist: bool = False) -> bool:
    """Whether a noun stands where a question names a source: after "according to", as a text or its maker, or as that
    of which the gist is wanted."""
    token = p.tokens[of]
    before = p.tokens[token.head]
    according = before.lower == "to" and p.tokens[before.head].lower == "according"
    speaks = token.dep == "nsubj" and before.lemma in SAYING
    summed = gist and (before.lower == "of" or token.dep in ("attr", "dobj", "nsubj", "ROOT"))
    return according or speaks or summed or token.lemma in _TEXTS


def _named(phrase: str, called: Called) -> Named:
    """Somebody who is to speak, and the sources that are meant, if any."""
    return Named(phrase, called(phrase))


def _naming(phrase: str) -> tuple[list[str], bool]:
    """The words of a phrase that tell which source it means, and whether it speaks of a text: "the 2017 report"."""
    words = [w for w in TITLE_WORD.findall(re.sub(r"[’']s\b", "", phrase)) if fold(w) not in FUNCTION_WORDS]
    of_text = [w for w in words if fold(w).removesuffix("s") not in _TEXTS]
    if len(of_text) < len(words):
        return of_text, True
    return [w for w in words if not w.islower()], False


def _means(phrase: str, source: Source) -> bool:
    """Whether publisher and author, or of a text all that describes it, hold each of the words that tell."""
    words, of_text = _naming(phrase)
    title = [fold(word) for word in TITLE_WORD.findall(source.title)]
    if len(title) > 1 and title == [fold(word) for word in TITLE_WORD.findall(phrase)]:
        return True
    told = name_words(description(source) if of_text else f"{source.publisher} {source.author}")
    return bool(words) and all(w == initials(source) or any(akin(w, other) for other in told) for w in words)


def asked_names(p: Parse) -> Iterator[str]:
    """The names of a question. Who begins with a capital writes names with one: "the parish book" is none."""
    names = (p.text[start:end] for start, end in named(p))
    yield from (name for name in names if not (p.text[:1].isupper() and name.islower()))
