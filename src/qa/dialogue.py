"""A follow-up becomes a question that stands alone.

A question that stands alone comes back unchanged: it has a name or a subject of its own and no word that points back.
Else what points back is replaced by what the conversation spoke of last and most, what is left out is taken from
the last question, and what names nothing gets its subject from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from qa.language import facts, missing, stem
from qa.language.alike import one_entity
from qa.language.names import named
from qa.language.parser import Parse, Token, expletive, parse, parse_question, persons
from qa.language.speech import OWN_VOICE, PERSONS, POINTING, PRONOUNS
from qa.schema import Source, Span, Turn

TURNS_READ: Final = 4
"""Turns that a follow-up can point back to."""
FADES: Final = 0.85
"""Share of its weight that something keeps with each turn that has passed since."""
TOLD: Final = 0.2
"""Weight of what an answer names, where what a question names has 1; of whom an answer to "who" names: see `WHO`."""
WHO: Final = 0.9
DESCRIBED: Final = 0.5
"""Weight of what a question only describes: "the tunnel"."""

PROMPT: Final = """\
Rewrite the last question of this conversation so that it can be understood without the conversation.
Put names where it has pronouns and complete what it leaves out. Add nothing that is not in the conversation.
If it already stands alone, or starts a new topic, repeat it unchanged. Reply with the question only.

