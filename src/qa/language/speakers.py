"""Who speaks in a sentence, by the parser, and what leans on the sentence before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from qa.language.alike import one_entity
from qa.language.parser import Parse, parse, persons
from qa.language.speech import (
    BARE,
    JOINS,
    JOINS_BEFORE_COMMA,
    MEDIA,
    OPENERS,
    ORDER,
    OWN_VOICE,
    PERSONS,
    POINTING,
    SAYING,
    SAYING_OF,
    SAYING_WITH,
    TIMES,
    VIEWS,
)
from qa.language.words import FUNCTION_WORDS, fold
from qa.schema import Passage, Span

LOOK_BACK = 4
"""Sentences that a pronoun or a bare role is followed back."""

Sort = Literal["name", "role", "pronoun"]


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whoever a reporting verb belongs to, as the text puts it."""

    text: str
    sort: Sort

    @property
    def head(self) -> str:
        return self.text.split()[-1].casefold()


def speaker(passage: Passage, span: Span) -> str:
    """The person or body whose speech the last sentence of a span gives; empty if the outlet speaks."""
    sentences = sentences_of(passage)
    place = last_sentence(passage, span)
    subject = _subject_of(passage, sentences, place)
    return _resolved(subject, passage, sentences, place) if subject else ""


def speaks_of_itself(passage: Passage, span: Span) -> bool:
    """Whether a sentence of a span tells of its own text: "the newspaper writes"."""
    blanked = masked(passage.text)
    inside = ((a, b) for a, b in sentences_of(passage) if a < span[1] and b > span[0])
    subjects = (_subject(blanked[a - passage.start : b - passage.start]) for a, b in inside)
    return any(subject is not None and subject.head in OWN_VOICE for subject in subjects)


def speaks(who: str, passage: Passage, span: Span) -> bool:
    """Whether a span gives the speech of somebody, as a question may name him: "London" for Doug London."""
    return one_entity(who, speaker(passage, span))


def last_sentence(passage: Passage, span: Span) -> int:
    """The place of the last sentence that a span touches.

    Raises:
        ValueError: the span lies outside the passage.
    """
    inside = [i for i, (start, end) in enumerate(sentences_of(passage)) if start < span[1] and end > span[0]]
    if not inside:
        raise ValueError(f"{span[0]}..{span[1]} touches no sentence of {passage.id}")
    return inside[-1]


def leans_back(text: str) -> bool:
    """Whether the first words of a sentence point to the sentence before it ("He added", "However, they")."""
    p = parse(" ".join(text.split()[:OPENING]))
    words = [t.lower for t in p.tokens[:3]] + [""] * 3
    if words[0] in JOINS or {" ".join(words[:2]), " ".join(words[:3])} & OPENERS:
        return True
    if words[0] in JOINS_BEFORE_COMMA:
        return words[1] == ","
    for i, t in enumerate(p.tokens):
        if t.is_name or t.is_verb or t.tag in (",", "MD"):
            return False  # what it speaks of has been named, or its main clause has begun
        if t.lower in _BACK:
            return not (t.lower == "it" and (i or _EXPLETIVE.match(text)))
        noun = p.tokens[t.head]
        if t.lower in POINTING and t.dep != "mark":
            said_of = any(p.tokens[j].dep in ("relcl", "acl") for j in p.children(i))
            return not said_of and not noun.is_name and not (t.dep == "det" and noun.lemma in TIMES)
        if t.dep in ("det", "nummod") and t.lower in ("the", "one") and noun.is_noun:
            around = [j for j in p.children(t.head) if j > t.head or p.tokens[j].dep in ("amod", "compound", "poss")]
            ordered = any(p.tokens[j].lower in ORDER for j in around)
            return ordered or (not around and (t.lower == "one" or noun.lemma in BARE))
        if i == 0 and t.tag not in ("IN", "RB"):
            return False
    return False


OPENING: Final = 10
"""Words of a sentence that tell whether it leans on another."""
_BACK: Final = frozenset("he she they it him them his her hers its their theirs".split())


def sentences_of(passage: Passage) -> tuple[Span, ...]:
    """The spans of a passage's sentences; of one without, the whole."""
    return passage.sentences or ((passage.start, passage.end),)


def _subject_of(passage: Passage, sentences: tuple[Span, ...], place: int) -> _Subject | None:
    """Who speaks in a sentence: named in it, or where the quotation around it closes or opens."""
    start, end = sentences[place]
    found = _subject(masked(passage.text)[start - passage.start : end - passage.start])
    if found or not in_quotation(passage, start, end):
        return found
    # its speaker stands where the quotation ends ("...,” she said"), else before it
    ahead = range(place + 1, min(place + 6, len(sentences))) if _stays_open(passage, end) else ()
    for other in ahead:
        a, b = sentences[other]
        near = _subject(masked(passage.text)[a - passage.start : b - passage.start])
        if near:
            return near
        if not _stays_open(passage, b):
            break
    if place + 1 < len(sentences) and _tag(passage, end, sentences[place + 1]):
        return _tag(passage, end, sentences[place + 1])
    for other in range(place - 1, max(place - 1 - LOOK_BACK, -1), -1):
        a, b = sentences[other]
        near = _subject(masked(passage.text)[a - passage.start : b - passage.start])
        if near:
            return near
    return None


