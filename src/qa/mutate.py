"""Make a false claim out of a true sentence, by program: it trains the support model, and judges the judge.

Each mutation breaks one thing and keeps the rest, as the errors people look for do. The kinds follow FRANK
(Pagnoni et al. 2021, arXiv:2104.13346) and FactCC (Kryscinski et al. 2020, arXiv:1910.12840), and the ways
in which a quotation fails. The same sentence, document and seed give the same mutations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar, get_args

from qa.language import FUNCTION_WORDS, Fact, facts, fold, fold_quote, same_name

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
    sentences = _split(document) if isinstance(document, str) else [s for s in document if s.strip()]
    place = _Place(sentence, sentences, facts(sentence), random.Random(f"{seed}|{sentence}"))
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

    def put(self, kind: MutationKind, start: int, end: int, new: str) -> Mutation | None:
        """The sentence with `start..end` replaced; None where that changes nothing."""
        if not new:
            raise ValueError("a mutation marks what it changed; give it words")
        if start == 0 or (start == 1 and self.sentence[0] in "\"“'‘"):
            new = new[0].upper() + new[1:]
        text = self.sentence[:start] + new + self.sentence[end:]
        return None if text == self.sentence else Mutation(kind, text, self.sentence, start, start + len(new))


def _split(document: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.!?][\"'”’)\]])\s+|(?<=[.!?])\s+(?=[A-Z\"“‘'(])|\n+", document) if s.strip()]


def _pick(rng: random.Random, items: Sequence[_T]) -> _T | None:
    return rng.choice(items) if items else None


# number, date ---------------------------------------------------------------------------------------

_SPELLED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


def _number(place: _Place) -> Mutation | None:
    fact = _pick(place.rng, place.of("number", "percent", "money", "quantity"))
    if fact is None:
        return None
    said = place.words(fact)
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", said)
    if digits is None:
        words = [(m, m[0].lower()) for m in re.finditer(r"[A-Za-z]+", said)]
        spots = [(m, scale) for m, w in words for scale in (_SPELLED, _ORDINALS, _TENS) if w in scale]
        spot = _pick(place.rng, spots)
        if spot is None:
            return None
        match, scale = spot
        low = 2 if scale is _SPELLED else 0
        new = place.rng.choice([w for w in scale[low:] if w != match[0].lower()])
        new = new.capitalize() if match[0][0].isupper() else new
        return place.put("number", fact.start + match.start(), fact.start + match.end(), new)
    start, end = fact.start + digits.start(), fact.start + digits.end()
    others = [re.search(r"\d[\d,]*(?:\.\d+)?", w) for v, w in place.elsewhere(fact.kind) if v != fact.value]
    borrowed = [m[0] for m in others if m and m[0] != digits[0]]
    if borrowed and place.rng.random() < 0.4:
        return place.put("number", start, end, place.rng.choice(borrowed))
    return place.put("number", start, end, _other_number(digits[0], place.rng))


_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def _other_number(digits: str, rng: random.Random) -> str:
    """Another number of the same make: as many decimals, thousands parted the same way."""
    value = float(digits.replace(",", ""))
    decimals = len(digits.split(".")[1]) if "." in digits else 0
    step = 10**-decimals
    ways = [value + step * rng.randint(1, 9), value * rng.choice((2, 3, 10)), value * rng.uniform(1.2, 1.9)]
    if value > 3 * step:
        ways += [value - step * rng.randint(1, 2), value / 2, value * rng.uniform(0.4, 0.8)]
    rng.shuffle(ways)
    for way in ways:
        new = f"{way:,.{decimals}f}" if "," in digits else f"{way:.{decimals}f}"
        if new != digits and way > 0 and float(new.replace(",", "")) > 0:
            return new
    return f"{value + step:.{decimals}f}"


_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def _date(place: _Place) -> Mutation | None:
    fact = _pick(place.rng, place.of("date"))
    if fact is None:
        return None
    said, rng = place.words(fact), place.rng
    shape = re.sub(r"\d", "0", fact.value)
    borrowed = [w for v, w in place.elsewhere("date") if v != fact.value and re.sub(r"\d", "0", v) == shape]
    if borrowed and rng.random() < 0.35:
        return place.put("date", fact.start, fact.end, rng.choice(borrowed))
    parts: list[tuple[int, int, str]] = []
    for match in re.finditer(r"[A-Za-z]+|\d+", said):
        word = match[0]
        full = next((m for m in _MONTHS if m.lower().startswith(word.lower()[:3]) and len(word) > 2), None)
        if word in _WEEKDAYS:
            parts.append((*match.span(), rng.choice([d for d in _WEEKDAYS if d != word])))
        elif full:
            other = rng.choice([m for m in _MONTHS if m != full])
            parts.append((*match.span(), other if word == full else other[:3]))
        elif word.isdigit() and len(word) == 4:
            step = 10 if said.endswith("s") else 1
            parts.append((*match.span(), str(int(word) + step * rng.choice((-7, -4, -3, -2, -1, 1, 2, 3, 5)))))
        elif word.isdigit():
            top = 59 if said[max(0, match.start() - 1) : match.start()] == ":" else 12 if ":" in said else 28
            day = rng.choice([n for n in range(1, top + 1) if n != int(word)])
            parts.append((*match.span(), str(day).zfill(len(word) if word[0] == "0" else 1)))
        elif word.lower() in _ORDINALS:
            parts.append((*match.span(), rng.choice([o for o in _ORDINALS if o != word.lower()])))
    part = _pick(rng, parts)
    if part is None:
        return None
    start, end, new = part
    text = said[:start] + new + said[end:]
    text = re.sub(r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: m[1] + _suffix(int(m[1])), text)
    return place.put("date", fact.start, fact.end, text)


def _suffix(n: int) -> str:
    return "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


# names ----------------------------------------------------------------------------------------------

_SPEECH = (
    r"(?:said|says|say|told|tells|added|adds|argued|argues|claimed|claims|wrote|writes|announced|announces|warned|"
    r"warns|noted|notes|explained|explains|stated|states|insisted|insists|declared|declares|suggested|suggests|"
    r"asserted|asserts|replied|reported|reports|commented|remarked|believes|believed|denied|confirmed|concluded)"
)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|at|near|from|to|into|across|outside|inside|around|toward|towards)\s(?:the\s)?$", re.I
)


def _distinct(a: str, b: str) -> bool:
    """Whether two names name different things, as far as their words tell."""
    left, right = fold(a).split(), fold(b).split()
    return not any(same_name(x, y) for x in left for y in right if x not in FUNCTION_WORDS)


def _rivals(place: _Place, fact: Fact) -> list[str]:
    """Names of the document to mistake this one for, of the same make (place, length) if there are such."""
    own = {f.value for f in place.of("name")}
    spatial = bool(_PLACE_BEFORE.search(place.sentence[: fact.start]))
    ranked: dict[str, int] = {}
    for s in [*place.others, place.sentence]:
        for f in facts(s):
            if f.kind != "name" or not _distinct(f.value, fact.value):
                continue
            if s is place.sentence and f.value in own and len(own) > 2:
                continue
            words = s[f.start : f.end]
            likeness = 2 * (bool(_PLACE_BEFORE.search(s[: f.start])) == spatial)
            likeness += (words.count(" ") > 0) == (" " in place.words(fact))
            likeness += words.isupper() == place.words(fact).isupper()
            likeness -= 2 * (f.value in own)
            ranked[words] = max(likeness, ranked.get(words, -9))
    best = max(ranked.values(), default=0)
    return sorted(w for w, n in ranked.items() if n >= best - 1)


def _is_speaker(place: _Place, fact: Fact) -> bool:
    before, after = place.sentence[: fact.start], place.sentence[fact.end :]
    return bool(
        re.search(rf"(?:\b{_SPEECH}|\b[Aa]ccording to)(?:\s(?:the|a|an))?\s$", before)
        or re.match(rf"(?:,[^,]{{1,60}},)?\s(?:\w+\s)?{_SPEECH}\b", after)
    )


def _name(place: _Place) -> Mutation | None:
    names = place.of("name")
    return _rename(place, [f for f in names if not _is_speaker(place, f)] or names, "name")


def _rename(place: _Place, names: list[Fact], kind: MutationKind) -> Mutation | None:
    names = names[:]
    place.rng.shuffle(names)
    for fact in names:
        new = _pick(place.rng, _rivals(place, fact))
        if new:
            return place.put(kind, fact.start, fact.end, new)
    return None


_SYMMETRIC = re.compile(
    r"\b(?:and|or|with|between|both|met|meets?|married|alongside|versus|like|as|is|was|are|were|also|called|known)\b|[,;()]"
)


def _role(place: _Place) -> Mutation | None:
    """Who does what to whom, turned round: "A attacked B" -> "B attacked A"."""
    names = place.of("name")
    pairs = [
        (a, b)
        for a, b in pairwise(names)
        if _distinct(a.value, b.value)
        and 2 < b.start - a.end < 60
        and re.match(r"(?:\s\w+)?\s\w+(?:ed|s|ew|ought|ade|eld|aw|eat|on)\b", place.sentence[a.end : b.start])
        and not re.search(r"^['’]|\b(?:of|for|in|at|on|from)(?: the| an?)?\s*$", place.sentence[a.end : b.start])
        and not _SYMMETRIC.search(place.sentence[a.end : b.start])
        and not _PLACE_BEFORE.search(place.sentence[: b.start])
        and not _PLACE_BEFORE.search(place.sentence[: a.start])
    ]
    pair = _pick(place.rng, pairs)
    if pair is None:
        return None
    a, b = pair
    between = place.sentence[a.end : b.start]
    return place.put("role", a.start, b.end, place.words(b) + between + place.words(a))


_PRONOUN_SPEAKS = re.compile(rf"\b([Hh]e|[Ss]he|[Tt]hey)(?=\s(?:\w+\s)?{_SPEECH}\b)")


def _speaker(place: _Place) -> Mutation | None:
    """The same words, put into another's mouth."""
    speakers = [f for f in place.of("name") if _is_speaker(place, f)]
    if speakers:
        return _rename(place, speakers, "speaker")
    match = _PRONOUN_SPEAKS.search(place.sentence)
    if match is None:
        return None
    # who is meant by "he" stands most likely in the sentence before: nobody named there may be taken
    at = next((i for i, s in enumerate(place.sentences) if fold_quote(s) == fold_quote(place.sentence)), 0)
    near = {f.value for s in place.sentences[max(0, at - 2) : at + 1] for f in facts(s) if f.kind == "name"}
    names = [w for v, w in place.elsewhere("name") if all(_distinct(v, n) for n in near) and " " in w]
    new = _pick(place.rng, names)
    return place.put("speaker", match.start(), match.end(), new) if new else None


