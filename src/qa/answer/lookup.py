"""Rows of a table: the one that a question names by its key, and the cell under the header it asks for.

A row reads "Key: Header = cell; Header = cell" (`qa.corpus.tables`). A reader of sentences sees that all rows are much
alike; the key and the cells that the question names tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from qa.language.alike import stems
from qa.schema import Candidate, Span

_KEY: Final = re.compile(r"\s*([^:=|;]{1,80}):\s")
_CELL: Final = re.compile(r"(?:^|[:;]\s)\s*([^=;|:]{1,80}?)\s=\s([^;|]{1,200})")


_UNDER: Final = re.compile(r"^[^\S\n]+([^\s:=][^:=\n]{0,80}?)\s*[:=]\s+(\S[^\n]{0,300})", re.MULTILINE)
"""A line of a record: a label and its value under a name."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a row holds: its key, and for each header the cell with where it stands in the row."""

    key: str
    cells: tuple[tuple[str, str, Span], ...]


def row(text: str) -> Row | None:
    """A row of a table, or a record: a name, and under it labels with their values; None where the text is none."""
    if "\n" in text:
        found = ((m[1], m[2].rstrip(), m.start(2)) for m in _UNDER.finditer(text))
        under = tuple((label, value, (at, at + len(value))) for label, value, at in found)
        names = (line.strip(" :") for line in _UNDER.sub("", text).split("\n"))
        return Row(" ".join(filter(None, names)), under) if under else None
    cells = tuple((m[1], m[2].strip(), (m.start(2), m.start(2) + len(m[2].rstrip()))) for m in _CELL.finditer(text))
    key = _KEY.match(text)
    return Row(key[1] if key else "", cells) if cells else None


def looked_up(question: str, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """The rows that a question names, best first, with the cell that it asks for as their span; and what is left.

    Left are all but the rows that stand beside one that is named. Both are as they were where no row is named.
    """
    asked = stems(question)
    rows = {n: read for n, c in enumerate(candidates) if (read := row(c.text))}
    named = {n: _named(r, asked) for n, r in rows.items()}
    most = max(named.values(), default=0)
    if not most:
        return [], list(candidates)
    found = [_with_cell(candidates[n], rows[n], asked, question) for n, count in named.items() if count == most]
    beside = {c.hit.passage.id for c in found}
    left = [c for n, c in enumerate(candidates) if not (n in rows and c.hit.passage.id in beside and named[n] < most)]
    return found, left


def _named(row: Row, asked: frozenset[str]) -> int:
    """How many of a row's key and cells a question names in full."""
    told = [row.key, *(cell for _, cell, _ in row.cells if not cell.isdigit())]
    return sum(bool(words) and words <= asked for words in map(stems, told))


def _share(header: str, asked: frozenset[str], question: str) -> float:
    """How much of a header a question names; of one that is a question word itself ("Why", "What to do"), its first."""
    if words := stems(header):
        return len(asked & words) / len(words)
    first = header.casefold().split()[:1]
    return 0.9 * (first[0] in re.findall(r"\w+", question.casefold())) if first else 0.0


def _with_cell(candidate: Candidate, row: Row, asked: frozenset[str], question: str) -> Candidate:
    """The row with the one cell under whose header stands what is asked for; as it is where that is not plain."""
    cells = [cell for cell in row.cells if not frozenset() < stems(cell[1]) <= asked] or list(row.cells)
    share = [_share(header, asked, question) for header, _, _ in cells]
    best = max(share)
    key = stems(candidate.hit.passage.lead(candidate.start))
    if best < 0.9 and key and key <= asked and row.key in candidate.text and not stems(row.key) <= asked:
        at = candidate.start + candidate.text.index(row.key)  # "Which dish has 870 kilojoules?"
        return replace(candidate, span=(at, at + len(row.key)))
    if not best or share.count(best) > 1:
        return replace(candidate, span=None)
    start, end = cells[share.index(best)][2]
    return replace(candidate, span=(candidate.start + start, candidate.start + end))


def settles(question: str, candidate: Candidate) -> bool:
    """Whether a row that was looked up has all that is asked: its key, its headers and headings hold every word, or all
    but one where its key and the header of the cell are named in full."""
    here, asked = candidate.hit, stems(question) - _MEASURES
    told = f"{candidate.text} {here.passage.heading} {here.source.title} {here.passage.lead(candidate.start)}"
    read, lacking = row(candidate.text), asked - stems(told)
    if candidate.span is None or read is None:
        return False
    at = candidate.span[0] - candidate.start
    exact = any(a == at and stems(f"{read.key} {header}") <= asked for header, _, (a, _) in read.cells)
    return len(lacking) <= exact


def fits(question: str, candidate: Candidate) -> bool:
    """Whether a row that was looked up is named by its key, with one cell that is asked for, and two words at most of
    the question stand nowhere: that it answers is likely, not sure."""
    here, read = candidate.hit, row(candidate.text)
    told = f"{candidate.text} {here.passage.heading} {here.source.title} {here.passage.lead(candidate.start)}"
    asked = stems(question)
    key = stems(read.key) if read else frozenset()
    return candidate.span is not None and frozenset() < key <= asked and len(asked - _MEASURES - stems(told)) <= 2


_MEASURES: Final = stems("how long high large big much many cost costs price kind what which when")
"""How a question asks for a measure, whatever the header is called."""
