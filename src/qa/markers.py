"""Citation markers in text: found in every shape people and models write, taken out, or awaited in a stream.

    find("… in 2021 [1, 2].")        the markers, with their numbers and spans
    marked("A [1]. B.[2][3]")        the sentences, without markers, with the numbers each cites
    Stream()                         the same, from pieces of text as they arrive
    sentences("One. Two.")           spans of sentences in plain text

Shapes: [1] [1,2] [1][2] [1-3] 【1】 【1†source】 [^1] (1) [Source 1] [ID:1] ¹ and a link, [1](address). Where
it is told how sources are called (`Labels`), also [harbour-gazette-2021] and (Harbour Gazette, 2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qa.language import fold
from qa.schema import Span

Labels = Mapping[str, str]
"""What a source may be called in brackets, as `label` writes it, and the source's id."""

_LABEL = r"(?:(?:sources?|passages?|doc(?:ument)?s?|refs?|references?|cit(?:ation)?|id|no|p|s)\s*[.:#№]?\s*)?"
_NUMBERS = r"\^?\d{1,3}(?:\s*(?:[,;&–-]|and)\s*\^?\d{1,3}){0,20}"
_MARKER = re.compile(
    rf"""\[\s*{_LABEL}(?P<square>{_NUMBERS})\s*(?:†[^\]\n]{{0,80}})?\](?:\([^()\s]{{1,300}}\))?
    | [【〔［]\s*{_LABEL}(?P<wide>{_NUMBERS})\s*(?:†[^】〕］\n]{{0,80}})?[】〕］]
    | \(\s*{_LABEL}(?P<round>\d{{1,2}}(?:\s*[,;]\s*\d{{1,2}}){{0,8}})\s*\)
    | (?<=\S)(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}(?:[⁾˒,]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}){{0,4}})
    """,
    re.X | re.I,
)
_OPENS = re.compile(r"\s*[\[【〔［(]")
_CLOSED = re.compile(r"\s*[\[【〔［(][^\]】〕］)\n]{0,140}[\]】〕］)]\(?")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER = re.compile(r"(?:\d|\b(?:[kcm]?m|mi|ft|in|s|x|n)|\))$", re.I)
"""What stands before a raised digit that is a power or a unit: km², 10³."""

_NAMED = re.compile(r"[\[(【](?P<names>[^\[\]()【】\n]{1,200})[\])】]")

MAX_RANGE = 20
"""A range of more numbers than this ("[1-300]") is no marker but a slip; its two ends are taken."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`text[start:end]` points to these references, counted from 1; whether they exist is not known here."""

    numbers: tuple[int, ...]
    start: int
    end: int
    sources: tuple[str, ...] = ()
    """Ids of sources that it calls by name."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence without its markers, the span it was taken from, and what it cites, each once."""

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]
    sources: tuple[str, ...] = ()


def label(text: str) -> str:
    """The form in which what a source is called is compared: words in lower case, no article before them."""
    words = re.findall(r"\w+", fold(text))
    return " ".join(words[1:] if words[:1] in (["the"], ["source"]) else words)


def find(text: str, labels: Labels | None = None) -> tuple[Marker, ...]:
    """All markers in the order they stand. Adjacent ones, "[1][2]", are two."""
    if labels:
        return tuple(sorted((*find(text), *_named(text, labels)), key=lambda marker: marker.start))
    found: list[Marker] = []
    for match in _MARKER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if match["round"] and not _ends_a_clause(before, after, found):
            continue
        if match["raised"] and _POWER.search(before[-6:]):
            continue
        if match["square"] and _editorial(before, after):
            continue
        found.append(Marker(_numbers(match), match.start(), match.end()))
    return tuple(found)


def _named(text: str, labels: Labels) -> Iterator[Marker]:
    """Brackets that hold nothing but names of sources: "[gazette-2021; Island Ledger 2020]"."""
    for match in _NAMED.finditer(text):
        ids = [labels.get(label(part)) for part in match["names"].split(";")]
        sources = tuple(dict.fromkeys(id_ for id_ in ids if id_))
        if sources and all(ids):
            yield Marker((), match.start(), match.end(), sources)


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    written = (match["square"] or match["wide"] or match["round"] or match["raised"]).replace("^", "")
    if match["raised"]:
        parts = re.findall(r"\d+", written.translate(_RAISED))
        return tuple(int(p) for p in parts)
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*(\d+))?", written):
        a, b = int(first), int(last or first)
        numbers += range(a, b + 1) if a <= b < a + MAX_RANGE else [a, b]
    return tuple(dict.fromkeys(numbers))


