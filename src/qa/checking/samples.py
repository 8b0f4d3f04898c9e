"""Answers with their contexts, as RAGAS, DeepEval, TruLens, LangSmith and plain programs write them.

    read(lines)    -> Sample or Broken for each row, one at a time

| written by | the answer | the contexts |
| --- | --- | --- |
| RAGAS 0.2 and later | `response` | `retrieved_contexts` |
| RAGAS before | `answer` | `contexts` |
| DeepEval | `actual_output` | `retrieval_context`, else `context` |
| TruLens | `output`, `…record_root.output` | `contexts`, `…retrieval.retrieved_contexts` (of `ai.observability`) |
| LangSmith | `outputs.answer`, `outputs.output` | `outputs.documents`, `outputs.contexts`, `inputs.context` |
| plain | `answer` | `contexts` |

A context is a string, or an object with `page_content`, `text` or `content`, and perhaps an `id`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

ANSWERS = (
    "response answer actual_output actualOutput ai.observability.record_root.output output generation prediction"
).split()
CONTEXTS = (
    "retrieved_contexts contexts retrieval_context retrievalContext ai.observability.retrieval.retrieved_contexts "
    "documents source_documents retrieved_documents context"
).split()
WITHIN = ("outputs", "attributes", "record_attributes", "inputs", "reference_outputs")
"""Objects of a row in which the fields may stand."""
WORDS = ("page_content", "text", "content", "chunk")
NAMES = ("id", "document_id", "doc_id", "source")
QUESTIONS = ("user_input", "question", "input", "query", "ai.observability.record_root.input")


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: an answer, and what it may cite; a number in the answer counts the contexts."""

    row: int
    """From 1: its line, or its place in a list."""
    answer: str
    contexts: Mapping[str, str]
    question: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be used, and why."""

    row: int
    reason: str


def read(lines: Iterable[str]) -> Iterator[Sample | Broken]:
    """The rows of a file of JSON lines, or of one JSON list; only the latter is held in memory whole."""
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip("\ufeff \t").startswith("["):
        try:
            listed = json.loads(first.lstrip("\ufeff") + "".join(lines))
        except (ValueError, RecursionError) as error:
            yield Broken(1, f"is no JSON: {error}")
            return
        for row, value in enumerate(listed, start=1):
            yield _sample(row, value)
        return
    row = 0
    for line in chain([first.lstrip("\ufeff")], lines):
        if not line.strip():
            continue
        row += 1
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Broken(row, f"is no JSON: {error}")
        else:
            yield _sample(row, value)


def _sample(row: int, value: Any) -> Sample | Broken:
    if not isinstance(value, dict):
        return Broken(row, "is no JSON object")
    places = [value, *(value[name] for name in WITHIN if isinstance(value.get(name), dict))]
    answer = _first(places, ANSWERS, lambda found: found if isinstance(found, str) and found.strip() else None)
    if answer is None:
        return Broken(row, "has no answer (response, answer, actual_output, output, …)")
    contexts = _first(places, CONTEXTS, _contexts)
    if not contexts:
        return Broken(row, "has no contexts (retrieved_contexts, contexts, retrieval_context, documents, …)")
    question = _first(places, QUESTIONS, lambda found: found if isinstance(found, str) else None)
    return Sample(row, answer, contexts, question or "")


def _first(places: Iterable[Mapping[str, Any]], names: Iterable[str], usable: Any) -> Any:
    for place in places:
        for name in names:
            if name in place and (found := usable(place[name])) is not None:
                return found
    return None


def _contexts(written: Any) -> dict[str, str] | None:
    if isinstance(written, str) and written.lstrip().startswith("["):  # a list that a table holds as text
        with suppress(ValueError):
            written = json.loads(written)
    items = [written] if isinstance(written, str | dict) else written if isinstance(written, list) else []
    found: dict[str, str] = {}
    for n, item in enumerate(items, start=1):
        about = item.get("kwargs", item) if isinstance(item, dict) else {}
        text = item if isinstance(item, str) else next((about[w] for w in WORDS if isinstance(about.get(w), str)), "")
        if text.strip():
            within: dict[str, Any] = about["metadata"] if isinstance(about.get("metadata"), dict) else {}
            name = next((str(p[k]) for p in (about, within) for k in NAMES if isinstance(p.get(k), str | int)), "")
            found[name if name and name not in found else f"context {n}"] = text
    return found or None
