"""A follow-up becomes a question that stands alone.

A question that stands alone comes back unchanged: it has a name or a subject of its own and no word that points back.
Else what points back is replaced by what the conversation spoke of last and most, what is left out is taken from
the last question, and what names nothing gets its subject from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from qa.language import facts, missing, stem
from qa.language.alike import one_entity
from qa.language.asking import ASKING
from qa.language.names import named
from qa.language.parser import Parse, Token, expletive, parse, parse_question, persons
from qa.language.speech import OWN_VOICE, PERSONS, POINTING, PRONOUNS, Sort
from qa.schema import Source, Turn

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

_ARGUMENTS: Final = ("dobj", "pobj", "nsubj", "nsubjpass", "csubj", "attr")
_LEAD = re.compile(
    r"^(?:(?:thanks|thank you|great|ok|okay|well|please)\b[\s,.!;:–—-]*|(?:and|but|so|then|or|also)\b[\s,]*"
    r"|(?:no|sorry|actually|wait)\s*[,.;:–—-]+\s*|i\s+meant?\b[\s,:]*|(?:what|how)\s+about\s+)+(?=\w)",
    re.I,
)
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
    p = parse_question(put)
    if "fragments" not in without and (found := _fragment(p, turns[-1].searched)):
        return _capital(found)
    spoken = list(_spoken_of(turns[-TURNS_READ:]))
    if "pronouns" not in without:
        p = parse_question(_with_deed(p, parse_question(turns[-1].searched)))
    resolved = p.text if "pronouns" in without else _replaced(p, spoken, turns[-1])
    if resolved == put and "subject" not in without:
        resolved = _with_subject(p, spoken, turns)
    if "subject" not in without:
        resolved = _at_that_time(resolved, turns[-1].searched)
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


def _fragment(p: Parse, last: str) -> str:
    """ "In 2022?", "And Turkey?", "Why?": the last question with that in place of what is of its sort, or behind."""
    words = [t for t in p.tokens if t.tag[0].isalpha()]
    if not words or (len(words) > 1 and any(t.is_verb or t.tag == "MD" for t in words)):
        return ""
    new, q = p.text.strip().rstrip("?.! "), parse_question(last)
    if words[0].tag in ASKING:  # "How many hours?" asks for itself
        verb = next((t for t in q.tokens if t.lemma in ("be", "do", "have") or t.tag == "MD"), None)
        asked = verb and any(t.tag in ASKING and t.start < verb.start for t in q.tokens)
        return "" if len(words) > 2 else f"{new} {last[verb.start :]}" if verb and asked else f"{new}, {last}"
    says = any(t.is_noun or t.text.istitle() or t.tag == "CD" for t in words)
    if not says or {"else", "more", "any", "other"} & {t.lower for t in words}:
        return ""
    preposition, bare = words[0].lower if words[0].tag == "IN" else "", p.text[words[0].end :].strip(" ?.!")
    if any(f.kind == "date" for f in facts(f"in {new}")):
        spans = [(f.start, f.end) for f in facts(last) if f.kind == "date"]
        preposition = preposition or "in"
    elif preposition:
        same = [i for i, t in enumerate(q.tokens) if t.lower == preposition]
        spans = [q.extent(q.subtree(k)) for i in same for k in q.children(i, "pobj")]
    else:
        nouns = [q.extent(q.phrase(i)) for i, t in enumerate(q.tokens) if t.is_noun and t.dep in _ARGUMENTS]
        spans = [*named(q), *nouns]
    new = bare if words[0].tag == "IN" else new
    if spans:
        return f"{last[: spans[0][0]]}{new}{last[spans[0][1] :]}"
    return f"{last.rstrip('?.! ')} {f'{preposition} {new}'.strip()}?"


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
    """Whether a noun before a pronoun, in the question itself and in another clause, may be what it means."""
    pronoun, clause = p.tokens[at], _verb(p, at)
    before = [(i, t) for i, t in enumerate(p.tokens[:at]) if _nominal(t)]
    subjects = p.children(clause, "nsubj", "nsubjpass")
    if p.tokens[clause].dep == "conj" and before:
        return True  # "What does Blaze cost, and what does it do?"
    if pronoun.tag == "PRP":
        before = [(i, t) for i, t in before if _verb(p, i) != clause]
    elif sort == "group" and any(i != pronoun.head and p.tokens[i].tag[0] != "W" for i in subjects):
        return True  # "What share of their pay do students hand over?"
    if sort == "person":
        mine = any(t.lower in ("my", "our", "your") for t in p.tokens[:at])
        return mine or any((t.is_name and t.dep != "compound") or t.lemma in PERSONS for _, t in before)
    fits = ("NNS", "NNPS", "NNP") if sort == "group" else ("NN", "NNP", "JJ", "VB", "VBG")
    return any(t.tag in fits and (t.is_name or t.dep in _ARGUMENTS) for _, t in before)


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
    """What is most in the foreground of those that a pronoun of this sort can stand for; one thing for "he" last."""
    free = [e for e in spoken if not any(one_entity(e.text, name) for name in taken)]
    fits = [e for e in free if e.sort == sort or (sort != "thing" and e.named and e.sort != "group")]
    return max(fits, key=lambda e: e.weight * (1 if e.sort == sort else 0.4)).text if fits else ""


def _with_subject(p: Parse, spoken: Sequence[_Referent], turns: Sequence[Turn]) -> str:
    """The subject of the conversation put behind a question that names none, or only what was spoken of already."""
    told = {stem(w) for turn in turns for w in re.findall(r"[^\W\d_]+", f"{turn.searched} {_answered(turn)}")}
    nouns = [t for t in p.tokens if (_nominal(t) or t.tag == "VBG") and t.lemma not in _LIGHT]
    if any(named(p)) or any(stem(t.text) not in told for t in nouns):
        return p.text
    bare = p.text.rstrip("?.! ")
    if any(t.tag == "JJS" for t in p.tokens) and not nouns:  # "Which was the largest?"
        q = parse(turns[-1].searched)
        light = (t.tag in ASKING or t.dep in ("aux", "auxpass") or t.lemma in ("be", "many", "much") for t in q.tokens)
        core = next((t.start for t, empty in zip(q.tokens, light, strict=True) if not empty), 0)
        return f"{bare}, of {q.text[core:].rstrip('?.! ')}?"
    subject = max((e for e in spoken if e.named), key=lambda e: (e.asked, e.weight), default=None)
    return f"{bare}, about {subject.text}?" if subject else p.text


def _spoken_of(turns: Sequence[Turn]) -> Iterator[_Referent]:
    """What was spoken of, each under its fullest name. Questions weigh more than answers, late ones more than early."""
    found: dict[str, _Referent] = {}
    for age, turn in enumerate(reversed(turns)):
        people = {
            name.removesuffix("’s").removesuffix("'s")
            for text in (turn.searched, _answered(turn))
            for name in persons(text)
        }
        mentions = [
            *_mentioned(parse(turn.searched), people),
            *_mentioned(parse(_answered(turn)), people, turn.searched),
        ]
        for place, entity in enumerate(mentions):
            weight = entity.weight * FADES**age / (1 + 0.2 * min(place, 10))
            known = next(
                (name for name, e in found.items() if e.named and entity.named and one_entity(name, entity.text)),
                entity.text,
            )
            old = found.pop(known, None)
            text = max(known, entity.text, key=lambda name: len(name.split()))
            sorts = (old.sort if old else "thing", entity.sort)  # "Rye and Hove", then "Hove": "it" is not both
            sort: Sort = "person" if "person" in sorts else "group" if "group" in sorts else "thing"
            found[text] = _Referent(
                text, sort, weight + (old.weight if old else 0), entity.named, entity.asked or bool(old and old.asked)
            )
    yield from found.values()


def _mentioned(p: Parse, people: Collection[str], answers: str = "") -> Iterator[_Referent]:
    """Names, two joined by "and", and, of a question, things described.

    Args:
        answers: the question, where it is an answer.
    """
    names = list(named(p))
    who = answers[:3].casefold() == "who"
    for n, (start, end) in enumerate(names):
        text = p.text[start:end]
        if n and p.text[names[n - 1][1] : start].strip() in ("and", "and the", "with"):
            yield _Referent(p.text[names[n - 1][0] : end], "group", TOLD if answers else 1.0, asked=not answers)
        person = text in people
        weight = 1.0 if not answers else WHO if who and person else TOLD
        yield _Referent(text, "person" if person else "thing", weight, asked=not answers)
        who = who and not person
    for i, t in enumerate(p.tokens if not answers else ()):
        definite = any(p.tokens[j].lower in ("the", "a", "an") for j in p.children(i, "det")) or p.child(i, "poss")
        if t.is_noun and not t.is_name and (definite or t.tag == "NNS") and t.lemma not in _LIGHT:
            text = re.sub(r"^an?\s", "the ", p.span(p.phrase(i)))
            yield _Referent(text, "group" if t.tag == "NNS" else "thing", DESCRIBED, named=False, asked=True)


def _answered(turn: Turn) -> str:
    texts = (sentence.text for sentence in turn.answer.sentences)
    return " ".join(text if text[-1:] in '.!?”"' else f"{text}." for text in texts)  # a heading runs into nothing


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text else text
