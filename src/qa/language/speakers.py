"""Who speaks in a sentence, by the parser, and what leans on the sentence before."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from qa.language.alike import one_entity
from qa.language.names import named
from qa.language.parser import Parse, expletive, parse, persons
from qa.language.speech import (
    OWN_VOICE,
    PERSONS,
    POINTING,
    PRONOUNS,
    SAYING,
    SAYING_OF,
    SAYING_WITH,
    TIMES,
    VIEWS,
    Sort,
)
from qa.schema import Passage, Span

OPENING: Final = 10
"""Words of a sentence that tell whether it leans on another."""


def speaker(passage: Passage, span: Span) -> str:
    """The person or body whose speech the last sentence of a span gives, as the text puts it; empty if the outlet
    speaks. A quotation without a speaker, and a pronoun, have that of the sentence beside them or nobody."""
    if (place := last_sentence(passage, span)) < 0:
        return ""  # the head of a table
    sentences = sentences_of(passage)
    who = _subject(_unquoted(passage, sentences[place]))
    before = _subject(_unquoted(passage, sentences[place - 1])) if place else ""
    if not who and in_quotation(passage, *sentences[place]):
        open_ = place + 1 < len(sentences) and _open(passage, sentences[place][1])
        who = (_subject(_unquoted(passage, sentences[place + 1])) if open_ else "") or before
    if who in PRONOUNS:
        who = before if _fits(PRONOUNS[who], before) else ""
    if not who or who.split()[-1].casefold() in OWN_VOICE:
        return ""
    full = {name for name in persons(passage.text) if " " in name and name.split()[-1] == who}
    return full.pop() if len(full) == 1 else who  # always the same: London -> Doug London


def _fits(sort: Sort, who: str) -> bool:
    """Whether a pronoun of some sort can stand for somebody."""
    last = who.split()[-1].casefold() if who not in PRONOUNS and who else ""
    if sort == "group":
        return last.endswith("s") or " and " in who
    return bool(last) and (last in PERSONS or who[0].isupper() if sort == "person" else last not in PERSONS)


def speaks_of_itself(passage: Passage, span: Span) -> bool:
    """Whether a sentence of a span tells of its own text: "the newspaper writes"."""
    inside = (_subject(_unquoted(passage, s)) for s in sentences_of(passage) if s[0] < span[1] and s[1] > span[0])
    return any(who.split()[-1].casefold() in OWN_VOICE for who in inside if who)


def speaks(who: str, passage: Passage, span: Span) -> bool:
    """Whether a span gives the speech of somebody, as a question may name him: "London" for Doug London."""
    return one_entity(who, speaker(passage, span))


def last_sentence(passage: Passage, span: Span) -> int:
    """The place of the last sentence that a span touches; -1 where it touches none."""
    touched = (i for i, (start, end) in enumerate(sentences_of(passage)) if start < span[1] and end > span[0])
    return max(touched, default=-1)


def leans_back(text: str) -> bool:
    """Whether the first words of a sentence point to the sentence before it ("He added", "However, they")."""
    p = parse(" ".join(text.split()[:OPENING]))
    for i, t in enumerate(p.tokens):
        joins = t.dep == "cc" or (t.dep == "advmod" and p.tokens[1:] and p.tokens[1].text == ",")
        if i == 0 and joins:
            return True
        if t.is_name or t.is_verb or t.tag in (",", "MD"):
            return False  # what it speaks of has been named, or its main clause has begun
        if t.lower in PRONOUNS:
            return not expletive(p, i)
        if t.lower in POINTING and t.dep != "mark":
            said_of = any(p.tokens[j].dep in ("relcl", "acl") for j in p.children(i))
            return not said_of and not (t.dep == "det" and p.tokens[t.head].lemma in TIMES)
        if i == 0 and t.tag not in ("IN", "RB"):
            return False
    return False


def sentences_of(passage: Passage) -> tuple[Span, ...]:
    """The spans of a passage's sentences; of one without, the whole."""
    return passage.sentences or ((passage.start, passage.end),)


# quotation marks ------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def masked(text: str) -> str:
    """The text with every quoted letter blanked: same length, the marks stay."""
    out: list[str] = []
    for paragraph in re.split(r"(\n\s*\n|\n)", text):
        open_ = False
        for i, char in enumerate(paragraph):
            if char in "“«" or (char == '"' and not open_) or (char == "”" and not open_ and i == 0):
                open_ = True
                out.append("“")
            elif char in "”»" or (char == '"' and open_):
                open_ = False
                out.append("”")
            else:
                out.append(" " if open_ and not char.isspace() else char)
    return "".join(out)


def in_quotation(passage: Passage, start: int, end: int) -> bool:
    """Whether nearly all of a sentence stands in quotation marks."""
    original = passage.slice(start, end)
    quoted = sum(a != b and b == " " for a, b in zip(original, _unquoted(passage, (start, end)), strict=True))
    return quoted > 0.8 * sum(c.isalnum() for c in original)


