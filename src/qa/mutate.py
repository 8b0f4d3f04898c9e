"""Make a false claim out of a true sentence, by program: it trains the support model, and judges the judge.

Each mutation breaks one thing and keeps the rest, as the errors people look for do. The kinds follow FRANK
(Pagnoni et al. 2021, arXiv:2104.13346) and FactCC (Kryscinski et al. 2020, arXiv:1910.12840), and the ways
in which a quotation fails. The same sentence, document and seed give the same mutations.
"""

from __future__ import annotations

import random
import re
from calendar import day_name, month_name
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from qa.language import FUNCTION_WORDS, Fact, facts, fold, fold_quote, same_name
from qa.language.fact import FIGURES
from qa.language.numbers import CARDINALS, ORDINALS
from qa.language.parser import parse
from qa.language.speech import SAYING

_T = TypeVar("_T")

MutationKind = Literal[
    "number", "date", "name", "role", "negation", "quantifier", "direction", "speaker",
    "stitched", "fabricated", "swapped", "dropped",
]  # fmt: skip
MUTATION_KINDS: tuple[MutationKind, ...] = get_args(MutationKind)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A claim that its evidence does not bear out, though the original sentence was borne out.

    `text[start:end]` is what was changed. Where the claim is kept and its evidence is taken away (swapped,
    dropped), `evidence` is what the claim is now held against, and the span is the whole claim.
    """

    kind: MutationKind
    text: str
    original: str
    start: int
    end: int
    evidence: str | None = None

    def __post_init__(self) -> None:
        if self.text == self.original and self.evidence is None:
            raise ValueError(f"a {self.kind} mutation must change the claim: {self.text!r}")
        if not 0 <= self.start < self.end <= len(self.text):
            raise ValueError(f"{self.start}..{self.end} lies outside a claim of {len(self.text)} characters")


def mutations(sentence: str, document: str | Sequence[str], seed: int = 0) -> list[Mutation]:
    """One mutation of each kind that the sentence allows, in the order of MUTATION_KINDS.

    `document` is the text the sentence stands in, or its sentences: names, numbers and quotations to confuse
    it with are taken from there, so that a mutation cannot be told by a word foreign to the document.
    """
    sentences = (
        re.split(r"(?<=[.!?])[\"'”’)\]]?\s+(?=[A-Z\"“‘'(])|\n+", document) if isinstance(document, str) else document
    )
    place = _Place(sentence, [s for s in sentences if s.strip()], facts(sentence), random.Random(f"{seed}|{sentence}"))
    found = (make(place) for make in _MAKERS.values())
    return [mutation for mutation in found if mutation is not None]


@dataclass(frozen=True, slots=True)
class _Place:
    sentence: str
    sentences: list[str]
    facts: tuple[Fact, ...]
    rng: random.Random

    @property
    def others(self) -> list[str]:
        own = fold_quote(self.sentence)
        return [s for s in self.sentences if fold_quote(s) not in own and own not in fold_quote(s)]

    def of(self, *kinds: str) -> list[Fact]:
        return [f for f in self.facts if f.kind in kinds]

    def elsewhere(self, *kinds: str) -> list[tuple[str, str]]:
        """Value and wording of facts in the document's other sentences, each once."""
        return list(
            {f.value: (f.value, s[f.start : f.end]) for s in self.others for f in facts(s) if f.kind in kinds}.values()
        )

    def words(self, fact: Fact) -> str:
        return self.sentence[fact.start : fact.end]

    def pick(self, items: Sequence[_T]) -> _T | None:
        return self.rng.choice(items) if items else None

    def put(self, kind: MutationKind, start: int, end: int, new: str) -> Mutation | None:
        """The sentence with `start..end` replaced, a capital kept; None where that changes nothing."""
        if self.sentence[start : start + 1].isupper() or (start == 1 and self.sentence[0] in "\"“'‘"):
            new = new[0].upper() + new[1:]
        text = self.sentence[:start] + new + self.sentence[end:]
        return None if text == self.sentence else Mutation(kind, text, self.sentence, start, start + len(new))

    def one_of(
        self, kind: MutationKind, table: dict[str, tuple[str, ...]], apart: Sequence[Fact] = ()
    ) -> Mutation | None:
        """With one word of a table replaced; none that stands in a fact."""
        words = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
        spots = [
            m
            for m in re.finditer(rf"(?<![-\w])(?:{words})(?![-\w])", self.sentence, re.I)
            if not any(m.start() < f.end and m.end() > f.start for f in apart)
        ]
        spot = self.pick(spots)
        return self.put(kind, *spot.span(), self.rng.choice(table[spot[0].lower()])) if spot else None


