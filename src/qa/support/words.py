"""How much of a claim stands in a text, and where: folding with offsets, whole sentences, nearest window."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

from qa.language import FUNCTION_WORDS, facts, fold, name_key, same_name, stem
from qa.markers import sentences
from qa.schema import Span

WINDOW = 3
"""Sentences in the largest span that is shown as decisive."""

COPY = 0.75
"""Likeness (twice the shared words over all words of both) from which a claim is a copy of a sentence."""

WORD = re.compile(r"[^\W_]+(?:['’ʼ-][^\W_]+)*")
"""A word, with what an apostrophe or a hyphen joins to it."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared, and for each of its characters the offset it came from."""

    text: str
    offsets: tuple[int, ...]

    def find(self, needle: str) -> Iterator[Span]:
        """Spans, in the original, of a folded text between word boundaries."""
        at = self.text.find(needle) if needle else -1
        while at >= 0:
            end = at + len(needle)
            before = self.text[at - 1 : at] if at else ""
            after = self.text[end : end + 1]
            if not (before.isalnum() and needle[0].isalnum()) and not (after.isalnum() and needle[-1].isalnum()):
                yield self.offsets[at], self.offsets[end - 1] + 1
            at = self.text.find(needle, at + 1)


@lru_cache(maxsize=4096)
def folded(text: str) -> Folded:
    """NFKC, quotes, dashes, case, accents and white space made alike; invisible characters left out."""
    out: list[str] = []
    offsets: list[int] = []
    for i, char in enumerate(text):
        if unicodedata.category(char) == "Cf":
            continue
        new = " " if char.isspace() else _fold_char(char)
        if new == " " and (not out or out[-1] == " "):
            continue
        for c in new:
            out.append(c)
            offsets.append(i)
    return Folded("".join(out), tuple(offsets))


@lru_cache(maxsize=8192)
def _fold_char(char: str) -> str:
    return fold(char)


def needle(text: str) -> str:
    """A folded text to look for: no mark at either end."""
    return folded(text).text.strip(" \t\n.,;:!?'\"-…()[]")


def whole_sentences(claim: str, text: str) -> Span | None:
    """Where a claim stands in a text word for word as one or more whole sentences; None if it does not.

    A part of a sentence does not count: "It denied that Iran was involved" does not say "Iran was involved".
    """
    wanted = needle(claim)
    if not wanted:
        return None
    for start, end in folded(text).find(wanted):
        spans = split(text)
        first = next((a for a, b in spans if a <= start < b), None)
        last = next((b for a, b in spans if a < end <= b), None)
        if first is None or last is None:
            continue
        if not WORD.search(text[first:start]) and not WORD.search(text[end:last]):
            return first, last
    return None


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[Span, ...]:
    """Spans of the sentences of a text, those inside a quotation one by one."""
    return sentences(text, within_quotes=True)


@lru_cache(maxsize=8192)
def content(text: str) -> frozenset[str]:
    """Stems of the words that say something; of a name, what is left over all its spellings."""
    found: set[str] = set()
    for match in WORD.finditer(text):
        word = re.sub(r"['’]s$", "", match[0])
        for part in re.split(r"-", word) if not re.match(r"(?i)[ae][lnstrd]h?-", word) else [word]:
            if part and fold(part) not in FUNCTION_WORDS:
                found.add(_key(part))
    return frozenset(found)


def _key(word: str) -> str:
    if word[0].isupper() or "-" in word:
        key = name_key(word)
        if len(key) > 2:
            return f"~{key}"
    return root(word)


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """The stem of a word; of a form that English makes irregularly ("fought"), that of its base."""
    return stem(_BASES.get(word.lower(), word))


