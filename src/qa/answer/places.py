"""Places that a document's structure names: what stands there answers, however little it says by itself.

A question may name one by its number ("rule 1.2", "E18", "the third step") or in the words of what leads up to it: the
question over a reply, the line over an item, the name over its values. A reader of sentences sees none of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from qa.answer.lookup import row
from qa.language import facts
from qa.language.alike import stems
from qa.schema import Candidate

LOOKED_AT: Final = 30
"""Candidates of which it is looked at where they stand."""

_CODE: Final = re.compile(
    r"(?<![\w.,])(?:(?P<dotted>v?\d+(?:[.-]\d+)+)(?!\w)|(?P<letters>[A-Z]{1,5})[- ]?(?P<digits>\d{1,6})(?![\w.]\w))"
)
_NAMED: Final = re.compile(r"\b(?P<noun>[^\W\d_]{3,})\s(?:no\.?\s|number\s)?(?P<number>\d{1,4}|[A-Z])(?![\w.,-]?\w)")
_LAST: Final = re.compile(r"\b(?:last|final)\s([^\W\d_]+)", re.IGNORECASE)
_COUNTED: Final = stems("article chapter clause item paragraph part point rule section stage step task")
"""What the numbered lines of a list are called, whatever they say."""
_LABEL: Final = r"\s*(?:[:.)(\]–—-]|\s-|\n|$)"
_LISTED: Final = re.compile(r"\W*(\d{1,3})[.)]\s")
_ASKING: Final = re.compile(
    r"\b(?:who|whom|whose|when|where|why|which|how (?:many|much|long|often|far)|how|what)\b", re.I
)
_RECORD: Final = re.compile(r"\n(?:[^\S\n]*\n|[^\S\n]+\S)|^\[[ xX]\] ")
"""A line under another one, or set apart from it but quoted with it; a task with its box."""


def numbered(question: str, candidates: Sequence[Candidate], *, timed: bool = False) -> list[Candidate]:
    """Those that stand where a number of the question says, best first: they open with it, or their heading does.

    Args:
        timed: a time is asked for, which the heading itself may give.
    """
    patterns = list(_openings(question))
    if last := _LAST.search(question):
        numbers = [int(m[1]) for c in candidates if (m := _LISTED.match(c.text))]
        if numbers and stems(last[1]) <= _COUNTED:
            patterns.append(re.compile(rf"\W*{max(numbers)}[.)]\s"))
    if not patterns:
        return []
    heads = [c for c in candidates if any(p.match(c.text) for p in patterns)]
    under = [c for c in candidates if c not in heads and any(p.match(_above(c)) for p in patterns)]
    dated = [c for c in (*heads, *under) if any(f.kind == "date" for f in facts(c.text))]
    if timed:
        return dated or heads
    return [c for c in heads if c.text != c.hit.passage.heading] or under or heads


def _above(candidate: Candidate) -> str:
    """The heading that it stands under; empty for what stands before it in the same passage."""
    passage = candidate.hit.passage
    before = passage.text.find(passage.heading) > candidate.start - passage.start
    return "" if before else passage.heading


def speaks_of_number(question: str, candidate: Candidate) -> bool:
    """Whether a figure of the question stands in a sentence; of a question without one ("the third step"), always."""
    figures = re.findall(r"\d+(?:[.-]\d+)*", question)
    return not figures or any(figure in candidate.text for figure in figures)


def _openings(question: str) -> Iterator[re.Pattern[str]]:
    """How the line or heading begins that the question names by a number."""
    told = facts(question)
    taken = [(f.start, f.end) for f in told if f.kind in ("date", "money", "percent", "quantity")]

    def free(match: re.Match[str]) -> bool:
        return not any(start < match.end() and match.start() < end for start, end in taken)

    for code in filter(free, _CODE.finditer(question)):
        if code["dotted"]:
            yield re.compile(rf"\W*(?:[^\W\d_]+\s)?v?{re.escape(code['dotted'].lstrip('v'))}(?![\w-]|\.\d)", re.I)
        else:
            yield re.compile(rf"\W*{code['letters']}[- ]?{code['digits']}(?!\w){_LABEL}")
    for named in filter(free, _NAMED.finditer(question)):
        yield re.compile(rf"\W*{re.escape(named['noun'])}\s{named['number']}(?!\w){_LABEL}", re.IGNORECASE)
        if stems(named["noun"]) & _COUNTED:
            yield re.compile(rf"\W*{named['number']}[.)]\s")
    for fact in told:
        after = question[fact.end :].split()[:1]
        if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", fact.value) and after and stems(after[0]) & _COUNTED:
            yield re.compile(rf"\W*{fact.value[:-2]}[.)]\s")


def told(question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Records, replies and items that hold, with what they stand under, every word of the question, best first.

    No rows: whether the cell is there that is asked for, `qa.answer.lookup` says.
    """
    likely = (c for c in candidates[:LOOKED_AT] if _leads(c) and ("\n" in c.text or not row(c.text)))
    return [c for c in likely if _asks_alike(question, c) and covers(question, c)]


def covers(question: str, candidate: Candidate) -> bool:
    """Whether what is said there, with what it stands under, holds every word of a question, and some of it itself."""
    asked = stems(question)
    passage = candidate.hit.passage
    here = stems(f"{candidate.text} {passage.lead(candidate.start)}")
    return bool(asked & here) and asked <= here | stems(f"{passage.heading} {candidate.hit.source.title}")


def _leads(candidate: Candidate) -> bool:
    """Whether something leads up to it, outside of it or in it."""
    return bool(candidate.hit.passage.lead(candidate.start) or _RECORD.search(candidate.text))


def _asks_alike(question: str, candidate: Candidate) -> bool:
    """Whether what it replies to, if it is a reply, asks for what the question does."""
    lead = candidate.hit.passage.lead(candidate.start) or candidate.text.partition("\n")[0]
    if not lead.rstrip().endswith("?"):
        return True
    asks = [match[0].casefold() if (match := _ASKING.search(text)) else "" for text in (question, lead)]
    return asks[0] == asks[1]
