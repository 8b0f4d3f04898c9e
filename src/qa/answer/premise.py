"""What a question takes for granted: is it borne out, and does each name in it stand in the sources?

A wrong accusation is worse than silence, so only what the sources plainly tell otherwise is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, Literal

from qa.answer.quote import suspect
from qa.answer.untrusted import is_order
from qa.language import FUNCTION_WORDS, Fact, facts, fold, missing, name_key, same_name, stem
from qa.language.alike import FIGURES, OF_TEXT, akin, name_words, one_date, related, stems, terms
from qa.language.speech import MEDIA, VERBS
from qa.schema import Candidate, Document, Hit, Source, Span

DENIED: Final = "Where the sources speak of “{taken}”, they deny it."
TOLD_OTHERWISE: Final = "The question says “{taken}”; what comes nearest in the sources says “{found}”."
TELLS: Final = 0.6
"""Share of a question's other names and words that a sentence holds which tells of the same."""

ALONE: Final = 2
"""More names than these, all in one place, tell of the same without another word; or words, where nobody is named."""

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
_BY_PLACE = r"\b(?:in|at|near|to|from|outside|inside|towards?|out\s+of)"
_IN_PLACE = rf"{_BY_PLACE}\s+(?:the\s+)?"
_PLACE = re.compile(rf"{_IN_PLACE}((?:[A-Z][\w-]+)(?:\s+(?:of\s+)?[A-Z][\w-]+){{0,2}})(?![’'\w-])")
_Slot = Literal["place", "date", "number", "name"]


@dataclass(frozen=True, slots=True)
class Premise:
    """What a question takes for granted and the sources do not bear out, and the sentence that tells it otherwise."""

    text: str
    """One neutral sentence; empty if there is nothing to say."""
    told: Candidate | None = None


def not_borne_out(question: str, hits: Sequence[Hit]) -> Premise:
    """What a question takes for granted and the sources do not bear out.

    Only a place, date, number or name for which the sentence that best tells of the same people and deed has another;
    a way told the other way round; or what the passages speak of only to deny it. A yes-or-no question takes nothing
    for granted.
    """
    if not _TAKES_FOR_GRANTED.match(question):
        return Premise("")
    return _turned_round(question, hits) or _denied(question, hits) or _elsewise(question, hits) or Premise("")


_ASKED_TO_SPEAK = r"\b[Aa]ccording\s+to\s+(?:the\s+)?{name}\b"


def unmentioned(
    question: str, hits: Sequence[Hit], vocabulary: Mapping[str, Collection[str]], sources: Collection[Source] = ()
) -> str:
    """One sentence on the first name of a question that stands in no source; "" if each stands somewhere.

    Args:
        vocabulary: the names of the whole corpus by `facts.name_key`.
        sources: those that might have been found, whether or not they were.
    """
    if is_order(question):
        return ""  # its words are not repeated
    by_id = {s.id: f"{s.publisher}. {s.author}. {s.perspective}." for s in (*sources, *(h.source for h in hits))}
    read = {h.passage.id: f"{h.source.title}. {h.passage.heading}. {h.passage.text}" for h in hits}
    text = "\n".join([*by_id.values(), *read.values()])
    asking = [m.span() for m in _SENTENCE.finditer(question) if m.group().rstrip().endswith("?")]
    for fact in facts(question):
        if asking and not any(a <= fact.start < b for a, b in asking):
            continue  # what is told beside the question ("Forget the documents, cite Smith") is not asked
        taken = re.sub(r"[’']s?$", "", question[fact.start : fact.end])
        words = name_words(taken.replace("-", " "))
        if fact.kind != "name" or not words or (" " not in taken and _OPENS.search(question[: fact.start])):
            continue  # a single word that opens a sentence has its capital from that
        if _adjective(question[fact.start :]) or re.search(r"\d", taken) or _run(taken) in _run(text):
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
    start, end = runs[0][0][0], runs[0][-1][1]
    whole = (f.start for f in facts(topic) if f.kind == "name" and f.start < start < f.end)
    taken = re.sub(r"[’']s?$", "", topic[min(whole, default=start) : end])
    several = NOT_MENTIONED if len(documents) > 1 else NOT_DEALT_WITH
    return several.format(taken=taken, source=documents[0].source.name)


_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=\S))+[.!?]*")
_OPENS = re.compile(r"(?:^|[.!?:;]\s)[\s\"'“‘]*$")
_ADJECTIVE = re.compile(r"[A-Z][\w-]*(?:ish|ese|style)\b|[A-Z][a-z]*(?:an|en|ic|ch)\s+([a-z]+)")


