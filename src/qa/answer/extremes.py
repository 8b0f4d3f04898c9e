"""Which row of a table has the most, or least, of what is asked: found among all its rows, however few were read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from qa.answer.lookup import row
from qa.language.alike import stems
from qa.language.parser import Parse, parse_question
from qa.schema import Candidate, Passage, Span

LOOKED_AT: Final = 10
"""Candidates of which it is looked at whether they are rows of such a table."""
FEWEST_ROWS: Final = 3
NUMBERS: Final = 0.8
"""Share of a column's cells that must be numbers of one unit."""
SHOWN: Final = 3
"""Rows that are shown of those that share the first place."""

_NUMBER: Final = re.compile(r"(\D{0,3}?)(-?\d{1,3}(?:,\d{3})+|-?\d+)(\.\d+)?\s*(\D{0,30})")
_LOW: Final = frozenset(
    "least little few low small short cheap light slow young early near narrow thin shallow weak".split()
)
"""Adjectives of the lower end, by dictionary form."""


@dataclass(frozen=True, slots=True)
class _Cell:
    value: float
    unit: tuple[str, str]
    passage: Passage
    row: Span
    span: Span


def extreme(
    question: str, candidates: Sequence[Candidate], passages_of: Callable[[str], Sequence[Passage]]
) -> tuple[str, list[Candidate]]:
    """What is told, and the rows with the most or least in the one column that a question means; else nothing.

    Args:
        candidates: best first; the table is that of the first row among them with such a column.
        passages_of: all passages of a document, by its id.
    """
    parsed = parse_question(question)
    at = _superlative(parsed)
    if at is None:
        return "", []
    asked = stems(question) | {year[2:] for year in re.findall(r"\b(?:19|20)\d\d\b", question)}  # "incidents_85_99"
    word = stems(parsed.tokens[at].text)
    if any(_names(asked, word, candidate) for candidate in candidates[:LOOKED_AT]):
        return "", []
    asked = (asked - word) | stems(parsed.tokens[at].lemma)
    for candidate in candidates[:LOOKED_AT]:
        header = _column(candidate, asked)
        cells = list(_cells(candidate, header, passages_of)) if header else []
        numbers = [cell for cell in cells if cell is not None]
        if len(numbers) < FEWEST_ROWS or len(numbers) < NUMBERS * len(cells) or len({c.unit for c in numbers}) > 1:
            continue
        low = parsed.tokens[at].lemma in _LOW or parsed.tokens[at].lower in _LOW
        best = (min if low else max)(cell.value for cell in numbers)
        first = [cell for cell in numbers if cell.value == best]
        shared = f"; {len(first)} rows share it" if len(first) > 1 else ""
        told = f"with the {'least' if low else 'most'} under “{header}” of {len(cells)} rows{shared}"
        hit, score = candidate.hit, candidates[0].score
        return told, [Candidate(replace(hit, passage=c.passage), *c.row, score, c.span) for c in first[:SHOWN]]
    return "", []


def _superlative(p: Parse) -> int | None:
    """The word that asks for the most: "highest", "most"; none in "at most", "most of them", or beside an adverb."""
    for i, t in enumerate(p.tokens):
        if t.tag not in ("JJS", "RBS") or (i and p.tokens[i - 1].lower == "at"):
            continue
        after = p.tokens[i + 1] if i + 1 < len(p.tokens) else t
        if after.lower != "of" and not after.tag.startswith(("RB", "JJ")):
            return i
    return None


def _names(asked: frozenset[str], word: frozenset[str], candidate: Candidate) -> bool:
    """Whether a question names this very row, or its superlative is one of a header: "the smallest order of Brie"."""
    read = row(candidate.text)
    if read is None:
        return False
    key = stems(read.key)
    return (bool(key) and key <= asked) or any(word & stems(header) for header, _, _ in read.cells)


def _column(candidate: Candidate, asked: frozenset[str]) -> str:
    """The one header of a row that a question speaks of; empty where none or several are."""
    read = row(candidate.text)
    shares = {header: len(asked & stems(header)) for header, _, _ in read.cells} if read else {}
    most = max(shares.values(), default=0)
    best = [header for header, share in shares.items() if share == most > 0]
    return best[0] if len(best) == 1 else ""


def _cells(
    candidate: Candidate, header: str, passages_of: Callable[[str], Sequence[Passage]]
) -> Iterator[_Cell | None]:
    """What stands under a header in all rows of the table: a number with its unit, or None."""
    passage = candidate.hit.passage
    for other in passages_of(passage.document_id):
        for start, end in other.sentences if other.heading == passage.heading else ():
            read = row(other.slice(start, end))
            for name, text, (a, b) in read.cells if read else ():
                if name == header:
                    yield _cell(text.strip(), other, (start, end), (start + a, start + b))


def _cell(text: str, passage: Passage, row: Span, span: Span) -> _Cell | None:
    number = _NUMBER.fullmatch(text)
    if number is None:
        return None
    before, whole, fraction, after = number.groups()
    return _Cell(float(whole.replace(",", "") + (fraction or "")), (before.strip(), after.strip()), passage, row, span)