# number, date ---------------------------------------------------------------------------------------

_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _number(place: _Place) -> Mutation | None:
    fact = place.pick(place.of(*FIGURES))
    if fact is None:
        return None
    said = place.words(fact)
    if (digits := _DIGITS.search(said)) is None:
        return _worded(place, "number", fact, ([*CARDINALS][1:], ORDINALS))
    others = [_DIGITS.search(w) for v, w in place.elsewhere(fact.kind) if v != fact.value]
    borrowed = [m[0] for m in others if m and m[0] != digits[0]]
    new = place.rng.choice(borrowed) if borrowed and place.rng.random() < 0.4 else _other_number(digits[0], place.rng)
    return place.put("number", fact.start + digits.start(), fact.start + digits.end(), new)


def _worded(place: _Place, kind: MutationKind, fact: Fact, scales: Sequence[Sequence[str]]) -> Mutation | None:
    """A fact with one of its words replaced by another of the same scale."""
    words = re.finditer(r"[A-Za-z]+", place.words(fact))
    spot = place.pick([(m, scale) for m in words for scale in scales if m[0].lower() in map(str.lower, scale)])
    if spot is None:
        return None
    match, scale = spot
    new = place.rng.choice([w for w in scale if w.lower() != match[0].lower()])
    return place.put(kind, fact.start + match.start(), fact.start + match.end(), new)


def _other_number(digits: str, rng: random.Random) -> str:
    """Another number of the same make: as many decimals, thousands parted the same way."""
    value = float(digits.replace(",", ""))
    decimals = len(digits.split(".")[1]) if "." in digits else 0
    step = 10.0**-decimals
    ways = [value + step * rng.randint(1, 9), value * rng.choice((2, 3, 10)), value * rng.uniform(0.4, 0.8)]
    rng.shuffle(ways)
    for way in (*ways, value + step):
        new = f"{way:{',' * (',' in digits)}.{decimals}f}"
        if new != digits and float(new.replace(",", "")) > 0:
            break
    return new


def _date(place: _Place) -> Mutation | None:
    """Another date of the document, or one with another day, month or year."""
    fact = place.pick(place.of("date"))
    if fact is None:
        return None
    said, shape = place.words(fact), re.sub(r"\d", "0", fact.value)
    borrowed = [w for v, w in place.elsewhere("date") if v != fact.value and re.sub(r"\d", "0", v) == shape]
    if borrowed and place.rng.random() < 0.35:
        return place.put("date", fact.start, fact.end, place.rng.choice(borrowed))
    months = [*month_name][1:]
    year = re.search(r"\d{4}", said)
    if year is None or place.rng.random() < 0.5:
        scales = (months, [m[:3] for m in months], [*day_name], ORDINALS)
        if made := _worded(place, "date", fact, scales):
            return made
    if year is None:
        return None
    new = str(int(year[0]) + (10 if said.endswith("s") else 1) * place.rng.choice((-7, -3, -2, -1, 1, 2, 5)))
    return place.put("date", fact.start + year.start(), fact.start + year.end(), new)


# names ----------------------------------------------------------------------------------------------

_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|to|into|across|outside|inside|around|towards?)\s(?:the\s)?$", re.I)


