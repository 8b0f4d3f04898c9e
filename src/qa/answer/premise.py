"""What a question takes for granted: is it borne out, and does each name in it stand in the sources?

A wrong accusation is worse than silence, so only what the sources plainly tell otherwise is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, Literal

from qa.answer.alike import FIGURES, akin, happening, name_words, one_date, one_entity, related, stems, terms
from qa.answer.quote import suspect
from qa.answer.untrusted import is_order
from qa.answer.words import MEDIA, VERBS
from qa.facts import FUNCTION_WORDS, Fact, facts, fold, missing, name_key, same_name, stem
from qa.schema import Document, Hit, Span

NOT_BORNE_OUT: Final = "The question takes “{taken}” for granted; the sources do not bear that out."
NOT_BORNE_OUT_BUT: Final = (
    "The question takes “{taken}” for granted; the sources do not bear that out. They speak of “{found}”."
)
DENIED: Final = "Where the sources speak of “{taken}”, they deny it. {source}: “{found}”"
NOT_NAMED: Final = "Where the sources tell of this, they do not name “{taken}”."
NOT_MENTIONED: Final = "These sources do not mention “{taken}”."
NOT_DEALT_WITH: Final = "{source} does not mention “{taken}”."
NOT_A_SOURCE: Final = "“{taken}” is not among these sources, and none of them mentions it."

_TAKES_FOR_GRANTED = re.compile(
    r"^\W*"
    r"(?:(?:after|before|when)\b[^,?]*,\s*)?"
    r"(?:(?:and|but|so)\s+)?"
    r"(?:(?:in|at|on|to|from|with|for)\s+)?"
    r"(?:why|how|when|where|who|whom|whose|what|which)\b",
    re.I,
)
_IN_PLACE = r"\b(?:in|at|near|to|from|outside|inside)\s+(?:the\s+)?"
_PLACE = re.compile(rf"{_IN_PLACE}((?:[A-Z][\w-]+)(?:\s+(?:of\s+)?[A-Z][\w-]+){{0,2}})(?![’'\w-])")
_Slot = Literal["place", "date", "number", "name"]


def not_borne_out(question: str, hits: Sequence[Hit]) -> str:
    """One sentence naming what a question takes for granted and the sources do not bear out; "" if nothing.

    Only a place, date, number or name that the passages telling the event, with the question's other names, do not
    give; a way told the other way round; or what the passages speak of only to deny it.
    A wrong accusation is worse than silence; a yes-or-no question takes nothing for granted.
    """
    if not _TAKES_FOR_GRANTED.match(question):
        return ""
    if otherwise := _turned_round(question, hits) or _denied(question, hits):
        return otherwise
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    slots = list(_slots(question, own))
    for taken, slot in slots:
        if any(_is_of_source(taken, hit) for hit in hits):
            continue
        others = [n for n in names if not one_entity(n, taken)]
        event = happening(question) - stems(taken)
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
        words = name_words(taken.replace("-", " "))
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


def not_dealt_with(topic: str, documents: Sequence[Document]) -> str:
    """One sentence on the first thing in a topic that these documents, asked for it by name, never speak of; or ""."""
    names, words = terms(topic)
    text = "\n".join(f"{d.source.title}. {d.text}" for d in documents)
    there, held = name_words(text), stems(text)

    def lacks(word: str) -> bool:
        name = re.sub(r"[’']s?$", "", word)
        said = stems(word) & words if word.islower() else frozenset()
        return (name in names and not any(akin(name, other) for other in there)) or bool(
            said and not any(related(a, b) for a in said for b in held)
        )

    spans = ((m.span(), lacks(m[0])) for m in re.finditer(r"[^\W_][\w’'-]*", topic))
    runs = [[span for span, _ in run] for lacking, run in groupby(spans, key=itemgetter(1)) if lacking]
    if not runs:
        return ""
    taken = re.sub(r"[’']s?$", "", topic[runs[0][0][0] : runs[0][-1][1]])
    several = NOT_MENTIONED if len(documents) > 1 else NOT_DEALT_WITH
    return several.format(taken=taken, source=documents[0].source.name)


_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=\S))+[.!?]*")
_OPENS = re.compile(r"(?:^|[.!?:;]\s)[\s\"'“‘]*$")
_ADJECTIVE = re.compile(r"[A-Z][\w-]*(?:ish|ese|style)\b|[A-Z][a-z]*(?:an|en|ic|ch)\s+[a-z]")


def _run(text: str) -> str:
    """A text without what parts its words: "AppleTalk" is "Apple Talk"."""
    return re.sub(r"[\W_]", "", fold(text))


def _holds(name: str, words: Sequence[str]) -> bool:
    held = name_words(name)
    return all(any(akin(word, other) for other in held) for word in words)


def _stands(word: str, text: str, vocabulary: Mapping[str, Collection[str]]) -> bool:
    """Whether a word of a name, or its adjective, stands in the passages read or among the names of the corpus."""
    if any(akin(word, other) for other in re.findall(r"[^\W\d_]+", text)):
        return True
    if any(same_name(word, spelling) for spelling in vocabulary.get(name_key(word), ())):
        return True
    return any(akin(word, spelling) for spellings in vocabulary.values() for spelling in spellings)


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
        back = [w for w in told if akin(w[1], asked[2]) and akin(w[2], asked[1])]
        if back and not any(akin(w[1], asked[1]) and akin(w[2], asked[2]) for w in told):
            return NOT_BORNE_OUT_BUT.format(taken=asked[0], found=back[0][0])
    return ""


def _denied(question: str, hits: Sequence[Hit]) -> str:
    """ "Why did Berg sign the trade pact?", where each sentence on a trade pact says that there is none."""
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    asked = _phrases(question) if not any(f.kind == "negation" for f in own) else {}
    asked = {key: span for key, span in asked.items() if question[slice(*span)].islower()}
    answer = ""
    for hit in hits if names else ():
        passage = hit.passage
        for start, end in passage.sentences or ((passage.start, passage.end),):
            sentence = " ".join(passage.slice(start, end).split())
            held = asked.keys() & _phrases(sentence).keys()
            if held and not held & _under_negation(sentence):
                return ""
            words = name_words(sentence)
            of_them = all(any(akin(name_words(n)[-1], w) for w in words) for n in names[-2:])
            if held and of_them and not answer and not suspect(passage, start, end):
                spans = [asked[key] for key in held]
                taken = question[min(a for a, _ in spans) : max(b for _, b in spans)]
                answer = DENIED.format(taken=taken, source=hit.source.name, found=sentence)
    return answer


def _phrases(text: str) -> dict[tuple[str, str], Span]:
    """Each two words of content that follow one another, as stems, and where they stand."""
    words = [m for m in re.finditer(r"[^\W_]+(?:['’-][^\W_]+)*", text) if fold(m[0]) not in FUNCTION_WORDS]
    return {(stem(a[0]), stem(b[0])): (a.start(), b.end()) for a, b in pairwise(words)}


def _under_negation(sentence: str) -> set[tuple[str, str]]:
    """The phrases that stand behind a negation in its clause; "not just" and "not until" deny nothing."""
    clauses = (re.split(r"[,;:.]", sentence[f.start :])[0] for f in facts(sentence) if f.kind == "negation")
    return {key for clause in clauses if not _NO_DENIAL.search(clause) for key in _phrases(clause)}


_NO_DENIAL = re.compile(r"^\w+\s+(?:just|merely|simply)\b|\buntil\b", re.I)


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
    own = name_words(f"{source.publisher} {source.author}")
    words = name_words(taken)
    return bool(words) and all(any(same_name(word, other) for other in own) for word in words)


def _anchored(sentence: str, slots: Sequence[tuple[str, _Slot]], hits: Sequence[Hit]) -> bool:
    """Whether a sentence gives a day or place that the question gives too: it tells the very event."""
    dates = [f.value for f in facts(sentence) if f.kind == "date"]
    for taken, slot in slots:
        if slot == "date":
            asked = [f.value for f in facts(f"in {taken}") if f.kind == "date"]
            if any(one_date(d, a) and "-" in a for d in dates for a in asked):
                return True
        elif slot == "place" and all(any(akin(w, o) for o in name_words(sentence)) for w in name_words(taken)):
            return True
    return False


def _mentions(hit: Hit, taken: str, slot: _Slot) -> bool:
    """Whether a passage, its heading or its source speaks of the place or date at all."""
    text = f"{hit.source.title}. {hit.passage.heading}. {hit.passage.text}"
    if slot == "number":
        held = {f.value.split()[0] for f in facts(text) if f.kind in FIGURES}
        return any(f.value in held for f in facts(taken) if f.kind == "number")
    if slot in ("place", "name"):
        words = name_words(taken)[-1 if slot == "name" else 0 :]
        return all(any(akin(word, other) for other in name_words(text)) for word in words)
    asked = [f.value for f in facts(f"in {taken}") if f.kind == "date"]
    told = [f.value for f in facts(text) if f.kind == "date"] + [hit.source.published]
    return any(one_date(t, a) for t in told if t for a in asked)


def _tells(hit: Hit, others: Sequence[str], event: frozenset[str]) -> Iterator[str]:
    """Sentences that tell the event: with a word for it, and the other names there or just before."""
    spans = hit.passage.sentences or ((hit.passage.start, hit.passage.end),)
    for before, (start, end) in zip((spans[0], *spans), spans, strict=False):
        sentence, context = hit.passage.slice(start, end), hit.passage.slice(before[0], end)
        words = name_words(context)
        held = sum(all(any(akin(w, o) for o in words) for w in name_words(n)[-1:]) for n in others)
        if event & stems(sentence) and held >= max(1, len(others) - (len(others) > 2)):
            yield sentence


def _other(
    sentence: str, slot: _Slot, taken: str, names: Sequence[str], event: frozenset[str], hits: Sequence[Hit]
) -> str:
    """The place or date that a sentence gives instead; empty if none is certain."""
    dates = [f for f in facts(sentence) if f.kind == "date"]
    if slot == "date":
        shortest = min((len(f.value) for f in facts(f"in {taken}") if f.kind == "date"), default=4)
        return next((sentence[f.start : f.end] for f in dates if len(f.value) >= shortest), "")
    for match in _STANDS_IN.finditer(sentence):
        place = match[1]
        near = " ".join(sentence[: match.start()].split()[-8:])
        dated = any(f.start <= match.start(1) < f.end for f in dates)
        known = any(one_entity(place, n) for n in names)
        if event & stems(near) and not dated and not known and not _acts(place, hits):
            return place
    return ""


_STANDS_IN = re.compile(r"\b(?:in|at)\s+([A-Z][\w-]+(?:\s+[A-Z][\w-]+)?)(?=[,.;]|\s+(?:on|in|with|to|and)\b)")


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
