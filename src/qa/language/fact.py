"""One checkable fact of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FactKind = Literal["number", "percent", "money", "quantity", "date", "name", "negation", "quote"]
FIGURES: Final[tuple[FactKind, ...]] = ("number", "quantity", "percent", "money")


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable fact: `text[start:end]` states it, `value` is its normal form ("1,200" -> "1200").

    Values: number "40", ordinal "3rd"; percent "12.5"; money "USD 3000000"; quantity "30 km"; date ISO 8601,
    with what is not said left out ("2023-10-07", "--10-07", "2023-10", "--10", "1990s", "c19", "tuesday",
    "T21:45"); name in lower case without accents; negation "not WORD", the stem of the word denied; quote the
    words, folded.
    """

    kind: FactKind
    value: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a fact needs characters, not {self.start}..{self.end}")