def _distinct(a: str, b: str) -> bool:
    """Whether two names name different things, as far as their words tell."""
    left, right = fold(a).split(), fold(b).split()
    return not any(same_name(x, y) for x in left for y in right if x not in FUNCTION_WORDS)


def _rivals(place: _Place, fact: Fact) -> list[str]:
    """Names of the document to mistake this one for, of the same make (place, length) if there are such."""
    own = {f.value for f in place.of("name")}
    words = place.words(fact)
    spatial = bool(_PLACE_BEFORE.search(place.sentence[: fact.start]))
    ranked: dict[str, int] = {}
    for s in [*place.others, place.sentence]:
        for f in facts(s):
            if f.kind == "name" and _distinct(f.value, fact.value) and not (s is place.sentence and len(own) > 2):
                name = s[f.start : f.end]
                likeness = 2 * (bool(_PLACE_BEFORE.search(s[: f.start])) == spatial) - 2 * (f.value in own)
                likeness += ((" " in name) == (" " in words)) + (name.isupper() == words.isupper())
                ranked[name] = max(likeness, ranked.get(name, -9))
    best = max(ranked.values(), default=0)
    return sorted(name for name, n in ranked.items() if n >= best - 1)


def _rename(place: _Place, names: Sequence[Fact], kind: MutationKind) -> Mutation | None:
    for fact in place.rng.sample(names, len(names)):
        if new := place.pick(_rivals(place, fact)):
            return place.put(kind, fact.start, fact.end, new)
    return None


def _subjects(place: _Place) -> Iterator[tuple[str, Fact, Fact | None]]:
    """The verbs that have a name for subject, by dictionary form, with it and a name that is their object."""
    parsed = parse(place.sentence)
    names = place.of("name")

    def named(head: int | None) -> Fact | None:
        return next((f for f in names if head is not None and f.start <= parsed.tokens[head].start < f.end), None)

    for verb, token in enumerate(parsed.tokens):
        if token.is_verb and (subject := named(parsed.child(verb, "nsubj", "nsubjpass"))):
            yield (
                token.lemma,
                subject,
                named(next(iter([*parsed.children(verb, "dobj"), *parsed.behind(verb, "by")]), None)),
            )


def _speakers(place: _Place) -> list[Fact]:
    behind = [f for f in place.of("name") if re.search(r"\b[Aa]ccording to(?: the)? $", place.sentence[: f.start])]
    return behind + [subject for verb, subject, _ in _subjects(place) if verb in SAYING]


def _name(place: _Place) -> Mutation | None:
    names, speakers = place.of("name"), _speakers(place)
    return _rename(place, [f for f in names if f not in speakers] or names, "name")


def _speaker(place: _Place) -> Mutation | None:
    """The same words, put into another's mouth."""
    return _rename(place, _speakers(place), "speaker")


def _role(place: _Place) -> Mutation | None:
    """Who does what to whom, turned round: "A attacked B" -> "B attacked A"."""
    pairs = [
        (a, b)
        for verb, a, b in _subjects(place)
        if b and verb not in ("be", "meet", "marry", "join") and a.end < b.start and _distinct(a.value, b.value)
    ]
    if (pair := place.pick(pairs)) is None:
        return None
    a, b = pair
    return place.put("role", a.start, b.end, place.words(b) + place.sentence[a.end : b.start] + place.words(a))


# negation, quantifier, direction ------------------------------------------------------------------------

_VERBS = "is|are|was|were|has|have|had|would|could|might|must|should|did|does|do|may|will"
_AUXILIARY = re.compile(rf"\b({_VERBS}|can)\b(?!\s+(?:not|never|no|only)\b|n['’]t)")
_REMOVABLE: tuple[tuple[str, str], ...] = (
    (rf"\b({_VERBS})(?:\snot|n['’]t)\b", r"\1"), (r"\bcan(?:not|['’]t)\b", "can"), (r"\bnever\b", "always"),
    (r"\bwithout\b", "with"), (r"\bno longer\b", "still"), (r"\bno\b", "some"),
    (r"\b(?:failed|refused|declined) to\b", "managed to"), (r"\bnot\b", "indeed"),
)  # fmt: skip