# negation, quantifier, direction ------------------------------------------------------------------------

_VERBS = "is|are|was|were|has|have|had|would|could|might|must|should|did|does|do|may|will"
_AUXILIARY = re.compile(
    rf"\b({_VERBS}|can)\b(?!\s+(?:not|never|no|only)\b|n['’]t)",
)
_REMOVABLE: tuple[tuple[str, str], ...] = (
    (rf"\b({_VERBS})(?:\snot|n['’]t)\b", r"\1"),
    (r"\bcan(?:not|['’]t|\snot)\b", "can"), (r"\bwon['’]t\b", "will"), (r"\bnever\b", "always"),
    (r"\bwithout\b", "with"), (r"\bnobody\b|\bno one\b", "everybody"), (r"\bnothing\b", "everything"),
    (r"\bnone\b", "all"), (r"\bneither\b", "both"), (r"\bno longer\b", "still"), (r"\bno\b", "some"),
    (r"\b(?:failed|refused|declined) to\b", "managed to"), (r"\bnot\b", "indeed"),
)  # fmt: skip
_VERB_ED = re.compile(
    r"(?<=[a-z)] )[a-z]{3,}ed(?= (?:the|a|an|that|his|her|its|their|to|in|on|at|for|from|with|into|[A-Z0-9]))"
)


