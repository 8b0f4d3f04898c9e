"""What a question takes for granted, and whether the sources bear it out."""

from __future__ import annotations

from typing import Final

from qa.query import Query

NOT_MENTIONED: Final = "These sources do not mention “{name}”."
NOT_A_SOURCE: Final = "“{name}” is not among these sources, and none of them mentions it."


def unmentioned(query: Query) -> str:
    """One sentence on the first name of a query that stands in no document; "" if each does."""
    for name in query.unknown:
        asked = any(name in named.name and not named.sources for named in query.of)
        return (NOT_A_SOURCE if asked else NOT_MENTIONED).format(name=name)
    return ""