def _negation(place: _Place) -> Mutation | None:
    """A denial taken away, or one put in: behind an auxiliary, else before a verb in the past."""
    for pattern, new in _REMOVABLE:
        if match := re.search(pattern, place.sentence, re.I):
            return place.put("negation", *match.span(), match.expand(new))
    if match := place.pick([*_AUXILIARY.finditer(place.sentence)]):
        return place.put("negation", *match.span(), f"{match[0]} {place.rng.choice(('not', 'never'))}")
    verb = next((t for t in parse(place.sentence).tokens if t.tag == "VBD" and t.dep == "ROOT"), None)
    return place.put("negation", verb.start, verb.end, f"never {verb.text}") if verb else None


_QUANTIFIERS: dict[str, tuple[str, ...]] = {
    "all": ("some", "few"), "every": ("hardly any",), "each": ("hardly any",), "some": ("all", "no", "most"),
    "most": ("all", "few"), "many": ("few", "all"), "few": ("many", "all"), "several": ("all", "no"),
    "always": ("sometimes", "never"), "often": ("never", "always"), "usually": ("never", "always"),
    "sometimes": ("always", "never"), "rarely": ("often", "always"), "never": ("often", "sometimes"),
    "both": ("neither",), "majority": ("minority",), "minority": ("majority",), "mostly": ("entirely", "barely"),
    "almost": ("more than",), "nearly": ("well over",), "at least": ("at most", "exactly"), "at most": ("at least",),
    "more than": ("less than", "exactly"), "less than": ("more than",), "up to": ("more than", "at least"),
    "entirely": ("partly",), "partly": ("entirely",), "half": ("all", "a quarter"), "any": ("all",),
}  # fmt: skip


def _quantifier(place: _Place) -> Mutation | None:
    """Another degree or share; or nobody but who does it."""
    if made := place.one_of("quantifier", _QUANTIFIERS):
        return made
    first = next((a for _, a, _ in _subjects(place) if a.start == 0), None)
    return place.put("quantifier", 0, first.end, f"Only {place.words(first)}") if first else None


_OPPOSITES = """
after before|oppose support|opposes supports|opposed supported|opposing supporting|new old|united divided|born died
best worst|better worse|known unknown|include exclude|included excluded|including excluding|more less|life death
peace war|north south|northern southern|east west|eastern western|early late|earlier later|win lose|won lost
received sent|begin end|began ended|beginning end|same different|top bottom|large small|larger smaller
largest smallest|big small|major minor|create destroy|created destroyed|built destroyed|high low|higher lower
highest lowest|public private|man woman|men women|female male|father mother|son daughter|brother sister
husband wife|king queen|success failure|successful unsuccessful|succeeded failed|ancient modern
love hate|cold hot|gave took|give take|bought sold|appeared disappeared|old young|older younger|oldest youngest
heavy light|primarily partly|independent dependent|rise fall|rose fell|rising falling|raised lowered|positive negative
inside outside|native foreign|growth decline|common rare|closer further|majority minority
strong weak|helped hindered|official unofficial|cause prevent|caused prevented|wide narrow|open close|opened closed
together separately|ahead behind|full empty|legal illegal|bright dark|joined left|victory defeat|simple complex
expanded contracted|entered left|praised criticized|urban rural|deep shallow|start stop|started stopped
gained lost|accept reject|accepted rejected|rich poor|increase decrease|increased decreased|increasing decreasing
alive dead|present absent|above below|easy difficult|upper lower|domestic foreign|friend foe|agreed disagreed
confirmed denied|allowed forbade|approved rejected
"""
_OPPOSITE: dict[str, tuple[str, ...]] = {}
for _left, _right in (pair.split() for line in _OPPOSITES.split("\n") if line for pair in line.split("|")):
    _OPPOSITE.setdefault(_left, (_right,))
    _OPPOSITE.setdefault(_right, (_left,))