def _negation(place: _Place) -> Mutation | None:
    for pattern, new in _REMOVABLE:
        match = re.search(pattern, place.sentence, re.I)
        if match:
            said = match.expand(new)
            said = said.capitalize() if match[0][0].isupper() else said
            return place.put("negation", match.start(), match.end(), said)
    spots = list(_AUXILIARY.finditer(place.sentence))
    match = spots[0] if spots and place.rng.random() < 0.6 else _pick(place.rng, spots)
    if match:
        return place.put(
            "negation", match.start(), match.end(), f"{match[0]} {place.rng.choice(('not', 'not', 'never'))}"
        )
    match = _VERB_ED.search(place.sentence)
    if match is None or match[0] in {"need", "indeed", "hundred", "exceed", "proceed", "succeed"}:
        return None
    return place.put("negation", match.start(), match.end(), f"never {match[0]}")


_QUANTIFIERS: dict[str, tuple[str, ...]] = {
    "all": ("some", "none", "few"), "every": ("hardly any", "almost no"), "each": ("hardly any",),
    "some": ("all", "no", "most"), "most": ("all", "few", "hardly any"), "many": ("few", "all"),
    "few": ("many", "all"), "several": ("all", "no"), "always": ("sometimes", "never"),
    "often": ("never", "always"), "usually": ("never", "always"), "sometimes": ("always", "never"),
    "rarely": ("often", "always"), "never": ("often", "sometimes"), "both": ("neither",),
    "majority": ("minority",), "minority": ("majority",), "mostly": ("entirely", "barely"),
    "almost": ("more than",), "nearly": ("well over",),
    "at least": ("at most", "exactly"), "at most": ("at least",), "more than": ("less than", "exactly"),
    "less than": ("more than",), "fewer than": ("more than",), "up to": ("more than", "at least"),
    "entirely": ("partly",), "partly": ("entirely",), "completely": ("partly",),
    "about half": ("nearly all",), "half": ("all", "a quarter"), "various": ("all",), "any": ("all",),
}  # fmt: skip
_QUANTIFIER = re.compile(
    rf"(?<!how )\b(?:{'|'.join(sorted(_QUANTIFIERS, key=len, reverse=True))})\b",
    re.I,
)