def _tag(passage: Passage, end: int, following: Span) -> _Subject | None:
    """The speaker named after a closed quotation that the splitter cut off: "... .” Smith said." """
    start, stop = following
    if stop - start > 60 or "\n" in passage.slice(end, start):
        return None
    return _subject(masked(passage.text)[start - passage.start : stop - passage.start])


def _stays_open(passage: Passage, end: int) -> bool:
    """Whether a quotation mark opened before `end` is still open there."""
    before = masked(passage.text)[: end - passage.start]
    return before.rfind("“") > before.rfind("”") and before.rfind("“") > before.rfind("\n")


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
    blanked = masked(passage.text)[start - passage.start : end - passage.start]
    original = passage.slice(start, end)
    quoted = sum(a != b and b == " " for a, b in zip(original, blanked, strict=True))
    return quoted > 0.8 * sum(c.isalnum() for c in original)


@lru_cache(maxsize=4096)
def _subject(sentence: str) -> _Subject | None:
    """Who speaks, in a sentence whose quoted words are blanked: the subject of the outermost verb of saying."""
    if led := _LED.match(sentence):
        return _Subject(led[1], "name")
    p = parse(_short(sentence))
    for i, t in enumerate(p.tokens):
        who = None
        if t.lower == "according" and (to := p.child(i, "prep")) is not None:
            who = p.child(to, "pobj")
        elif t.lemma in VIEWS and p.tokens[t.head].lower == "in":
            of = p.child(i, "prep")
            who = p.child(i, "poss") or (p.child(of, "pobj") if of is not None else None)
        if who is not None and (found := _phrase(p, who)):
            return found
    outermost = list(p.roots)
    for i in outermost:  # breadth first
        outermost += p.children(i)
        who = _sayer(p, i) if p.tokens[i].is_verb else None
        if who is not None and (found := _phrase(p, who)):
            return found
    return None


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


def _phrase(p: Parse, at: int) -> _Subject | None:
    """A name, a role or a pronoun, if a word is the head of one."""
    head = p.tokens[at]
    if head.tag in ("PRP", "PRP$"):
        pronoun = _SUBJECT_OF.get(head.lower, head.lower)
        return _Subject(pronoun, "pronoun") if pronoun in _SUBJECT_OF.values() else None
    if not head.is_name or head.lower in PERSONS:
        beside = (j for j in p.subtree(at) if j > at and p.tokens[j].dep == "appos" and p.tokens[j].is_name)
        if (name := next(beside, None)) is not None:
            return _phrase(p, name)
    left = [j for j in p.children(at) if j < at and p.tokens[j].dep not in ("punct", "cc", "preconj")]
    words = [at, *(k for j in left for k in p.subtree(j))]
    start, end = p.tokens[min(words)].start, head.end
    if head.is_name or head.text[:1].isupper():
        inside = [
            j for j in words if p.tokens[j].is_name or (p.tokens[j].text[0].isupper() and p.tokens[j].tag != "DT")
        ] or [at]
        while min(inside) and (p.tokens[min(inside) - 1].is_name or p.tokens[min(inside) - 1].text in ("-", "al")):
            inside.append(min(inside) - 1)
        start = p.tokens[min(inside)].start
        article = min(words) == min(inside) - 1 and p.tokens[min(words)].lower == "the"
        of = next((j for j in p.children(at, "prep") if p.tokens[j].lower == "of"), None)
        whose = p.child(of, "pobj") if of is not None else None
        other = next((j for j in p.children(at, "conj") if p.tokens[j].is_name), None)
        if len(inside) == 1 and whose is not None and p.tokens[whose].text[0].isupper():
            end = p.tokens[whose].end  # "Bank of England"
        elif other is not None:
            end = p.tokens[other].end
        text = re.sub(r"[’']s$", "", p.text[start:end])
        if fold(text) in FUNCTION_WORDS or "“" in text:
            return None
        return _Subject(f"{'the ' * article}{text}", "name")
    if head.is_noun:
        text = p.text[start:end]
        return _Subject(
            text[0].lower() + text[1:] if p.tokens[min(words)].tag in ("DT", "PRP$", "CD") else text, "role"
        )
    return None


_SUBJECT_OF: Final = {"his": "he", "her": "she", "their": "they", "its": "it", "he": "he", "she": "she",
                      "they": "they", "it": "it"}  # fmt: skip