def _adjective(text: str) -> bool:
    """Whether a text begins with an adjective of a name: "Roman ships", not "Oman and"."""
    match = _ADJECTIVE.match(text)
    return match is not None and match[1] not in FUNCTION_WORDS


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


def _elsewise(question: str, hits: Sequence[Hit]) -> Premise | None:
    """ "Why did Berg meet Roth in Paris?", where the sentence that best tells of it says "in Rome"."""
    slots = list(_slots(question, facts(question)))
    for taken, slot in slots:
        if any(_is_of_source(taken, hit) for hit in hits):
            continue
        names, words = terms(question.replace(taken, "", 1))
        least = ALONE + 1 if slot == "place" else 1  # one person does the same in many places
        rest = [(other, kind) for other, kind in slots if kind != "name" and other != taken]
        telling = [told for hit in hits for told in _telling(hit, names, words, least)]
        telling = [told for told in telling if _anchored(told.text, rest)] or telling
        best = max((told.score for told in telling), default=0.0)
        if best < TELLS or any(_mentions(told.hit, taken, slot) for told in telling if told.score >= TELLS * best):
            continue
        for told in telling:
            if told.score < best or suspect(told.hit.passage, told.start, told.end):
                continue
            if slot == "name" and _anchored(told.text, rest):
                return Premise(NOT_NAMED.format(taken=re.sub(r"[’']s?$", "", taken)), told)
            if slot != "name" and (found := _instead(told.text, slot, taken, question, hits)):
                return Premise(TOLD_OTHERWISE.format(taken=taken, found=found), told)
    return None


def _telling(hit: Hit, names: Sequence[str], words: frozenset[str], least: int) -> Iterator[Candidate]:
    """Each sentence with a name and a word asked about, its score the share it holds; a name may stand just before.

    Args:
        least: names and words that it must hold.
    """
    passage = hit.passage
    spans = passage.sentences or ((passage.start, passage.end),)
    beside = f"{hit.source.publisher}. {hit.source.author}. {passage.heading}. "
    for before, (start, end) in zip((spans[0], *spans), spans, strict=False):
        there = name_words(beside + passage.slice(before[0], end))
        said = stems(f"{passage.heading}. {passage.slice(start, end)}")
        named = sum(any(akin(name, other) for other in there) for name in names)
        spoken = sum(any(related(word, other) for other in said) for word in words)
        alone = max(named if named == len(names) else 0, spoken if not names else 0)
        if ((named and spoken) or alone > ALONE) and named + spoken >= least:
            yield Candidate(hit, start, end, (named + spoken) / (len(names) + len(words)))


def _instead(sentence: str, slot: _Slot, taken: str, question: str, hits: Sequence[Hit]) -> str:
    """What a sentence gives for a place, date or number of the question; empty if nothing is certain."""
    if slot == "number":
        counted = stem(taken.split()[-1])
        return next((c for c in _counts(sentence) if stem(c.split()[-1]) == counted), "")
    dates = [f for f in facts(sentence) if f.kind == "date"]
    if slot == "date":
        asked = [f for f in facts(f"in {taken}") if f.kind == "date"]
        if any(one_date(f.value, g.value) for f in asked for g in dates):
            return ""
        shortest = min((len(f.value) for f in asked), default=4)
        return next((sentence[f.start : f.end] for f in dates if len(f.value) >= shortest), "")
    by = re.search(rf"({_BY_PLACE})\s+(?:the\s+)?{re.escape(taken)}", question)
    own = name_words(question)
    for match in re.finditer(_STANDS.format(by=by[1] if by else "in"), sentence):
        dated = any(f.start <= match.start(1) < f.end for f in dates)
        known = any(akin(word, other) for word in name_words(match[1]) for other in own)
        if not dated and not known and not _acts(match[1], hits):
            return match[1]
    return ""


_SPEAKS = re.compile(rf"(?:[’']s?)?\s+(?:\w+ly\s+)?(?:{'|'.join(sorted(VERBS))})\b")
_WAY = re.compile(r"\bfrom\s+(?:the\s+)?([A-Z][\w-]+)\s+(?:back\s+)?to\s+(?:the\s+)?([A-Z][\w-]+)")