def _ends_a_clause(before: str, after: str, found: list[Marker]) -> bool:
    """Whether a number in round brackets stands where a marker would: "(1)" may as well count or list."""
    if not before.strip() or before.endswith("\n"):
        return False
    if found and not before[found[-1].end :].strip():
        return True
    if not re.match(r"\s*(?:[.,;:!?…]|$|\n|[(\[【])", after):
        return bool(re.search(r"[.!?…‽][\"”’)]*\s?$", before)) and bool(re.match(r"\s+[A-Z“\"]", after))
    return bool(re.search(r"[\w.!?…\"”’)]\s?$", before))


def _editorial(before: str, after: str) -> bool:
    """A number somebody put into a quotation: “we lost [3] men”."""
    line = before[before.rfind("\n") + 1 :]
    return _in_quotes(line) and bool(re.match(r"\s[^\W\d_]", after))


def strip(text: str) -> str:
    """The text without markers and without the space that stood before them."""
    return _without(text, find(text))


def _without(text: str, markers: tuple[Marker, ...]) -> str:
    parts, at = [], 0
    for marker in markers:
        piece = text[at : marker.start]
        parts.append(piece.rstrip(" \t") if re.match(r"\s|[.,;:!?…)\]”\"’]|$", text[marker.end :]) else piece)
        at = marker.end
    parts.append(text[at:])
    clean = "".join(parts)
    return re.sub(r"[ \t]{2,}", " ", re.sub(r"\s+(?=[,;.!?…](?:\s|$))", "", clean)).strip()


# sentences ------------------------------------------------------------------------------------------------

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st gen col capt lt sgt maj sen rep gov hon jr sr vs etc cf e.g i.e al no vol pp ed eds "
    "fig inc ltd corp co dept est approx jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n ph.d a.m "
    "p.m".split()
)
_MAY_END = frozenset("etc inc ltd corp co jr sr a.m p.m u.s u.k u.n ph.d al".split())
"""Abbreviations after which a sentence can end, if the next word is one that seldom follows within it."""
_STARTERS = frozenset(
    "the a an it its he she they his her their this that these those in on at but and however according after "
    "before when while as for there we i you what who how why some many most both neither no not yet still "
    "meanwhile".split()
)
_STOP = re.compile(r"(?P<line>\n)|(?P<stop>[.!?…‽。！？]+)(?P<close>[\"”’»)]*)")
_BULLET = re.compile(r"\s*(?:[-*•–]\s+|#{1,6}\s+|>\s+|\d{1,2}[.)]\s+(?=\S))")
_QUOTE_ROOM = 600
"""Characters after which an opening quotation mark is taken for one that was never closed."""


def sentences(text: str, *, within_quotes: bool = False) -> tuple[Span, ...]:
    """Spans of the sentences, without the white space around them, in order.

    Args:
        within_quotes: also end one where a sentence ends inside quotation marks.
    """
    ends = list(_ends(text, whole=True, within_quotes=within_quotes))
    return tuple(span for span in _spans(text, ends) if re.search(r"\w", text[slice(*span)]))


def marked(text: str, labels: Labels | None = None) -> tuple[Marked, ...]:
    """The sentences of a text with what each cites.

    Markers behind a full stop belong to the sentence before it. A bullet or heading mark at the start of a
    line is left out.
    """
    spans = _spans(text, list(_ends(text, whole=True, labels=labels)))
    return tuple(unit for span in spans if (unit := _unit(text, *span, labels)))


def _unit(text: str, start: int, end: int, labels: Labels | None = None) -> Marked | None:
    bullet = _BULLET.match(text, start, end)
    start = bullet.end() if bullet else start
    raw = text[start:end]
    markers = find(raw, labels)
    clean = _without(raw, markers)
    if not re.search(r"\w", clean):
        return None
    numbers = tuple(dict.fromkeys(n for marker in markers for n in marker.numbers))
    sources = tuple(dict.fromkeys(id_ for marker in markers for id_ in marker.sources))
    return Marked(clean, start, end, numbers, sources)


def _spans(text: str, ends: list[int]) -> Iterator[Span]:
    start = 0
    for end in ends:
        piece = text[start:end]
        if piece.strip():
            yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
        start = end