def _quantifier(place: _Place) -> Mutation | None:
    match = _pick(place.rng, list(_QUANTIFIER.finditer(place.sentence)))
    if match:
        new = place.rng.choice(_QUANTIFIERS[match[0].lower()])
        return place.put("quantifier", match.start(), match.end(), new)
    names = [f for f in place.of("name") if f.start == 0 and re.match(r"\s[a-z]+(?:ed|s)\b", place.sentence[f.end :])]
    if names:
        return place.put("quantifier", 0, names[0].end, f"Only {place.words(names[0])}")
    return None


_OPPOSITES = """
rose fell|rise fall|rises falls|rising falling|risen fallen|increase decrease|increased decreased
increases decreases|increasing decreasing|grew shrank|grow shrink|growing shrinking|growth decline
before after|earlier later|more less|higher lower|high low|highest lowest|above below|support oppose
supported opposed|supports opposes|supporting opposing|supporter opponent|supporters opponents
win lose|won lost|wins loses|victory defeat|accept reject|accepted rejected|accepts rejects
approve reject|approved rejected|allow forbid|allowed forbidden|allows forbids|begin end|began ended
begins ends|beginning end|start stop|started stopped|starts stops|open close|opened closed
opens closes|largest smallest|larger smaller|large small|big small|bigger smaller|strong weak
stronger weaker|strengthen weaken|strengthened weakened|improve worsen|improved worsened
better worse|best worst|north south|northern southern|east west|eastern western|left right
inside outside|internal external|import export|imports exports|arrive leave|arrived left|enter leave
entered left|attack defend|attacked defended|ally enemy|allies enemies|friend foe|public private
success failure|successful unsuccessful|succeeded failed|succeed fail|gain lose|gained lost
gains losses|expand contract|expanded contracted|encourage discourage|encouraged discouraged
confirm deny|confirmed denied|confirms denies|agree disagree|agreed disagreed|agreement disagreement
include exclude|included excluded|includes excludes|including excluding|praise criticize
praised criticized|positive negative|majority minority|male female|men women|man woman|father mother
son daughter|brother sister|husband wife|king queen|old new|older younger|oldest youngest|young old
early late|longer shorter|longest shortest|fast slow|faster slower|hot cold|warm cool|wet dry
rich poor|richer poorer|safe dangerous|easy difficult|possible impossible|likely unlikely
legal illegal|direct indirect|directly indirectly|common rare|permanent temporary|native foreign
domestic foreign|urban rural|ancient modern|maximum minimum|upper lower|near far|present absent
hired fired|buy sell|bought sold|lend borrow|teach learn|taught learned|sent received|send receive
gave took|give take|gives takes|raise lower|raised lowered|cause prevent|caused prevented
causes prevents|help hinder|helped hindered|protect endanger|build destroy|built destroyed
create destroy|created destroyed|join leave|joined left|unite divide|united divided|love hate
loved hated|remember forget|appear disappear|appeared disappeared|advance retreat|advanced retreated
innocent guilty|acquitted convicted|optimistic pessimistic|hope fear|profit loss|profits losses
peace war|alive dead|life death|born died|advantage disadvantage|benefit harm|top bottom|front back
winner loser|escalate de-escalate|escalation de-escalation|closer further|deeper shallower
tightened loosened|ahead behind|offensive defensive|hostile friendly|willing unwilling|happy unhappy
known unknown|official unofficial|independent dependent|voluntary compulsory|simple complex
major minor|heavy light|thick thin|wide narrow|deep shallow|full empty|bright dark|clean dirty
broad narrow|primarily partly|rapidly slowly|quickly slowly|slightly sharply|together separately
despite because of|alone together|same different|similar different|considerable negligible
"""
_OPPOSITE: dict[str, str] = {}
for _line in _OPPOSITES.strip().splitlines():
    for _pair in _line.split("|"):
        _left, _right = _pair.split(maxsplit=1)
        _OPPOSITE.setdefault(_left, _right)
        _OPPOSITE.setdefault(_right, _left)
