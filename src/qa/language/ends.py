"""Where sentences end, in text that is whole or still arriving.

    ends(text, whole=True)    offsets at which sentences end

Of a text that is not whole only those ends are given that no further text can move. Time is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from qa.language.words import FUNCTION_WORDS

AROUND = 80
"""Characters behind a full stop that tell whether it ends a sentence."""
QUOTE_ROOM = 600
"""Characters after which an opening quotation mark is taken for one that was never closed."""

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st gen col capt lt sgt maj sen rep gov hon jr sr vs etc cf e.g i.e al no vol pp ref ed eds "
    "fig inc ltd corp co dept est approx jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n ph.d a.m "
    "p.m".split()
)
_MAY_END = frozenset("etc inc ltd corp co jr sr a.m p.m u.s u.k u.n ph.d al".split())
"""Abbreviations after which a sentence can end, if the next word is one that seldom follows within it."""
_STOP = re.compile(r"(?P<line>\n)|(?P<stop>[.!?…‽。！？]+)(?P<close>[\"”’»)]*)")


def ends(
    text: str, *, whole: bool, within_quotes: bool = False, past: Callable[[str, int], int] = lambda text, at: at
) -> Iterator[int]:
    """Offsets at which sentences end. If the text is not `whole`, only those that more text cannot move.

    Args:
        within_quotes: also where one ends inside quotation marks.
        past: the offset behind what follows a full stop at an offset and still belongs to the sentence.
    """
    start = counted = opened = plain = 0  # quotation marks of the sentence so far, up to `counted`
    for match in _STOP.finditer(text):
        if match.start() < start:
            continue
        end = match.end()
        if not match["line"]:
            opened += _opened(text[counted:end])
            plain += text.count('"', counted, end)
            counted = end
            if not within_quotes and (opened > 0 or plain % 2):
                rest = text[end : end + QUOTE_ROOM].split("\n", 1)
                if re.search(r"[”\"]", rest[0]):
                    continue
                if not whole and len(rest) == 1 and len(rest[0]) < QUOTE_ROOM:
                    return
            end = past(text, end)
            rest_ = text[end : end + 2 * AROUND]
            if not whole and not _decided(rest_):
                return
            if rest_.strip() and not _ends_here(text, start, match, end, rest_):
                continue
        yield end
        start = counted = end
        opened = plain = 0
    if whole and start < len(text):
        yield len(text)


def _opened(text: str) -> int:
    return text.count("“") + text.count("„") - text.count("”")


def in_quotes(text: str) -> bool:
    """Whether a quotation mark stands open at the end of a line."""
    return _opened(text) > 0 or text.count('"') % 2 == 1


_OPENS = re.compile(r"\s*[\[【〔［(<]")
_CLOSED = re.compile(r"\s*[\[【〔［(<][^\]】〕］)>\n]{0,140}[\]】〕］)>]\(?")


def _decided(rest: str) -> bool:
    """Whether enough follows a full stop to know that the sentence has ended, markers included."""
    if len(rest) >= 2 * AROUND:
        return True
    if _OPENS.match(rest):
        closed = _CLOSED.match(rest)
        if not closed and "\n" not in rest:
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
    before = re.split(r"[\s(\[“\"‘]", text[max(start, match.start() - AROUND) : match.start()])[-1].lower()
    first = match.start() - start < AROUND and not text[start : match.start() - len(before)].strip(" \t-*•\n")
    if first and re.fullmatch(r"\d{1,2}", before):
        return False  # "1. First": the number of a list
    if len(before) == 1 and before.isalpha():
        return before == "i" and bool(following and following[0].lower() in FUNCTION_WORDS)
    if before in _ABBREVIATIONS:
        return before in _MAY_END and bool(following and following[0].lower() in FUNCTION_WORDS)
    return True
