"""A question's clause said otherwise: as a statement, as what was asked, as who said a thing. English."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qa.language import FUNCTION_WORDS, facts, fold
from qa.language.speech import ADVERBS, PRONOUNS, ROLES, VERBS

AUXILIARIES: Final = "do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|may|might"

OPENERS = r"(?:(?:and|but|so|then|ok|okay|or|well)\b[\s,]*)*"


PREPOSITIONS = "in|at|on|over|from|to|with|by|for|about|of|against|near|since|until|before|after|during|under|between"


MAX_CLAIM: Final = 24
"""Words of a sentence that "who said that" repeats."""

_PAST = dict(
    pair.split(":")
    for pair in (
        "become:became begin:began break:broke bring:brought build:built buy:bought catch:caught choose:chose "
        "come:came cut:cut dig:dug do:did draw:drew drive:drove eat:ate fall:fell feel:felt fight:fought "
        "find:found flee:fled fly:flew forbid:forbade forget:forgot get:got give:gave go:went grow:grew have:had "
        "hear:heard hide:hid hit:hit hold:held hurt:hurt keep:kept know:knew lead:led learn:learned leave:left "
        "let:let lose:lost make:made mean:meant meet:met pay:paid put:put read:read ride:rode ring:rang rise:rose "
        "run:ran say:said see:saw seek:sought sell:sold send:sent set:set shoot:shot show:showed shut:shut "
        "sing:sang sit:sat sleep:slept speak:spoke spend:spent split:split spread:spread stand:stood steal:stole "
        "strike:struck swear:swore take:took teach:taught tell:told think:thought throw:threw "
        "understand:understood wear:wore win:won withdraw:withdrew write:wrote"
    ).split()
)


IRREGULAR: Final = "|".join(sorted(set(_PAST.values())))
"""Past forms and participles that do not end in -ed or -en, to stand in a pattern."""


def past(verb: str) -> str:
    """The past of a verb: "meet" -> "met", "agree" -> "agreed"."""
    if verb in _PAST:
        return _PAST[verb]
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb):
        return f"{verb}{verb[-1]}ed"
    return re.sub(r"(?<=[^aeiou])y$", "i", verb).removesuffix("e") + "ed"


def third(verb: str) -> str:
    """The third person of a verb: "have" -> "has", "deny" -> "denies"."""
    if verb == "have":
        return "has"
    if re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        return f"{verb}es"
    return re.sub(r"(?<=[^aeiou])y$", "ie", verb) + "s"


def plural(verb: str) -> str:
    """The form of a verb that goes with "those who": "lives" -> "live"; a past stays as it is."""
    bases = (
        verb.removesuffix("s"),
        verb.removesuffix("es"),
        re.sub(r"ies$", "y", verb),
        "have" if verb == "has" else "",
    )
    return next((base for base in bases if base and base != verb and third(base) == verb), verb)


@dataclass(frozen=True, slots=True)
class Clause:
    """What a question says about its subject: "When did Norway leave the League?" is "Norway", "left the League"."""

    asks: str
    """The words before the auxiliary: "when"; empty in a yes-or-no question."""
    subject: str
    predicate: str
    """The verb in the form that a statement has, and what follows."""

    def __str__(self) -> str:
        return f"{self.subject} {self.predicate}"

    @property
    def whole(self) -> bool:
        """Whether it states something by itself: nothing but time, place or reason is asked for."""
        asks = re.fullmatch(r"(?:\w+\s+)?(?:when|where|why|how)(?:\s.*)?|by\s+whom", self.asks, re.I)
        open_ended = re.search(r"\b(?:to|of|for|with|from|about)$", self.predicate)
        return (not self.asks or bool(asks)) and not open_ended and self.predicate not in ("is", "are", "was", "were")


_ASKS = re.compile(
    r"(?:(?:in|at|on|from|to|with|by|for|about|of|since|until)\s+)?"
    r"(?:who|whom|when|where|why|how(?:\s+(?:closely|long|often|far|soon))?|(?:what|which)(?:\s+[\w’'-]+){0,3}?|"
    r"how\s+(?:many|much)(?:\s+[\w’'-]+){0,3}?)\s+(?=(?:"
    rf"{AUXILIARIES})(?:n[’']t)?\b)",
    re.I,
)

_NAMED = re.compile(
    r"(?:the\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*(?:\s+(?:of\s+(?:the\s+)?|and\s+(?:the\s+)?)?(?:[a-z]{2}-)?[A-Z][\w’'-]*)*(?=\s|$)"
)

_DESCRIBED = re.compile(r"(?:the|an?|[A-Z][\w-]*[’']s?)\s+", re.I)


def clause_of(question: str) -> Clause | None:
    """A question taken apart; None where its subject cannot be told from its verb."""
    question = question.rstrip("?.! ")
    if ", about " in question:
        return None
    asks = match[0].strip() if (match := _ASKS.match(question)) else ""
    rest = question[match.end() :] if match else question
    auxiliary = re.match(rf"(?P<word>{AUXILIARIES})(?P<negated>n[’']t)?\s+", rest, re.I)
    if not auxiliary:
        return None
    rest = rest[auxiliary.end() :]
    word = auxiliary["word"].lower()
    be = word in ("is", "are", "was", "were")
    subject = _subject(rest, be=word not in ("do", "does", "did"))
    passive = _PASSIVE.fullmatch(rest) if be else None
    if passive and not re.match(r"(?:what|who)\b", asks, re.I):
        subject = passive[1]  # "Where was the meeting of A and B in 2023 held?"
    elif be and _NAMES_IT.fullmatch(asks) and not re.match(r"\s\w+(?:ed|ing|en)\b", rest[len(subject) :]):
        subject = rest  # "What is the main finding of the paper?"
    if not subject:
        return None
    said = rest[len(subject) :].strip()
    negated = "not " if auxiliary["negated"] else ""
    if not said:
        return Clause(asks, subject, word) if be and asks and not negated else None
    verb, _, after = said.partition(" ")
    if re.match(r"(?:have|be|do)\b", after) and word in ("do", "does", "did"):  # the subject was longer than it seemed
        subject, (verb, _, after) = f"{subject} {verb}", after.partition(" ")
    inflect = _INFLECT.get(word)
    if inflect and not negated and verb.islower() and verb not in _NO_VERBS and not verb.endswith("ly"):
        return Clause(asks, subject, f"{inflect(verb)} {after}".strip())
    return Clause(asks, subject, f"{word} {negated}{said}")


def _subject(rest: str, *, be: bool) -> str:
    """The subject that stands at the beginning; empty if it cannot be told where it ends."""
    named = _NAMED.match(rest)
    role = re.match(r"\s+([a-z]+)", rest[named.end() :]) if named else None
    if (
        named
        and not (role and role[1] in ROLES)
        and not re.search(r"[’']s?$", named[0])
        and not _ADJECTIVE.match(named[0].split()[-1] + rest[named.end() :])
    ):
        return named[0]
    described = _DESCRIBED.match(rest)
    if not described:
        return ""
    words: list[re.Match[str]] = []
    at = described.end()
    if counted := _COUNTED.match(rest, at):
        at = counted.end()
    while (word := _NOUN.match(rest, at)) and fold(word[0]) not in FUNCTION_WORDS:
        words.append(word)
        at = word.end() + (rest[word.end() : word.end() + 1] == " ")
    if not words:
        return ""
    with_noun = _OF.match(rest, words[-1].end())  # "the axis of resistance help": the verb comes after that
    verb_follows = re.match(r"\s*(?:do|have|be|of)\b", rest[words[-1].end() :]) or with_noun
    if len(words) > 1 and not verb_follows and (not be or re.search(r"(?:ed|en|ing)$", words[-1][0])):
        words.pop()
        with_noun = None
    return rest[: with_noun.end() if with_noun else words[-1].end()]


_NAMES_IT = re.compile(r"what|who|when|where", re.I)
_PASSIVE = re.compile(
    rf"((?:the\s|an?\s|[A-Z])(?:(?!\s(?:that|who|which|and\s+[a-z]+)\s).)+)\s(?:[a-z]+ed|[a-z]+en|{IRREGULAR})", re.S
)
_INFLECT: Final[dict[str, Callable[[str], str]]] = {"did": past, "does": third, "do": str}
_NO_VERBS = (ADVERBS | {"not"}) - {"have", "do"}
_COUNTED = re.compile(r"(?:two|three|four|five|six|seven|eight|nine|ten|other|many|few)\s+")
_NOUN = re.compile(r"[^\W\d_][\w’'-]*")
_OF = re.compile(
    r"\s(?:of|near|in|at|between|from|with)\s+(?:the\s+)?"
    r"(?:(?:[a-z]{2}-)?[A-Z][\w’'-]*(?:\s+(?:and\s+|of\s+)?(?:[a-z]{2}-)?[A-Z][\w’'-]*)*|[a-z][\w-]*)(?=\s+[a-z])"
)
_ADJECTIVE = re.compile(r"[A-Z][a-z]+(?:ian|ean|ese|ish)\s+[a-z]")


def asked(question: str) -> str:
    """A question as what was asked: "What did Berg warn of?" -> "what Berg warned of"; empty if that cannot be told."""
    question = question.rstrip("?.! ")
    clause = clause_of(question)
    if clause and clause.asks:
        return f"{_lower(clause.asks)} {clause}"
    if clause:
        return f"whether {clause}"
    by_subject = re.match(
        rf"(?:who|what|which\s+[\w-]+|how\s+many\s+[\w-]+)\s+(?!(?:\S+\s+){{0,2}}(?:{AUXILIARIES})\b)[a-z]",
        question,
        re.I,
    )
    return _lower(question) if by_subject else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# who said a thing -------------------------------------------------------------------------------------

_MARKS = str.maketrans({"“": '"', "”": '"'})
_ENDS = re.compile(r"(?<=[.!?])[\"”’]?\s+(?=[\"“]?[A-Z])")
_SAYS = "|".join(sorted(VERBS, key=len, reverse=True))
_VERB = re.compile(rf"\b(?:{_SAYS}|put)\b")
_TAG = re.compile(
    r"(?P<comma>,)?\s+(?:according\s+to\s+[^,.;]+|in\s+(?:[^,.;\s]+\s+){1,4}(?:view|judge?ment|account|opinion|reading|words|telling|estimate|image)|"
    r"(?:[A-Z]|the\s|he\s|she\s|they\s|it\s)(?:[^,.;\s]*\s+){0,4}?"
    rf"(?:{_SAYS})(?:\s+afterwards)?)(?=[,.;]|$)(?(comma),?)"
)
_BEGINS = frozenset(
    "the a an he she they it his her its their some many several most those these one two three".split()
)
"""Function words that a subject may begin with."""


def who_said(sentence: str, known: str = "", *, source: bool = False) -> str:
    """The question who said what a sentence says, without who it says it is: "Who warned of floods?".

    Args:
        known: what else was said and read; it tells names from words whose capital only opens the sentence.
        source: ask for the source instead: "Which source says that it rained?"
    """
    last = _ENDS.split(" ".join(sentence.split()))[-1].strip().rstrip(".!?")
    masked = re.sub(r"[“\"][^”\"]*[”\"]", lambda m: "“" * len(m[0]), last)
    verb = None if source else next((m for m in _VERB.finditer(masked) if _is_subject(masked[: m.start()], m[0])), None)
    if verb:
        says = third(verb[0]) if _is_base(verb[0]) else verb[0]
        return f"Who {_cut(says + last[verb.end() :])}?"
    tags = [m.span() for m in _TAG.finditer(masked) if m.start() and not _NO_TAG.search(m[0])]
    for start, end in reversed(tags):
        last = last[:start] + last[end:]
    first = re.match(r"[\w’'-]+", last)
    said = last if first and _is_name(first[0], last, known) else f"{last[:1].lower()}{last[1:]}"
    return f"{'Which source says' if source else 'Who said'} that {_cut(said)}?"


_NO_TAG = re.compile(r"\b(?:that|and|but|who|which|when|what)\b|\bof\s+\w+,?$")


def _is_name(first: str, text: str, known: str) -> bool:
    if fold(first) in FUNCTION_WORDS:
        return False
    if first.isupper() or re.search(rf"[^\W_],?\s+{re.escape(first)}\b", f"{text} {known}"):
        return True
    lower = re.search(rf"\b{re.escape(first.lower())}\b", f"{text} {known}")
    return not lower and any(f.kind == "name" and f.start == 0 for f in facts(text))


def _is_base(verb: str) -> bool:
    return third(verb) in VERBS


def _is_subject(before: str, verb: str) -> bool:
    """Whether the words before a verb are no more than its subject, described or not: "Berg, a pilot,"."""
    head, _, apposition = before.strip().partition(",")
    words = head.split()
    if not 0 < len(words) < 8 or (apposition and not apposition.endswith(",")):
        return False
    if re.search(rf"\b(?:{AUXILIARIES}|that|which|because|when|to)\b", head, re.I):
        return False
    first, end = fold(words[0]), [w for w in words if not w.endswith("ly") and w not in ADVERBS][-1:]
    if not end or fold(end[0]) in FUNCTION_WORDS - PRONOUNS or (first in FUNCTION_WORDS and first not in _BEGINS):
        return False
    plural = " and " in head or end[0].endswith("s") or end[0] == "they"
    return words[0][0].isupper() and (plural or not _is_base(verb))


def _cut(text: str) -> str:
    """At most `MAX_CLAIM` words, to the end of a clause where there is one, no quotation left open."""
    words = text.split()
    if len(words) > MAX_CLAIM:
        text = " ".join(words[:MAX_CLAIM])
        ends = [m.start() for m in re.finditer(r"[,;:]\s|\s(?:and|but|which|while|because)\s", text)]
        text = text[: max((e for e in ends if e > len(text) / 2), default=len(text))]
        while " " in text and fold(text.rsplit(" ", 1)[1]) in FUNCTION_WORDS:
            text = text.rsplit(" ", 1)[0]
    plain = text.translate(_MARKS)
    if plain.count('"') % 2:
        text = text[: plain.rfind('"')]
    return re.sub(r"[.,;]+([”\"]?)$", r"\1", text.strip(" ,;:—–-"))


def core(searched: str) -> str:
    """A question without what an earlier follow-up put before it: "Why: Who is she?" -> "Who is she?"."""
    return re.sub(r"^(?:[^:?]{1,80}: )+(?=[A-Z])", "", searched)
