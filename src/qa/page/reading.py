"""What a press in the page opens in the reading pane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa import Answer, Assistant, Citation, Turn
from qa.page.parts import place
from qa.page.views import Reading, citation, hit_of


def reading(data: Mapping[str, Any], turns: Sequence[Turn], assistant: Assistant) -> Reading | None:
    """A document, a hit, a side of a pair or a citation, at its place; None where no turn has it.

    Args:
        data: what came with the press; anything may stand in it.

    Raises:
        QAError: there is no such document.
    """
    if "document" in data:
        document = assistant.document(str(data["document"]))
        start, end = (place(data.get(name), len(document.text) + 1) for name in ("start", "end"))
        near = (start, end) if start is not None and end is not None and start < end else None
        return Reading(document, near, near)
    turn = place(data.get("turn"), len(turns))
    if turn is None:
        return None
    answer = turns[turn].answer
    nearest = answer.abstention.nearest if answer.abstention else ()
    if (i := place(data.get("hit"), len(nearest))) is not None:
        hit = nearest[i]
        span = (hit.passage.start, hit.passage.end)
        return Reading(assistant.document(hit.source.id), span, span, hit=hit)
    if (i := place(data.get("pair"), len(answer.pairs))) is not None:
        pair = answer.pairs[i]
        return _cited(pair.right if data.get("side") == 1 else pair.left, answer, assistant)
    n = data["n"] if isinstance(data.get("n"), int) else 0
    cited = citation(answer, n)
    if cited is None:
        return None
    return replace(_cited(cited, answer, assistant), turn=turn, n=n, total=len(answer.references))


def _cited(cited: Citation, answer: Answer, assistant: Assistant) -> Reading:
    document = assistant.document(cited.source.id)
    near = (cited.start - len(cited.before), cited.end + len(cited.after))
    return Reading(document, (cited.start, cited.end), near, hit=hit_of(answer, cited))
