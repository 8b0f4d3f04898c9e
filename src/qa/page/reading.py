"""What a press in the page opens in the reading pane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qa import Answer, Assistant, Citation, Document, QAError
from qa.page.views import OpenDocument, citation, hit_of


def place(value: Any, length: int) -> int | None:
    """A place in something so long; None for whatever else a browser sent."""
    return value if isinstance(value, int) and 0 <= value < length else None


def reading(data: Mapping[str, Any], answers: Sequence[Answer | None], assistant: Assistant) -> OpenDocument | None:
    """A document, a hit, a side of a pair or a citation, at its place; None where no answer has it.

    Args:
        data: what came with the press; anything may stand in it.
        answers: those of the conversation, by the places of their questions.

    Raises:
        QAError: there is no such document.
    """
    if "document" in data:
        document = assistant.document(str(data["document"]))
        start, end = (place(data.get(name), len(document.text) + 1) for name in ("start", "end"))
        near = (start, end) if start is not None and end is not None and start < end else None
        return OpenDocument(document, near, near)
    turn = place(data.get("turn"), len(answers))
    answer = None if turn is None else answers[turn]
    if answer is None:
        return None
    nearest = answer.abstention.nearest if answer.abstention else ()
    if (i := place(data.get("hit"), len(nearest))) is not None:
        hit = nearest[i]
        passage = hit.passage
        cited = Citation(hit.source, passage.id, passage.start, passage.end, passage.text)
        return replace(_cited(cited, answer, assistant), hit=hit)
    if (i := place(data.get("pair"), len(answer.pairs))) is not None:
        pair = answer.pairs[i]
        return _cited(pair.right if data.get("side") == 1 else pair.left, answer, assistant)
    if (i := place(data.get("point"), len(answer.points))) is not None:
        said = answer.points[i].said
        cell = place(data.get("cell"), len(said))
        return None if cell is None else _cited(said[cell], answer, assistant)
    n = data["n"] if isinstance(data.get("n"), int) else 0
    found = citation(answer, n)
    if found is None:
        return None
    return replace(_cited(found, answer, assistant), turn=turn, n=n, total=len(answer.references))


def _cited(cited: Citation, answer: Answer, assistant: Assistant) -> OpenDocument:
    """The citation in its document; where that is gone, or another now, in as much of it as the answer holds."""
    hit = hit_of(answer, cited)
    try:
        document = assistant.document(cited.source.id)
    except QAError:
        document = None
    if document is not None and document.text[cited.start : cited.end] == cited.quote:
        near = (cited.start - len(cited.before), cited.end + len(cited.after))
        return OpenDocument(document, (cited.start, cited.end), near, hit=hit)
    kept = Document(cited.source, cited.before + cited.quote + cited.after)
    start = len(cited.before)
    return OpenDocument(kept, (start, start + len(cited.quote)), (0, len(kept.text)), hit=hit, gone=True)