def _ends(text: str, *, whole: bool, within_quotes: bool = False, labels: Labels | None = None) -> Iterator[int]:
    """Offsets at which sentences end. If the text is not `whole`, only those that more text cannot move."""
    start = 0
    for match in _STOP.finditer(text):
        if match.start() < start:
            continue
        end = match.end()
        if not match["line"]:
            line = text[start : match.end()]
            if not within_quotes and _in_quotes(line):
                closing = _closing(text, match.end())
                if (
                    closing is None
                    and not whole
                    and len(text) - match.end() < _QUOTE_ROOM
                    and "\n" not in text[match.end() :]
                ):
                    return
                if closing is not None:
                    continue
            end = _past_markers(text, match.end(), labels)
            rest = text[end:]
            if not whole and not _decided(rest):
                return
            if rest.strip() and not _ends_here(text, start, match, end, rest):
                continue
        yield end
        start = end
    if whole and start < len(text):
        yield len(text)


def _in_quotes(text: str) -> bool:
    if text.count("“") + text.count("„") > text.count("”"):
        return True
    return text.count('"') % 2 == 1


def _closing(text: str, at: int) -> int | None:
    line = text[at : at + _QUOTE_ROOM].split("\n", 1)[0]
    found = re.search(r"[”\"]", line)
    return at + found.start() if found else None


def _past_markers(text: str, at: int, labels: Labels | None = None) -> int:
    """Behind the markers that follow a full stop."""
    while True:
        gap = re.match(r"[ \t]*", text[at:])
        start = at + (gap.end() if gap else 0)
        match = _MARKER.match(text, start) or (_NAMED.match(text, start) if labels else None)
        near = max(0, start - 60)
        if not match or not any(m.start == start - near for m in find(text[near : match.end() + 4], labels)):
            return at
        at = match.end()
        while at < len(text) and text[at] in ".,;":  # "end. [1]." has two full stops
            at += 1


def _decided(rest: str) -> bool:
    """Whether enough follows a full stop to know that the sentence has ended, markers included."""
    if _OPENS.match(rest):
        closed = _CLOSED.match(rest)
        if not closed and "\n" not in rest and len(rest) < 150:
            return False
        if closed and len(rest) < closed.end() + 4:
            return False
    return bool(re.match(r"[^\w\n]*(?:\n|\w+\W|\w{20})", rest))


def _ends_here(text: str, start: int, match: re.Match[str], end: int, rest: str) -> bool:
    """Whether the full stop ends a sentence, given what stands around it."""
    if end == match.end() and not rest[0].isspace():
        return match["stop"] in "。！？"
    following = re.search(r"\w+", rest)
    if following and following[0][0].islower() and "\n" not in rest[: following.start()]:
        return False
    if match["stop"] != "." or match["close"] or end > match.end():
        return True
    word = re.search(r"[^\s(\[“\"‘]*$", text[start : match.start()])
    before = (word[0] if word else "").lower()
    if re.fullmatch(r"\d{1,2}", before) and not text[start : match.start() - len(before)].strip(" \t-*•\n"):
        return False  # "1. First": the number of a list
    if len(before) == 1 and before.isalpha():
        return before == "i" and bool(following and following[0].lower() in _STARTERS)
    if before in _ABBREVIATIONS:
        return before in _MAY_END and bool(following and following[0].lower() in _STARTERS)
    return True


class Stream:
    """Sentences out of text that arrives in pieces. For any cutting, the units are those of `marked(whole)`.

    A unit is given out once no further text can change it: its markers have all arrived, and "Oct." is known
    not to end it. So a marker never flickers and is never split.
    """

    def __init__(self) -> None:
        self._text = ""
        self._done = 0

    def feed(self, piece: str) -> list[Marked]:
        """The units that this piece completes."""
        self._text += piece
        return self._take(whole=False)

    def close(self) -> list[Marked]:
        """What is left, the text having ended."""
        return self._take(whole=True)

    def _take(self, *, whole: bool) -> list[Marked]:
        ends = list(_ends(self._text, whole=whole))
        units = [u for span in _spans(self._text, ends) if (u := _unit(self._text, *span))]
        units = [Marked(u.text, u.start + self._done, u.end + self._done, u.numbers) for u in units]
        if ends:
            self._text = self._text[ends[-1] :]
            self._done += ends[-1]
        return units