_FIXED = re.compile(
    r"\b(?:more than|less than|at least|at most|all over|right to|up to|so far|as long|no longer|as well)\b",
    re.I,
)
_DIRECTION = re.compile(
    rf"(?<![-\w])(?:{'|'.join(sorted(map(re.escape, _OPPOSITE), key=len, reverse=True))})(?![-\w])", re.I
)


def _direction(place: _Place) -> Mutation | None:
    """A word turned into its opposite: rose, fell; before, after; supports, opposes."""
    fixed = [m.span() for m in _FIXED.finditer(place.sentence)]
    names = [(f.start, f.end) for f in place.of("name", "date", "quote")]
    spots = [
        m
        for m in _DIRECTION.finditer(place.sentence)
        if not any(m.start() < b and m.end() > a for a, b in [*fixed, *names])
    ]
    match = _pick(place.rng, spots)
    if match is None:
        return None
    new = _OPPOSITE[match[0].lower()]
    return place.put("direction", match.start(), match.end(), new.capitalize() if match[0][0].isupper() else new)


# quotations -----------------------------------------------------------------------------------------

_UTTERANCES = (
    "this is only the beginning of what must be done", "we had no choice and we would do it again",
    "nobody should be surprised by what happened here", "it was the worst decision of my career",
    "there is not a single reason to change course", "history will judge them for this",
    "we were promised something very different", "everything depends on what comes next",
    "I would not call that a success at all", "they knew exactly what they were doing",
    "the whole arrangement was built on sand", "it is far too early to draw any lesson from it",
    "people will look back on this as a turning point", "we are prepared to wait for as long as it takes",
)  # fmt: skip