def _unquoted(passage: Passage, span: Span) -> str:
    return masked(passage.text)[span[0] - passage.start : span[1] - passage.start]


def _open(passage: Passage, at: int) -> bool:
    """Whether a quotation mark opened before an offset is still open there."""
    before = masked(passage.text)[: at - passage.start]
    return before.rfind("“") > max(before.rfind("”"), before.rfind("\n"))


# whose words ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _subject(sentence: str) -> str:
    """Who speaks, in a sentence whose quoted words are blanked: the subject of the outermost verb of saying."""
    if led := _LED.match(sentence):
        return led[1]
    p = parse(_short(sentence))
    whose: list[int | None] = []
    for i, t in enumerate(p.tokens):
        if t.lower == "according":
            whose += p.behind(i)[:1]
        elif t.lemma in VIEWS and p.tokens[t.head].lower == "in":  # "in his view"
            whose += [*p.children(i, "poss"), *p.behind(i)][:1]
    outermost = list(p.roots)
    for i in outermost:  # breadth first
        outermost += p.children(i)
        whose.append(_sayer(p, i) if p.tokens[i].is_verb else None)
    return next(filter(None, (_phrase(p, who) for who in whose if who is not None)), "")


_LED = re.compile(r"([A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,2}): “")
"""A name with a colon before a quotation."""


def _short(sentence: str) -> str:
    """The sentence with a word in the place of each quotation, as the parser knows them."""
    return re.sub(
        r"“[^“”]*(”?)", lambda m: "“Yes,” " if not m.start() else "“yes” " if m[1] else "“yes”", sentence.strip()
    )


def _sayer(p: Parse, i: int) -> int | None:
    """Whose a verb of saying is; None for another, and where nothing is said: "to say", "never said", "if he says".

    Most say something of a thing only with a clause: "Berg added milk" reports nothing.
    """
    verb = p.tokens[i]
    hanging = [p.tokens[j] for j in p.children(i)]
    whose = [p.tokens[k].lower for j in p.children(i, "nsubj") for k in (j, *p.children(j))]
    denied = any(t.dep == "neg" or (t.dep in ("aux", "mark") and t.lower in ("to", "if", "unless")) for t in hanging)
    denied = denied or bool({"neither", "no", "nobody", "none"} & set(whose))
    if verb.dep == "amod" or denied:
        return None
    told = bool(p.children(i, "ccomp", "oprd", "xcomp", "advcl")) or "“" in p.text
    if p.children(i, "dobj") and verb.lemma not in SAYING_OF and not told:
        return None
    with_ = SAYING_WITH.get(verb.lemma)
    follows = {t.lower for t in hanging if t.start > verb.start}
    follows |= {p.tokens[j].lower for k in p.children(i, "ccomp") for j in p.children(k, "mark")}
    if verb.lemma not in SAYING and not (with_ and (with_ & follows)):
        return None
    if verb.lemma in ("call", "describe") and any(t.tag.startswith("W") and t.dep != "nsubj" for t in hanging):
        return None  # "what Iran calls the ...": a name given, nothing said
    if (by := p.child(i, "agent")) is not None:
        return p.child(by, "pobj")
    while (who := p.child(i, "nsubj")) is None and p.tokens[i].dep == "conj":  # "warned ... and said"
        i = p.tokens[i].head
    if who is not None and p.tokens[who].tag.startswith("W"):
        return verb.head if verb.dep == "relcl" else None
    return who


def _phrase(p: Parse, at: int) -> str:
    """A name, a role ("two diplomats") or a pronoun, if a word is the head of one."""
    head = p.tokens[at]
    if head.lower in PRONOUNS:
        return head.lower
    beside = [j for j in p.children(at, "appos") if p.tokens[j].is_name]  # "a union leader, Tomas Berg"
    if beside and (not head.is_name or head.lower in PERSONS):
        return _phrase(p, beside[0])
    names = [span for span in named(p) if span[0] <= head.start < span[1]]
    if names:
        joined = [span for span in named(p) for j in p.children(at, "conj") if span[0] == p.tokens[j].start]
        start, end = names[0][0], max(span[1] for span in (names[0], *joined))
        the = "the " * (p.text[max(0, start - 4) : start].casefold() == "the ")
        return "" if "“" in p.text[start:end] else the + re.sub(r"[’']s$", "", p.text[start:end])
    if not head.is_noun or any(p.tokens[j].tag == "PRP$" for j in p.children(at, "poss")):
        return ""
    # "which LBCI calls": "which" is no part of it, whatever the parser hangs it on
    left = [j for j in p.children(at, *_IN_ROLE) if j < at and p.tokens[j].tag[0] != "W"]
    words = sorted({at, *(k for j in left for k in p.subtree(j))})
    text = p.span(words)
    return text[0].lower() + text[1:] if p.tokens[words[0]].tag in ("DT", "CD") else text


_IN_ROLE: Final = ("det", "amod", "compound", "nmod", "nummod", "poss")