def _direction(place: _Place) -> Mutation | None:
    """A word turned into its opposite: rose, fell; before, after; supports, opposes."""
    return place.one_of("direction", _OPPOSITE, place.of("name", "date", "quote"))


# quotations -----------------------------------------------------------------------------------------

_UTTERANCES = (
    "this is only the beginning of what must be done", "we had no choice and we would do it again",
    "nobody should be surprised by what happened here", "there is not a single reason to change course",
    "the whole arrangement was built on sand", "it is far too early to draw any lesson from it",
)  # fmt: skip


def _stitched(place: _Place) -> Mutation | None:
    """One quotation sewn from two places: each half stands in the document, the whole does not."""
    quote = place.pick([q for q in place.of("quote") if len(q.value.split()) > 5])
    quoted = [w for v, w in place.elsewhere("quote") if len(v.split()) > 5]
    other = place.pick(quoted or [s for s in place.others if 6 <= len(s.split()) <= 40])
    parts = [
        re.sub(r"[\"“”«»]", "", text).strip(" .!?").split()
        for text in (place.words(quote) if quote else place.sentence, other or "")
    ]
    if min(map(len, parts)) < 6:
        return None
    words = " ".join(parts[0][: len(parts[0]) // 2] + parts[1][len(parts[1]) // 2 :])
    start, end = (quote.start, quote.end) if quote else (0, len(place.sentence.rstrip()))
    return place.put("stitched", start, end, f"“{words}{'' if quote else '.'}”")


def _fabricated(place: _Place) -> Mutation | None:
    """Words in quotation marks that nobody said."""
    words = place.rng.choice(_UTTERANCES)
    if quote := place.pick(place.of("quote")):
        return place.put("fabricated", quote.start, quote.end, f"“{words}”")
    speaker = place.pick(place.of("name"))
    who = place.words(speaker) if speaker else "one of those involved"
    return place.put(
        "fabricated", len(place.sentence.rstrip(" \n.!?")), len(place.sentence), f"; “{words},” said {who}."
    )


# evidence taken away ----------------------------------------------------------------------------------


def _content(text: str) -> set[str]:
    return {w for w in re.findall(r"\w+", fold(text)) if w not in FUNCTION_WORDS}


def _apart(place: _Place) -> tuple[set[str], list[str]]:
    """The words of the claim, and the sentences of the document that do not hold it."""
    own = _content(place.sentence)
    return own, [s for s in place.others if len(own & _content(s)) < 0.6 * len(own)]


def _swapped(place: _Place) -> Mutation | None:
    """The claim is true but cites another sentence: one of those most like it that do not hold it."""
    own, rest = _apart(place)
    near = sorted((s for s in rest if len(_content(s)) > 3), key=lambda s: -len(own & _content(s)))[:3]
    return _without(place, "swapped", place.pick(near))


def _dropped(place: _Place) -> Mutation | None:
    """The sentence that bears the claim out is taken from the evidence; its neighbours stay."""
    _, rest = _apart(place)
    at = next((i for i, s in enumerate(place.sentences) if fold_quote(s) == fold_quote(place.sentence)), 0)
    near = [s for s in place.sentences[max(0, at - 3) : at + 4] if s in rest] or rest[:4]
    return _without(place, "dropped", " ".join(near)) if len(rest) > 1 else None


def _without(place: _Place, kind: MutationKind, evidence: str | None) -> Mutation | None:
    return Mutation(kind, place.sentence, place.sentence, 0, len(place.sentence), evidence) if evidence else None


_MAKERS: dict[MutationKind, Callable[[_Place], Mutation | None]] = {
    "number": _number, "date": _date, "name": _name, "role": _role, "negation": _negation,
    "quantifier": _quantifier, "direction": _direction, "speaker": _speaker, "stitched": _stitched,
    "fabricated": _fabricated, "swapped": _swapped, "dropped": _dropped,
}  # fmt: skip