def _halves(text: str) -> tuple[str, str] | None:
    """A text cut near its middle, at a comma if there is one."""
    words = text.strip(" .!?").split()
    if len(words) < 6:
        return None
    middle = len(words) // 2
    cut = next(
        (i for i in sorted(range(2, len(words) - 2), key=lambda i: abs(i - middle)) if words[i - 1].endswith(",")),
        middle,
    )
    return " ".join(words[:cut]), " ".join(words[cut:])


def _stitched(place: _Place) -> Mutation | None:
    """One quotation sewn from two places: each half stands in the document, the whole does not."""
    quote = _pick(place.rng, [q for q in place.of("quote") if len(q.value.split()) >= 4])
    quoted = [w for v, w in place.elsewhere("quote") if len(v.split()) >= 4]
    source = _pick(place.rng, quoted or [s for s in place.others if 6 <= len(s.split()) <= 40])
    halves = _halves(place.words(quote)[1:-1] if quote else place.sentence)
    other = _halves(source.strip("\"“”«»„'‘’")) if source else None
    if halves is None or other is None:
        return None
    head, tail = halves[0], other[1]
    words = re.sub(r"[\"“”«»]", "", f"{head} {tail}").strip(" ,")
    if quote:
        return place.put("stitched", quote.start, quote.end, f"“{words}”")
    return place.put("stitched", 0, len(place.sentence.rstrip()), f"“{words}.”")


def _fabricated(place: _Place) -> Mutation | None:
    """Words in quotation marks that nobody said."""
    words = place.rng.choice(_UTTERANCES)
    quote = _pick(place.rng, place.of("quote"))
    if quote:
        end = place.words(quote)[-2]
        return place.put("fabricated", quote.start, quote.end, f"“{words}{end if end in ',.?!' else ''}”")
    speaker = next((f for f in place.of("name") if " " in f.value), None) or _pick(place.rng, place.of("name"))
    who = place.words(speaker) if speaker else "one of those involved"
    body = place.sentence.rstrip()
    start = len(body.rstrip(".!?"))
    return place.put("fabricated", start, len(place.sentence), f"; “{words},” said {who}.")


# evidence taken away ----------------------------------------------------------------------------------


def _content(text: str) -> set[str]:
    return {w for w in re.findall(r"\w+", fold(text)) if w not in FUNCTION_WORDS}


def _swapped(place: _Place) -> Mutation | None:
    """The claim is true but cites another sentence: one of those most like it that do not hold it."""
    own = _content(place.sentence)
    others = [s for s in place.others if len(_content(s)) > 3 and len(own & _content(s)) < 0.6 * len(own)]
    if not others or not own:
        return None
    near = sorted(others, key=lambda s: -len(own & _content(s)))[:3]
    return Mutation("swapped", place.sentence, place.sentence, 0, len(place.sentence), evidence=place.rng.choice(near))


def _dropped(place: _Place) -> Mutation | None:
    """The sentence that bears the claim out is taken from the evidence; its neighbours stay."""
    own = _content(place.sentence)
    rest = [s for s in place.others if len(own & _content(s)) < 0.6 * len(own)]
    if len(rest) < 2 or not own:
        return None
    at = next((i for i, s in enumerate(place.sentences) if fold_quote(s) == fold_quote(place.sentence)), 0)
    near = [s for s in place.sentences[max(0, at - 3) : at + 4] if s in rest] or rest[:4]
    return Mutation("dropped", place.sentence, place.sentence, 0, len(place.sentence), evidence=" ".join(near))


_MAKERS: dict[MutationKind, Callable[[_Place], Mutation | None]] = {
    "number": _number, "date": _date, "name": _name, "role": _role, "negation": _negation,
    "quantifier": _quantifier, "direction": _direction, "speaker": _speaker, "stitched": _stitched,
    "fabricated": _fabricated, "swapped": _swapped, "dropped": _dropped,
}  # fmt: skip


def mutated(sentences: Sequence[str], document: Sequence[str], seed: int = 0) -> Iterator[Mutation]:
    """The mutations of several sentences of one document, sentence by sentence."""
    for sentence in sentences:
        yield from mutations(sentence, document, seed)