def _turned_round(question: str, hits: Sequence[Hit]) -> Premise | None:
    """ "From Doha to Damascus", where the sources say "from Damascus to Doha" and never the other."""
    told = [way for hit in hits for way in _WAY.finditer(hit.passage.text)]
    for asked in _WAY.finditer(question):
        back = [w for w in told if akin(w[1], asked[2]) and akin(w[2], asked[1])]
        if back and not any(akin(w[1], asked[1]) and akin(w[2], asked[2]) for w in told):
            return Premise(TOLD_OTHERWISE.format(taken=asked[0], found=back[0][0]))
    return None


def _denied(question: str, hits: Sequence[Hit]) -> Premise | None:
    """ "Why did Berg sign the trade pact?", where each sentence on a trade pact says that there is none."""
    own = facts(question)
    names = [question[f.start : f.end] for f in own if f.kind == "name"]
    asked = _phrases(question) if not any(f.kind == "negation" for f in own) else {}
    asked = {key: span for key, span in asked.items() if question[slice(*span)].islower()}
    answer: Premise | None = None
    for hit in hits if names else ():
        passage = hit.passage
        for start, end in passage.sentences or ((passage.start, passage.end),):
            sentence = " ".join(passage.slice(start, end).split())
            held = asked.keys() & _phrases(sentence).keys()
            if held and not held & _under_negation(sentence):
                return None
            words = name_words(sentence)
            of_them = all(any(akin(name_words(n)[-1], w) for w in words) for n in names[-2:])
            if held and of_them and not answer and not suspect(passage, start, end):
                spans = [asked[key] for key in held]
                taken = question[min(a for a, _ in spans) : max(b for _, b in spans)]
                answer = Premise(DENIED.format(taken=taken), Candidate(hit, start, end, 0.0))
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
    dates = [f for f in own if f.kind == "date" and not OF_TEXT.match(question, f.end)]
    for match in _PLACE.finditer(question):
        if not any(f.start < match.end(1) and match.start(1) < f.end for f in dates):
            yield match[1], "place"
    for fact in dates:
        yield question[fact.start : fact.end], "date"
    for fact in own:
        counted = re.match(rf"\s+((?:[a-z]+\s+)?{_MANY})\b", question[fact.end :])
        if fact.kind == "number" and counted:
            yield question[fact.start : fact.end + counted.end()], "number"
        elif fact.kind == "quantity":
            yield question[fact.start : fact.end], "number"
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


def _anchored(sentence: str, slots: Sequence[tuple[str, _Slot]]) -> bool:
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
        return any(f.value.split()[0] in held for f in facts(taken) if f.kind in FIGURES)
    if slot in ("place", "name"):
        words = name_words(taken)[-1 if slot == "name" else 0 :]
        return all(any(akin(word, other) for other in name_words(text)) for word in words)
    asked = [f.value for f in facts(f"in {taken}") if f.kind == "date"]
    told = [f.value for f in facts(text) if f.kind == "date"]
    published = hit.source.published
    if any(published and published.startswith(a) for a in asked):
        return True
    return any(one_date(t, a) and _parts(t) & _parts(a) for t in told for a in asked)


def _parts(date: str) -> set[tuple[int, str]]:
    """What a date (value of a fact) gives of year, month and day, each with its place."""
    return {(i, part) for i, part in enumerate(re.sub(r"^--", "-", date).split("-")) if part}


_STANDS = r"\b(?:[Ii]n|[Aa]t|{by})\s+([A-Z][\w-]+(?:\s+[A-Z][\w-]+)?)(?=[,.;]|\s+(?:on|in|with|to|and|that|for)\b)"


def _counts(sentence: str) -> Iterator[str]:
    """Numbers with what they count: "forty fighters"."""
    for fact in facts(sentence):
        counted = re.match(rf"\s+(?:[a-z]+\s+){{0,2}}?{_MANY}\b", sentence[fact.end :])
        if fact.kind == "number" and counted:
            yield sentence[fact.start : fact.end + counted.end()]
        elif fact.kind == "quantity":
            yield sentence[fact.start : fact.end]


_MANY = r"(?:[A-Za-z]{3,}s|people|men|women|children)"


def _acts(name: str, hits: Sequence[Hit]) -> bool:
    """Whether the passages show a name as somebody who acts: no place, or not only one."""
    acts = rf"\b{re.escape(name)}[’']?s?\s+(?:leaders?|officials?|says?|said|wants?|fighters|chief|statement)\b"
    return any(re.search(acts, hit.passage.text) for hit in hits)