def _resolved(subject: _Subject, passage: Passage, sentences: tuple[Span, ...], place: int) -> str:
    before = range(place - 1, max(place - 1 - LOOK_BACK, -1), -1)
    if subject.sort == "name":
        return _full_name(subject.text, passage.text)
    if subject.sort == "role":
        bare = len(subject.text.split()) <= 2 and subject.text.split()[0].casefold() in POINTING | {"the"}
        if not bare:
            return subject.text
        if subject.head == "report":
            earlier_text = passage.text[: sentences[place][0] - passage.start]
            media = [n for n in _NAMES.findall(earlier_text) if is_medium(n, passage.text)]
            return media[-1] if media else ""
        for i in before:
            earlier = _subject_of(passage, sentences, i)
            if earlier and _answers_to(earlier, subject.head, passage.text):
                return _resolved(earlier, passage, sentences, i)
        if subject.head in OWN_VOICE:
            return ""
        fuller = _fuller_role(subject.head, passage.text[: sentences[place][0] - passage.start])
        return fuller or subject.text
    for i in before:
        earlier = _subject_of(passage, sentences, i)
        if not earlier and subject.text in ("he", "she"):
            names = set(_PERSON.findall(passage.slice(*sentences[i])))
            if names:  # of several, or what may be none, nobody is made the speaker
                one = len(names) == 1 and names <= set(persons(passage.slice(*sentences[i])))
                return _full_name(names.pop(), passage.text) if one else ""
            continue
        if earlier and _fits(subject.text, earlier):
            return _resolved(earlier, passage, sentences, i)
    return ""


def _answers_to(earlier: _Subject, head: str, text: str) -> bool:
    """Whether an earlier subject is what "the leader" or "the report" means."""
    if head in OWN_VOICE:
        return False
    if earlier.sort == "role":
        return earlier.head == head or (head in PERSONS and earlier.head in PERSONS)
    return earlier.sort == "pronoun" or (
        head in PERSONS and bool(re.search(rf"\b{head}\b[^.;]{{0,30}}{re.escape(earlier.text)}", text))
    )


def _fits(pronoun: str, earlier: _Subject) -> bool:
    if pronoun == "it":
        return earlier.text == "it" or earlier.head not in PERSONS | {"he", "she", "they"}
    if pronoun == "they":
        return earlier.text == "they" or earlier.head.endswith("s") or " and " in earlier.text
    return earlier.text not in ("it", "they") and not (
        earlier.sort == "role" and earlier.head not in PERSONS | {"author"}
    )


def _full_name(name: str, text: str) -> str:
    """The name with its first names, where the passage gives them once: London -> Doug London."""
    if " " in name:
        return name
    kept = {
        m
        for m in re.findall(rf"\b((?:[A-Z][\w’'-]+ ){{1,3}}{re.escape(name)})\b(?!-)", text)
        if not {fold(word) for word in m.split()[:-1]} & FUNCTION_WORDS
    }
    shortest = min(kept, key=len, default="")
    return shortest if all(full.endswith(shortest) for full in kept) and shortest else name


def _fuller_role(head: str, text: str) -> str:
    """The last fuller phrase for a role: "the leader" -> "the Hamas leader"."""
    found = re.findall(rf"\b((?:[Aa]n?|[Tt]he|[Oo]ne)\s+(?:[\w’'-]+\s+){{1,3}}?{head})\b", text)
    return f"the {' '.join(found[-1].split()[1:])}" if found else ""


IN_MARKS = re.compile(r"[“”«»]|(?<!\w)\"|\"(?!\w)")


_EXPLETIVE = re.compile(
    r"It\s+(?:is|was|has\s+been|will\s+be|seems?|seemed|appears?|appeared|remains?|would)\s+"
    r"(?:\w+\s+){0,2}?(?:that|to|in|on|not|clear|unclear|possible|likely|unlikely|known|said|believed)\b"
)


_NAMES = re.compile(r"\b(?:[Tt]he\s+)?((?:[A-Z][\w’'-]+\s+)*[A-Z][\w’'-]+)")


_PERSON = re.compile(r"\b(?:[A-Z][\w’'-]+\s+){1,2}(?:al-|el-)?[A-Z][\w’'-]+")


def is_medium(who: str, text: str) -> bool:
    """Whether a name is that of a newspaper, agency or broadcaster, by itself or by its apposition."""
    words = set(who.casefold().split())
    if words & MEDIA:
        return True
    nouns = "|".join(sorted(MEDIA))
    return bool(
        re.search(rf"{re.escape(who)}\s*[,(]\s*(?:an?|the)\s+(?:[\w-]+\s+){{0,3}}(?:{nouns})\s*[,.;)]", text)
        or re.search(rf"\b(?:{nouns})\s+{re.escape(who)}\b", text)
    )