_IRREGULAR = """
arise arose arisen|bear bore borne|beat beaten|become became|begin began begun|bend bent|bind bound|bleed bled|blow blew
blown|break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught|choose chose chosen|
come came|deal dealt|dig dug|do did done|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell
fallen|feed fed|feel felt|fight fought|flee fled|fly flew flown|forbid forbade forbidden|foresee foresaw foreseen|
forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|give gave given|go went gone|grow grew grown|hang
hung|hear heard|hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|leave left|lend lent|lose lost|
make made|mean meant|meet met|overcome overcame|pay paid|ride rode ridden|ring rang rung|rise rose risen|run ran|say
said|see saw seen|seek sought|sell sold|send sent|shake shook shaken|shoot shot|show shown|shrink shrank shrunk|sing
sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|stand stood|steal stole stolen|stick stuck|
strike struck stricken|swear swore sworn|swim swam swum|take took taken|teach taught|tear tore torn|tell told|think
thought|throw threw thrown|understand understood|wake woke woken|wear wore worn|win won|withdraw withdrew withdrawn|
write wrote written
"""
_BASES = {form: verb.split()[0] for verb in _IRREGULAR.replace("\n", " ").split("|") for form in verb.split()[1:]}


def carried(claim: str, text: str) -> float:
    """Share of the claim's words of content that the text holds, 0 to 1; 1 for a claim without any."""
    return share(content(claim), text)


def share(wanted: frozenset[str], text: str) -> float:
    """Share of some words of content (`content`) that the text holds, 0 to 1; 1 for none."""
    return _share(wanted, _held(text))


def _share(wanted: frozenset[str], held: frozenset[str]) -> float:
    return len(wanted & held) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=4096)
def _held(text: str) -> frozenset[str]:
    return content(text) | _as_names(text)


@lru_cache(maxsize=8192)
def _as_names(text: str) -> frozenset[str]:
    # "the Council" and "the council": a capital on one side only must not part them
    stems = {stem(m[0]) for m in WORD.finditer(text)}
    names = {f"~{key}" for m in WORD.finditer(text) if len(key := name_key(m[0])) > 2}
    return frozenset(stems | names)


def window(claim: str, text: str) -> Span:
    """The one to three sentences of a text that hold most of a claim's words; the shortest of equals."""
    spans = split(text)
    if not spans:
        return 0, len(text)
    wanted = content(claim)
    held = [_held(text[a:b]) for a, b in spans]

    def merit(first: int, size: int) -> tuple[float, int]:
        words = frozenset().union(*held[first : first + size])
        return _share(wanted, words) - 0.08 * (size - 1), -first

    places = [(i, n) for n in range(1, WINDOW + 1) for i in range(len(spans) - n + 1)]
    first, size = max(places, key=lambda place: merit(*place))
    return spans[first][0], spans[first + size - 1][1]


def grown(text: str, span: Span, words: int) -> Span:
    """A span with the sentences around it, as long as it holds no more than so many words."""
    spans = split(text)
    starts = [a for a, _ in spans]
    first = max(0, bisect_left(starts, span[0] + 1) - 1)
    last = max(first, bisect_left(starts, span[1]) - 1)
    while True:
        wider = [(f, e) for f, e in ((first - 1, last), (first, last + 1)) if f >= 0 and e < len(spans)]
        wider = [(f, e) for f, e in wider if _count(text[spans[f][0] : spans[e][1]]) <= words]
        if not wider:
            return (min(span[0], spans[first][0]), max(span[1], spans[last][1])) if spans else span
        first, last = wider[0]


def _count(text: str) -> int:
    return len(text.split())


@lru_cache(maxsize=8192)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(m[0]) for m in WORD.finditer(text))


@lru_cache(maxsize=8192)
def _proper(text: str) -> tuple[str, ...]:
    return tuple(sorted({m[0] for m in WORD.finditer(text) if m[0][0].isupper() and len(m[0]) > 3}))


def relevant(sentences: Sequence[str], claim: str, words: int = 100) -> list[int]:
    """Which sentences to hold a claim against, in their order: greedily those that add most of its words.

    Rare words weigh more; a name may be spelled otherwise. Takes at least one sentence, then while there is room
    for `words` words.
    """
    keys = [frozenset(_stems(s)) for s in sentences]
    sizes = [len(_stems(s)) for s in sentences]
    spread = Counter(key for own in keys for key in own)
    wanted = set(_stems(claim))
    for name in _proper(claim):
        if stem(name) not in spread:
            wanted |= {stem(n) for s in sentences for n in _proper(s) if same_name(name, n)}
    weight = {k: math.log(1 + len(sentences) / spread[k]) for k in wanted if k in spread}
    left, room = set(weight), words
    taken: list[int] = []
    while len(taken) < len(sentences):
        # what is covered already still counts a little: a second sentence on the same matter beats a stranger
        gains = [
            (
                math.fsum(weight[k] for k in keys[i] & left)
                + 0.1 * math.fsum(weight[k] for k in keys[i] & weight.keys()),
                -i,
            )
            for i in range(len(sentences))
            if i not in taken and (not taken or sizes[i] <= room)
        ]
        if not gains or (taken and max(gains)[0] <= 0):
            break
        best = -max(gains)[1]
        taken.append(best)
        left -= keys[best]
        room -= sizes[best]
    return sorted(taken)


