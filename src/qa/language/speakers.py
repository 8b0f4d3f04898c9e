"""Who speaks in a sentence, what leans on the one before, and what is opinion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qa.language.alike import one_entity
from qa.language.speech import (
    ADVERBS,
    BACK_PRONOUNS,
    BARE,
    BE,
    BEGINNINGS,
    CLAUSE_EDGES,
    DEMONSTRATIVES,
    DETERMINERS,
    INVERTING,
    JOINS,
    JOINS_BEFORE_COMMA,
    JUDGEMENTS,
    LEADING,
    LOADED,
    MEDIA,
    MODALS,
    NAME_JOINS,
    NAMING,
    NOT_BACK,
    NOT_COUNTED,
    NOT_PERSONS,
    OPENERS,
    OWN_VOICE,
    PARTICLE_VERBS,
    PERSONS,
    POINTING,
    POSSESSIVES,
    PRONOUNS,
    ROLES,
    STOPS,
    SUBJECT_OF,
    VERBS,
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
    shown: list[str] = re.findall(r"[^\W\d_][\w’'-]*|[,;:]", text)[:8] + [""] * 6
    words = [word.casefold() for word in shown]
    first, second, third = words[:3]
    if first in JOINS or {f"{first} {second}", f"{first} {second} {third}"} & OPENERS:
        return True
    if first in JOINS_BEFORE_COMMA:
        return second == ","
    if first == "it":
        return not _EXPLETIVE.match(text)
    if first in PRONOUNS | POSSESSIVES:
        return first != "who"
    if first in DEMONSTRATIVES:
        names_both = first in ("neither", "both") and shown[1][:1].isupper()
        return second not in NOT_BACK and not names_both
    if first == "the":
        return second in BARE and third not in ("of", "for", "in", "who") and not shown[2][:1].isupper()
    if first == "one":
        return bool(second) and second not in NOT_COUNTED and not shown[1][:1].isupper()
    if first not in BEGINNINGS:
        return False
    for word, written, following in zip(words[1:5], shown[1:5], words[2:6], strict=True):
        if written[:1].isupper() or word == ",":
            return False
        if word in BACK_PRONOUNS or word in ("this", "that", "these", "those", "such"):
            return following not in NOT_BACK
    return False


def contested(text: str) -> bool:
    """Whether a sentence is speech, opinion, forecast, judgement or loaded: one that must name its source."""
    words = set(re.findall(r"[^\W\d_]+", text))
    return bool(
        IN_MARKS.search(text)
        or words & (VERBS | MODALS | JUDGEMENTS)  # in lower case: "may" foresees, "May" does not
        or any(word.casefold().startswith(LOADED) for word in words)
        or _VIEW.search(text)
        or _ACCORDING.search(text)
    )


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
    """Who speaks, in a sentence whose quoted words are blanked."""
    for pattern in (_ACCORDING, _VIEW):
        match = pattern.search(sentence)
        if match:
            own = re.match(r"[Ii]n\s+(his|her|their|its)\b", match[0])
            found = _phrase(_tokens(SUBJECT_OF[own[1]] if own else match["who"]))
            if found:
                return found
    tokens = _tokens(sentence)
    for i in range(len(tokens)):
        if not _reports(tokens, i):
            continue
        found = _inverted(tokens, i) or _by(tokens, i) if i else None
        found = found or _left(tokens, i)
        if found:
            return found
    return None


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_](?:[\w’'-]|\.(?=\w))*|[^\w\s]", text)


def _reports(tokens: list[str], i: int) -> bool:
    word = tokens[i]
    after = tokens[i + 1] if i + 1 < len(tokens) else ""
    before = tokens[i - 1].casefold() if i else ""
    if word in PARTICLE_VERBS:
        return after in PARTICLE_VERBS[word] or (not PARTICLE_VERBS[word] and before in PRONOUNS)
    if word == "put":  # "Maksad put the outlay at tens of billions"
        return before != "to" and "at" in tokens[i + 1 : i + 15]
    return word in VERBS and bool(before) and before not in DETERMINERS and before not in ("to", "not")


def _inverted(tokens: list[str], i: int) -> _Subject | None:
    """ "...,” said London, author of ..." """
    if tokens[i] not in INVERTING or tokens[i - 1] not in (",", "”", "?", "!", "."):
        return None
    right: list[str] = []
    for word in tokens[i + 1 :]:
        joins = word in ("for", "of") and right and _named(right[-1])
        if not word[0].isalnum() or word in STOPS or (word in ("for", "of") and not joins):
            break
        right.append(word)
    begins = right and (_named(right[0]) or right[0] in ("the", "a", "an"))
    return _phrase(right) if begins and len(right) < 8 else None


def _by(tokens: list[str], i: int) -> _Subject | None:
    """ "... was described by Abu Ubaida as ..." """
    if tokens[i - 1] not in BE or "by" not in tokens[i + 1 : i + 4]:
        return None
    start = tokens.index("by", i) + 1
    right: list[str] = []
    for word in tokens[start:]:
        if not word[0].isalnum() or word in STOPS or len(right) == 6:
            break
        right.append(word)
    return _phrase(right)


def _left(tokens: list[str], i: int) -> _Subject | None:
    """The phrase before the verb, an apposition between the two stepped over."""
    j = i - 1
    while j >= 0 and (tokens[j] in ADVERBS or (tokens[j].endswith("ly") and tokens[j].islower())):
        j -= 1
    if j < 0 or tokens[j] in BE:
        return None
    if tokens[j] == "who":
        j -= 1 + (j > 0 and tokens[j - 1] == ",")
        return _phrase(_back(tokens, j))
    if tokens[j] not in (",", ")", "—", "–"):
        words = _back(tokens, j)
        if tokens[i] in NAMING and tokens[j - len(words)] in ("what", "which", "whom") and j >= len(words):
            return None  # "what Iran calls the ...": a name given, nothing said
        if tokens[j] == "and" and j:  # "warned ... and said": the subject of the first verb
            return None
        return _phrase(_back(tokens, j))
    opening = "(" if tokens[j] == ")" else tokens[j]
    for k in range(1, j):  # the first phrase that begins a clause and is closed by the opening mark
        if tokens[k] != opening:
            continue
        words = _back(tokens, k - 1)
        begins = k - len(words)
        apposed = words and words[0] in DETERMINERS and tokens[k + 1] in DETERMINERS
        if words and (begins == 0 or apposed or tokens[begins - 1] in CLAUSE_EDGES):
            found = _phrase(words)
            if found and found.sort == "role":  # "A Hamas leader, Khaled Mashal, said"
                found = _phrase(tokens[k + 1 : j]) if all(map(_named, tokens[k + 1 : j])) else found
            if found and found.sort != "pronoun":
                return found
    # "Firas Maksad of the Institute, a fellow there, said": the name opens the sentence
    opening_words: list[str] = []
    for word in tokens[:j]:
        if not (word[0].isupper() or _is_particle_name(word)):
            break
        opening_words.append(word)
    return _phrase(opening_words) if len(opening_words) > 1 else None


def _back(tokens: list[str], end: int) -> list[str]:
    """The noun phrase that ends at token `end`."""
    words: list[str] = []
    for k in range(end, max(-1, end - 9), -1):
        word = tokens[k]
        if word.casefold() in PRONOUNS:
            return words or [word]
        joins = word in ("and", "of", "for", "the") and words and k and _named(words[0]) and _named(tokens[k - 1])
        joins = joins or (word == "the" and k > 1 and tokens[k - 1] in ("of", "for") and _named(tokens[k - 2]))
        if not word[0].isalnum() or (word.casefold() in STOPS and not joins):
            break
        words.insert(0, word)
        if word.casefold() in DETERMINERS and not joins:
            break
    return words


def _phrase(words: list[str]) -> _Subject | None:
    """A name, a role or a pronoun, if the words are one."""
    while words and words[0].casefold() in LEADING:
        words = words[1:]
    if not words:
        return None
    if len(words) == 1 and words[0].casefold() in PRONOUNS:
        return _Subject(words[0].casefold(), "pronoun")
    last = re.sub(r"[’']s$", "", words[-1])
    words = [*words[:-1], last]
    if _named(last) and last.casefold() not in FUNCTION_WORDS:
        name: list[str] = []
        for word in reversed(words):
            if not (_named(word) or (name and word in NAME_JOINS)):
                break
            name.insert(0, word)
        article = len(name) == len(words) and name[:1] == ["the"]
        while name and name[0] in NAME_JOINS:
            name = name[1:]
        return _Subject("the " * article + _cut_of(name), "name") if name else None
    if last.casefold() in ROLES or last.casefold() in OWN_VOICE:
        text = " ".join(words)
        return _Subject(text[0].lower() + text[1:] if words[0].casefold() in DETERMINERS else text, "role")
    return None


def _cut_of(name: list[str]) -> str:
    """ "Firas Maksad of the Institute" is Firas Maksad; "Bank of England" is one name."""
    for i, word in enumerate(name):
        if word == "of" and i > 1:
            return " ".join(name[:i])
    return " ".join(name)


def _named(word: str) -> bool:
    return word[0].isupper() or _is_particle_name(word)


def _is_particle_name(word: str) -> bool:
    return bool(re.match(r"(?:al|el|an|ad|as|ar|ash)[-‑–]\w", word))


def _resolved(subject: _Subject, passage: Passage, sentences: tuple[Span, ...], place: int) -> str:
    before = range(place - 1, max(place - 1 - LOOK_BACK, -1), -1)
    if subject.sort == "name":
        return _full_name(subject.text, passage.text)
    if subject.sort == "role":
        bare = len(subject.text.split()) <= 2 and subject.text.split()[0].casefold() in POINTING
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
            person = _only_person(passage.slice(*sentences[i]))
            if person:
                return _full_name(person, passage.text)
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


def _only_person(sentence: str) -> str:
    """The one person a sentence names by two words or more; empty where there are several."""
    pairs = {m for m in _PERSON.findall(sentence) if not set(m.split()) & NOT_PERSONS}
    return pairs.pop() if len(pairs) == 1 else ""


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


_WHO = r"(?P<who>(?:[^\W_][\w’'.-]*\s+){0,6}?[^\W_][\w’'-]*?)"


_ACCORDING = re.compile(rf"\b[Aa]ccording\s+to\s+{_WHO}(?=\s*(?:[,.;:)“]|$|\s(?:in|on|at|who|which|and)\s))")


_VIEW = re.compile(
    r"\b[Ii]n\s+(?:(?P<who>(?:[^\W_][\w’'.-]*\s+){0,4}?[^\W_][\w-]*?)[’']s?|(?:his|her|their|its))\s+"
    r"(?:view|judge?ment|account|words|opinion|reading|telling|estimate|eyes|image)\b"
)


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