{conversation}
Last question: {question}
Rewritten question:"""

Sort = Literal["person", "thing", "group"]

_STANDS_FOR: Final[dict[Sort, dict[Sort, float]]] = {
    "person": {"person": 1.0, "thing": 0.4},
    "thing": {"thing": 1.0},
    "group": {"group": 2.0, "thing": 1.0, "person": 1.0},
}
"""What a pronoun of each sort may mean, and how much likelier one is than another."""
_ARGUMENTS: Final = ("dobj", "pobj", "nsubj", "nsubjpass", "csubj", "attr")
_REPLACED: Final = ("nsubj", "nsubjpass", "dobj")
"""What a fragment takes the place of, where the last question has no name."""
_ANYBODY: Final = frozenset("anybody anyone everybody everyone nobody somebody someone".split())
"""Whom "they" may mean though each is one."""
_LEAD = re.compile(
    r"^(?:(?:thanks|thank you|great|fine|good|interesting|i see|right|sure|please|ok|okay|hi|hello|well)\b[\s,.!;:–—-]*"
    r"|(?:and|but|so|then|or|also)\b[\s,]*|(?:no|sorry|actually|wait|rather)\s*[,.;:–—-]+\s*|i\s+meant?\b[\s,:]*)+(?=\w)",
    re.I,
)
_ABOUT = re.compile(r"^(?:what|how)\s+about\s+(?=\w)", re.I)
_LIGHT: Final = frozenset(
    "thing article aspect fact detail example reason time year part way effect result purpose name kind type sort "
    "information anything something anyone someone everything else outcome cause response reaction date place other "
    "hour day week month".split()
)
"""Nouns that name no subject of their own."""


def resolve(
    question: str, turns: Sequence[Turn], sources: Sequence[Source] = (), *, without: Collection[str] = ()
) -> str:
    """The question as it would be asked without the conversation; unchanged where it already stands alone.

    Args:
        turns: the conversation, latest last.
        sources: not needed here; a rewriter may be given what it may name.
        without: rules left out, as in `qa.config.RULES`.

    Raises:
        ModelError: the parser cannot be loaded.
    """
    put = _LEAD.sub("", question)
    if not turns or not put:
        return question
    last = turns[-1]
    p = parse_question(put)
    if "fragments" not in without and (found := _fragment(p, last)):
        return _capital(found)
    spoken = list(_spoken_of(turns[-TURNS_READ:]))
    if "pronouns" not in without:
        p = parse_question(_with_deed(p, parse_question(last.searched)))
    resolved = p.text if "pronouns" in without else _replaced(p, spoken, last)
    if resolved == put and "subject" not in without:
        resolved = _with_subject(p, spoken, turns)
    if "subject" not in without:
        resolved = _at_that_time(resolved, last.searched)
    return question if resolved == put else _capital(resolved)


def resolve_with(
    reply: Callable[[str], str], question: str, turns: Sequence[Turn], sources: Sequence[Source] = ()
) -> str:
    """As `resolve`, by a language model; by the rules where it fails or strays.

    A rewrite strays when it holds a name, number or date that is in neither the question nor the
    conversation, is empty, or runs on.

    Args:
        reply: what the language model answers to a prompt.
    """
    by_rule = resolve(question, turns, sources)
    if not turns:
        return by_rule
    conversation = "\n".join(f"Question: {t.searched}\nAnswer: {_answered(t)}" for t in turns[-TURNS_READ:])
    try:
        written = reply(PROMPT.format(conversation=conversation, question=question))
    except Exception:  # any failure of any provider: the rules answer, nothing is lost
        return by_rule
    rewrite = written.strip().strip('"“”').strip()
    runs_on = "\n" in rewrite or len(rewrite) > 2 * len(question) + 300
    strays = not rewrite or runs_on or missing(rewrite, f"{conversation}\n{question}")
    return by_rule if strays else rewrite


# what was left out ----------------------------------------------------------------------------------------


def _fragment(p: Parse, last: Turn) -> str:
    """ "In 2022?", "What about Turkey?", "Why?": the last question with that in it."""
    if about := _ABOUT.match(p.text):
        return _swapped(p.text[about.end() :], last)
    words = [t for t in p.tokens if t.tag[0].isalpha()]
    if not words or (len(words) > 1 and any(t.is_verb or t.tag == "MD" for t in words)):
        return ""
    says = any(t.is_noun or t.text.istitle() or t.tag in ("CD", "WRB", "WP", "WDT") for t in words)
    if not says or {"else", "more", "any", "other"} & {t.lower for t in words}:
        return ""
    if words[0].tag in ("WRB", "WP", "WDT"):  # "How many hours?" asks for itself
        return _asked_otherwise(p.text.rstrip("?. "), parse(last.searched)) if len(words) < 3 else ""
    return _swapped(p.text, last)


def _swapped(new: str, last: Turn) -> str:
    """The last question with something else in the place of what is of the same sort in it, or behind it."""
    new, q = new.strip().rstrip("?.! "), parse_question(last.searched)
    if not new or not q.tokens:
        return ""
    if len(new.split()) > 8:
        return f"{new}?"
    dated = any(f.kind == "date" for f in facts(f"in {new}"))
    preposition = parse(new).tokens[0].lower if parse(new).tokens[0].tag == "IN" else ""
    bare = new.split(None, 1)[-1] if preposition else new
    spans: list[Span] = []
    if dated:
        spans = [(f.start, f.end) for f in facts(last.searched) if f.kind == "date"]
    elif preposition:
        same = [i for i, t in enumerate(q.tokens) if t.lower == preposition]
        spans = [q.extent(q.subtree(k)) for i in same for k in q.children(i, "pobj")]
    else:
        nouns = [q.extent(q.phrase(i)) for i, t in enumerate(q.tokens) if t.is_noun and t.dep in _REPLACED]
        spans = [*named(q), *nouns]
    if spans:
        start, end = spans[0]
        return f"{last.searched[:start]}{bare}{last.searched[end:]}"
    return f"{last.searched.rstrip('?.! ')} {new if preposition or not dated else f'in {new}'}?"


def _asked_otherwise(wh: str, q: Parse) -> str:
    """The last question with another question word: "Why?" after "When did they meet?"."""
    first = next((i for i, t in enumerate(q.tokens) if t.tag in ("WP", "WDT", "WRB", "WP$")), None)
    aux = next((i for i, t in enumerate(q.tokens) if t.lemma in ("be", "do", "have") or t.tag == "MD"), None)
    if aux is None or (first is not None and aux < first):
        return f"{wh}, {q.text}" if q.text else ""
    dated = [f for f in facts(q.text) if f.kind == "date"] if wh.casefold().endswith("when") else []
    rest = q.text[q.tokens[aux].start :]
    for fact in dated:
        rest = rest.replace(q.text[fact.start : fact.end], "").replace(" in ?", "?").replace(" on ?", "?")
    return f"{wh} {rest}"


def _core(q: Parse) -> str:
    """What a question is on: all after its question word and auxiliary."""
    start = 0
    for t in q.tokens:
        light = t.dep in ("aux", "auxpass") or t.lemma in ("be", "many", "much")
        if t.tag not in ("WP", "WDT", "WRB", "WP$") and not light:
            start = t.start
            break
    return q.text[start:].rstrip("?.! ")


# what points back ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Referent:
    """Something the conversation spoke of: how, what sort, how much it stands in the foreground."""

    text: str
    sort: Sort
    weight: float
    named: bool = True
    asked: bool = False
    """Whether a question spoke of it."""


def _replaced(p: Parse, spoken: Sequence[_Referent], last: Turn) -> str:
    """The question with names for its pronouns, and for "this article"; one that has its noun in the question stays."""
    out: list[str] = []
    end = 0
    chosen: dict[Sort, str] = {}
    own = [p.text[start:stop] for start, stop in named(p)]
    for i, t in enumerate(p.tokens):
        noun = p.tokens[t.head]
        if t.lower in POINTING and t.dep == "det" and noun.lemma in OWN_VOICE and last.answer.sources:
            out += [p.text[end : t.start], last.answer.sources[0].name]
            end = noun.end
        sort = PRONOUNS.get(t.lower)
        if sort is None or sort in chosen or _has_antecedent(p, i, sort) or expletive(p, i):
            continue
        name = chosen[sort] = _best(spoken, sort, [*own, *chosen.values()])
        if name:
            possessive = t.tag == "PRP$" or t.lower in ("hers", "theirs")
            out += [p.text[end : t.start], name, ("’" if name.endswith("s") else "’s") if possessive else ""]
            end = t.end
    return "".join([*out, p.text[end:]])


def _with_deed(p: Parse, q: Parse) -> str:
    """ "Why would it do that?" with what the last question says is done: "hold Hezbollah back"."""
    at = next((i for i, t in enumerate(p.tokens) if t.lemma == "do" and t.tag == "VB" and t.dep not in ("aux",)), None)
    deed = p.child(at, "dobj") if at is not None else None
    if at is None or deed != at + 1 or p.tokens[deed].lower not in ("that", "this") or not q.tokens:
        return p.text
    verb = q.roots[0]
    if q.tokens[verb].lemma == "be":  # "Is Iran holding them back?", taken for "an Iran that holds"
        verb = next((i for i, t in enumerate(q.tokens) if t.tag == "VBG" and t.dep == "acl"), verb)
    asked = any(q.tokens[i].tag[0] == "W" for i in (*q.children(verb, "dobj"), *q.children(verb, "attr")))
    if not q.tokens[verb].is_verb or q.tokens[verb].lemma in ("be", "do") or asked:
        return p.text
    done = f"{q.tokens[verb].lemma}{q.text[q.tokens[verb].end :].rstrip('?.! ')}"
    return f"{p.text[: p.tokens[at].start]}{done}{p.text[p.tokens[deed].end :]}"


def _at_that_time(question: str, before: str) -> str:
    """ "Which hut was the busiest?", "Who led it then?" with the time of the last question, where it has none."""
    dates = [f for f in facts(before) if f.kind == "date"]
    p = parse_question(question)
    then = next((t for t in p.tokens[1:] if t.lower == "then" and t.dep == "advmod"), None)
    if not dates or any(f.kind == "date" for f in facts(question)):
        return question
    if then is None and (any(named(p)) or not any(t.tag in ("JJS", "RBS") for t in p.tokens)):
        return question
    start, end = dates[-1].start, dates[-1].end
    before_it = (before[:start].split() or [""])[-1].casefold()
    time = f"{before_it if before_it in ('in', 'on', 'during') else 'in'} {before[start:end]}"
    if then is not None:
        return f"{question[: then.start]}{time}{question[then.end :]}"
    return f"{question.rstrip('?.! ')} {time}?"


def _has_antecedent(p: Parse, at: int, sort: Sort) -> bool:
    """Whether a noun before a pronoun, in the question itself, may be what it means.

    Not what is asked for ("what songs did they"), nor a noun of the pronoun's own clause; a possessive's may be both.
    """
    pronoun, clause = p.tokens[at], _verb(p, at)
    before = [(i, t) for i, t in enumerate(p.tokens[:at]) if _nominal(t)]
    if before and p.tokens[clause].dep == "conj":
        return True  # "What does Blaze cost, and what does it do?"
    if pronoun.tag == "PRP":
        before = [(i, t) for i, t in before if _verb(p, i) != clause]
    elif sort != "person":  # "What share of their pay do students hand over?"
        before += [(i, p.tokens[i]) for i in p.children(clause, "nsubj", "nsubjpass") if i > pronoun.head]
    if sort == "person":
        whose = {p.tokens[i].head for i, t in enumerate(p.tokens) if t.lower in ("my", "our", "your")}
        return any((t.is_name and t.dep != "compound") or t.lemma in PERSONS or i in whose for i, t in before)
    fits = ("NNS", "NNPS", "NNP") if sort == "group" else ("NN", "NNP", "JJ", "VB", "VBG")
    return any(
        (t.tag in fits and (t.is_name or t.dep in _ARGUMENTS)) or (sort == "group" and t.lower in _ANYBODY)
        for _, t in before
    )


def _nominal(token: Token) -> bool:
    """Whether a word stands where nouns do, whatever the parser takes it for: "What is *listeria*?" """
    return token.is_noun or (token.tag in ("JJ", "VB", "VBG") and token.dep in _ARGUMENTS)


def _verb(p: Parse, of: int) -> int:
    """The verb of the clause that a word stands in."""
    of = p.tokens[of].head
    while not p.tokens[of].is_verb and p.tokens[of].head != of:
        of = p.tokens[of].head
    return of


def _best(spoken: Sequence[_Referent], sort: Sort, taken: Sequence[str]) -> str:
    """What is most in the foreground of those that a pronoun of this sort can stand for."""
    free = [e for e in spoken if not any(one_entity(e.text, name) for name in taken)]
    wanted = _STANDS_FOR[sort]
    fits = [e for e in free if e.sort in wanted and (e.sort == sort or e.named)]
    return max(fits, key=lambda e: e.weight * wanted[e.sort]).text if fits else ""


def _with_subject(p: Parse, spoken: Sequence[_Referent], turns: Sequence[Turn]) -> str:
    """The subject of the conversation put behind a question that names none, or only what was spoken of already."""
    if any(named(p)):
        return p.text
    told = {stem(w) for turn in turns for w in re.findall(r"[^\W\d_]+", f"{turn.searched} {_answered(turn)}")}
    gerund = ("pcomp", "ROOT", "attr")
    nouns = [
        i
        for i, t in enumerate(p.tokens)
        if (_nominal(t) and t.lemma not in _LIGHT) or (t.tag == "VBG" and t.dep in gerund)
    ]
    bare = p.text.rstrip("?.! ")
    if any(t.tag == "JJS" for t in p.tokens) and not nouns:  # "Which was the largest?"
        return f"{bare}, of {_core(parse(turns[-1].searched))}?"
    lemmas = [p.tokens[i].lemma for i in nouns]
    pointed = any(
        p.tokens[j].lower in POINTING and p.tokens[i].lemma not in lemmas[:n] and p.tokens[i].dep != "npadvmod"
        for n, i in enumerate(nouns)
        for j in p.children(i, "det")
    )
    new = [i for i in nouns if stem(p.tokens[i].text) not in told]
    if not pointed and (len(nouns) > 2 or new):
        return p.text
    subject = max((e for e in spoken if e.named), key=lambda e: (e.asked, e.weight), default=None)
    return f"{bare}, about {subject.text}?" if subject else p.text


# what was spoken of -------------------------------------------------------------------------------------


def _spoken_of(turns: Sequence[Turn]) -> Iterator[_Referent]:
    """What was spoken of, each under its fullest name. Questions weigh more than answers, late ones more than early."""
    found: dict[str, _Referent] = {}
    for age, turn in enumerate(reversed(turns)):
        asked, told = parse(turn.searched), parse(_answered(turn))
        people = _people(turn)
        who = asked.text[:3].casefold() == "who"
        mentions = list(_asked_for(asked, turn))
        people -= {e.text for e in mentions if e.sort == "thing"}  # a ship may be called as a man is
        mentions += [*_mentioned(asked, people, 1.0, asked=True), *_mentioned(told, people, TOLD, who=who)]
        for place, entity in enumerate(mentions):
            weight = entity.weight * FADES**age / (1 + 0.2 * min(place, 10))
            known = next((name for name, e in found.items() if _one(e, entity)), "") if entity.named else entity.text
            old = found.pop(known, None) or replace(entity, weight=0.0)
            text = max(known, entity.text, key=lambda name: len(name.split()))
            sorts = (old.sort, entity.sort)  # "Rye and Hove", then "Hove": "it" is not both
            sort: Sort = "person" if "person" in sorts else "group" if "group" in sorts else "thing"
            found[text] = _Referent(text, sort, weight + old.weight, entity.named, old.asked or entity.asked)
    yield from found.values()


def _asked_for(asked: Parse, turn: Turn) -> Iterator[_Referent]:
    """What a question asks for as its subject, by the words that answer: "a tunnel" of "What replaces the ferry?" """
    asks = [asked.tokens[t.head] if t.dep == "det" else t for t in asked.tokens if t.tag in ("WP", "WDT")]
    subject = next((t for t in asks if t.dep.startswith("nsubj") or (t.is_noun and t.dep == "attr")), None)
    first = turn.answer.sentences[0] if turn.answer.sentences else None
    if subject is None or subject.lower == "who" or first is None or first.span is None:
        return
    names = [span for span in named(parse(first.text)) if first.span[0] <= span[0] < span[1] <= first.span[1]]
    p = parse(first.brief)
    if names:
        name = first.text[slice(*names[0])]
        yield _Referent(name, "person" if subject.lemma in PERSONS else "thing", WHO)
    elif p.tokens and p.tokens[p.roots[0]].is_noun:
        sort: Sort = "group" if p.tokens[p.roots[0]].tag == "NNS" else "thing"
        text = re.sub(r"^(?:the|this|these|an?)\s", "the ", p.span(p.phrase(p.roots[0])), flags=re.I)
        yield _Referent(text, sort, WHO, named=False)


def _one(a: _Referent, b: _Referent) -> bool:
    """Whether two names are one; of a person spoken of, the first name is enough: "Ada", "Ada Holm"."""
    short, long = sorted((a.text.split(), b.text.split()), key=len)
    return one_entity(a.text, b.text) or ("person" in (a.sort, b.sort) and len(short) == 1 and short == long[:1])


def _mentioned(
    p: Parse, people: frozenset[str], weight: float, *, asked: bool = False, who: bool = False
) -> Iterator[_Referent]:
    """Names, two joined by "and", and, of a question or a first sentence, things described."""
    names = list(named(p))
    for (start, a), (b, end) in pairwise(names):
        if p.text[a:b].strip() in ("and", "and the", "with"):
            yield _Referent(p.text[start:end], "group", weight, asked=asked)
    for start, end in names:
        text = p.text[start:end]
        person = text in people
        yield _Referent(text, "person" if person else "thing", WHO if who and person else weight, asked=asked)
        who = who and not person
    for i, t in enumerate(p.tokens):
        around = {p.tokens[j].lower for j in p.children(i, "det", "amod")}
        whose = asked and p.child(i, "poss") is not None
        definite = whose or around & ({"the", "this", "these", "a", "an"} if asked else {"the", "this", "these"})
        plural = t.tag == "NNS" and asked and not around & {"any", "many", "which", "what"}
        if t.is_noun and not t.is_name and (definite or plural) and t.lemma not in _LIGHT:
            text = re.sub(r"^(?:this|these|an?)\s", "the ", p.span(p.phrase(i)))
            sort: Sort = "person" if t.lemma in PERSONS else "group" if t.tag == "NNS" else "thing"
            yield _Referent(text, sort, DESCRIBED * weight, named=False, asked=asked)


def _people(turn: Turn) -> frozenset[str]:
    """The names in a turn that are people's."""
    found = {*persons(turn.searched), *persons(_answered(turn))}
    p = parse(turn.searched)
    if any(PRONOUNS.get(t.lower) == "person" for t in parse(turn.question).tokens):  # whom "she" was read as
        found |= {p.text[a:b] for a, b in named(p) if p.text[a:b] not in turn.question}
    if p.tokens and p.tokens[0].lower == "what" and p.tokens[p.roots[0]].lemma == "be":  # "What is Silo?"
        found -= {p.text[a:b] for a, b in named(p)}
    return frozenset(name.removesuffix("’s").removesuffix("'s") for name in found)


def _answered(turn: Turn) -> str:
    texts = (sentence.text for sentence in turn.answer.sentences)
    return " ".join(text if text[-1:] in '.!?”"' else f"{text}." for text in texts)  # a heading runs into nothing


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text else text