def pairs_held(claim: str, text: str) -> float:
    """Share of the claim's neighbouring words that are neighbours in the text too, 0 to 1."""
    said, there = _stems(claim), _stems(text)
    wanted = set(pairwise(said))
    return len(wanted & set(pairwise(there))) / len(wanted) if wanted else 1.0


_BY = re.compile(r"\bby\b")
_BY_ONE = re.compile(r"\bby\s(?:(?:the|an?|his|her|its|their)\s)?(?=[A-Z])|\bby\s(?:him|her|it|them)\b")

SAME_DEED = 0.5
"""Share of what a claim says after its verb from which a sentence with that verb tells of the same."""


def turned(claim: str, text: str) -> str:
    """Two names of a claim that a sentence of the text has the other way round about the same words; else "".

    "A attacked B" where the text says "B attacked A". A passive ("B was attacked by A") turns names round and
    keeps the sense, so where either side says "by", nothing is told.
    """
    own = [f for f in facts(claim) if f.kind == "name"]
    for a, b in pairwise(own):
        between = claim[a.end : b.start]
        verbs = {stem(w) for w in WORD.findall(between) if fold(w) not in FUNCTION_WORDS}
        if not verbs or _BY.search(between):
            continue
        for start, end in split(text):
            orders = _orders(claim[a.start : a.end], claim[b.start : b.end], text[start:end], verbs)
            if "back" in orders and "forth" not in orders:
                return f"{claim[a.start : a.end]}, {claim[b.start : b.end]}"
    return ""


def _orders(a: str, b: str, sentence: str, verbs: set[str]) -> set[str]:
    held = [f for f in facts(sentence) if f.kind == "name"]
    spans = [[(f.start, f.end) for f in held if _one_name(name, sentence[f.start : f.end])] for name in (a, b)]
    found = set()
    for left, right in product(*spans):
        first, second = sorted((left, right))
        between = sentence[first[1] : second[0]]
        told = {stem(w) for w in WORD.findall(between) if fold(w) not in FUNCTION_WORDS}
        if not _BY.search(between) and 2 * len(verbs & told) >= len(verbs | told):
            found.add("forth" if first == left else "back")
    return found


_DOES = re.compile(
    r"(?:,[^,;.]{1,80},)?\s+(?:(?:has|have|had|also|then|later|first|will|would|(?P<be>is|are|was|were|been|be))\s+)*"
    r"(?P<verb>[a-z][\w-]*)"
)
"""What follows a subject: perhaps who that is between commas, then the verb."""


def done_by_another(claim: str, text: str) -> str:
    """Who, by the text, did what the claim says its first name did; "" where the text does not plainly say.

    "Norway won the match" where the text says "Denmark won the match". Nothing is told where a sentence that
    speaks of it names the claim's subject, or leaves open who did it ("he won").
    """
    names = [f for f in facts(claim) if f.kind == "name"]
    if not names or claim[: names[0].start].strip().lower() not in ("", "the"):
        return ""
    subject = claim[names[0].start : names[0].end]
    does = _DOES.match(claim, names[0].end)
    if not does or fold(does["verb"]) in FUNCTION_WORDS:
        return ""
    verb, rest, suffers = stem(does["verb"]), claim[does.end() :], _suffers(does)
    others = set()
    for start, end in split(text):
        sentence = text[start:end]
        verbs = [m for m in WORD.finditer(sentence) if m[0].islower() and stem(m[0]) == verb]
        if not verbs or carried(rest, sentence) < SAME_DEED:
            continue
        held = [f for f in facts(sentence) if f.kind == "name"]
        doers = [
            f
            for f in held
            if (m := _DOES.match(sentence, f.end)) and stem(m["verb"]) == verb and _suffers(m) is suffers
        ]
        named = any(_one_name(subject, sentence[f.start : f.end]) for f in held)
        if not doers or named or _BY_ONE.search(sentence):
            return ""
        others |= {sentence[f.start : f.end] for f in doers}
    return ", ".join(sorted(others))


