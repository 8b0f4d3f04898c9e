"""What a question takes for granted or asks besides, and the sources do not bear out or answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qa.query import Query

NOT_MENTIONED: Final = "These sources do not mention “{name}”."
NOT_A_SOURCE: Final = "“{name}” is not among these sources, and none of them mentions it."
NOT_ANSWERED: Final = "These sources do not answer “{question}”"


def unanswered(parts: Sequence[Query]) -> str:
    """One sentence on the first of some questions that nothing answers; "" if there is none."""
    return NOT_ANSWERED.format(question=parts[0].text) if parts else ""


def unmentioned(query: Query) -> str:
    """One sentence on the first name of a query that stands in no document; "" if each does."""
    for name in query.unknown:
        asked = any(name in named.name and not named.sources for named in query.of)
        return (NOT_A_SOURCE if asked else NOT_MENTIONED).format(name=name)
    return ""