def _suffers(does: re.Match[str]) -> bool:
    """Whether a verb tells what is done to its subject: "was beaten"."""
    return bool(does["be"]) and not does["verb"].endswith("ing")


def _one_name(a: str, b: str) -> bool:
    return any(same_name(x, y) for x in a.split() for y in b.split() if fold(x) not in FUNCTION_WORDS)


def runs(words: Sequence[str], texts: Sequence[str], least: int) -> list[tuple[int, int, int]]:
    """Greedy cover of words by runs that stand in a text: (first word, how many, number of the text)."""
    pieces: list[tuple[int, int, int]] = []
    padded = [f" {' '.join(WORD.findall(t))} " for t in texts]
    at = 0
    while at < len(words):
        best = (0, -1)
        for number, text in enumerate(padded):
            size = 0
            while at + size < len(words) and f" {' '.join(words[at : at + size + 1])} " in text:
                size += 1
            best = max(best, (size, number))
        if best[0] >= least:
            pieces.append((at, best[0], best[1]))
            at += best[0]
        else:
            at += 1
    return pieces


def canonical(text: str) -> str:
    """The text with contractions written out and neutral verbs of saying made one; offsets do not survive this."""
    text = _WONT.sub(lambda m: {"wo": "will", "ca": "can", "sha": "shall"}[m[1].lower()] + " not", text)
    text = _NOT.sub(r"\1 not", text).replace("annot ", "an not ")
    text = _NEITHER.sub(r"\1 not \2 or", text)
    return _SAID.sub("said", _SAYS.sub("says", text))


_WONT = re.compile(r"\b(wo|ca|sha)n['’]t\b", re.I)
_AUXILIARY = r"is|are|was|were|do|does|did|has|have|had|will|would|can|could|should|must|may|might"
_NEITHER = re.compile(rf"\b({_AUXILIARY}) neither ([\w-]+(?: [\w-]+){{0,2}}) nor\b")
_NOT = re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|would|could|should|must|might|need)n['’]t\b", re.I)
_SAID = re.compile(r"\b(?:stated|noted|remarked|wrote|mentioned|observed)\b")
# "states" is a noun too; a verb of saying is followed by what is said, or ends the sentence
_SAYS = re.compile(
    r"\b(?:states|notes|remarks|writes|mentions|observes)\b(?=[,.:]| (?:that|the|this|it|he|she|they|an?)\b)"
)


def reworded(claim: str, text: str) -> tuple[str, ...]:
    """Words that a claim has in the place of others, if it is otherwise a copy of a sentence of the text.

    Empty where it is no near copy, or an exact one. Most rewording keeps the sense, but what turns it round
    ("war" into "peace", "A attacked B" into "B attacked A") looks like this too.
    """
    claim, text = canonical(claim), canonical(text)
    mine = WORD.findall(claim)
    best: tuple[float, tuple[str, ...]] = (COPY, ())
    for a, b in split(text):
        theirs = WORD.findall(text[a:b])
        matcher = difflib.SequenceMatcher(None, [stem(w) for w in mine], [stem(w) for w in theirs], autojunk=False)
        if matcher.real_quick_ratio() <= best[0] or matcher.ratio() <= best[0]:
            continue
        new = [w for tag, i, j, _, _ in matcher.get_opcodes() if tag in ("replace", "insert") for w in mine[i:j]]
        new += [w for tag, i, j, k, m in matcher.get_opcodes() if tag == "delete" and k < m for w in mine[i:j]]
        best = (
            matcher.ratio(),
            tuple(w for w in new if fold(w) not in FUNCTION_WORDS or fold(w) in _AMOUNTS),
        )
    return best[1]


_AMOUNTS = frozenset("all some no most many few every each any several only never always".split())
